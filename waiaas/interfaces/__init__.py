"""Types that cross the plugin boundary.

*Owns* the records and base classes by which the host and its plugins talk: chains, signing, policies, prices, notifications,
events; and the reading of JSON-RPC that chains share (:mod:`waiaas.interfaces.json_rpc`), which is no record.
*May import* :mod:`waiaas.errors` and :mod:`waiaas.clock` alone.
*Invariant*: every value that crosses is frozen and can be written as JSON (:mod:`waiaas.interfaces.wire`), so that a plugin may
move into a process of its own without a change of shape. Part of the public API under ``PLUGIN_API_VERSION``.
"""
