"""The EVM localnet: Anvil, a real EVM node, as a process of its own on loopback.

*Owns*: finding the program, its process from start to end, its faucet.
*May import*: the public rooms of ``waiaas``, httpx and the standard library; nothing else of this plugin.
*Invariant*: no node outlives who started it, and a node that cannot serve is an error that says why.
"""

from waiaas_evm.localnet.adapter import LocalAnvil
from waiaas_evm.localnet.binary import VARIABLE, find_anvil
from waiaas_evm.localnet.chain import Anvil

__all__ = ["VARIABLE", "Anvil", "LocalAnvil", "find_anvil"]
