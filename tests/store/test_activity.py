"""Counts of what happened: a few look-ups a window, right after every history."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.samples import new_id, transaction
from waiaas.store.activity import Place, Span
from waiaas.store.database import Store
from waiaas.store.records import Happening

WHATS = ("admitted", "denied", "failed", "paid", "near_limit")
HISTORY = st.lists(
    st.tuples(
        st.sampled_from(WHATS), st.sampled_from([None, "s1", "s2"]), st.sampled_from(["a", "b"]), st.integers(0, 9)
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("activity") / "waiaas.db")
    yield store
    store.close()


@settings(max_examples=150, deadline=None)
@given(history=HISTORY, what=st.sampled_from(WHATS), since=st.integers(-1, 100))
def test_counts_agree_with_history(
    long_lived: Store, history: list[tuple[str, str | None, str, int]], what: str, since: int
) -> None:
    """Whatever happened, by agent, by session and of everybody, a window counts exactly what lies in it."""
    agents, at = {name: new_id() for name in "ab"}, 0
    with long_lived.write() as unit:
        start, _ = unit.value(unit.activity.of_all(what, Span()))
        base = unit._sql.one("SELECT COALESCE(MAX(at), 0) FROM activity")
        assert base is not None
        seen = []
        for number, (kind, session, name, step) in enumerate(history):
            at += step
            whose = session and agents[name] + session
            happening = Happening(
                agent_id=agents[name],
                session_id=whose,
                tx_id=new_id(),
                what=kind,
                at=base[0] + at,
                likeness=str(number % 3),
            )
            unit.activity.add(happening)
            seen.append(happening)
        after = base[0] + since
        mine = [one for one in seen if one.what == what and one.agent_id == agents["a"]]
        inside = [one for one in mine if one.at > after]
        first = min((one.at for one in inside), default=None)
        assert unit.value(unit.activity.of_agent(agents["a"], what, Span(since=after))) == (len(inside), first)
        assert unit.value(unit.activity.of_agent(agents["a"], what, Span()))[0] == len(mine)
        session = agents["a"] + "s1"
        its = [one.at for one in inside if one.session_id == session]
        counted = unit.value(unit.activity.of_session(session, what, Span(since=after)))
        assert counted == (len(its), min(its, default=None))
        for n, moment in enumerate([*its, None]):
            assert unit.activity.nth(agents["a"], what, Span(since=after), n, session) == moment
        assert unit.value(unit.activity.of_all(what, Span()))[0] - start == sum(one.what == what for one in seen)
        alike = [one for one in seen if one.agent_id == agents["a"] and one.likeness == "1" and one.at > after]
        last = max((one.at for one in alike), default=None)
        assert unit.value(unit.activity.alike(agents["a"], "1", Span(since=after))) == (len(alike), last)
        assert unit.value(unit.activity.failed_since_paid(agents["a"], 0)) == _streak(seen, agents["a"])


@settings(max_examples=150, deadline=None)
@given(
    history=HISTORY, what=st.sampled_from(WHATS), since=st.integers(-1, 60), marks=st.tuples(*[st.integers(0, 25)] * 2)
)
def test_spans_agree_with_history(
    long_lived: Store, history: list[tuple[str, str | None, str, int]], what: str, since: int, marks: tuple[int, int]
) -> None:
    """Between two rows and behind a moment, whatever comes first, a span holds exactly what lies in all three bounds."""
    mine, other = new_id(), new_id()
    with long_lived.write() as unit:
        base = unit._sql.one("SELECT COALESCE(MAX(at), 0), COALESCE(MAX(id), 0) FROM activity") or (0, 0)
        at, seen = base[0], []
        for number, (kind, _, name, step) in enumerate(history, base[1] + 1):
            at += step
            whose = mine if name == "a" else other
            unit.activity.add(Happening(agent_id=whose, tx_id=new_id(), what=kind, at=at, likeness="x"))
            seen.append((number, at, kind, whose))
        low, high = (min(base[1] + mark, base[1] + len(seen)) for mark in sorted(marks))
        places = {number: Place(id=number, at=moment) for number, moment, *_ in seen}
        span = Span(since=base[0] + since, after=low, before=places.get(high))
        inside = [
            (number, moment)
            for number, moment, kind, whose in seen
            if (kind, whose) == (what, mine) and moment > base[0] + since and number > low
        ]
        before = [one for one in inside if span.before is None or one[0] < high]
        earliest = before[0][1] if before else None
        assert unit.value(unit.activity.of_agent(mine, what, span)) == (len(before), earliest)
        for n in range(len(inside) + 1):
            expected = inside[n][1] if n < len(inside) else None
            assert unit.activity.nth(mine, what, replace(span, before=None), n) == expected
        alike = [one for one in seen if one[3] == mine and one[1] > base[0] + since and low < one[0]]
        alike = [one for one in alike if span.before is None or one[0] < high]
        last = max((one[1] for one in alike), default=None)
        assert unit.value(unit.activity.alike(mine, "x", span)) == (len(alike), last)


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "FAILED", "CONFIRMED", "SUBMITTED", "PENDING"])
def test_what_ended_unpaid_is_like_nothing(store: Store, agent_id: str, status: str) -> None:
    """A transaction that was cancelled, expired or failed is no duplicate of another; one that may be paid is."""
    row = transaction(agent_id, status=status)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.activity.add(Happening(agent_id=row.agent_id, tx_id=row.id, what="admitted", at=100, likeness="x"))
        is_over = status in ("CANCELLED", "EXPIRED", "FAILED")
        assert unit.value(unit.activity.alike(row.agent_id, "x", Span())) == ((0, None) if is_over else (1, 100))


def test_a_row_that_is_gone_hides_nothing(store: Store) -> None:
    """A mark that points nowhere begins nowhere: everything counts."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="a", what="denied", at=100))
        assert unit.value(unit.activity.of_agent("one", "denied", Span(after=1))) == (0, None)
        assert unit.value(unit.activity.of_agent("one", "denied", Span(after=99))) == (1, 100)


