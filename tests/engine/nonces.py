"""A whole engine on a chain of nonces that does what a test tells it to: lanes and workers are stepped by hand."""

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import BaseModel

from waiaas.builtin import waiaas_policy_types
from waiaas.config import load
from waiaas.engine.actors import Actor
from waiaas.engine.agents import Agents
from waiaas.engine.chains import Chains
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.acceptances import Acceptances
from waiaas.engine.pipeline.evaluate import Evaluator
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.runner import Runner
from waiaas.engine.pipeline.stage import Bench, Go
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.policies import Policies
from waiaas.engine.sessions import Sessions
from waiaas.engine.transactions import Outcome, Transactions
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
from waiaas.registry import Registry
from waiaas.registry.lock import Lock
from waiaas.store.database import Store
from waiaas.store.records import Agent, Transaction, Variant
from waiaas.testing.clock import FrozenClock
from waiaas.workers.confirmer import Confirmer

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

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        raise Refused("NO", "nobody asks here")

    def health(self) -> Mapping[str, Any]:
        self.node.ask()
        return {}


class Pen:
    """A signer. :param signed: what it was asked for, decoded"""

    is_unlocked = True

    def __init__(self) -> None:
        self.signed: list[dict[str, Any]] = []
        self.problem: Exception | None = None

    def sign(self, *, agent_id: str, kind: str, preimage: bytes, hash: Hash, stop_epoch: int) -> bytes:
        if self.problem is not None:
            raise self.problem
        self.signed.append(json.loads(preimage))
        return hashlib.sha256(b"key" + preimage).digest()


class Crash(BaseException):
    """The process ends here."""


