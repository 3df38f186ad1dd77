"""Localnet: the whole thing, started and stopped."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from solders.pubkey import Pubkey

from .blockhashes import GENESIS_HASH
from .faults import Faults
from .gateway import Gateway
from .http_server import HttpServer
from .landed import Executed
from .node import Node
from .token_layout import read_token_account


class Localnet:
    """A Solana chain of its own behind JSON-RPC on 127.0.0.1, serving from construction to `close`.

    State lives in memory and ends with it. Every method may be called from several threads. ``issuer`` makes tokens.

    :param port: 0 picks a free one.
    :param slot_seconds: length of a slot; None stands still until `advance`.
    :param finality_slots: slots until a block is finalized.
    :param confirmed_slots: slots until a block is confirmed, at most `finality_slots`.
    :raises OSError: the port is taken.
    :raises ValueError: a number out of range.
    """

    genesis_hash = GENESIS_HASH

    def __init__(
        self,
        port: int = 0,
        slot_seconds: float | None = 0.4,
        finality_slots: int = 32,
        confirmed_slots: int = 1,
    ) -> None:
        self._node = Node(slot_seconds, confirmed_slots, finality_slots)
        self.issuer = self._node.issuer
        self._closing = threading.Event()
        self._server = HttpServer(port, Gateway(self._node, self._closing))
        self.port = self._server.port

    @property
    def url(self) -> str:
        """The RPC's address."""
        return f"http://127.0.0.1:{self.port}"

    def replica_url(self, *lag_slots: int) -> str:
        """The address of a second node on this chain that is always this many slots behind; of several numbers, a balancer's:
        each request is answered by the next of its nodes."""
        return f"{self.url}/lag/{','.join(map(str, lag_slots))}"

    @property
    def lying_url(self) -> str:
        """The address of a node on this chain that understates how long blockhashes live, keeps bytes, and knows of none."""
        return f"{self.url}/lying"

    def release(self) -> int:
        """Let land what the lying node kept; how many transactions did."""
        return self._node.release()

    @property
    def faults(self) -> Faults:
        """What is wrong with the node."""
        return self._node.faults

    def fund(self, address: str, units: int) -> str:
        """Airdrop; the signature of a payment that has landed. Twice pays twice.

        :param units: lamports; a new account needs its rent minimum.
        :raises ValueError: the payment would fail.
        """
        return self._node.ledger.fund(Pubkey.from_string(address), units)

    def advance(self, slots: int) -> int:
        """Jump ahead at once; the new slot is the answer.

        :raises ValueError: a negative number.
        """
        return self._node.slots.advance(slots)

    def run_clock(self, slot_seconds: float | None) -> None:
        """Change the length of a slot from now on; None stops the clock."""
        self._node.slots.pace(slot_seconds)

    def slot(self) -> int:
        """The newest slot."""
        return self._node.slots.now()

    def balance(self, address: str) -> int:
        """Lamports of an account now, 0 for one that does not exist."""
        return self._node.ledger.lamports(Pubkey.from_string(address))

    def tokens(self, mint: str, owner: str) -> int:
        """Base units of a token in an owner's associated account now, 0 where there is none."""
        account = self._node.ledger.accounts([Pubkey.from_string(self.issuer.account(mint, owner))])[0]
        held = read_token_account(str(account.owner), account.data) if account else None
        return held.units if held else 0

    def executed(self, address: str | None = None) -> list[Executed]:
        """The successful transactions in the order of the chain, the faucet's left out.

        :param address: only those that this address paid for, sent from or received with.
        """
        return self._node.ledger.executed(address)

    def accepted(self) -> list[str]:
        """The signatures that sendTransaction took, in order, each as often as it was sent."""
        return list(self._node.accepted)

    def requests(self) -> dict[str, int]:
        """Calls by method since the start or the last reset, those that a fault struck included."""
        return self._node.meter.calls()

    def http_requests(self) -> int:
        """HTTP requests since the start or the last reset; a batch is one."""
        return self._node.meter.requests

    def reset_requests(self) -> None:
        """Count from zero."""
        self._node.meter.reset()

    def close(self) -> None:
        """Stop; may be called twice."""
        self._closing.set()
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
