"""A whole engine on a chain of nonces: lanes and workers are stepped by hand."""

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tests.engine.nonce_node import Node, NonceAdapter
from waiaas.builtin import waiaas_policy_types
from waiaas.config import load
from waiaas.engine.actors import Actor
from waiaas.engine.agents import Agents
from waiaas.engine.approvals import Approvals
from waiaas.engine.chains import Chains
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.judges import Judges
from waiaas.engine.kill_switch import KillSwitch
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.acceptances import Acceptances
from waiaas.engine.pipeline.evaluate import Evaluator
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.runner import Runner
from waiaas.engine.pipeline.stage import Bench, Go
from waiaas.engine.pipeline.suspensions import Suspensions
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.policies import Policies
from waiaas.engine.sessions import Sessions
from waiaas.engine.stop_request import Order, StopRequest
from waiaas.engine.transactions import Outcome, Transactions
from waiaas.errors import Stopped
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.signing import Hash
from waiaas.registry import Registry
from waiaas.registry.lock import Lock
from waiaas.store.database import Store
from waiaas.store.records import Agent, Transaction, Variant
from waiaas.testing.clock import FrozenClock
from waiaas.workers.confirmer import Confirmer

AGENT = Agent(
    id="0199aaaa-0000-7000-8000-000000000001", created_at=1, updated_at=1, name="bot", chain="nonce", network="one",
    form="plain", key_scheme="ed25519", public_key="00" * 32, address="wmine", status="ACTIVE",
)  # fmt: skip


class Pen:
    """A signer. :param signed: what it was asked for, decoded"""

    is_unlocked = True

    def __init__(self) -> None:
        self.signed: list[dict[str, Any]] = []
        self.problem: Exception | None = None
        self.epoch = 0

    def raise_stop_epoch(self, epoch: int) -> None:
        self.epoch = max(self.epoch, epoch)

    def sign(self, *, agent_id: str, kind: str, preimage: bytes, hash: Hash, stop_epoch: int) -> bytes:
        if self.problem is not None:
            raise self.problem
        if stop_epoch < self.epoch:
            raise Stopped("signing was stopped after this was judged", code="KILL_SWITCH")
        self.signed.append(json.loads(preimage))
        return hashlib.sha256(b"key" + preimage).digest()


class Crash(BaseException):
    """The process ends here."""


class Engine:
    """One data directory. A new one on the same folder is a restart.

    :param crash_at: the step at which everything ends
    :param clock: of an engine that ran here before; :param pen: the signer of one
    :param types: policy types besides the shipped ones
    :ivar prices: what the coin and others cost, as price sources say; nothing at first
    """

    adapter: type[NonceAdapter] = NonceAdapter
    people: Sequence[Agent] = (AGENT,)

    def __init__(
        self,
        folder: Path,
        node: Node,
        *,
        crash_at: str = "",
        clock: FrozenClock | None = None,
        pen: Pen | None = None,
        types: Sequence[type[PolicyType[Any]]] = (),
        **settings: str,
    ) -> None:
        (folder / "config.toml").write_text("")
        self.node = self.adapter.node = node
        self.clock, self.pen, self.crash_at, self.seen = clock or FrozenClock(), pen or Pen(), crash_at, list[str]()
        self.on_step: Any = lambda step, tx_id: None
        self.prices = dict[str, tuple[str, int]]()
        self.store = Store.open(folder / "waiaas.db")
        found = load(folder, settings)
        known = {kind.type: kind() for kind in [*waiaas_policy_types(), *types]}
        registry = Registry(
            chains={"nonce": ("waiaas-nonce", self.adapter)}, policy_types=known, policy_origins={}, channels={},
            listeners=(), plugins=(), lock=Lock(),
        )  # fmt: skip
        self.journal = Journal(self.clock, notifications_enabled=False)
        self.chains = Chains(registry, found, self.clock)
        outcomes, judges = Outcomes(), Judges(registry)
        self.acceptances = Acceptances(self.store, outcomes, self.clock, self._observe)
        gate = Gate()
        self.bench = Bench(
            store=self.store, chains=self.chains, signer=cast(Any, self.pen),
            evaluator=Evaluator(
                self.store, judges, self.chains, found, self.clock, prices=lambda assets: dict(self.prices)
            ),
            transitions=Transitions(self.journal, self.clock), outcomes=outcomes, gate=gate, acceptances=self.acceptances,
            suspensions=Suspensions(self.journal, self.clock, gate), settings=found, clock=self.clock,
            observe=self._observe, on_signed=lambda: None, heed_stop=self._heed_stop,
            require_no_stop=self._require_no_stop, hold_stop=self._hold_stop, is_open=lambda: True,
        )  # fmt: skip
        self.lane: deque[str] = deque()
        self.runner = Runner(self.bench)
        self.confirmer = Confirmer(self.bench, "nonce", "one", self.wake_first)
        self.operator = Actor(kind="operator", by_password=True)
        failures = CredentialFailures(self.store, self.journal, self.clock)
        self.sessions = Sessions(bench=self.bench, journal=self.journal, failures=failures)
        self.kill_switch = KillSwitch(
            bench=self.bench, journal=self.journal, sessions=self.sessions, request=StopRequest(folder / "stop.request"),
            wake_all=self.wake_all, wake_agent=lambda agent_id: self.wake_all(),
        )  # fmt: skip
        self.kill_switch.begin()
        self.agents = Agents(
            bench=self.bench, sessions=self.sessions, journal=self.journal, wake=lambda agent_id: self.wake_all()
        )
        self.policies = Policies(
            store=self.store, judges=judges, chains=self.chains, journal=self.journal, clock=self.clock
        )
        self.transactions = Transactions(self.bench, self.wake, self.wake_first)
        self.approvals = Approvals(self.bench, self.journal, self.wake)
        with self.store.write() as unit:
            for agent in self.people:
                if unit.agents.get(agent.id) is None:
                    unit.agents.insert(agent)

    def _observe(self, step: str, tx_id: str) -> None:
        self.seen.append(step)
        self.on_step(step, tx_id)
        if step == self.crash_at:
            raise Crash(step)

    def _heed_stop(self) -> None:
        self.kill_switch.heed()

    def _require_no_stop(self) -> None:
        self.kill_switch.require_no_order()

    def _hold_stop(self, actor: Actor, order: Order) -> None:
        self.kill_switch.hold(actor, order)

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


@contextmanager
def opened(folder: Path, node: Node, **arguments: Any) -> Iterator[Engine]:
    """An engine that is closed afterwards."""
    engine = Engine(folder, node, **arguments)
    try:
        yield engine
    finally:
        engine.close()


def stuck(engine: Engine, program: Actor) -> str:
    """A payment in the pool that no block will take: the base fee went up."""
    tx_id = engine.send(program)
    engine.node.base_fee = 11
    engine.look()
    assert engine.variants(tx_id)[0].last_status == "pool"
    return tx_id
