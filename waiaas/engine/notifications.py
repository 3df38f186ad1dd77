"""Notifications: what the outbox holds is carried to the channels, each on a thread of its own: one that fails, hangs or is
slow touches no other. Listeners among the plugins are told of every event."""

import json
import logging
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.engine.live_channels import Live, LiveChannels
from waiaas.engine.notices import Notices
from waiaas.errors import Misconfigured, NotReady, RetryLater, Undeliverable, WaiaasError
from waiaas.interfaces.events import Event
from waiaas.registry import Registry
from waiaas.store.database import Store, Unit
from waiaas.store.records import AuditRow, Channel, OutboxItem

_log = logging.getLogger("waiaas.outbox")
_BATCH = 50
_OLDEST_EVERY = 10
"""So that what matters little is not put off for ever, each tenth delivery is of the item that has waited longest."""
_FIRST_RETRY_SECONDS = 2
_LONGEST_PAUSE_SECONDS = 300
"""Between attempts at a channel that is away: a person should hear of a held payment soon after it is back."""
_LONGEST_WISH_SECONDS = 3600
"""A service that asks for more patience than this is asked again all the same."""
_MEND_SECONDS = 3600
"""Between attempts at a channel that a person has to mend; a change of its configuration ends the pause."""
_GIVE_UP_SECONDS = 86400
_LEAST_ATTEMPTS = 3
_TOLD_AFTER_FAILURES = 5
_LOCKED_SECONDS = 5
_MARK_EVERY_SECONDS = 0.5
_CURSOR = "events_cursor"
_FAILED = "channel.failed"


@dataclass(slots=True)
class _Pace:
    """How a channel is doing, as configured now. :param until: monotonic; before it nothing is tried"""

    config: str = ""
    failures: int = 0
    until: float = 0.0
    is_told: bool = False


