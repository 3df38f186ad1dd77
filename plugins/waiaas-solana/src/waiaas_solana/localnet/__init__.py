"""The Solana localnet: a real Solana virtual machine (LiteSVM) behind the Solana JSON-RPC on loopback.

*Owns*: the chain's time, blockhashes, ledger, the RPC's methods and their JSON, the HTTP server, injected faults.
*May import*: solders and the standard library; nothing of waiaas.
*Invariant*: to a client it behaves as a node does, and where it lies a test has told it to.
"""

from __future__ import annotations

from .blockhashes import CHAIN_ID, GENESIS_HASH
from .faults import Conditions, Faults, Rule
from .landed import Executed, Transfer
from .server import Localnet

__all__ = ["CHAIN_ID", "GENESIS_HASH", "Conditions", "Executed", "Faults", "Localnet", "Rule", "Transfer"]
