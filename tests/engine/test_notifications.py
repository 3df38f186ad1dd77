"""Delivery: every channel on its own, once, in order, patiently and not for ever, and without a secret in the books."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.harness.deadline import until
from waiaas.engine.events import EVENTS
from waiaas.engine.journal import Journal
from waiaas.engine.live_channels import LiveChannels
from waiaas.engine.moments import shown_moment
from waiaas.engine.notices import Notices
from waiaas.engine.notifications import Notifications
from waiaas.errors import Misconfigured, NotReady, RetryLater, StartRefused, Undeliverable
from waiaas.interfaces.notify import Notification, NotificationChannel
from waiaas.store.database import Store
from waiaas.store.records import Channel
from waiaas.testing.clock import FrozenClock

SECRET = "canary-secret-31"
DAY = 86_400


class Config(BaseModel):
    """Says which behaviour, and holds a secret."""

    name: str
    key: SecretStr = SecretStr(SECRET)


Behaviour = Callable[[Notification], None]
BEHAVIOURS: dict[str, Behaviour] = {}


class Played(NotificationChannel):
    """Does what the test says."""

    type = "PLAYED"
    config_model = Config

    def render(self, notification: Notification) -> Any:
        return notification

    def send(self, rendered: Any, notification_id: str) -> str:
        assert isinstance(self.config, Config)
        BEHAVIOURS[self.config.name](rendered)
        return notification_id

    def health(self) -> str:
        return "ready"


def stored(name: str) -> str:
    """As an operator wrote it: a model's own JSON would mask the secret."""
    return json.dumps({"name": name, "key": SECRET})


class Office:
    """A store with channels, a journal, and the delivery."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, FrozenClock()
        self.journal = Journal(self.clock)
        registry: Any = SimpleNamespace(channels={"PLAYED": Played}, listeners=())
        self.is_locked = False
        self.live = LiveChannels(registry, self._unseal)
        self.delivery = Notifications(
            store=store,
            registry=registry,
            live=self.live,
            notices=Notices(lambda chain, network: None),
            journal=self.journal,
            clock=self.clock,
            retention_days=30,
        )

    def _unseal(self, stored: str) -> bytes:
        if self.is_locked:
            raise NotReady("the signer is locked", code="SIGNER_LOCKED")
        return stored.encode()

    def channel(self, name: str, behaviour: Behaviour, type: str = "PLAYED") -> str:
        BEHAVIOURS[name] = behaviour
        config = stored(name)
        with self.store.write() as unit:
            unit.channels.insert(Channel(id=name, created_at=1, type=type, config=config))
        return name

    def tell(self, reason: str) -> None:
        with self.store.write() as unit:
            self.journal.record(unit, "agent.suspended", actor="operator", details={"reason": reason})

    def carry(self) -> None:
        """A round of every channel, to its end; those that hang are left to it."""
        self.delivery.deliver()
        for thread in self.delivery._rounds.values():
            thread.join(10)

    def items(self, channel: str) -> list[dict[str, Any]]:
        with self.store.read() as unit:
            names = ("id", "event", "attempts", "next_at", "delivered_at", "failed_at", "error")
            sql = f"SELECT {', '.join(names)} FROM notification_outbox WHERE channel = ? ORDER BY id"
            return [dict(zip(names, row, strict=True)) for row in unit.outbox._sql.all(sql, (channel,))]

    def events(self) -> list[str]:
        with self.store.read() as unit:
            return [row.event_type for row in unit.audit.after(0, 100)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Over an empty database."""
    store = Store.open(tmp_path / "waiaas.db")
    made = Office(store)
    yield made
    made.delivery.close(5)
    store.close()


def heard_by(into: list[str]) -> Behaviour:
    """Listens, and keeps the reasons it was told."""
    return lambda told: into.append(dict(told.lines)["Reason"])


def raising(problem: Exception) -> Behaviour:
    def behave(told: Notification) -> None:
        raise problem

    return behave


def test_notices_arrive_in_order_and_once(office: Office) -> None:
    """Each is sent once, in the order of what happened, and is done."""
    heard: list[str] = []
    office.channel("a", heard_by(heard))
    for number in range(120):
        office.tell(str(number))
    office.carry()
    office.carry()
    assert heard == [str(number) for number in range(120)]
    assert all(item["delivered_at"] for item in office.items("a"))


