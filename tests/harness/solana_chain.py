"""Solana's localnet as a case: native transfers on LiteSVM."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from solders.keypair import Keypair
from waiaas_sdk import PaymentFields
from waiaas_solana.localnet import CHAIN_ID, Localnet

from tests.harness.chains import ChainCase, Payment, TestChain

_SEND = "sendTransaction"
_SLOT_SECONDS = 0.2
_FINALITY_SLOTS = 2
_LIFETIME_SLOTS = 200  # a blockhash lives for 150 blocks; finality and a margin come on top
_NATIVE = f"{CHAIN_ID}/slip44:501"


class SolanaChain(TestChain):
    """Statuses are final after some 0.4 seconds; bytes live for 30, long enough for a slow machine to restart a daemon."""

    def __init__(self, net: Localnet) -> None:
        self._net = net
        self._funded: Counter[str] = Counter()
        self.url = net.url

    def fund(self, address: str, units: int) -> None:
        """Lamports."""
        self._net.fund(address, units)
        self._funded[address] += units

    def left(self, address: str) -> Mapping[str, int]:
        """Lamports, fees included: an account's only way to lose any is a payment of its own."""
        gone = self._funded[address] - self._net.balance(address)
        return {_NATIVE: gone} if gone else {}

    def payments(self, *, sender: str | None = None, recipient: str | None = None) -> list[Payment]:
        """System transfers."""
        return [
            Payment(tx_hash=one.signature, sender=move.sender, recipient=move.recipient, units=move.lamports)
            for one in self._net.executed(sender or recipient)
            for move in one.transfers
            if sender in (None, move.sender) and recipient in (None, move.recipient)
        ]

    def handed_over(self, tx_hash: str) -> int:
        """Counts sendTransaction, swallowed ones included."""
        return self._net.accepted().count(tx_hash)

    def calls(self) -> int:
        """HTTP requests."""
        return self._net.http_requests()

    def replica_url(self, blocks: int) -> str:
        """A path of the same server."""
        return self._net.replica_url(blocks)

    def drop_answer(self, times: int | None = 1) -> None:
        """See the base class."""
        self._net.faults.drop_answer(times)

    def fail_after(self, times: int | None = 1) -> None:
        """See the base class."""
        self._net.faults.fail_after(times)

    def answer_late(self, seconds: float, times: int | None = 1) -> None:
        """See the base class."""
        self._net.faults.late_answer(seconds, times)

    def swallow(self, times: int | None = 1) -> None:
        """See the base class."""
        self._net.faults.swallow(times)

    def refuse_bytes(self, times: int | None = 1) -> None:
        """See the base class."""
        self._net.faults.fail(times, method=_SEND)

    def rate_limit(self, times: int | None = 1) -> None:
        """Retry-After is one second."""
        self._net.faults.rate_limit(times)

    def away(self, is_away: bool = True) -> None:
        """See the base class."""
        self._net.faults.away(is_away)

    def lag(self, blocks: int) -> None:
        """Slots and blocks are the same count here."""
        self._net.faults.lag(blocks)

    def masquerade(self) -> None:
        """Another genesis hash."""
        self._net.faults.genesis("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")

    def forget_history(self) -> None:
        """The oldest slot it keeps is one that has not come."""
        self._net.faults.prune(self._net.slot() + 10 * _LIFETIME_SLOTS)

    def deny_payments(self, is_denying: bool = True) -> None:
        """The node has no such fault of its own: what it looks signatures up with is replaced."""
        ledger = self._net._node.ledger
        if is_denying:
            ledger.__dict__["find"] = lambda signature: None
        else:
            ledger.__dict__.pop("find", None)

    def heal(self) -> None:
        """See the base class."""
        self._net.faults.clear()
        self.deny_payments(False)

    def outlive_bytes(self) -> None:
        """Jump ahead."""
        self._net.advance(_LIFETIME_SLOTS)

    def stand_still(self, is_still: bool = True) -> None:
        """Stop or start the clock of slots."""
        self._net.run_clock(None if is_still else _SLOT_SECONDS)


class SolanaCase(ChainCase):
    """Native transfers."""

    name = "solana-native"
    chain = "solana"
    network = "localnet"
    amount = 2_000_000
    fee = 500_000

    @contextmanager
    def start(self) -> Iterator[TestChain]:
        """A chain of its own, gone afterwards."""
        with Localnet(slot_seconds=_SLOT_SECONDS, finality_slots=_FINALITY_SLOTS) as net:
            yield SolanaChain(net)

    def environ(self, *urls: str) -> Mapping[str, str]:
        """One URL as text, several as a JSON list."""
        value = urls[0] if len(urls) == 1 else "[" + ",".join(f'"{url}"' for url in urls) + "]"
        return {"WAIAAS_RPC_SOLANA_LOCALNET": value, "WAIAAS_FEES_SOLANA_LOCALNET_DAILY_LIMIT": str(10**12)}

    def new_recipient(self) -> str:
        """``amount`` is above the rent-exempt minimum of an empty account."""
        return str(Keypair().pubkey())

    def payment(self, to: str, amount: int | None = None) -> PaymentFields:
        """TRANSFER."""
        return {"to": to, "amount": self.amount if amount is None else amount}

    def spending(self, **rules: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """SPENDING_LIMIT grants native transfers by itself."""
        written = {name: str(value) if name.endswith(("_max", "_limit")) else value for name, value in rules.items()}
        return [("SPENDING_LIMIT", written)]
