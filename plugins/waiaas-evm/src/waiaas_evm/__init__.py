"""Ethereum and its relatives for WAIaaS: chain adapter and local network.

*Owns*: everything that knows EVM transactions and their JSON-RPC.
*May import*: ``waiaas.hookspecs``, ``waiaas.interfaces``, ``waiaas.errors``, ``waiaas.testing``; no other room of ``waiaas``.
*Invariant*: no name in this package ever holds a private key of an agent.
"""

__version__ = "0.1.0"
