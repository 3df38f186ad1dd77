"""What people hear first: what waits for them and what is grave, before whatever an agent can produce in any number."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine.test_notifications import BEHAVIOURS, Office, heard_by, raising
from tests.harness.deadline import until
from waiaas.engine.events import EVENTS
from waiaas.engine.journal import Journal
from waiaas.errors import Misconfigured, NotReady
from waiaas.interfaces.events import Event
from waiaas.interfaces.notify import Notification
from waiaas.store.database import Store

TTL = 300


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Over an empty database; equal notices within five minutes are one."""
    store = Store.open(tmp_path / "waiaas.db")
    made = Office(store)
    made.journal = Journal(made.clock, dedup_ttl=TTL)
    made.delivery._dedup_ttl = TTL
    yield made
    made.delivery.close(5)
    store.close()


def record(office: Office, event: str, *, agent: str | None = None, **details: Any) -> None:
    """One event, in a commit of its own."""
    with office.store.write() as unit:
        office.journal.record(unit, event, actor="system", agent_id=agent, details=details)


def denied(office: Office, *, agent: str = "a1", policy: str = "p1", code: str = "OVER_LIMIT") -> None:
    """A refused payment."""
    record(office, "transaction.denied", agent=agent, policyId=policy, code=code, reason="too much")


def told(into: list[Notification]) -> Any:
    """Listens, and keeps what it was told."""
    return into.append


def names(heard: list[Notification]) -> list[str]:
    return [one.event for one in heard]


def test_what_waits_for_an_answer_passes_a_queue_of_other_notices(office: Office) -> None:
    """Behind ninety refusals of ninety codes an approval is the next to be told, after what is critical."""
    heard: list[Notification] = []
    for number in range(90):
        denied(office, code=f"CODE_{number}")
    office.channel("a", told(heard))
    for number in range(90):
        denied(office, code=f"CODE_{number}", agent="a2")
    record(office, "transaction.delayed")
    record(office, "transaction.approval_requested")
    record(office, "kill_switch.activated")
    office.carry()
    first = ["kill_switch.activated", "transaction.approval_requested", "transaction.delayed"]
    assert names(heard)[:3] == first
    assert len(heard) == 93, "and nothing is lost"


def test_what_comes_while_a_slow_channel_is_served_is_next(office: Office) -> None:
    """An approval that is asked for while a queue is delivered waits for the message under way, not for the queue."""
    heard: list[Notification] = []

    def slow(notice: Notification) -> None:
        heard.append(notice)
        if len(heard) == 3:
            record(office, "transaction.approval_requested")
        office.clock.advance(1)

    office.channel("a", slow)
    for number in range(40):
        denied(office, code=f"CODE_{number}")
    office.carry()
    assert names(heard).index("transaction.approval_requested") == 3


def test_what_matters_little_is_told_all_the_same(office: Office) -> None:
    """While urgent notices keep coming, each tenth message is the one that has waited longest."""
    heard: list[Notification] = []

    def flooded(notice: Notification) -> None:
        heard.append(notice)
        if len(heard) < 30:
            record(office, "kill_switch.activated")

    office.channel("a", flooded)
    denied(office)
    record(office, "kill_switch.activated")
    office.carry()
    assert names(heard).index("transaction.denied") <= 9


