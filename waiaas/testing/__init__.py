"""For authors of plugins: what the host does around an adapter, small enough for a test, and the conformance kit.

*Owns* clients (:mod:`~waiaas.testing.http`), a clock (:mod:`~waiaas.testing.clock`), the bench on which an adapter is tried
(:mod:`~waiaas.testing.bench`), and the kits themselves (:mod:`~waiaas.testing.chain_kit`,
:mod:`~waiaas.testing.channel_kit`, :mod:`~waiaas.testing.policy_kit`), whose classes a plugin's tests inherit.
*May import* ``waiaas.interfaces``, ``waiaas.errors``, ``waiaas.clock``; pytest, here and nowhere else.
*Invariant*: nothing here is imported by the daemon, and nothing here holds a key: the kit is handed functions that sign.
"""
