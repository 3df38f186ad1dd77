"""Facts: every kind of window against a plain model of what happened, for a new payment and for an admitted one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.samples import ASSET, agent, entry, new_id, reservation, session, transaction
from waiaas.engine.facts import Subject, effects_likeness, measure, read_windows, told, wanted
from waiaas.interfaces.chain import Amount, Intent, Kind, Resolved
from waiaas.interfaces.policy import Measure, Window
from waiaas.store.database import Store, Unit
from waiaas.store.records import Agent, Happening, Session

NOTHING = Resolved(
    intent=Intent(kind=Kind.TRANSFER), effects=(), assets=(), likely_fee=Amount(asset=ASSET, units=0), cautions=()
)
LIKE = effects_likeness(())
WHAT_OTHERS_DO: tuple[tuple[Measure, dict[str, str]], ...] = (("spent", {"asset": ASSET}), ("denied", {}))
WORDS = {"count": "admitted", "failed": "failed", "denied": "denied", "near_limit": "near_limit"}
KINDS = (
    "pay",
    "fee",
    "reserve",
    "set aside",
    "admitted",
    "alike",
    "failed",
    "paid",
    "denied",
    "near_limit",
    "own",
    "wait",
)
WHOSE = ("mine", "session", "other")
EVENTS = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(WHOSE), st.integers(1, 9)), max_size=25)


@dataclass(frozen=True)
class Row:
    """What happened, or was spent."""

    id: int
    what: str
    agent: str
    session: str | None
    tx: str
    at: int
    likeness: str | None = None
    amount: int = 0


@dataclass
class Past:
    """What was written, as the test remembers it."""

    unit: Unit
    now: int
    agent: Agent
    session: Session
    other: Agent
    own: str = field(default_factory=new_id)
    happened: list[Row] = field(default_factory=list)
    spent: list[Row] = field(default_factory=list)
    reserved: list[Row] = field(default_factory=list)

    def play(self, what: str, whose: str, size: int) -> None:
        """Let one thing happen."""
        who = self.other.id if whose == "other" else self.agent.id
        of = self.session.id if whose == "session" else None
        if what == "wait":
            self.now += size
        elif what in ("pay", "fee"):
            kind = "amount" if what == "pay" else "fee"
            number = self.unit.ledger.append(entry(who, session_id=of, kind=kind, amount=size, at=self.now))
            self.spent.append(Row(number, kind, who, of, "", self.now, amount=size))
        elif what in ("reserve", "set aside"):
            is_own = what == "set aside" and all(one.tx != self.own for one in self.reserved)
            row = transaction(who, id=self.own) if is_own else transaction(who)
            self.unit.transactions.insert(row)
            self.unit.reservations.reserve([reservation(row.id, who, session_id=of, amount=size)])
            self.reserved.append(Row(0, "amount", who, of, row.id, self.now, amount=size))
        else:
            self._count(what, who, of, size)

    def _count(self, what: str, who: str, of: str | None, size: int) -> None:
        tx, likeness = new_id(), None
        if what == "own":
            tx, what, who, of = self.own, ("admitted", "failed", "denied")[size % 3], self.agent.id, self.session.id
            if any(one.what == what and one.tx == tx for one in self.happened):
                return
        if what == "alike":
            what, likeness = "admitted", LIKE
        happening = Happening(agent_id=who, session_id=of, tx_id=tx, what=what, at=self.now, likeness=likeness)
        self.unit.activity.add(happening)
        number = int((self.unit._sql.one("SELECT MAX(id) FROM activity") or (0,))[0])
        self.happened.append(Row(number, what, who, of, tx, self.now, likeness))

    def subject(self, *, is_admitted: bool, has_session: bool, mark: int) -> Subject:
        """Who is judged. :param mark: how much had happened when the agent was last let go on, if so much did"""
        first = self.happened[0].id if self.happened else 1
        return Subject(
            agent=replace(self.agent, resumed_after=first - 1 + mark if self.happened[mark:] else first - 1),
            session=self.session if has_session else None,
            resolved=NOTHING,
            fee_cap=0,
            except_tx=self.own if is_admitted else None,
        )

    def standing(self, window: Window, subject: Subject) -> tuple[int, int | None]:
        """What the window should read, and when it should become smaller."""
        value, moments = self._spent(window, subject) if window.measure == "spent" else self._counted(window, subject)
        is_known = value > 0 and window.seconds is not None and moments
        return value, moments[0] + (window.seconds or 0) if is_known else None

    def _spent(self, window: Window, subject: Subject) -> tuple[int, list[int]]:
        kinds = window.where.get("kinds", "amount,rent,allowance").split(",")
        since = -1 if window.seconds is None else self.now - window.seconds

        def is_meant(row: Row) -> bool:
            named = window.where.get("agents")
            if window.scope == "all":
                return not named or row.agent in named.split(",")
            if window.scope == "session":
                return row.session is not None and row.session == subject.session_id
            return row.agent == subject.agent.id

        inside = [row for row in self.spent if is_meant(row) and row.what in kinds and row.at > since]
        held = [row for row in self.reserved if is_meant(row) and row.what in kinds and row.tx != subject.except_tx]
        return sum(row.amount for row in [*inside, *held]), sorted(row.at for row in inside)

    def _counted(self, window: Window, subject: Subject) -> tuple[int, list[int]]:
        what, since = WORDS[window.measure], window.where.get("since", "")
        admission = next((row for row in self.happened if row.what == "admitted" and row.tx == subject.except_tx), None)
        end = admission if window.measure == "count" else None
        mark = subject.agent.resumed_after if "resumed" in since else 0

        def whose(row: Row) -> bool:
            if window.scope == "session":
                return row.session is not None and row.session == subject.session_id
            return window.scope == "all" or row.agent == subject.agent.id

        rows = [row for row in self.happened if row.what == what and whose(row) and row.id > mark]
        if "paid" in since:
            last = max(
                (row.id for row in self.happened if row.what == "paid" and row.agent == subject.agent.id), default=0
            )
            return len([row for row in rows if row.id > last]), []
        seconds = window.seconds
        begin = -1 if seconds is None else (self.now if end is None else end.at) - seconds
        inside = [row for row in rows if row.at > begin and (end is None or row.id < end.id)]
        if window.where.get("like"):
            inside = [row for row in inside if row.likeness == LIKE]
            return len(inside), [row.at for row in inside][-1:]
        value = len([row for row in inside if row.tx != subject.except_tx])
        lately = [row.at for row in rows if seconds is None or row.at > self.now - seconds]
        others = max(0, value - int(window.where.get("below", value)))
        return value, [] if window.scope == "all" else lately[others:]


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("facts") / "waiaas.db")
    yield store
    store.close()


def windows(mine: str, other: str) -> list[Window]:
    """Every kind, in several lengths."""
    spent = {"asset": ASSET}
    made = [
        Window(name="", measure="spent", seconds=seconds, scope=scope, where=where)
        for seconds in (None, 7, 30)
        for scope in ("agent", "session", "all")
        for where in (spent, {**spent, "kinds": "fee"})
    ]
    made += [
        Window(name="", measure="spent", seconds=20, scope="all", where={**spent, "agents": agents})
        for agents in (mine, other, f"{mine},{other}")
    ]
    made += [
        Window(name="", measure=measure_, seconds=seconds, scope=scope, where=where)
        for measure_ in ("count", "failed", "denied", "near_limit")
        for seconds in (None, 7, 30)
        for scope in ("agent", "session", "all")
        for where in ({}, {"below": "1"}, {"below": "3"}, {"since": "resumed"}, {"since": "resumed", "below": "2"})
        if not (scope == "all" and where)
    ]
    made += [
        Window(name="", measure="count", seconds=seconds, scope="agent", where={"like": "effects"})
        for seconds in (None, 9)
    ]
    streaks = ({"since": "paid"}, {"since": "paid,resumed"})
    made += [Window(name="", measure="failed", seconds=None, scope="agent", where=where) for where in streaks]
    return [replace(window, name=str(number)) for number, window in enumerate(made)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, is_admitted=st.booleans(), has_session=st.booleans(), mark=st.integers(0, 25))
def test_windows_agree_with_what_happened(
    long_lived: Store, events: list[tuple[str, str, int]], is_admitted: bool, has_session: bool, mark: int
) -> None:
    """Whatever happened, each window has the value and the end that a plain count of what happened gives."""
    with long_lived.write() as unit:
        past = _begin(unit)
        for event in events:
            past.play(*event)
        _agrees(past, past.subject(is_admitted=is_admitted, has_session=has_session, mark=mark))


@pytest.mark.parametrize("seed", range(4))
def test_windows_agree_with_a_long_past(long_lived: Store, seed: int) -> None:
    """The same at every tenth moment of a long and busy past, for a payment that was admitted in it and for a new one."""
    chance = Random(seed)
    with long_lived.write() as unit:
        past = _begin(unit)
        for number in range(160):
            what = "own" if number == 60 else chance.choice(KINDS)
            past.play(what, chance.choice(WHOSE), 9 if number == 60 else chance.randint(1, 4))
            if number % 10 == 9:
                for is_admitted in (False, True):
                    _agrees(past, past.subject(is_admitted=is_admitted, has_session=True, mark=number // 4))


def _agrees(past: Past, subject: Subject) -> None:
    asked = wanted(windows(past.agent.id, past.other.id))
    measured = measure(past.unit, subject, asked, past.now)
    for same, window in asked:
        if window.scope != "all" or window.where.get("agents"):  # everybody's are those of earlier examples too
            assert measured[same] == past.standing(window, subject), window


def test_a_window_of_everybody_is_everybodys(long_lived: Store) -> None:
    """What another agent spends and is denied counts in windows of all and in no others; what is judged counts in none."""
    with long_lived.write() as unit:
        past = _begin(unit)
        subject = Subject(agent=past.agent, session=past.session, resolved=NOTHING, fee_cap=0, except_tx=past.own)
        asked = [
            Window(name=f"{measure_} {scope}", measure=measure_, seconds=50, scope=scope, where=where)
            for measure_, where in WHAT_OTHERS_DO
            for scope in ("session", "agent", "all")
        ]
        before, _ = read_windows(unit, subject, asked, past.now)
        past.play("pay", "other", 7)
        past.play("reserve", "other", 5)
        past.play("denied", "other", 1)
        past.play("own", "mine", 2)
        past.play("own", "mine", 1)
        after, ends = read_windows(unit, subject, asked, past.now)
        assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
            "spent all": 12,
            "denied all": 1,
        }
        assert ends == {"spent all": past.now + 50}


def test_a_window_that_nobody_can_measure_hides_no_other(long_lived: Store) -> None:
    """A mark of one agent in a window of all, a sum of no asset and an unknown measure are told apart from what is sound."""
    sound = Window(name="sound", measure="count", seconds=5, scope="agent")
    broken = [
        Window(name="marked", measure="denied", seconds=5, scope="all", where={"since": "resumed"}),
        Window(name="assetless", measure="spent", seconds=5, scope="agent"),
        Window(name="unknown", measure="dreamt", seconds=5, scope="agent"),  # type: ignore[arg-type]
        Window(name="worded", measure="count", seconds=5, scope="agent", where={"below": "many"}),
    ]
    with long_lived.write() as unit:
        past = _begin(unit)
        subject = Subject(agent=past.agent, session=None, resolved=NOTHING, fee_cap=0)
        asked = wanted([sound, *broken])
        measured = measure(unit, subject, asked, past.now)
        assert told(measured, asked[:1]) == ({"sound": 0}, {})
        for one in asked[1:]:
            with pytest.raises((ValueError, KeyError)):
                told(measured, (one,))
        with pytest.raises(ValueError, match="the window marked is of all agents, who were not resumed together"):
            read_windows(unit, subject, broken[:1], past.now)


def _begin(unit: Unit) -> Past:
    """An agent with a session, another agent, and a moment after all that was written before."""
    newest = "SELECT MAX(at) FROM (SELECT at FROM activity UNION ALL SELECT at FROM spend_ledger)"
    now = int((unit._sql.one(newest) or (0,))[0] or 0) + 1000
    mine, other = agent(), agent()
    past = Past(unit=unit, now=now, agent=mine, session=session(mine.id), other=other)
    for one in (mine, other):
        unit.agents.insert(one)
    unit.sessions.insert(past.session)
    for (tx_id,) in unit._sql.all("SELECT DISTINCT tx_id FROM reservations"):
        unit.reservations.release(tx_id)
    return past