def test_asking_and_cancelling_wins_no_turn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice that asks for an answer nobody waits for any more is told after everything else."""
    heard: list[Notification] = []
    office.channel("a", told(heard))
    record(office, "transaction.approval_requested", code="CANCELLED_SINCE")
    record(office, "transaction.approval_requested", code="WAITS")
    record(office, "agent.suspended")
    notices = office.delivery._notices
    is_first = lambda unit, item: item.id == 1 and item.precedence > 0  # noqa: E731
    monkeypatch.setattr(notices, "is_moot", is_first)
    office.carry()
    assert [dict(one.lines).get("Code") for one in heard] == ["WAITS", None, "CANCELLED_SINCE"]


def test_equal_denials_become_one_notice_with_a_count(office: Office) -> None:
    """Of one agent, policy and code: the first is told at once, the others of these five minutes together at their end."""
    heard: list[Notification] = []
    office.channel("a", told(heard))
    for _ in range(45):
        denied(office)
        office.carry()
    assert len(heard) == 1
    office.clock.advance(TTL)
    office.carry()
    assert len(heard) == 2
    assert dict(heard[1].lines)["How often"].startswith("44 times alike since ")


@pytest.mark.parametrize("other", [{"agent": "a2"}, {"policy": "p2"}, {"code": "ELSE"}])
def test_a_denial_of_another_kind_is_told_at_once(office: Office, other: dict[str, str]) -> None:
    """Another agent, policy or code is news."""
    heard: list[Notification] = []
    office.channel("a", told(heard))
    denied(office)
    denied(office, **other)
    office.carry()
    assert len(heard) == 2


def test_what_happens_while_it_is_told_is_not_lost(office: Office) -> None:
    """A denial that is counted while the notice is on its way is told with the next one."""
    heard: list[Notification] = []

    def meanwhile(notice: Notification) -> None:
        heard.append(notice)
        if len(heard) == 1:
            denied(office)
            denied(office)

    office.channel("a", meanwhile)
    denied(office)
    office.carry()
    office.clock.advance(TTL)
    office.carry()
    assert [dict(one.lines).get("How often", "once")[:7] for one in heard] == ["once", "2 times"]


def test_an_hour_later_it_is_told_at_once_again(office: Office) -> None:
    """The pause is from the last notice of the kind, and no longer than the setting says."""
    heard: list[Notification] = []
    office.channel("a", told(heard))
    for _ in range(2):
        denied(office)
        office.carry()
        office.clock.advance(3600)
    assert len(heard) == 2


def test_each_payment_that_waits_is_told_on_its_own() -> None:
    """Nothing that asks for an answer, or is critical, is ever counted together."""
    together = [event for event in EVENTS.values() if event.alike_by is not None]
    assert together
    assert not [event.name for event in together if event.asks or event.severity == "critical"]


def test_a_channel_that_a_person_saw_work_is_used_at_once(office: Office) -> None:
    """The pause after a failure, an hour where a person has to mend something, ends with a test that went well."""
    heard: list[str] = []
    office.channel("a", raising(Misconfigured("the bot was blocked")))
    office.tell("x")
    office.carry()
    BEHAVIOURS["a"] = heard_by(heard)
    office.delivery.mended("a")
    with office.store.write() as unit:
        unit.outbox.hasten("a", office.clock.now())
    office.carry()
    assert heard[0] == "x"


def test_a_listener_that_hangs_keeps_no_channel_waiting(office: Office) -> None:
    """Plugins that listen to events are told on a thread of their own."""
    hold, heard, begun = threading.Event(), list[str](), threading.Event()

    def listener(event: Event) -> None:
        begun.set()
        hold.wait(20)

    registry: Any = SimpleNamespace(channels={}, listeners=(listener,))
    office.delivery._registry = registry
    office.channel("a", heard_by(heard))
    office.tell("x")
    assert office.delivery.tell_listeners() > 0
    until(begun.is_set, "the listener to be told")
    assert office.delivery.tell_listeners() == 0, "one round at a time"
    until(partial(_carried, office, heard), "the channel to be told beside it")
    hold.set()


def test_a_moot_notice_holds_up_nobody_on_a_full_disk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be put last it is told in its turn, and the next after it."""
    heard: list[Notification] = []
    office.channel("a", told(heard))
    record(office, "transaction.approval_requested")
    record(office, "agent.suspended")
    monkeypatch.setattr(office.delivery._notices, "is_moot", lambda unit, item: item.precedence == 3)

    def full() -> Any:
        raise NotReady("the disk is full", code="STORE_FULL")

    monkeypatch.setattr(office.store, "write", full)
    office.carry()
    assert names(heard) == ["transaction.approval_requested", "agent.suspended"]


def test_a_full_disk_ends_no_delivery(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What listeners heard cannot be written down: they hear it again, and channels are told meanwhile."""
    heard: list[Event] = []
    registry: Any = SimpleNamespace(channels={}, listeners=(heard.append,))
    office.delivery._registry = registry
    office.tell("x")

    def full() -> Any:
        raise NotReady("the disk is full", code="STORE_FULL")

    with monkeypatch.context() as patch:
        patch.setattr(office.store, "write", full)
        assert office.delivery.tell_listeners() > 0
        assert office.delivery._telling is not None
        office.delivery._telling.join(10)
    assert office.delivery.deliver() == 0
    assert office.delivery.tell_listeners() > 0


def _carried(office: Office, heard: list[str]) -> bool:
    office.delivery.deliver()
    return heard == ["x"]
