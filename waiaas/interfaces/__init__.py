"""Types that cross the plugin boundary.

*Owns* the records and base classes by which the host and its plugins talk: chains, signing, policies, prices, notifications,
events.
*May import* :mod:`waiaas.errors` and :mod:`waiaas.clock` alone.
*Invariant*: every value here is frozen and can be written as JSON (:mod:`waiaas.interfaces.wire`), so that a plugin may move
into a process of its own without a change of shape. Part of the public API under ``PLUGIN_API_VERSION``.
"""
