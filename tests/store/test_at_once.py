"""Looks of one moment: whatever is committed meanwhile, their statements agree, also with the rows' seals."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.store.samples import agent, policy
from waiaas.store.database import Store, Unit
from waiaas.store.seals import Keyed, Name, Position


def meanwhile(store: Store, change: Callable[[Unit], object]) -> None:
    """A write by another thread, committed when this returns."""

    def run() -> None:
        with store.write() as unit:
            change(unit)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "a write waited for a look"


def test_all_statements_see_the_same(store: Store) -> None:
    """A count, a listing and a row looked at around other people's commits tell of the moment of the first one."""
    first, second = agent(name="one"), agent(name="two")
    with store.write() as unit:
        unit.agents.insert(first)

    def look(unit: Unit) -> tuple[int, int, int, bool]:
        before = unit.agents.count()
        meanwhile(store, lambda unit: unit.agents.insert(second))
        listed = len(unit.agents.list(limit=10).items)
        meanwhile(store, lambda unit: unit.agents.insert(agent(name="three")))
        return before, listed, unit.agents.count(), unit.agents.get(second.id) is None

    assert store.at_once(look) == (1, 1, 1, True)
    assert store.at_once(lambda unit: (unit.agents.count(), len(unit.agents.list(limit=10).items))) == (3, 3)


def test_it_waits_for_no_writer(store: Store) -> None:
    """While a writer is in the middle of its unit, a look sees what was there before, at once."""
    with store.write() as unit:
        unit.agents.insert(agent(name="one"))
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(store.at_once(lambda unit: unit.agents.count())))
        thread.start()
        thread.join(20)
        assert seen == [0]


@pytest.mark.parametrize("breaks", [False, True])
def test_nothing_stays_open(store: Store, breaks: bool) -> None:
    """After a look, also one that raised, the same thread writes, and reads what was committed since."""

    def look(unit: Unit) -> int:
        found = len(unit.agents.list(limit=1).items) + unit.agents.count()
        return found // (not breaks)

    if breaks:
        with pytest.raises(ZeroDivisionError):
            store.at_once(look)
    else:
        assert store.at_once(look) == 0
    with store.write() as unit:
        unit.agents.insert(agent(name="one"))
    meanwhile(store, lambda unit: unit.agents.insert(agent(name="two")))
    with store.read() as unit:
        assert unit.agents.count() == 2
    assert store.checkpoint(), "a look still holds the write-ahead log"


def test_it_joins_the_unit_it_is_in(store: Store) -> None:
    """Inside a write it sees what that wrote; inside a look, that look's moment."""
    with store.write() as unit:
        unit.agents.insert(agent(name="one"))
        assert store.at_once(lambda unit: unit.agents.count()) == 1

    def look(unit: Unit) -> int:
        unit.agents.count()
        meanwhile(store, lambda unit: unit.agents.insert(agent(name="two")))
        with store.read() as inner:
            return store.at_once(lambda unit: unit.agents.count()) * 10 + inner.agents.count()

    assert store.at_once(look) == 11


@pytest.mark.parametrize("what", ["row", "state", "policies"])
def test_a_seal_that_is_newer_than_its_row_is_no_finding(store: Store, what: str) -> None:
    """What was sealed anew after the look began is looked at again from the start; nobody is accused."""
    row, findings, looks = agent(name="one"), list[Name](), list[int]()
    store.seals.require()
    store.seals.begin(Keyed(b"k" * 32), {}, Position(number=0, total="", audit_id=0))
    store.seals.on_finding = findings.append
    with store.write() as unit:
        unit.agents.insert(row)
    changes: dict[str, Callable[[Unit], object]] = {
        "row": lambda unit: unit.agents.set_status(row.id, expected="ACTIVE", status="SUSPENDED", at=2),
        "state": lambda unit: unit.state.set("generation", "7"),
        "policies": lambda unit: unit.policies.insert(policy(agent_id=row.id)),
    }

    def look(unit: Unit) -> object:
        looks.append(unit.agents.count())
        if len(looks) == 1:
            meanwhile(store, changes[what])
        if what == "state":
            return unit.state.get("generation")
        if what == "policies":
            return unit.policies.sealed_for(row.id)[1]
        found = unit.agents.get(row.id)
        return found.status if found else None

    assert store.at_once(look) == {"row": "SUSPENDED", "state": "7", "policies": True}[what]
    assert findings == []
    assert len(looks) == 2


def test_a_list_over_several_statuses_needs_one_moment(store: Store) -> None:
    """In a unit whose statements see different moments it is refused, since a row could be in none of them or in two."""
    with store.read() as unit, pytest.raises(RuntimeError, match="at_once"):
        unit.transactions.list(limit=1, status=["PENDING", "EXECUTING"])
    with store.read() as unit:
        assert unit.transactions.list(limit=1, status=["PENDING"]).items == ()
