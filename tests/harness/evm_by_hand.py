"""Anvil without blocks of its own: what is in the pool stays there until a test makes a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waiaas_evm.localnet import Anvil
from waiaas_evm.localnet.chain import CHAIN_ID

from tests.harness.contracts import deploy_token
from tests.harness.data_directory import copy_of
from tests.harness.evm_chain import EvmCase, EvmChain
from tests.harness.evm_node import LyingNode
from tests.harness.house import House

_NEVER = 1e9


class StillChain(EvmChain):
    """Blocks come when they are asked for."""

    case: EvmCase = EvmCase()

    def mine(self, blocks: int = 1) -> int:
        """Blocks with everything that may go in; the newest one's number."""
        return self.anvil.advance(blocks)

    def base_fee(self, wei: int) -> None:
        """Of the next block; those after it follow the protocol."""
        self.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def dear(self, wei: int) -> None:
        """A base fee that is in force now: one block is made with it."""
        self.base_fee(wei)
        self.mine()

    def drop(self, tx_hash: str) -> None:
        """The pool forgets a transaction."""
        self.anvil.call("anvil_dropTransaction", tx_hash)

    def rollback(self, blocks: int) -> None:
        """The last blocks never were, and what they held is forgotten."""
        self.anvil.call("anvil_rollback", blocks)

    def reorg(self, blocks: int) -> None:
        """The last blocks give way to as many empty ones."""
        self.anvil.call("anvil_reorg", blocks, [])

    def automine(self, is_on: bool) -> None:
        """Whether each transaction makes a block of its own at once."""
        self.anvil.call("evm_setAutomine", is_on)

    def in_pool(self) -> list[str]:
        """Hashes of what waits, that which waits behind a gap included."""
        content = self.anvil.call("txpool_content")
        return [
            str(one["hash"]) for part in content.values() for by_nonce in part.values() for one in by_nonce.values()
        ]

    def nonces(self, address: str) -> list[int]:
        """Of everything that the account has on chain, in order."""
        tip = self.anvil.advance(0)
        blocks = [self.anvil.call("eth_getBlockByNumber", hex(number), True) for number in range(tip + 1)]
        return [
            int(one["nonce"], 16)
            for block in blocks
            for one in block["transactions"]
            if one["from"].lower() == address.lower()
        ]


@contextmanager
def still_chain(case: EvmCase = StillChain.case, chain_id: int = CHAIN_ID) -> Iterator[StillChain]:
    """A chain of its own, gone afterwards. :param case: what is paid with on it"""
    with Anvil(chain_id=chain_id) as anvil:
        if case.token is not None:
            assert deploy_token(anvil) == case.token
        node = LyingNode(anvil, _NEVER)
        try:
            running = StillChain(anvil, node, case.token)
            running.case = case
            yield running
        finally:
            node.close()


def house_on(chain: StillChain, template: Path, root: Path, **arguments: Any) -> House:
    """A house, not yet started. :param template: an initialised data directory that no daemon has seen"""
    copy_of(template, root)
    return House(root, chain.case, chain, **arguments)
