"""The house as tests use it: a real daemon process on a data directory of its own, a real chain, and what they must agree on.

*Owns* the launcher that stops a daemon at a chosen step, the data directories, the chains that tests run over, the books.
*May import* everything that is public, the engine's table of states and the store's verification.
*Invariant*: no fixed sleeps; whatever is waited for has a deadline and says what was missed.
"""