class Notifications:
    """Delivers, and tells listeners. Used by one worker; has one thread more for each channel with something to carry."""

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        live: LiveChannels,
        notices: Notices,
        journal: Journal,
        clock: Clock,
        retention_days: int,
        dedup_ttl: int = 0,
    ) -> None:
        self._store = store
        self._registry = registry
        self._live = live
        self._notices = notices
        self._journal = journal
        self._clock = clock
        self._retention = retention_days * 86400
        self._dedup_ttl = dedup_ttl
        self._paces: dict[str, _Pace] = {}
        self._rounds: dict[str, threading.Thread] = {}
        self._carried: dict[str, int] = {}
        self._telling: threading.Thread | None = None
        self._unmarked: dict[str, list[OutboxItem]] = {}
        self._broken: BaseException | None = None
        self._stopping = threading.Event()

    def deliver(self) -> int:
        """Begin a round for each channel that has something due and no round under way; returns how many were begun.

        :raises BaseException: what a round before died of
        """
        if self._broken is not None:
            raise self._broken
        with self._store.read() as unit:
            due = unit.outbox.due_channels(self._clock.now())
            channels = [channel for channel in map(unit.channels.get, due) if channel is not None]
        begun = 0
        for channel in channels:
            running = self._rounds.get(channel.id)
            if (running is None or not running.is_alive()) and self._may_try(channel):
                thread = threading.Thread(target=self._round, args=(channel,), name="waiaas-notices", daemon=True)
                self._rounds[channel.id] = thread
                thread.start()
                begun += 1
        return begun

    def mended(self, channel_id: str) -> None:
        """A person saw this channel work, or set it up anew: what waits for it is tried at once, whatever failed before."""
        self._paces.pop(channel_id, None)

    def close(self, seconds: float) -> None:
        """Begin nothing more, and wait so long for what is under way; a channel or listener that hangs is left to hang."""
        self._stopping.set()
        until = self._clock.monotonic() + seconds
        for thread in (*self._rounds.values(), *((self._telling,) if self._telling else ())):
            thread.join(max(0.0, until - self._clock.monotonic()))
        self._live.close()

    def tell_listeners(self) -> int:
        """Begin to hand events that listeners have not seen to them, in order, at least once, on a thread of their own: a
        listener that hangs keeps no channel waiting. Returns how many are handed over; 0 while a round is under way.

        :raises BaseException: what a round before died of
        """
        if self._broken is not None:
            raise self._broken
        if not self._registry.listeners or (self._telling is not None and self._telling.is_alive()):
            return 0
        with self._store.read() as unit:
            rows = unit.audit.after(int(unit.state.get(_CURSOR) or 0), _BATCH)
        if rows:
            self._telling = threading.Thread(target=self._listen, args=(rows,), name="waiaas-listeners", daemon=True)
            self._telling.start()
        return len(rows)

    def _listen(self, rows: Sequence[AuditRow]) -> None:
        try:
            for row in rows:
                self._tell(row)
            with self._store.write() as unit:
                unit.state.set(_CURSOR, str(rows[-1].id))
        except NotReady as problem:  # a full disk: they are told again, at least once is the promise
            _log.warning("listeners are told again later: %s", problem.message)
        except BaseException as problem:  # noqa: BLE001 - the worker hears of it and the daemon ends
            self._broken = problem

    def prune(self) -> None:
        """Forget deliveries older than the retention; the audit log keeps what happened."""
        with self._store.write() as unit:
            unit.outbox.prune(self._clock.now() - self._retention)

    # --- one channel's round, on its own thread

    def _may_try(self, channel: Channel) -> bool:
        pace = self._paces.setdefault(channel.id, _Pace())
        if pace.config != channel.config:
            self._paces[channel.id] = _Pace(config=channel.config)
            return True
        return self._clock.monotonic() >= pace.until

    def _round(self, channel: Channel) -> None:
        """Carry what is due until nothing is, or until the channel needs a pause."""
        try:
            while self._carry(channel):
                pass
        except NotReady as problem:
            _log.warning("notices wait: %s", problem.message)
            self._pause(channel, _LOCKED_SECONDS)
        except BaseException as problem:  # noqa: BLE001 - the worker hears of it and the daemon ends
            self._broken = problem

    def _carry(self, channel: Channel) -> bool:
        """A short batch, the urgent ones first; whether to go on. It ends after half a second, so that what came meanwhile
        is asked for again: an urgent notice waits for one message of a slow channel, not for a queue. Deliveries are marked
        together, but never long after they were made."""
        self._mark(channel)
        with self._store.read() as unit:
            present = unit.channels.get(channel.id)
            due = self._due(unit, channel.id)
        if present is None or not present.enabled or present.config != channel.config:
            return False
        since, goes_on = self._clock.monotonic(), bool(due)
        for item in due:
            if self._stopping.is_set():
                goes_on = False
            if not goes_on or self._clock.monotonic() - since >= _MARK_EVERY_SECONDS:
                break
            goes_on = self._one(item, channel)
        self._mark(channel)
        return goes_on

    def _due(self, unit: Unit, channel_id: str) -> list[OutboxItem]:
        """Up to the next tenth delivery those that matter most; the tenth is the one that has waited longest."""
        left = _OLDEST_EVERY - 1 - self._carried.get(channel_id, 0) % _OLDEST_EVERY
        if left:
            return unit.outbox.due_of(channel_id, self._clock.now(), left)
        oldest = unit.outbox.oldest_of(channel_id, self._clock.now())
        return [oldest] if oldest else []

    def _one(self, item: OutboxItem, channel: Channel) -> bool:
        """Send one item; whether the next may be tried."""
        live: Live | None = None
        try:
            with self._store.read() as unit:
                message = self._notices.compose(unit, item)
                is_moot = self._notices.is_moot(unit, item)
            if is_moot and self._sink(item):
                return True
            if message is None:
                raise Undeliverable("its event is gone")
            live = self._live.of(channel)
            live.channel.send(live.channel.render(message), message.id)
        except (Undeliverable, Misconfigured, RetryLater) as problem:
            return self._failed(item, channel, problem, _told(live, problem.message))
        except Exception as problem:
            if live is None and isinstance(problem, NotReady):
                raise  # the signer is locked: that is no attempt, however long it lasts
            _log.error("channel %s failed: %s", channel.id, _masked_trace(live, problem))
            why = f"a fault of its plugin ({type(problem).__name__})"
            return self._failed(item, channel, RetryLater(why), why)
        self._paces[channel.id] = _Pace(config=channel.config)
        self._carried[channel.id] = self._carried.get(channel.id, 0) + 1
        self._unmarked.setdefault(channel.id, []).append(item)
        return True

    def _sink(self, item: OutboxItem) -> bool:
        """Nobody is asked any more: it is told after everything else, so that asking and cancelling wins no turn. False where
        that cannot be written down, as on a full disk: then it is told in its turn, and holds up nobody."""
        try:
            with self._store.write() as unit:
                unit.outbox.sink(item.id)
        except NotReady:
            return False
        return True

    def _mark(self, channel: Channel) -> None:
        """What went out, in one commit; a crash before means that it is sent again. With a full disk it is kept in mind."""
        delivered = self._unmarked.get(channel.id)
        if not delivered:
            return
        now = self._clock.now()
        with self._store.write() as unit:
            for item in delivered:
                if item.alike is not None:
                    unit.outbox.told_in_part(item, now + self._dedup_ttl)
                unit.outbox.delivered(item.id, now)
            unit.channels.note_result(channel.id, success_at=now)
        delivered.clear()

    def _failed(self, item: OutboxItem, channel: Channel, problem: WaiaasError, why: str) -> bool:
        """Write down what becomes of an item that did not go out; whether the channel's next may be tried."""
        now, pace = self._clock.now(), self._paces.setdefault(channel.id, _Pace(config=channel.config))
        pace.failures += 1
        is_lost = isinstance(problem, Undeliverable) or _is_over(item, now)
        seconds = _seconds(problem, pace.failures)
        is_news = is_lost or isinstance(problem, Misconfigured) or pace.failures >= _TOLD_AFTER_FAILURES
        _log.warning("notice %s of channel %s did not go out: %s", item.id, channel.id, why)
        with self._store.write() as unit:
            unit.channels.note_result(channel.id, failure_at=now)
            if is_lost:
                unit.outbox.give_up(item.id, now, why)
            else:
                unit.outbox.retry(item.id, attempts=item.attempts + 1, next_at=now + seconds, error=why)
            if is_news and not pace.is_told and item.event != _FAILED:
                details = {"channelId": channel.id, "type": channel.type, "code": problem.code, "reason": why}
                self._journal.record(unit, _FAILED, actor="system", details=details)
                pace.is_told = True
        if isinstance(problem, Undeliverable):
            return True
        pace.until = self._clock.monotonic() + seconds
        return False

    def _pause(self, channel: Channel, seconds: int) -> None:
        self._paces.setdefault(channel.id, _Pace(config=channel.config)).until = self._clock.monotonic() + seconds

    def _tell(self, row: AuditRow) -> None:
        event = Event(
            id=row.id,
            name=row.event_type,
            at=row.timestamp,
            severity=row.severity,
            actor=row.actor,
            agent_id=row.agent_id,
            session_id=row.session_id,
            tx_id=row.tx_id,
            details=_details(row),
        )
        for listener in self._registry.listeners:
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a listener changes nothing
                _log.exception("a listener failed on %s", row.event_type)


def _details(row: AuditRow) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(row.details)
    return document


def _seconds(problem: WaiaasError, failures: int) -> int:
    """The pause after a failure: what the service asks for, within reason, or a growing one."""
    if isinstance(problem, Misconfigured):
        return _MEND_SECONDS
    if problem.retry_after is not None:
        return max(1, min(_LONGEST_WISH_SECONDS, problem.retry_after))
    return int(min(_LONGEST_PAUSE_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 12)))


def _is_over(item: OutboxItem, now: int) -> bool:
    """Whether it has been tried for a day."""
    return item.attempts + 1 >= _LEAST_ATTEMPTS and now - item.created_at >= _GIVE_UP_SECONDS


def _told(live: Live | None, words: str) -> str:
    return words if live is None else live.told(words)


def _masked_trace(live: Live | None, problem: Exception) -> str:
    trace = "".join(traceback.format_exception(problem))
    return trace if live is None else live.masked(trace)