class Engine:
    """One data directory. A new one on the same folder is a restart.

    :param crash_at: the step at which everything ends
    """

    def __init__(self, folder: Path, node: Node, *, crash_at: str = "", **settings: str) -> None:
        (folder / "config.toml").write_text("")
        self.node = NonceAdapter.node = node
        self.clock, self.pen, self.crash_at, self.seen = FrozenClock(), Pen(), crash_at, list[str]()
        self.on_step: Any = lambda step, tx_id: None
        self.store = Store.open(folder / "waiaas.db")
        found = load(folder, settings)
        types = {kind.type: kind() for kind in waiaas_policy_types()}
        registry = Registry(
            chains={"nonce": ("waiaas-nonce", NonceAdapter)}, policy_types=types, policy_origins={}, channels={},
            listeners=(), plugins=(), lock=Lock(),
        )  # fmt: skip
        self.journal = Journal(self.clock, notifications_enabled=False)
        self.chains = Chains(registry, found, self.clock)
        outcomes = Outcomes()
        self.acceptances = Acceptances(self.store, outcomes, self.clock, self._observe)
        self.bench = Bench(
            store=self.store, chains=self.chains, signer=cast(Any, self.pen),
            evaluator=Evaluator(self.store, registry, self.chains, found, self.clock),
            transitions=Transitions(self.journal, self.clock), outcomes=outcomes, gate=Gate(), acceptances=self.acceptances,
            settings=found, clock=self.clock, observe=self._observe, on_signed=lambda: None, stop_epoch=lambda: 0,
            is_open=lambda: True,
        )  # fmt: skip
        self.lane: deque[str] = deque()
        self.runner = Runner(self.bench)
        self.confirmer = Confirmer(self.bench, "nonce", "one", self.wake_first)
        self.operator = Actor(kind="operator", by_password=True)
        failures = CredentialFailures(self.store, self.journal, self.clock)
        self.sessions = Sessions(bench=self.bench, journal=self.journal, failures=failures)
        self.agents = Agents(
            store=self.store, chains=self.chains, signer=cast(Any, self.pen), sessions=self.sessions, journal=self.journal,
            clock=self.clock, wake=lambda agent_id: self.wake_all(), gate=self.bench.gate,
        )  # fmt: skip
        self.policies = Policies(
            store=self.store, registry=registry, chains=self.chains, journal=self.journal, clock=self.clock
        )
        self.transactions = Transactions(self.bench, self.wake, self.wake_first)
        with self.store.write() as unit:
            if unit.agents.get(AGENT.id) is None:
                unit.agents.insert(AGENT)

    def _observe(self, step: str, tx_id: str) -> None:
        self.seen.append(step)
        self.on_step(step, tx_id)
        if step == self.crash_at:
            raise Crash(step)

    # --- the workers, by hand

    def wake(self, row: Transaction) -> None:
        """Into the lane."""
        if row.id not in self.lane:
            self.lane.append(row.id)

    def wake_first(self, row: Transaction) -> None:
        """Into the lane, before the others."""
        if row.id in self.lane:
            self.lane.remove(row.id)
        self.lane.appendleft(row.id)

    def wake_all(self) -> None:
        """What recovery and the timekeeper do."""
        with self.store.read() as unit:
            for row in unit.transactions.rows_in(("PENDING", "QUEUED", "EXECUTING", "SUBMITTED")):
                self.wake(row)

    def work(self) -> None:
        """Run the lane until it is empty or its head must wait; then note what nodes took."""
        while self.lane:
            progress = self.runner.advance(self.lane[0])
            if progress.go is Go.LATER:
                break
            if progress.go is Go.DONE:
                self.lane.popleft()
        self.acceptances.flush()

    def look(self, rounds: int = 1) -> None:
        """So many rounds of the confirmer, each a while after the one before, with what it wakes."""
        for _ in range(rounds):
            self.clock.advance(1)
            self.confirmer.run_once()
            self.acceptances.flush()
            self.work()

    def settle(self) -> None:
        """Everything that can become final does."""
        self.node.settle()
        self.look()

    # --- what is asked for

    def session(self, **constraints: Any) -> Actor:
        """The agent's program."""
        issued = self.sessions.issue(self.operator, agent_id=AGENT.id, constraints=constraints)
        return self.sessions.authenticate(issued.token, None)

    def policy(self, type_: str, **rules: Any) -> str:
        """A policy of the agent."""
        return self.policies.create(self.operator, agent_id=AGENT.id, type=type_, rules=rules).id

    def send(self, actor: Actor, units: int = 5, *, key: str | None = None) -> str:
        """Admit and work; the row's id."""
        body = {"type": "TRANSFER", "to": "wyou", "amount": str(units)}
        tx_id = self.transactions.send(actor, body, idempotency_key=key, wait=0).view.row.id
        self.work()
        return tx_id

    def replace(self, actor: Actor, tx_id: str, kind: str = "speed_up", **more: Any) -> Outcome:
        """Ask for further bytes, and work."""
        ask = self.transactions.speed_up if kind == "speed_up" else self.transactions.cancel_onchain
        outcome = ask(actor, tx_id, wait=0, **more)
        self.work()
        return outcome

    # --- what there is

    def row(self, tx_id: str) -> Transaction:
        with self.store.read() as unit:
            row = unit.transactions.get(tx_id)
        assert row is not None
        return row

    def variants(self, tx_id: str) -> list[Variant]:
        with self.store.read() as unit:
            return unit.variants.of(tx_id)

    def reserved(self, tx_id: str) -> dict[str, int]:
        with self.store.read() as unit:
            return {one.kind: one.amount for one in unit.reservations.of(tx_id)}

    def booked(self, tx_id: str) -> dict[str, int]:
        with self.store.read() as unit:
            return {one.kind: one.amount for one in unit.ledger.of(tx_id)}

    def events(self, tx_id: str | None = None) -> list[str]:
        with self.store.read() as unit:
            rows = unit.audit.list(limit=1000).items
        return [row.event_type for row in reversed(rows) if tx_id is None or row.tx_id == tx_id]

    def details(self, event: str) -> dict[str, Any]:
        """Of the last such event."""
        with self.store.read() as unit:
            found: dict[str, Any] = json.loads(unit.audit.list(limit=1, event_type=event).items[0].details)
        return found

    def agent_status(self) -> str:
        with self.store.read() as unit:
            agent = unit.agents.get(AGENT.id)
        assert agent is not None
        return agent.status

    def close(self) -> None:
        self.store.close()


AGENT = Agent(
    id="0199aaaa-0000-7000-8000-000000000001", created_at=1, updated_at=1, name="bot", chain="nonce", network="one",
    form="plain", key_scheme="ed25519", public_key="00" * 32, address="wmine", status="ACTIVE",
)  # fmt: skip


def paid(node: Node) -> list[tuple[str, int]]:
    """(recipient, units) of everything on chain that pays somebody."""
    found = [node.known[tx] for tx in node.landed() if tx not in node.reverts]
    return [(one["to"], one["value"]) for one in found if one["to"] != "wmine"]


def nonces(node: Node) -> list[int]:
    """Of everything on chain, in order."""
    return [node.known[tx]["nonce"] for tx in node.landed()]


@contextmanager
def opened(folder: Path, node: Node, **arguments: Any) -> Iterator[Engine]:
    """An engine that is closed afterwards."""
    engine = Engine(folder, node, **arguments)
    try:
        yield engine
    finally:
        engine.close()


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _nonce_of(signed: Signed) -> int:
    return int(json.loads(signed.raw[:-_SIGNED_BYTES])["nonce"])
