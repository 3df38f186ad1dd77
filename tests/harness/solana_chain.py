"""Solana's localnet as two cases: native transfers, and transfers of a token of Token-2022."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from solders.keypair import Keypair
from waiaas_sdk import PaymentFields
from waiaas_solana.localnet import CHAIN_ID, Localnet, MintKind

from tests.harness.chains import ChainCase, Payment, TestChain

_SEND = "sendTransaction"
_SLOT_SECONDS = 0.2
_FINALITY_SLOTS = 2
_LIFETIME_SLOTS = 200  # a blockhash lives for 150 blocks; finality and a margin come on top
_NATIVE = f"{CHAIN_ID}/slip44:501"
_FOR_FEES = 10**12
_RENT = 2_074_080  # of 170 bytes
_MINT_KEY = Keypair.from_seed(b"the mint of the harness' tokens.")
_MINT = str(_MINT_KEY.pubkey())
_MINT_KIND = MintKind(program="spl-token-2022", metadata=("TEST", "A token for tests"))


class SolanaChain(TestChain):
    """Statuses are final after some 0.4 seconds; bytes live for 30, long enough for a slow machine to restart a daemon.

    :param mint: of the token that the case pays with; None for lamports
    """

    def __init__(self, net: Localnet, mint: str | None) -> None:
        self._net = net
        self._mint = mint
        self._funded: Counter[str] = Counter()
        self._issued: Counter[str] = Counter()
        self.url = net.url

    def fund(self, address: str, units: int) -> None:
        """Lamports; or token units, and lamports for fees and rent."""
        if self._mint is not None:
            self._net.issuer.issue(self._mint, address, units)
            self._issued[address] += units
            units = _FOR_FEES
        self._net.fund(address, units)
        self._funded[address] += units

    def new_token(self) -> str:
        """A mint of SPL Token."""
        return self._net.issuer.mint(MintKind())

    def left(self, address: str) -> Mapping[str, int]:
        """Fees and rent included: an account's only way to lose any is a payment of its own.

        Two payments under way to somebody new are both judged by the rent that one of them will pay: the books hold it twice,
        since no node's word makes them hold less than was judged.
        """
        spare = sum(one.spare_openings for one in self._net.executed(address)) * _RENT
        gone = {_NATIVE: self._funded[address] - self._net.balance(address) + spare}
        if self._mint is not None:
            gone[f"{CHAIN_ID}/token:{self._mint}"] = self._issued[address] - self._net.tokens(self._mint, address)
        return {asset: units for asset, units in gone.items() if units}

    def payments(self, *, sender: str | None = None, recipient: str | None = None) -> list[Payment]:
        """Those that succeeded."""
        return [
            one
            for one in self._payments(sender or recipient)
            if sender in (None, one.sender) and recipient in (None, one.recipient)
        ]

    def _payments(self, address: str | None) -> Iterator[Payment]:
        for one in self._net.executed(address):
            if self._mint is None:
                moves = [(move.sender, move.recipient, move.lamports) for move in one.transfers]
            else:
                moves = [(move.sender, move.recipient, move.units) for move in one.tokens if move.mint == self._mint]
            for sender, recipient, units in moves:
                yield Payment(tx_hash=one.signature, sender=sender, recipient=recipient, units=units)

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

    def withhold_building(self, is_withholding: bool = True) -> None:
        """Nobody gets a blockhash."""
        self._net.faults.clear()
        if is_withholding:
            self._net.faults.fail(None, method="getLatestBlockhash")

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
    mint: str | None = None

    @contextmanager
    def start(self) -> Iterator[TestChain]:
        """A chain of its own, gone afterwards."""
        with Localnet(slot_seconds=_SLOT_SECONDS, finality_slots=_FINALITY_SLOTS) as net:
            if self.mint is not None:
                assert net.issuer.mint(_MINT_KIND, _MINT_KEY) == self.mint
            yield SolanaChain(net, self.mint)

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


class SolanaTokenCase(SolanaCase):
    """Transfers of a token with 6 decimals, to recipients who have no account for it yet."""

    name = "solana-token"
    resolves_offline = False
    mint = _MINT

    def payment(self, to: str, amount: int | None = None) -> PaymentFields:
        """TOKEN_TRANSFER."""
        units = self.amount if amount is None else amount
        return {"type": "TOKEN_TRANSFER", "to": to, "amount": units, "token": _MINT}

    def spending(self, **rules: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """SPENDING_LIMIT of the token grants its transfers by itself."""
        ((kind, written),) = super().spending(**rules)
        return [(kind, {"asset": _MINT, **written})]
