"""Bounds: under the writer lock a judgement holds exactly while each window is within its bound; far ones stay unread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.samples import ASSET, agent, entry, new_id, reservation, session, transaction
from waiaas.engine.facts import Subject, Wanted, effects_likeness, measure, told, wanted
from waiaas.engine.pipeline.bounds import Bounds, with_sources
from waiaas.interfaces.chain import Amount, Intent, Kind, Resolved
from waiaas.interfaces.policy import Window
from waiaas.store.database import Store, Unit
from waiaas.store.records import Happening
from waiaas.store.statements import Row, Statements

NOTHING = Resolved(
    intent=Intent(kind=Kind.TRANSFER), effects=(), assets=(), likely_fee=Amount(asset=ASSET, units=0), cautions=()
)
AGENT = agent()
MINE = Subject(agent=AGENT, session=session(AGENT.id), resolved=NOTHING, fee_cap=0)
OTHER = agent()
SPENT = {"asset": ASSET}
FAR = 10**6

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "reserve", "release", "admitted", "failed", "paid", "denied", "wait"]),
        st.booleans(),
        st.integers(1, 9),
    ),
    max_size=12,
)
BOUNDS = st.lists(st.one_of(st.integers(0, 40), st.just(FAR)), min_size=9, max_size=9)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("bounds") / "waiaas.db")
    with store.write() as unit:
        for one in (MINE.agent, OTHER):
            unit.agents.insert(one)
        assert MINE.session is not None
        unit.sessions.insert(MINE.session)
    yield store
    store.close()


def windows() -> Wanted:
    """Sums and counts of all scopes, those that no source bounds included."""
    return wanted(
        [
            Window(name="hour", measure="spent", seconds=10, scope="agent", where=SPENT),
            Window(name="day", measure="spent", seconds=30, scope="agent", where=SPENT),
            Window(name="ever", measure="spent", seconds=None, scope="session", where=SPENT),
            Window(name="all", measure="spent", seconds=20, scope="all", where=SPENT),
            Window(name="count", measure="count", seconds=15, scope="agent"),
            Window(name="everybody", measure="denied", seconds=15, scope="all"),
            Window(name="failed", measure="failed", seconds=25, scope="agent", where={"since": "resumed"}),
            Window(name="streak", measure="failed", seconds=None, scope="agent", where={"since": "paid,resumed"}),
            Window(name="alike", measure="count", seconds=30, scope="agent", where={"like": "effects"}),
        ]
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=EVENTS, between=EVENTS, most=BOUNDS)
def test_they_hold_exactly_while_each_window_is_within_its_bound(
    long_lived: Store, past: list[tuple[str, bool, int]], between: list[tuple[str, bool, int]], most: Sequence[int]
) -> None:
    """Whatever happened before and after the judgement, the answer is that of reading every window again."""
    asked = windows()
    limits = {window.name: bound for (_, window), bound in zip(asked, most, strict=True)}
    with long_lived.write() as unit:
        now = play(unit, past, _last_moment(unit) + 100)
        bounds = judged(unit, asked, limits, now)
        now = play(unit, between, now)
        values, _ = told(measure(unit, MINE, asked, now), asked)
        assert bounds.still_hold(unit, MINE, now) == all(values[name] <= limits[name] for name in limits)
        _forget_reservations(unit)


def test_far_bounds_are_held_to_their_sources(long_lived: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred windows that have room for what came since cost the look-ups of one; with less room each is read again."""
    many = wanted(
        [
            Window(name=f"{number}", measure="spent", seconds=number, scope="agent", where=SPENT)
            for number in range(1, 101)
        ]
    )
    texts: list[str] = []

    def heard(self: Statements, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        texts.append(sql)
        return alone(self, sql, parameters)

    alone = Statements.all
    with long_lived.write() as unit:
        now = play(unit, [("pay", True, 9), ("wait", True, 9)], _last_moment(unit) + 100)
        values, _ = told(measure(unit, MINE, many, now), many)
        assert sum(values.values()) == 9 * 91
        roomy = judged(unit, many, {name: value + 1 for name, value in values.items()}, now)
        full = judged(unit, many, values, now)
        play(unit, [("pay", True, 1)], now)
        monkeypatch.setattr(Statements, "all", heard)
        assert roomy.still_hold(unit, MINE, now)
        assert not any("at > " in text for text in texts)
        assert not full.still_hold(unit, MINE, now)
        assert any("at > " in text for text in texts)


def test_equal_payments_have_no_source() -> None:
    """Only what grows with the sum over all of history is measured over all of it too, once for all its windows."""
    asked = windows()
    sources = {window.name for same, window in with_sources([asked, asked]).items() if same not in dict(asked)}
    assert sources == {"hour", "all", "count", "everybody", "failed"}
    assert all(window.seconds is None for same, window in with_sources([asked]).items() if same not in dict(asked))


def test_where_a_sum_is_not_known_the_window_decides(long_lived: Store) -> None:
    """What all of history comes to could not be measured: the window is read again, and holds up to its bound."""
    asked = windows()[:1]
    with long_lived.write() as unit:
        now = play(unit, [("pay", True, 5)], _last_moment(unit) + 100)
        for most, is_held in ((4, False), (5, True)):
            bounds = Bounds(with_sources([asked]), dict.fromkeys(with_sources([asked]), ValueError("nobody knows")))
            bounds.hold(asked, {"hour": 5}, {"hour": most})
            assert bounds.still_hold(unit, MINE, now) == is_held


def test_what_cannot_be_measured_any_more_does_not_hold(long_lived: Store) -> None:
    """A window that was measured once and cannot be now is not within its bound, however far that is."""
    asked = wanted([Window(name="assetless", measure="spent", seconds=5, scope="agent")])
    with long_lived.write() as unit:
        bounds = Bounds(with_sources([asked]), dict.fromkeys(with_sources([asked]), (0, None)))
        bounds.hold(asked, {"assetless": 0}, {"assetless": FAR})
        assert not bounds.still_hold(unit, MINE, _last_moment(unit))


def test_a_window_without_a_bound_holds_only_at_its_value(long_lived: Store) -> None:
    """What an answer does not name may not grow at all; of two answers on one window the tighter counts."""
    asked = windows()[:1]
    with long_lived.write() as unit:
        now = play(unit, [("pay", True, 5)], _last_moment(unit) + 100)
        measured = measure(unit, MINE, with_sources([asked]).items(), now)
        bounds = Bounds(with_sources([asked]), measured)
        bounds.hold(asked, {"hour": 5}, {"hour": FAR})
        bounds.hold(asked, {"hour": 5}, {})
        bounds.hold(asked, {"hour": 5}, {"hour": FAR})
        assert [bound.at_most for bound in bounds.bounds.values()] == [5]
        assert bounds.still_hold(unit, MINE, now)
        play(unit, [("pay", True, 1)], now)
        assert not bounds.still_hold(unit, MINE, now)


def test_a_cancelled_one_of_long_ago_makes_no_room_for_its_like(long_lived: Store) -> None:
    """While one that is not in the window any more is cancelled, another comes in: the sum of all stays, the window grows."""
    asked = (*windows()[-1:], *wanted([replace(windows()[-1][1], name="ever alike", seconds=None)]))
    with long_lived.write() as unit:
        old, now = transaction(AGENT.id, status="PENDING"), _last_moment(unit) + 100
        unit.transactions.insert(old)
        unit.activity.add(_admitted(old.id, now))
        now += 100
        bounds = judged(unit, asked, {"alike": 0, "ever alike": FAR}, now)
        assert bounds.still_hold(unit, MINE, now)
        unit.transactions.move(old.id, expected="PENDING", status="CANCELLED", at=now)
        unit.activity.add(_admitted(new_id(), now))
        assert not bounds.still_hold(unit, MINE, now)


def judged(unit: Unit, asked: Wanted, most: Mapping[str, int], now: int) -> Bounds:
    """What a judgement of these windows keeps."""
    wide = with_sources([asked])
    measured = measure(unit, MINE, wide.items(), now)
    bounds = Bounds(wide, measured)
    bounds.hold(asked, told(measured, asked)[0], most)
    return bounds


def play(unit: Unit, events: Sequence[tuple[str, bool, int]], now: int) -> int:
    """Let them happen, of the judged agent or of another; returns the moment after them."""
    for what, is_mine, size in events:
        who = MINE.agent.id if is_mine else OTHER.id
        of = MINE.session_id if is_mine else None
        if what == "wait":
            now += size
        elif what == "pay":
            unit.ledger.append(entry(who, session_id=of, amount=size, at=now))
        elif what == "reserve":
            row = transaction(who)
            unit.transactions.insert(row)
            unit.reservations.reserve([reservation(row.id, who, session_id=of, amount=size)])
        elif what == "release":
            _forget_reservations(unit, 1)
        else:
            unit.activity.add(
                Happening(agent_id=who, session_id=of, tx_id=new_id(), what=what, at=now, likeness=_likeness(what))
            )
    return now


def _admitted(tx_id: str, at: int) -> Happening:
    return Happening(agent_id=AGENT.id, tx_id=tx_id, what="admitted", at=at, likeness=_likeness("admitted"))


def _likeness(what: str) -> str | None:
    return effects_likeness(()) if what == "admitted" else None


def _forget_reservations(unit: Unit, most: int = 1000) -> None:
    for (tx_id,) in unit._sql.all("SELECT DISTINCT tx_id FROM reservations LIMIT ?", (most,)):
        unit.reservations.release(tx_id)


def _last_moment(unit: Unit) -> int:
    newest = "SELECT MAX(at) FROM (SELECT at FROM activity UNION ALL SELECT at FROM spend_ledger)"
    return int((unit._sql.one(newest) or (0,))[0] or 0)
