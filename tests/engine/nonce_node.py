"""A chain of nonces that does what a test tells it to, and its adapter."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel

from waiaas.errors import Malformed, NotYet, Refused, Unavailable
from waiaas.interfaces.chain import (
    Account,
    Amount,
    Asset,
    Balance,
    BuildRequest,
    ChainAdapter,
    Decoded,
    Destination,
    Effect,
    Feature,
    Http,
    InFlight,
    Intent,
    Kind,
    Network,
    Phase,
    Resolved,
    Sent,
    Signed,
    Status,
    Unsigned,
    What,
)
from waiaas.interfaces.signing import Hash, PublicKey, Scheme, SigningPayload

CHAIN_ID = "nonce:1"
COIN = Asset(id=f"{CHAIN_ID}/slip44:1", symbol="COIN", decimals=9, native=True)
FEE_MAX = 100
_SIGNED_BYTES = 32


@dataclass
class Node:
    """The chain. Blocks are made by :meth:`mine` alone.

    :param base_fee: bytes that allow less stay in the pool; :param finality: so many blocks on top make one final
    """

    base_fee: int = 10
    finality: int = 2
    max_in_flight: int | None = None
    features: frozenset[Feature] = frozenset({Feature.REPLACE})
    pool: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[list[str]] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    reverts: dict[str, str] = field(default_factory=dict)
    handed: list[str] = field(default_factory=list)
    foreign: int = 0
    foreign_final: int = 0
    away: bool = False
    refuses: bool = False
    swallows: bool = False
    lies: dict[str, Phase] = field(default_factory=dict)
    valid_until: str | None = None
    steals: bool = False
    next_nonce: int | None = None

    def ask(self) -> None:
        if self.away:
            raise Unavailable("nobody there")

    def landed(self) -> list[str]:
        return [tx for block in self.blocks for tx in block]

    def count(self, *, final: bool) -> int:
        """How many nonces are used."""
        blocks = self.blocks[: max(0, len(self.blocks) - self.finality)] if final else self.blocks
        return sum(len(block) for block in blocks) + (self.foreign_final if final else self.foreign)

    def take(self, raw: bytes) -> tuple[Sent, str]:
        self.ask()
        tx, found = _hash(raw), json.loads(raw[:-_SIGNED_BYTES])
        self.handed.append(tx)
        if self.refuses:
            return Sent.REFUSED, "not today"
        if tx in self.pool or tx in self.landed():
            return Sent.KNOWN, ""
        if found["nonce"] < self.count(final=False):
            return Sent.REFUSED, "nonce too low"
        rival = next((one for one, other in self.pool.items() if other["nonce"] == found["nonce"]), None)
        if rival is not None and found["fee"] * 8 < self.pool[rival]["fee"] * 9:
            return Sent.REFUSED, "replacement underpriced"
        if not self.swallows:
            if rival is not None:
                del self.pool[rival]
            self.pool[tx] = self.known[tx] = found
        return Sent.ACCEPTED, ""

    def mine(self, blocks: int = 1) -> None:
        """Blocks with everything that may go in, in the order of nonces."""
        for _ in range(blocks):
            block: list[str] = []
            while True:
                nonce = self.count(final=False) + len(block)
                ready = [tx for tx, one in self.pool.items() if one["nonce"] == nonce and one["fee"] >= self.base_fee]
                if not ready:
                    break
                del self.pool[ready[0]]
                block.append(ready[0])
            self.blocks.append(block)

    def settle(self) -> None:
        """Blocks until everything that may go in is final."""
        self.mine(1 + self.finality)

    def reorganise(self, blocks: int) -> None:
        """The last blocks never were, and what they held is forgotten."""
        del self.blocks[len(self.blocks) - blocks :]

    def phase(self, tx: str) -> Phase:
        if tx in self.lies:
            return self.lies[tx]
        for height, block in enumerate(self.blocks):
            if tx in block:
                return Phase.FINAL if len(self.blocks) - height > self.finality else Phase.INCLUDED
        return Phase.POOL if tx in self.pool else Phase.UNSEEN


class Nothing(BaseModel):
    """No settings."""


class NonceAdapter(ChainAdapter):
    """Reads :attr:`node`, which each desk replaces."""

    chain = "nonce"
    settings_model = Nothing
    call_model = None
    forms: ClassVar[Mapping[str, Scheme]] = {"plain": Scheme.ED25519}
    derivation = None
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRANSFER, Kind.CANCEL})
    node = Node()

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        super().__init__(network, settings, http)
        self.features = self.node.features

    @classmethod
    def networks(cls, settings: BaseModel) -> Sequence[Network]:
        return (
            Network(
                name="one", chain_id=CHAIN_ID, native=COIN, rpc=("http://127.0.0.1:9",), finality="2 blocks",
                max_in_flight=cls.node.max_in_flight, fee_max=FEE_MAX, is_test=True, block_milliseconds=100,
            ),
        )  # fmt: skip

    def derive_account(self, key: PublicKey, form: str) -> Account:
        return Account(address="wmine", key=key, form=form)

    def parse_address(self, text: str) -> Destination:
        return Destination(address=text)

    def parse_asset(self, text: str) -> str:
        return COIN.id

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        self.node.ask()
        assert intent.amount is not None
        assert intent.to is not None
        out = Effect(what=What.OUT, asset=COIN.id, units=intent.amount.units, to=intent.to.address)
        fee = Amount(asset=COIN.id, units=10)
        return Resolved(intent=intent, effects=(out,), assets=(COIN,), likely_fee=fee)

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        raise Malformed("not here")

    def build(self, request: BuildRequest) -> Unsigned:
        self.node.ask()
        nonce, fee, remarks = self._nonce(request), self._fee(request), list[str]()
        if request.newest is not None and nonce > _nonce_of(request.newest) + 1:
            remarks.append(f"nonce {_nonce_of(request.newest) + 1} was used by another program\u202e")
        if fee > request.max_fee:
            raise NotYet(f"the fee is {fee}", code="FEE_ABOVE_CAP", retry_after=3)
        intent = request.resolved.intent
        is_cancel = intent.kind is Kind.CANCEL
        body = {
            "chain": CHAIN_ID,
            "from": request.account.address,
            "nonce": nonce,
            "to": request.account.address if is_cancel or intent.to is None else intent.to.address,
            "value": 0 if is_cancel or intent.amount is None else intent.amount.units,
            "fee": fee,
        }
        if self.node.steals:
            body["to"] = "wthief"
        return Unsigned(body=json.dumps(body, sort_keys=True).encode(), remarks=tuple(remarks))

    def _nonce(self, request: BuildRequest) -> int:
        if self.node.next_nonce is not None:
            return self.node.next_nonce
        if request.replaces:
            return _nonce_of(request.replaces[0])
        own = [*request.in_flight, *([request.newest] if request.newest else [])]
        following = max([self.node.count(final=True), *(_nonce_of(one) + 1 for one in own)])
        if self.node.count(final=False) > following:
            raise NotYet("another program's use is not final", code="ACCOUNT_BUSY", retry_after=1)
        return following

    def _fee(self, request: BuildRequest) -> int:
        dearest = max((json.loads(one.raw[:-_SIGNED_BYTES])["fee"] for one in request.replaces), default=0)
        return max(self.node.base_fee, -(-dearest * 9 // 8))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        found = json.loads(unsigned.body)
        out = Effect(what=What.OUT, asset=COIN.id, units=found["value"], to=found["to"])
        return Decoded(
            chain_id=found["chain"],
            account=found["from"],
            effects=() if found["to"] == account.address and not found["value"] else (out,),
            max_fee=Amount(asset=COIN.id, units=found["fee"]),
            claims=frozenset({f"nonce:{found['nonce']}"}),
            valid_until=self.node.valid_until,
        )

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        payload = SigningPayload(key=account.key, kind="tx.nonce", preimage=unsigned.body, hash=Hash.SHA256)
        return () if done else (payload,)

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        raw = unsigned.body + done[0]
        claims = self.decode(unsigned, account).claims
        return Signed(raw=raw, tx_hash=_hash(raw), claims=claims, valid_until=self.node.valid_until)

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        return self.node.take(signed.raw)

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        self.node.ask()
        return [self._status(one) for one in signed]

    def _status(self, signed: Signed) -> Status:
        phase = self.node.phase(signed.tx_hash)
        if phase in (Phase.INCLUDED, Phase.FINAL):
            reason = self.node.reverts.get(signed.tx_hash)
            fee = Amount(asset=COIN.id, units=self.node.base_fee)
            return Status(phase=phase, ok=reason is None, fee_paid=fee, reason=reason, chain_tx_id="seen")
        if (
            phase is Phase.UNSEEN
            and signed.tx_hash not in self.node.lies
            and _nonce_of(signed) < self.node.count(final=True)
        ):
            return Status(phase=Phase.DEAD, proof="its nonce was used")
        return Status(phase=phase)

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[InFlight]) -> Sequence[Balance]:
        raise Refused("NO", "nobody asks here")

    def health(self) -> Mapping[str, Any]:
        self.node.ask()
        return {}


def paid(node: Node) -> list[tuple[str, int]]:
    """(recipient, units) of everything on chain that pays somebody."""
    found = [node.known[tx] for tx in node.landed() if tx not in node.reverts]
    return [(one["to"], one["value"]) for one in found if one["to"] != "wmine"]


def nonces(node: Node) -> list[int]:
    """Of everything on chain, in order."""
    return [node.known[tx]["nonce"] for tx in node.landed()]


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _nonce_of(signed: Signed) -> int:
    return int(json.loads(signed.raw[:-_SIGNED_BYTES])["nonce"])
