"""The machine: random steps of people, programs, workers, clock and crashes, on a house and a model of it."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import rmtree
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.nonces import Crash
from tests.machine.agreement import compare
from tests.machine.desk import AGENTS, Desk, Signer
from tests.machine.fates import Fates
from tests.machine.model import DAY, UNFINISHED, Limits, Model, Session
from tests.machine.trail import Trail
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.errors import WaiaasError
from waiaas.store.audit_chain import verify_file
from waiaas.testing.clock import FrozenClock

ANY = st.integers(0, 10_000)
AMOUNTS = st.sampled_from([1, 5, 10, 11, 20, 25, 30, 31, 60, 199, 201])
LIMITS = st.builds(
    Limits,
    instant=st.sampled_from([5, 10, 20]),
    notify=st.sampled_from([20, 25]),
    delay=st.sampled_from([25, 30, 60]),
    daily=st.sampled_from([30, 60, 200, 400]),
)
SECONDS = st.sampled_from(
    [*[1, 30, 60, 120, 299, 300, 301] * 3, 599, 600, 601, 900, 3599, 3600, 3601, DAY - 1, DAY, DAY + 1]
)
"""Around everything that ends after a while, and mostly little: rows that nobody pays for long expire."""
STAGES = st.integers(1, 3)
"""From admitted to released, to signed, to handed over."""
_DENIALS = ("POLICY_DENIED", "CONSTRAINT_DENIED")
_BEFORE_COMMIT = ("before-release", "before-build", "after-build", "before-sign", "after-sign", "before-broadcast")
_AFTER_COMMIT = ("after-release", "after-store", "after-broadcast")


def _something_happened(machine: Any) -> bool:
    """What only sets the stage is not done over and over on an empty one."""
    return bool(machine.news > 0)


class Machine(RuleBasedStateMachine):
    """Every rule asks the engine and the model for the same thing; every step compares all that both know."""

    template: ClassVar[Path]
    home: ClassVar[Path]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.home))
        self.clock, self.pen, self.node = FrozenClock(), Signer(), Fates()
        self.desk = Desk(self.folder, self.node, self.clock, self.pen, template=self.template)
        self.model = Model(now=self.clock.now(), limits={})
        self.policies: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.trail = Trail(self.desk.database)
        self.wrongs: list[str] = []
        self.news = 0
        self.node.on_take = self._taken

    @initialize()
    def begin(self) -> None:
        """Two agents with limits; the first has two sessions, one of which is narrow."""
        for agent in AGENTS:
            limits = Limits()
            made = self.desk.policies.create(
                self.desk.operator, agent_id=agent, type="SPENDING_LIMIT", rules=_rules(limits)
            )
            self.policies[agent] = made.id
            self.model.change(agent, limits)
        self._issue(AGENTS[0], None, 30 * DAY)
        self._issue(AGENTS[0], 100, 30 * DAY)
        self._issue(AGENTS[1], None, 30 * DAY)

    # --- programs

    @precondition(_something_happened)
    @rule(agent=st.sampled_from(AGENTS), most=st.sampled_from([None, 50, 300]), ttl=st.sampled_from([4000, 30 * DAY]))
    def issue(self, agent: str, most: int | None, ttl: int) -> None:
        """Another session."""
        self.news -= 1
        if agent in self.model.suspended:
            assert self._code(lambda: self._issue(agent, most, ttl)) == "STATE_CONFLICT"
        else:
            self._issue(agent, most, ttl)

    @rule(which=ANY, amount=AMOUNTS, key=st.sampled_from([None, None, "one", "two"]))
    def send(self, which: int, amount: int, key: str | None) -> None:
        """A payment, denied ones included."""
        self._send(which, amount, key)

    @rule(which=ANY, amounts=st.lists(st.sampled_from([1, 5, 10, 20, 30, 60]), min_size=1, max_size=4), stages=STAGES)
    def send_some_and_work(self, which: int, amounts: list[int], stages: int) -> None:
        """Payments that go some of their way at once."""
        for amount in amounts:
            self._send(which, amount, None)
        self.advance_all(stages)

    @rule(which=ANY, amounts=st.lists(st.sampled_from([1, 5, 10, 30, 60]), min_size=1, max_size=6))
    def send_some(self, which: int, amounts: list[int]) -> None:
        """By several sessions in turn."""
        for number, amount in enumerate(amounts):
            self._send(which + number, amount, None)

    @rule(
        which=ANY,
        amount=AMOUNTS,
        key=st.sampled_from([None, "one"]),
        step=st.sampled_from(["before-admit", "after-admit"]),
    )
    def send_into_a_crash(self, which: int, amount: int, key: str | None, step: str) -> None:
        """The daemon dies around the commit that admits."""
        self.desk.crash_at = step
        self._send(which, amount, key)
        self.desk.crash_at = ""

    # --- people

    @precondition(lambda self: self.model.rows)
    @rule(which=ANY)
    def approve(self, which: int) -> None:
        """By the operator."""
        tx_id = self._row(which, "QUEUED")
        code = self._code(lambda: self.desk.approvals.approve(self.desk.operator, tx_id))
        if self.model.is_asked(tx_id):
            assert code == ""
            self.model.approve(tx_id)
        else:
            assert code == "STATE_CONFLICT"

    @precondition(lambda self: self.model.rows)
    @rule(which=ANY)
    def reject(self, which: int) -> None:
        """By the operator."""
        tx_id = self._row(which, "QUEUED")
        code = self._code(lambda: self.desk.approvals.reject(self.desk.operator, tx_id))
        if self.model.is_asked(tx_id):
            assert code == ""
            self.model.end(tx_id, "CANCELLED")
        else:
            assert code == "STATE_CONFLICT"

    @precondition(lambda self: self.model.rows)
    @rule(which=ANY, by_session=st.booleans())
    def cancel(self, which: int, by_session: bool) -> None:
        """By the operator, or by the session that sent it."""
        tx_id = self._row(which, "PENDING", "QUEUED")
        row = self.model.rows[tx_id]
        if by_session and not self.model.is_live(row.session):
            assert self._code(lambda: self._actor(row.session)) == "UNAUTHENTICATED"
            return
        actor = self._actor(row.session) if by_session else self.desk.operator
        code = self._code(lambda: self.desk.transactions.cancel(actor, tx_id))
        if row.status in ("PENDING", "QUEUED"):
            assert code == ""
            self.model.end(tx_id, "CANCELLED")
        else:
            assert code == "STATE_CONFLICT"

    @precondition(lambda self: len(self.model.suspended) < len(AGENTS))
    @rule(agent=st.sampled_from(AGENTS))
    def suspend(self, agent: str) -> None:
        """Again is a conflict."""
        code = self._code(lambda: self.desk.agents.suspend(self.desk.operator, agent))
        assert code == ("STATE_CONFLICT" if agent in self.model.suspended else "")
        self.model.suspended.add(agent)

    @precondition(lambda self: self.model.suspended)
    @rule(agent=st.sampled_from(AGENTS))
    def resume(self, agent: str) -> None:
        """Only what is suspended."""
        code = self._code(lambda: self.desk.agents.resume(self.desk.operator, agent))
        assert code == ("" if agent in self.model.suspended else "STATE_CONFLICT")
        self.model.suspended.discard(agent)

    @precondition(lambda self: self.model.suspended)
    @rule()
    def resume_all(self) -> None:
        """So that suspensions are no longer than what lies between them."""
        for agent in sorted(self.model.suspended):
            self.resume(agent)

    @precondition(lambda self: sum(map(self.model.is_live, self.model.sessions)) > 2)
    @precondition(_something_happened)
    @rule(which=ANY)
    def revoke(self, which: int) -> None:
        """With everything of it that is not signed."""
        self.news -= 1
        session = self._session(which)
        self.desk.sessions.revoke(self.desk.operator, session)
        self.model.revoke(session)

    @precondition(_something_happened)
    @rule(agent=st.sampled_from(AGENTS), limits=LIMITS)
    def change_limits(self, agent: str, limits: Limits) -> None:
        """Looser or tighter."""
        self.news -= 1
        self.desk.policies.replace(self.desk.operator, self.policies[agent], {"rules": _rules(limits)})
        self.model.change(agent, limits)

    # --- workers

    @precondition(lambda self: any(self.model.unfinished()))
    @rule(which=ANY)
    def advance(self, which: int) -> None:
        """One stage of one row."""
        self._advance(self._row(which, *UNFINISHED))

    @rule(stages=STAGES)
    def advance_all(self, stages: int) -> None:
        """Every row by so many stages."""
        for tx_id, _ in list(self.model.unfinished()):
            for _ in range(stages):
                self._advance(tx_id)

    @precondition(lambda self: any(self.model.unfinished()))
    @rule(which=ANY, step=st.sampled_from(_BEFORE_COMMIT + _AFTER_COMMIT))
    def advance_into_a_crash(self, which: int, step: str) -> None:
        """The daemon dies around a commit; the next one finds the row as it was, or moved."""
        self.desk.crash_at = step
        self._advance(self._row(which, *UNFINISHED))
        self.desk.crash_at = ""

    @rule(which=ANY, fate=st.sampled_from(["paid", "paid", "reverted", "dead"]))
    def meet_fate(self, which: int, fate: str) -> None:
        """The chain takes bytes that it has, or lets bytes die that it has not put into a block."""
        ready = [one for one, row in self.model.rows.items() if row.status == "SUBMITTED" and one not in self.node.fate]
        ready = ready if fate == "dead" else [tx_id for tx_id in ready if tx_id in self.node.taken]
        if ready:
            self.node.fate[ready[which % len(ready)]] = fate

    @rule(which=ANY)
    def land_late(self, which: int) -> None:
        """What was given up with proof lands after all, if a node ever had it."""
        dead = [tx_id for tx_id, fate in self.node.fate.items() if fate == "dead" and tx_id in self.node.taken]
        if dead:
            self.node.fate[dead[which % len(dead)]] = "paid"

    @rule()
    def confirm(self) -> None:
        """The chain is asked."""
        self.desk.confirm()
        if not self.model.is_node_away:
            for tx_id, fate in self.node.fate.items():
                self.model.settle(tx_id, fate)

    @rule()
    def chain_takes_everything(self) -> None:
        """What nodes have is paid, and the chain is asked."""
        for tx_id in self.node.taken:
            if self.model.rows[tx_id].status == "SUBMITTED":
                self.node.fate.setdefault(tx_id, "paid")
        self.confirm()

    @precondition(_something_happened)
    @rule(is_away=st.sampled_from([False, False, True]))
    def node_goes_or_comes(self, is_away: bool) -> None:
        """Away, or back."""
        self.news -= 1
        self.node.away = self.model.is_node_away = is_away

    @precondition(_something_happened)
    @rule(seconds=SECONDS, ticks=st.booleans())
    def time_passes(self, seconds: int, ticks: bool) -> None:
        """And the clock's worker may see to it at once, or later."""
        self.news -= 1
        self.clock.advance(seconds)
        self.model.now += seconds
        if ticks:
            self.tick()

    @precondition(_something_happened)
    @rule()
    def tick(self) -> None:
        """What is due, what is too old."""
        self.news -= 1
        self.desk.tick()
        self.model.tick()

    @precondition(_something_happened)
    @rule()
    def restart(self) -> None:
        """The daemon ends and begins again on the same directory, with the same signer."""
        self.news -= 1
        self.desk.close()
        self.desk = Desk(self.folder, self.node, self.clock, self.pen)

    # --- what must hold

    @invariant()
    def everything_agrees(self) -> None:
        """Statuses, reservations, ledger, sums, counts and audit log are what the model says; nothing was signed in vain."""
        type(self).steps += 1
        assert not self.wrongs
        compare(self.desk, self.model)
        self.trail.read()
        assert self.trail.states == {tx_id: row.status for tx_id, row in self.model.rows.items()}

    def teardown(self) -> None:
        """The whole audit log once more, as a stranger would check it."""
        self.desk.close()
        report = verify_file(self.desk.database, transitions=MOVES)
        rmtree(self.folder)
        assert report.is_intact, report.problems

    # --- how it is done

    def _issue(self, agent: str, most: int | None, ttl: int) -> None:
        constraints = {} if most is None else {"maxTotal": str(most)}
        issued = self.desk.sessions.issue(self.desk.operator, agent_id=agent, ttl=ttl, constraints=constraints)
        self.tokens[issued.session.id] = issued.token
        self.model.sessions[issued.session.id] = Session(agent=agent, expires=self.model.now + ttl, max_total=most)

    def _actor(self, session: str) -> Any:
        return self.desk.sessions.authenticate(self.tokens[session], None)

    def _session(self, which: int) -> str:
        """Mostly one that lives."""
        names = list(self.model.sessions)
        live = [name for name in names if self.model.is_live(name)]
        found = live if live and which % 8 else names
        return found[which % len(found)]

    def _row(self, which: int, *statuses: str) -> str:
        """A row in one of these statuses where there is one, else any."""
        rows = self.model.rows
        found = [tx_id for tx_id, row in rows.items() if row.status in statuses] or list(rows)
        return found[which % len(found)]

    def _send(self, which: int, amount: int, key: str | None) -> None:
        session = self._session(which)
        refusal = self.model.refusal(session, amount, key)
        row = self.model.send(session, amount) if refusal is None else None
        body = {"type": "TRANSFER", "to": "wyou", "amount": str(amount)}
        died, code = self._lives(
            lambda: self.desk.transactions.send(self._actor(session), body, idempotency_key=key, wait=0)
        )
        if row is None or (died == "before-admit"):
            assert died or code == ("" if refusal == "REPLAY" else refusal)
            return
        assert died or code in (_DENIALS if row.tier == "DENY" else ("",))
        self.model.add(self._new_id(), row, key)
        self.news = 4

    def _new_id(self) -> str:
        """The one row that the model has not heard of."""
        (found,) = self._ids() - self.model.rows.keys()
        return found

    def _ids(self) -> set[str]:
        with closing(sqlite3.connect(self.desk.database)) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM transactions")}

    def _advance(self, tx_id: str) -> None:
        before = len(self.pen.asked)
        died, _ = self._lives(lambda: self.desk.advance(tx_id))
        if len(self.pen.asked) > before and not self.model.may_be_signed(tx_id):
            self.wrongs.append(f"{tx_id} was signed")
        if died not in _BEFORE_COMMIT:
            self.model.advance(tx_id)

    def _taken(self, tx_id: str) -> None:
        """A node gets bytes: for the first time only where nothing stops their row."""
        if tx_id not in self.node.taken and not self.model.may_be_signed(tx_id):
            self.wrongs.append(f"{tx_id} was sent")

    def _lives(self, call: Callable[[], object]) -> tuple[str, str]:
        """Where the daemon died meanwhile, and came back; and the code of an error."""
        try:
            return "", self._code(call)
        except Crash as crash:
            self.restart()
            return str(crash), ""

    @staticmethod
    def _code(call: Callable[[], object]) -> str:
        try:
            call()
        except WaiaasError as problem:
            return problem.code
        return ""


def _rules(limits: Limits) -> dict[str, str]:
    return {
        "instant_max": str(limits.instant),
        "notify_max": str(limits.notify),
        "delay_max": str(limits.delay),
        "daily_limit": str(limits.daily),
    }
