"""The Solana localnet: a real Solana virtual machine (LiteSVM) behind the Solana JSON-RPC on loopback.

*Owns*: the chain's time, blockhashes, ledger, the RPC's methods and their JSON, the HTTP server, injected faults.
*May import*: solders and the standard library; nothing of waiaas.
*Invariant*: to a client it behaves as a node does, and where it lies a test has told it to.
"""

from __future__ import annotations

from .blockhashes import CHAIN_ID, GENESIS_HASH
from .faults import Conditions, Faults, Rule
from .issuer import EXTENSIONS, Issuer, MintKind
from .landed import Executed, TokenTransfer, Transfer
from .server import Localnet

__all__ = [
    "CHAIN_ID",
    "EXTENSIONS",
    "GENESIS_HASH",
    "Conditions",
    "Executed",
    "Faults",
    "Issuer",
    "Localnet",
    "MintKind",
    "Rule",
    "TokenTransfer",
    "Transfer",
]