def test_a_channel_that_hangs_holds_up_no_other(office: Office) -> None:
    """While one channel's send does not come back, another is served again and again."""
    hold, heard = threading.Event(), list[str]()

    def hang(told: Notification) -> None:
        hold.wait(20)

    office.channel("a", hang)
    office.channel("b", heard_by(heard))
    for reason in ("one", "two"):
        office.tell(reason)
        until(partial(_carried, office, heard, reason), f"b to hear {reason}")
    assert [item["delivered_at"] for item in office.items("a")] == [None, None]
    hold.set()


def _carried(office: Office, heard: list[str], reason: str) -> bool:
    office.delivery.deliver()
    return reason in heard


def test_a_channel_that_is_away_is_asked_less_and_less_often(office: Office) -> None:
    """Pauses grow to five minutes; one failure pauses the whole channel, and what waited arrives in order when it is back."""
    attempts: list[int] = []
    heard: list[str] = []
    is_back = threading.Event()

    def behave(told: Notification) -> None:
        if not is_back.is_set():
            attempts.append(office.clock.now())
            raise RetryLater("away")
        heard.append(dict(told.lines)["Reason"])

    office.channel("a", behave)
    office.tell("one")
    office.tell("two")
    while len(attempts) < 12:
        office.carry()
        office.clock.advance(1)
    pauses = [after - before for before, after in pairwise(attempts)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    is_back.set()
    office.clock.advance(300)
    office.carry()
    office.clock.advance(300)
    office.carry()
    assert sorted(heard) == ["away", "one", "two"], "the channel hears of its own trouble too"


@pytest.mark.parametrize(("asked", "waited"), [(17, 17), (0, 1), (-3, 1), (10**9, 3600)])
def test_a_service_is_given_the_time_that_it_asks_for(office: Office, asked: int, waited: int) -> None:
    """Within reason: at least a second, at most an hour."""
    office.channel("a", raising(RetryLater("busy", retry_after=asked)))
    office.tell("x")
    office.carry()
    (item,) = office.items("a")
    assert item["next_at"] - office.clock.now() == waited


def test_a_notice_that_fails_often_lets_others_pass(office: Office) -> None:
    """After three attempts one bad notice comes after the good ones, and does not block them."""
    heard: list[str] = []

    def behave(told: Notification) -> None:
        reason = dict(told.lines)["Reason"]
        if reason == "bad":
            raise RetryLater("not this one")
        heard.append(reason)

    office.channel("a", behave)
    office.tell("bad")
    for _ in range(3):
        office.carry()
        office.clock.advance(300)
    office.tell("good")
    office.carry()
    assert heard == ["good"]


def test_nobody_is_asked_for_ever(office: Office) -> None:
    """After a day of attempts a notice is given up, and the log says so."""
    office.channel("a", raising(RetryLater("away")))
    office.tell("x")
    for _ in range(400):
        office.carry()
        office.clock.advance(300)
    item = office.items("a")[0]
    assert item["failed_at"] is not None
    assert item["attempts"] < 310
    assert DAY <= item["failed_at"] - FrozenClock().now() < DAY + 600


def test_what_a_person_must_mend_is_named_once(office: Office) -> None:
    """A channel that is misconfigured is tried once an hour, and one event tells the others, not one an attempt."""
    heard: list[str] = []
    office.channel("a", raising(Misconfigured("no such chat")))
    office.channel("b", heard_by(heard))
    office.tell("x")
    for _ in range(3 * 60):
        office.carry()
        office.clock.advance(60)
    assert office.events().count("channel.failed") == 1
    assert heard == ["x", "no such chat"]
    assert office.items("a")[0]["attempts"] == 3


def test_a_notice_of_failure_makes_no_further_one(office: Office) -> None:
    """A channel that refuses every notice for good is named once, however many notices of that it refuses."""
    office.channel("a", raising(Undeliverable("never")))
    office.tell("x")
    for _ in range(5):
        office.carry()
        office.clock.advance(400)
    assert office.events().count("channel.failed") == 1
    assert all(item["failed_at"] for item in office.items("a"))


def test_a_changed_configuration_ends_the_pause(office: Office) -> None:
    """What waits for a channel that is mended goes out at once."""
    heard: list[str] = []
    office.channel("a", raising(Misconfigured("no such chat")))
    office.tell("x")
    office.carry()
    BEHAVIOURS["mended"] = heard_by(heard)
    with office.store.write() as unit:
        before = unit.channels.get("a")
        assert before is not None
        config = stored("mended")
        assert unit.channels.replace("a", before=before.config, config=config, priority=0, enabled=True)
        assert unit.outbox.hasten("a", office.clock.now()) == 1
    office.carry()
    assert heard == ["x", "no such chat"]


@pytest.mark.parametrize(
    "problem", [ValueError(f"at https://x/{SECRET}/y"), Misconfigured(f"bad {SECRET}"), RetryLater(f"away {SECRET}")]
)
def test_a_secret_in_an_error_is_masked(office: Office, caplog: pytest.LogCaptureFixture, problem: Exception) -> None:
    """Whatever a channel raises, its configuration's secrets reach neither the log nor the books (invariant 16)."""
    office.channel("a", raising(problem))
    office.tell("x")
    with caplog.at_level(logging.DEBUG):
        office.carry()
    (item, *_) = office.items("a")
    assert item["error"]
    with office.store.read() as unit:
        books = str(office.items("a")) + str(unit.audit.after(0, 100))
    lines = " ".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    assert caplog.records
    assert SECRET not in books + lines


def test_a_locked_signer_uses_up_no_attempts(office: Office) -> None:
    """While configurations cannot be opened notices wait; unlocked, they go out."""
    heard: list[str] = []
    office.channel("a", heard_by(heard))
    office.tell("x")
    office.is_locked = True
    for _ in range(50):
        office.carry()
        office.clock.advance(5)
    assert office.items("a")[0]["attempts"] == 0
    office.is_locked = False
    office.carry()
    assert heard == ["x"]


def test_a_channel_whose_plugin_is_gone_waits(office: Office) -> None:
    """Nothing is lost at once, and others are not touched."""
    heard: list[str] = []
    office.channel("gone", heard_by(heard), type="GONE")
    office.channel("b", heard_by(heard))
    office.tell("x")
    office.carry()
    assert heard == ["x"]
    (item,) = office.items("gone")
    assert (item["failed_at"], item["attempts"]) == (None, 1)
    assert "GONE" in item["error"]


def test_a_disabled_channel_hears_nothing(office: Office) -> None:
    """What waited for it stays and goes out when it is enabled again."""
    heard: list[str] = []
    office.channel("a", heard_by(heard))
    office.tell("x")
    for enabled in (False, True):
        with office.store.write() as unit:
            before = unit.channels.get("a")
            assert before is not None
            unit.channels.replace("a", before=before.config, config=before.config, priority=0, enabled=enabled)
        office.carry()
        assert heard == (["x"] if enabled else [])


def test_a_full_disk_repeats_no_notice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went out and could not be marked is marked later, not sent again."""
    heard: list[str] = []
    office.channel("a", heard_by(heard))
    office.tell("x")
    write = office.store.write

    def full() -> Any:
        raise NotReady("the disk is full", code="STORE_FULL")

    monkeypatch.setattr(office.store, "write", full)
    for _ in range(3):
        office.carry()
        office.clock.advance(10)
    assert (heard, office.items("a")[0]["delivered_at"]) == (["x"], None)
    monkeypatch.setattr(office.store, "write", write)
    office.carry()
    assert heard == ["x"]
    assert office.items("a")[0]["delivered_at"]


def test_a_fault_of_our_own_ends_the_worker(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a round dies of is raised in the worker, so that the daemon ends and is started again."""
    office.channel("a", heard_by([]))
    office.tell("x")

    def broken(channel: Channel) -> None:
        raise StartRefused("the books are torn")

    monkeypatch.setattr(office.delivery, "_carry", broken)
    office.carry()
    with pytest.raises(StartRefused):
        office.delivery.deliver()


def test_events_of_channels_tell_people() -> None:
    """Whoever redirects or silences notices is seen on the other channels."""
    assert all(EVENTS[name].is_notified for name in ("channel.changed", "channel.deleted", "channel.failed"))


def test_times_are_told_in_utc() -> None:
    """As a date that a person can read anywhere."""
    assert shown_moment(1_700_000_000) == "2023-11-14 22:13:20 UTC"