def test_what_happened_to_one_transaction_is_known(store: Store) -> None:
    """A transaction's own part of a window can be told, sharply at the window's end."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="tx", what="admitted", at=100))
        assert unit.value(unit.activity.has("tx", "admitted", Span(since=99)))
        assert not unit.value(unit.activity.has("tx", "admitted", Span(since=100)))
        assert unit.value(unit.activity.has("tx", "admitted", Span()))
        assert not unit.value(unit.activity.has("tx", "failed", Span()))


def test_a_span_that_ends_before_its_first_row_is_empty(store: Store) -> None:
    """What happened at the end of a span, or after it, is not in it, though it is the first one behind its beginning."""
    with store.write() as unit:
        for number in range(1, 5):
            unit.activity.add(Happening(agent_id="one", tx_id=f"{number}", what="admitted", at=100 + number))
        for number in (2, 3):
            span = Span(since=102, before=Place(id=number, at=100 + number))
            assert unit.value(unit.activity.of_agent("one", "admitted", span)) == (0, None)
        span = Span(since=102, before=Place(id=4, at=104))
        assert unit.value(unit.activity.of_agent("one", "admitted", span)) == (1, 103)


def test_what_is_added_between_two_look_ups_is_not_in_the_span_yet(store: Store) -> None:
    """The last total is read first: what comes after it counts neither in the span nor as what was before it."""
    with store.read() as unit:
        for last, first in ((None, "100 1"), (7, "100 8")):
            reading = unit.activity.of_agent("one", "denied", Span(since=50))
            assert ["agent_count FROM" in look[0] for look in next(reading)] == [True, True]
            with pytest.raises(StopIteration) as end:
                reading.send([last, first])
            assert end.value.value == (0, None)


def test_the_first_row_counts(store: Store) -> None:
    """The very first thing that happens, in the first second there is, counts in all history and begins a row of failures."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="a", what="failed", at=0))
        assert unit.value(unit.activity.of_agent("one", "failed", Span())) == (1, 0)
        assert unit.value(unit.activity.failed_since_paid("one", 0)) == 1
        assert unit.value(unit.activity.failed_since_paid("one", 1)) == 0


def test_time_never_goes_back(store: Store) -> None:
    """What is dated before the last one is dated like it, so a window never misses it."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="a", what="denied", at=100))
        unit.activity.add(Happening(agent_id="one", tx_id="b", what="denied", at=40))
        assert unit.value(unit.activity.of_agent("one", "denied", Span(since=99))) == (2, 100)


def _streak(seen: list[Happening], agent_id: str) -> int:
    count = 0
    for one in seen:
        if one.agent_id == agent_id and one.what in ("failed", "paid"):
            count = count + 1 if one.what == "failed" else 0
    return count
