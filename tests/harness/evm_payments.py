"""What an Anvil has executed, read from its blocks and remembered as far as they stand."""

from collections.abc import Iterator
from typing import Any

from eth_utils.address import to_checksum_address
from waiaas_evm.localnet import Anvil

from tests.harness.chains import Payment

_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak of ``Transfer(address,address,uint256)``, EIP-20."""
_NOBODY = "0x" + "00" * 32


class EvmPayments:
    """:param token: address of the token whose transfers count; None counts native transfers"""

    def __init__(self, anvil: Anvil, token: str | None) -> None:
        self._anvil = anvil
        self._token = token
        self._blocks: list[tuple[str, list[Payment]]] = []

    def all(self) -> list[Payment]:
        """In order. What a reorganisation took back is forgotten."""
        tip = self._anvil.advance(0)
        self._forget_lost_blocks(tip)
        for number in range(len(self._blocks), tip + 1):
            block = self._anvil.call("eth_getBlockByNumber", hex(number), True)
            self._blocks.append((block["hash"], list(self._paid_in(block))))
        return [payment for _, payments in self._blocks for payment in payments]

    def _forget_lost_blocks(self, tip: int) -> None:
        del self._blocks[tip + 1 :]
        while self._blocks:
            block = self._anvil.call("eth_getBlockByNumber", hex(len(self._blocks) - 1), False)
            if block is not None and block["hash"] == self._blocks[-1][0]:
                return
            self._blocks.pop()

    def _paid_in(self, block: dict[str, Any]) -> Iterator[Payment]:
        if not block["transactions"]:
            return
        receipts = self._anvil.call("eth_getBlockReceipts", block["number"])
        for transaction, receipt in zip(block["transactions"], receipts, strict=True):
            if receipt["status"] == "0x1":
                yield from self._token_moves(receipt) if self._token else _native_moves(transaction)

    def _token_moves(self, receipt: dict[str, Any]) -> Iterator[Payment]:
        for log in receipt["logs"]:
            if log["address"].lower() != str(self._token).lower() or log["topics"][0] != _TRANSFER:
                continue
            if log["topics"][1] != _NOBODY:
                yield Payment(
                    tx_hash=receipt["transactionHash"],
                    sender=_address(log["topics"][1]),
                    recipient=_address(log["topics"][2]),
                    units=int(log["data"], 16),
                )


def _native_moves(transaction: dict[str, Any]) -> Iterator[Payment]:
    units = int(transaction["value"], 16)
    if units and transaction["to"]:
        yield Payment(
            tx_hash=transaction["hash"],
            sender=str(to_checksum_address(transaction["from"])),
            recipient=str(to_checksum_address(transaction["to"])),
            units=units,
        )


def _address(topic: str) -> str:
    return str(to_checksum_address("0x" + topic[-40:]))
