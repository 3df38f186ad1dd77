"""The engine: one verb a method, from an agent's wish to a final payment.

*Owns* the services, the pipeline and the rules by which payments are admitted, judged, held, signed, sent and confirmed.
*May import* ``store``, ``keystore``, ``registry``, ``config`` and all below; never a door (``api``, ``workers``, ``cli``).
*Invariant*: every change of state is one compare-and-set in one database transaction with its audit row; no session is open
across a call to the network or the signer; nothing here keeps state that a restart would lose and a payment need.
"""
