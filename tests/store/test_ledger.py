"""The ledger: running totals that agree with the sum of history, at a cost that history does not change."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.samples import ASSET, entry, new_id
from waiaas.store.database import Store
from waiaas.store.ledger import _OF_AGENT, _OF_SESSION
from waiaas.store.readings import _together

KINDS = ("amount", "fee", "rent", "allowance")
HUGE = 10**78 - 1


@dataclass(frozen=True)
class Paid:
    """One entry as the test remembers it."""

    session: str | None
    asset: str
    kind: str
    amount: int
    at: int


payments = st.lists(
    st.builds(
        Paid,
        session=st.sampled_from([None, "s1", "s2"]),
        asset=st.sampled_from(["a1", "a2"]),
        kind=st.sampled_from(KINDS),
        amount=st.one_of(st.integers(0, 20), st.integers(0, HUGE)),
        at=st.integers(0, 50),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("ledger") / "waiaas.db")
    yield store
    store.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paid=payments,
    asset=st.sampled_from(["a1", "a2"]),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
    since=st.one_of(st.none(), st.integers(-1, 51)),
    session=st.sampled_from([None, "s1", "s2"]),
)
def test_windows_agree_with_history(
    long_lived: Store, paid: list[Paid], asset: str, kinds: list[str], since: int | None, session: str | None
) -> None:
    """Whatever was paid, in whatever order of times, a window's total is the sum of its entries, in units, exactly."""
    who = new_id()
    with long_lived.write() as unit:
        _, base = unit.ledger.last_position()
        for one in paid:
            unit.ledger.append(
                entry(
                    who,
                    session_id=one.session and who + one.session,
                    asset=one.asset,
                    kind=one.kind,
                    amount=one.amount,
                    at=base + one.at,
                )
            )
        start = None if since is None else base + since
        found, oldest = unit.value(
            unit.ledger.spent(agent_id=who, asset=asset, kinds=kinds, since=start, session_id=session and who + session)
        )
    history, now = [], 0
    for one in paid:
        now = max(now, one.at)
        history.append((one, now))
    wanted = [(one, at) for one, at in history if one.asset == asset and one.kind in kinds]
    inside = [(one, at) for one, at in wanted if since is None or at > since]
    inside = [(one, at) for one, at in inside if session is None or one.session == session]
    assert found == sum(one.amount for one, _ in inside)
    assert oldest == min((base + at for _, at in inside if since is not None), default=None)


def test_time_never_goes_back(store: Store) -> None:
    """An entry dated before the last one, of any agent, is dated like it."""
    with store.write() as unit:
        assert unit.ledger.append(entry("one", at=100)) == 1
        assert unit.ledger.append(entry("two", at=40, tx_id="late")) == 2
        assert [row.at for row in unit.ledger.of("late")] == [100]
        assert unit.ledger.last_position() == (2, 100)


def test_a_window_ends_sharply(store: Store) -> None:
    """An entry at the second a window begins after is outside of it, one a second later inside."""
    with store.write() as unit:
        unit.ledger.append(entry("one", amount=3, at=100))
        unit.ledger.append(entry("one", amount=5, at=101))
        for since, wanted, oldest in ((99, 8, 100), (100, 5, 101), (101, 0, None)):
            found = unit.value(unit.ledger.spent(agent_id="one", asset=ASSET, kinds=["amount"], since=since))
            assert found == (wanted, oldest)


def test_what_is_appended_between_two_look_ups_is_not_in_the_window_yet(store: Store) -> None:
    """The newest total is read first: an entry that comes after it counts neither as spent nor as what was spent before."""
    with store.read() as unit:
        for newest, entry_found in ((None, "100 5 5"), ("7", "100 12 5")):
            reading = unit.ledger.spent(agent_id="one", asset=ASSET, kinds=["amount"], since=50)
            assert [look[0] for look in next(reading)] == list(_OF_AGENT)
            with pytest.raises(StopIteration) as end:
                reading.send([newest, entry_found])
            assert end.value.value == (0, 100)


def test_several_agents_have_one_oldest_entry(store: Store) -> None:
    """Of a window that several share the earliest entry of any of them leaves first, however many they are."""
    many = [f"nobody-{number}" for number in range(150)]
    with store.write() as unit:
        unit.ledger.append(entry("one", amount=3, at=100))
        unit.ledger.append(entry("two", amount=5, at=101))
        for since, wanted in ((99, (8, 100)), (100, (5, 101)), (101, (0, None))):
            spent = unit.ledger.spent(agent_id=[*many, "two", "one"], asset=ASSET, kinds=["amount"], since=since)
            assert unit.value(spent) == wanted
        assert unit.value(unit.ledger.spent(agent_id=many, asset=ASSET, kinds=["amount"], since=99)) == (0, None)


def test_an_empty_ledger_has_a_position(store: Store) -> None:
    """Before the first entry the last position is zeros."""
    with store.read() as unit:
        assert unit.ledger.last_position() == (0, 0)
        assert unit.value(unit.ledger.spent(agent_id="nobody", asset=ASSET, kinds=KINDS, since=None)) == (0, None)


@pytest.mark.parametrize("sql", [*_OF_AGENT, *_OF_SESSION])
def test_windows_are_index_lookups(store: Store, sql: str) -> None:
    """SQLite answers each look-up from an index, without sorting, also where many are asked at once."""
    with store.read() as unit:
        steps = unit._sql.all(f"EXPLAIN QUERY PLAN {_together(sql)}", ("[]",))
    plan = [row[3] for row in steps if not re.match("SCAN j VIRTUAL TABLE|CORRELATED SCALAR SUBQUERY", row[3])]
    assert len(plan) == 1
    assert re.match("SEARCH spend_ledger USING (COVERING )?INDEX spend_ledger_", plan[0])


def test_a_window_costs_the_same_whatever_its_history(tmp_path: Path) -> None:
    """At 100,000 entries a window takes at most three times what it does at 1,000; summing would take a hundred times."""
    sizes = (1_000, 100_000)
    stores = [_filled(tmp_path / f"{size}.db", size) for size in sizes]
    times: list[list[float]] = [[], []]
    for step in range(400):
        for store, size, taken in zip(stores, sizes, times, strict=True):
            since = size * step // 400
            with store.read() as unit:
                begin = time.perf_counter()
                found, _ = unit.value(unit.ledger.spent(agent_id="who", asset=ASSET, kinds=["amount"], since=since))
                taken.append(time.perf_counter() - begin)
            assert found == 7 * (size - since)
    for store in stores:
        store.close()
    assert statistics.median(times[1]) < 3 * statistics.median(times[0])


def _filled(path: Path, size: int) -> Store:
    store = Store.open(path)
    with store.write() as unit:
        unit._sql.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO spend_ledger (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at)"
            " SELECT 'who', 'session', 'tx' || i, ?, 'amount', '7', 7 * i, 7 * i, i FROM n",
            (size, ASSET),
        )
    return store
