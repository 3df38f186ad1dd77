"""For authors of plugins: what the host does around an adapter, small enough for a test, and the conformance kit.

*Owns* :mod:`~waiaas.testing.http` (a client over real sockets), :mod:`~waiaas.testing.clock`, :mod:`~waiaas.testing.records` (values
through JSON), and :mod:`~waiaas.testing.chain_kit`, whose class a plugin's tests inherit.
*May import* ``waiaas.interfaces``, ``waiaas.errors``, ``waiaas.clock``; pytest, here and nowhere else.
*Invariant*: nothing here is imported by the daemon, and nothing here holds a key: the kit is handed a function that signs.
"""
