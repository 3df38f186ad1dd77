"""What must come of every step, said as simply as it can be: no database, no threads, no windows kept as running totals.

An agent's rows are judged by five numbers and its session's one. Times are Unix seconds, amounts base units.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.machine.fates import LIKELY_FEE, PAID_FEE

DAY = 86400
FEE_MAX, FEE_CAP, FEE_DAILY = 100, 4 * LIKELY_FEE, 1200
DELAY_SECONDS, APPROVAL_SECONDS, EXECUTION_SECONDS = 300, 3600, 600
MAX_PENDING, MAX_ACTIVE = 5, 12
COOLDOWN_SECONDS = 600
TIGHTER = {"ACTIVE": ("SUSPENDED", "LOCKED"), "SUSPENDED": ("LOCKED",), "LOCKED": ()}
TIERS = ("INSTANT", "NOTIFY", "DELAY", "APPROVAL", "DENY")
UNSIGNED = ("PENDING", "QUEUED", "EXECUTING")
UNFINISHED = (*UNSIGNED, "SUBMITTED")


Scope = tuple[str, str]
"""``all``, ``agent`` or ``session``, and whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """An agent's SPENDING_LIMIT."""

    instant: int = 10
    notify: int = 20
    delay: int = 30
    daily: int = 200

    def tier(self, amount: int) -> str:
        """By the amount alone."""
        bounds = {"INSTANT": self.instant, "NOTIFY": self.notify, "DELAY": self.delay}
        return next((tier for tier, most in bounds.items() if amount <= most), "APPROVAL")


@dataclass(slots=True, kw_only=True)
class Session:
    """:param max_total: everything that it may ever move; None does not limit"""

    agent: str
    expires: int
    max_total: int | None = None
    is_revoked: bool = False
    is_stopped: bool = False


