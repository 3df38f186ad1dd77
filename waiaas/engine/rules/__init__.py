"""Pure rules: data and functions that decide, with no database, clock, network or randomness.

*Owns* the state table, the combination of verdicts, totals of effects, session constraints, the check before signing.
*May import* ``waiaas.interfaces`` and ``waiaas.errors`` alone.
*Invariant*: the same arguments give the same answer; what cannot be decided is denied.
"""
