"""The machine: random steps of people, programs, workers, clock and crashes, on a house and a model of it."""

from shutil import rmtree
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.machine.agreement import compare
from tests.machine.desk import AGENTS
from tests.machine.hands import AFTER_COMMIT, BEFORE_COMMIT, Hands, rules_of
from tests.machine.model import COOLDOWN_SECONDS, DAY, UNFINISHED, Limits
from waiaas.engine.actors import Actor
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.engine.stop_request import Order
from waiaas.store.audit_chain import verify_file

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
KINDS = st.sampled_from(["all", "agent", "session"])
STAGES = st.integers(1, 3)
"""From admitted to released, to signed, to handed over."""


def _something_happened(machine: Any) -> bool:
    """What only sets the stage is not done over and over on an empty one."""
    return bool(machine.news > 0)


class Machine(Hands):
    """Every rule asks the engine and the model for the same thing; every step compares all that both know."""

    @initialize()
    def begin(self) -> None:
        """Two agents with limits; the first has two sessions, one of which is narrow."""
        for agent in AGENTS:
            limits = Limits()
            made = self.desk.policies.create(
                self.desk.operator, agent_id=agent, type="SPENDING_LIMIT", rules=rules_of(limits)
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
        if self.model.switch[0] == "LOCKED":
            assert self._code(lambda: self._issue(agent, most, ttl)) == "KILL_SWITCH"
        elif agent in self.model.suspended:
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
        if self.model.is_asked(tx_id) and self.model.stopped(self.model.rows[tx_id].session) == "KILL_SWITCH":
            assert code == "KILL_SWITCH"
        elif self.model.is_asked(tx_id):
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
        """Only what is suspended, and not LOCKED."""
        code = self._code(lambda: self.desk.agents.resume(self.desk.operator, agent))
        may_go = agent in self.model.suspended and agent not in self.model.locks
        assert code == ("" if may_go else "STATE_CONFLICT")
        if may_go:
            self.model.suspended.discard(agent)

    @precondition(lambda self: self.model.suspended)
    @rule()
    def resume_all(self) -> None:
        """So that suspensions are no longer than what lies between them."""
        for agent in sorted(self.model.suspended):
            self.resume(agent)

    @precondition(_something_happened)
    @rule(kind=KINDS, which=ANY, state=st.sampled_from(["SUSPENDED", "SUSPENDED", "LOCKED"]))
    def stop(self, kind: str, which: int, state: Any) -> None:
        """The kill switch, for everything, an agent or a session; by anybody at the socket."""
        self.news -= 1
        kind, name = scope = self._scope(kind, which)
        order = Order(state=state, **({} if kind == "all" else {f"{kind}_id": name}))
        self.desk.kill_switch.activate(Actor(kind="nobody", ip="socket"), order)
        self.model.stop(scope, state)

    @rule(kind=KINDS, which=ANY)
    def recover(self, kind: str, which: int) -> None:
        """A person lifts a stop; every second held row goes on."""
        self._recover(self._scope(kind, which))

    @precondition(lambda self: self.model.switch[0] != "ACTIVE")
    @rule()
    def recover_everything(self) -> None:
        """So that stops are no longer than what lies between them, cooldowns included."""
        self.time_passes(COOLDOWN_SECONDS, ticks=False)
        self._recover(("all", ""))

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
        self.desk.policies.replace(self.desk.operator, self.policies[agent], {"rules": rules_of(limits)})
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
    @rule(which=ANY, step=st.sampled_from(BEFORE_COMMIT + AFTER_COMMIT))
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
            for tx_id in self.node.taken:
                self.model.rows[tx_id].is_noted = True
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
        self._begin_again()

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