@dataclass(slots=True, kw_only=True)
class Row:
    """A transaction. :param cap: what is reserved for its fee; :param ask_until: of an open approval, when it closes

    :param judged: the count of policy changes when it was judged last; :param is_noted: the house knows that a node has it
    :param is_withheld: a person lifted a stop and did not let it go on; :param settled: when the chain told its fate
    """

    agent: str
    session: str
    amount: int
    status: str
    tier: str
    created: int
    cap: int
    judged: int
    is_offline: bool = False
    due: int | None = None
    approved: int | None = None
    ask_until: int | None = None
    is_noted: bool = False
    is_withheld: bool = False
    settled: int = 0

    @property
    def deadline(self) -> int:
        """When it is too old to be paid."""
        return max(self.created, self.due or 0, self.approved or 0) + EXECUTION_SECONDS

    @property
    def reserved(self) -> dict[str, int]:
        """What is set aside for it."""
        return {"amount": self.amount, "fee": self.cap} if self.status in UNFINISHED else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What left for good."""

    agent: str
    session: str
    kind: str
    units: int
    at: int


@dataclass(slots=True, kw_only=True)
class Model:
    """:param highest: the largest daily limit that each agent ever had; :param late: what was paid after it was given up"""

    now: int
    limits: dict[str, Limits]
    suspended: set[str] = field(default_factory=set)
    sessions: dict[str, Session] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    ledger: list[Booking] = field(default_factory=list)
    happened: list[tuple[str, str, int]] = field(default_factory=list)
    highest: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    is_node_away: bool = False
    switch: tuple[str, int] = ("ACTIVE", 0)
    locks: dict[str, int] = field(default_factory=dict)

    # --- looking

    def is_live(self, session: str) -> bool:
        """Whether its token opens the door."""
        found = self.sessions[session]
        return not found.is_revoked and found.expires > self.now

    def may_be_signed(self, tx_id: str) -> bool:
        """Whether bytes for the row may be made, or leave for the first time, now."""
        row = self.rows[tx_id]
        return not (self.stopped(row.session) or self.sessions[row.session].is_revoked or row.is_withheld)

    def stopped(self, session: str) -> str:
        """The code by which nothing may be done for a session now; empty where nothing stops it."""
        found = self.sessions[session]
        if self.switch[0] != "ACTIVE":
            return "KILL_SWITCH"
        if found.agent in self.suspended:
            return "AGENT_SUSPENDED"
        return "KILL_SWITCH" if found.is_stopped else ""

    def state_of(self, scope: Scope) -> tuple[str, int]:
        """How a scope's own switch stands, and since when where that matters."""
        kind, name = scope
        if kind == "all":
            return self.switch
        if kind == "agent":
            return ("LOCKED", self.locks[name]) if name in self.locks else (self._worded(name in self.suspended), 0)
        session = self.sessions[name]
        return ("LOCKED" if session.is_revoked else self._worded(session.is_stopped), 0)

    @staticmethod
    def _worded(is_stopped: bool) -> str:
        return "SUSPENDED" if is_stopped else "ACTIVE"

    def held(self, scope: Scope) -> list[str]:
        """What a stop of the scope keeps from being paid, oldest first."""
        kind, name = scope
        mine = {t: row for t, row in self.unfinished() if kind == "all" or name in (row.agent, row.session)}
        return [t for t, row in mine.items() if row.status != "SUBMITTED" or not (row.is_noted or row.is_withheld)]

    def window(self, agent: str, kind: str, *, without: Row | None = None) -> int:
        """A day's spent and reserved."""
        since = self.now - DAY
        spent = sum(one.units for one in self.ledger if (one.agent, one.kind) == (agent, kind) and one.at > since)
        return spent + sum(
            row.reserved.get(kind, 0) for row in self.rows.values() if row.agent == agent and row is not without
        )

    def session_total(self, session: str, *, without: Row | None = None) -> int:
        """Everything that a session moved or may still move."""
        spent = sum(one.units for one in self.ledger if (one.session, one.kind) == (session, "amount"))
        mine = (row for row in self.rows.values() if row.session == session and row is not without)
        return spent + sum(row.reserved.get("amount", 0) for row in mine)

    def judge(self, row: Row, cap: int) -> str:
        """The row's tier, were it judged now; it does not count against itself."""
        limits, most = self.limits[row.agent], self.sessions[row.session].max_total
        if self.window(row.agent, "amount", without=row) + row.amount > limits.daily:
            return "DENY"
        if self.window(row.agent, "fee", without=row) + cap > FEE_DAILY:
            return "DENY"
        if most is not None and self.session_total(row.session, without=row) + row.amount > most:
            return "DENY"
        return limits.tier(row.amount)

    def unfinished(self) -> Iterator[tuple[str, Row]]:
        """Rows that are not over."""
        return ((tx_id, row) for tx_id, row in self.rows.items() if row.status in UNFINISHED)

    # --- what people and programs do

    def refusal(self, session: str, amount: int, key: str | None) -> str | None:
        """The code of the error by which a send ends without a row, or None; ``REPLAY`` where the key has one."""
        agent = self.sessions[session].agent
        if not self.is_live(session):
            return "UNAUTHENTICATED"
        before = self.keys.get((agent, key)) if key else None
        if before is not None:
            return "REPLAY" if self.rows[before].amount == amount else "IDEMPOTENCY_CONFLICT"
        if stopped := self.stopped(session):
            return stopped
        return self._no_room(agent, self.judge(self._new(session, amount), self._cap()))

    def _no_room(self, agent: str, tier: str) -> str | None:
        rows = list(self.rows.values())
        if tier in ("DELAY", "APPROVAL"):
            full = sum(row.agent == agent and row.status == "QUEUED" for row in rows) >= MAX_PENDING
            return "MAX_PENDING_TX" if full else None
        full = sum(row.status in ("PENDING", "EXECUTING") for row in rows) >= MAX_ACTIVE
        return "MAX_ACTIVE_TX" if full and tier != "DENY" else None

    def _cap(self) -> int:
        return FEE_MAX if self.is_node_away else FEE_CAP

    def _new(self, session: str, amount: int) -> Row:
        agent = self.sessions[session].agent
        return Row(
            agent=agent, session=session, amount=amount, status="", tier="", created=self.now, cap=self._cap(),
            judged=self.changes, is_offline=self.is_node_away,
        )  # fmt: skip

    def send(self, session: str, amount: int) -> Row:
        """The row that a send makes, not yet among the others."""
        row = self._new(session, amount)
        row.tier = self.judge(row, row.cap)
        row.status = {"DENY": "CANCELLED", "DELAY": "QUEUED", "APPROVAL": "QUEUED"}.get(row.tier, "PENDING")
        self._wait(row)
        return row

    def add(self, tx_id: str, row: Row, key: str | None) -> None:
        """It is there."""
        self.rows[tx_id] = row
        self.happened.append((row.agent, "denied" if row.tier == "DENY" else "admitted", self.now))
        if key and row.tier != "DENY":
            self.keys[row.agent, key] = tx_id

    def _wait(self, row: Row) -> None:
        row.due = self.now + DELAY_SECONDS if row.tier == "DELAY" else None
        row.ask_until = self.now + APPROVAL_SECONDS if row.tier == "APPROVAL" else None

    def is_asked(self, tx_id: str) -> bool:
        """Whether a person may decide about the row now."""
        row = self.rows[tx_id]
        return row.status == "QUEUED" and row.ask_until is not None and row.ask_until > self.now

    def approve(self, tx_id: str) -> None:
        """A person says yes."""
        self.rows[tx_id].approved, self.rows[tx_id].ask_until = self.now, None

    def end(self, tx_id: str, status: str) -> None:
        """Over, with nothing signed."""
        self.rows[tx_id].status, self.rows[tx_id].ask_until = status, None

    def revoke(self, session: str) -> None:
        """With its unsigned rows."""
        self.sessions[session].is_revoked = True
        for tx_id, row in self.rows.items():
            if row.session == session and row.status in UNSIGNED:
                self.end(tx_id, "CANCELLED")

    def stop(self, scope: Scope, state: str) -> None:
        """By the kill switch; what asks for less than there is changes nothing."""
        kind, name = scope
        if state not in TIGHTER[self.state_of(scope)[0]]:
            return
        if kind == "session":
            self.sessions[name].is_stopped = True
            if state == "LOCKED":
                self.revoke(name)
            return
        if kind == "all":
            self.switch = state, self.now
        else:
            self.suspended.add(name)
        if state == "LOCKED":
            self._lock(scope)

    def _lock(self, scope: Scope) -> None:
        kind, name = scope
        if kind == "agent":
            self.locks[name] = self.now
        for session, found in self.sessions.items():
            if kind == "all" or found.agent == name:
                self.revoke(session)

    def may_recover(self, scope: Scope) -> bool:
        """Whether the stop may be lifted now."""
        state, since = self.state_of(scope)
        if state == "LOCKED":
            return scope[0] != "session" and since + COOLDOWN_SECONDS <= self.now
        return state == "SUSPENDED"

    def recover(self, scope: Scope, release: list[str]) -> None:
        """The stop is lifted; of what it held, what is not named ends."""
        kind, name = scope
        for tx_id in self.held(scope):
            if tx_id not in release and self.rows[tx_id].status == "SUBMITTED":
                self.rows[tx_id].is_withheld = True
            elif tx_id not in release:
                self.end(tx_id, "CANCELLED")
        if kind == "all":
            self.switch = "ACTIVE", self.now
        elif kind == "agent":
            self.locks.pop(name, None)
            self.suspended.discard(name)
        else:
            self.sessions[name].is_stopped = False

    def change(self, agent: str, limits: Limits) -> None:
        """Another policy."""
        self.limits[agent] = limits
        self.highest[agent] = max(self.highest.get(agent, 0), limits.daily)
        self.changes += 1

    # --- what workers do

    def advance(self, tx_id: str) -> None:
        """One stage of one row."""
        row = self.rows[tx_id]
        if row.status in ("PENDING", "QUEUED"):
            self._release(tx_id, row)
        elif row.status == "EXECUTING":
            self._sign(tx_id, row)

    def _release(self, tx_id: str, row: Row) -> None:
        is_waiting = row.status == "QUEUED" and row.approved is None and (row.due is None or row.due > self.now)
        if is_waiting or self.stopped(row.session):
            return None
        if self.now >= row.deadline:
            return self.end(tx_id, "EXPIRED")
        if row.is_offline and self.is_node_away:
            return None
        tier = self.judge(row, FEE_CAP)
        if tier == "DENY":
            return self._refuse(tx_id, tier)
        row.tier = max(tier, row.tier, key=TIERS.index)
        row.judged, row.cap, row.is_offline = self.changes, FEE_CAP, False
        passed = "APPROVAL" if row.approved is not None else "DELAY" if row.status == "QUEUED" else "NOTIFY"
        if TIERS.index(row.tier) <= TIERS.index(passed):
            row.status = "EXECUTING"
        else:
            row.status = "QUEUED"
            self._wait(row)
        return None

    def _refuse(self, tx_id: str, tier: str) -> None:
        """Judged again, and stricter than what it went through."""
        if tier == "DENY":
            self.happened.append((self.rows[tx_id].agent, "denied", self.now))
        self.end(tx_id, "CANCELLED")

    def _sign(self, tx_id: str, row: Row) -> None:
        if self.stopped(row.session):
            return None
        if self.now >= row.deadline:
            return self.end(tx_id, "EXPIRED")
        if self.is_node_away:
            return None  # nothing is judged again before the node says that it is of the right chain
        passed = "APPROVAL" if row.approved is not None else row.tier
        tier = passed if row.judged == self.changes else self.judge(row, row.cap)
        if TIERS.index(tier) > TIERS.index(passed):
            return self._refuse(tx_id, tier)
        row.status = "SUBMITTED"
        return None

    def tick(self) -> None:
        """What the clock asks for."""
        for tx_id, row in list(self.rows.items()):
            if self._is_over(row):
                self.end(tx_id, "EXPIRED")

    def _is_over(self, row: Row) -> bool:
        is_late = self.now >= row.deadline
        if row.status == "QUEUED":
            is_unanswered = row.ask_until is not None and row.ask_until <= self.now
            return is_unanswered or (is_late and (row.approved is not None or row.due is not None))
        is_begun = row.status in ("PENDING", "EXECUTING")
        return is_begun and is_late and row.created + EXECUTION_SECONDS < self.now

    def settle(self, tx_id: str, fate: str) -> None:
        """What the chain tells of the row's bytes, for good."""
        row = self.rows[tx_id]
        if row.status == "SUBMITTED":
            row.status, row.settled = "CONFIRMED" if fate == "paid" else "FAILED", self.now
            self.happened.append((row.agent, "paid" if fate == "paid" else "failed", self.now))
            self._book(row, fate)
        elif row.status == "FAILED" and fate == "paid" and row.settled >= self.now - DAY:  # the house looks so long
            row.status = "CONFIRMED"
            self.happened.append((row.agent, "paid", self.now))
            self.late[row.agent] = self.late.get(row.agent, 0) + row.amount
            self._book(row, fate)

    def _book(self, row: Row, fate: str) -> None:
        units = {"paid": {"amount": row.amount, "fee": PAID_FEE}, "reverted": {"fee": PAID_FEE}, "dead": {}}[fate]
        booking = Booking(agent=row.agent, session=row.session, kind="", units=0, at=self.now)
        self.ledger += [replace(booking, kind=kind, units=some) for kind, some in units.items()]
