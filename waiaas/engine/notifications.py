"""Notifications: an outbox row and its audit row become a message, and one channel's failure never touches another's."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.events import EVENTS
from waiaas.engine.rules.text import shown
from waiaas.errors import Misconfigured, NotReady, RetryLater, Undeliverable
from waiaas.interfaces.events import Event
from waiaas.interfaces.notify import Notification, NotificationChannel
from waiaas.registry import Registry
from waiaas.store.database import Store, Unit
from waiaas.store.records import AuditRow, Channel, OutboxItem

_log = logging.getLogger("waiaas.outbox")
_BATCH = 100
_MAX_ATTEMPTS = 12
_FIRST_RETRY_SECONDS = 2
_LONGEST_RETRY_SECONDS = 3600
_LOCKED_SECONDS = 5
_CURSOR = "events_cursor"
Unseal = Callable[[str], bytes]
"""Opens a channel's stored configuration, given as it stands in the database."""


class Notifications:
    """Delivers what the outbox holds, and tells listeners of events. Used by one worker at a time."""

    def __init__(self, *, store: Store, registry: Registry, clock: Clock, unseal: Unseal, retention_days: int) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._unseal = unseal
        self._retention = retention_days * 86400
        self._live: dict[tuple[str, str], NotificationChannel] = {}

    def deliver(self) -> int:
        """Send what is due; returns how many items were looked at. Network, outside any database session."""
        now = self._clock.now()
        with self._store.read() as unit:
            due = unit.outbox.due(now, _BATCH)
            channels = {item.channel_id: unit.channels.get(item.channel_id) for item in due}
            messages = {item.id: self._message(unit, item) for item in due}
        delivered = [item for item in due if self._one(item, channels[item.channel_id], messages[item.id])]
        if delivered:
            self._mark(delivered)
        return len(due)

    def tell_listeners(self) -> int:
        """Hand events that listeners have not seen to them, in order, at least once."""
        if not self._registry.listeners:
            return 0
        with self._store.read() as unit:
            rows = unit.audit.after(int(unit.state.get(_CURSOR) or 0), _BATCH)
        for row in rows:
            self._tell(row)
        if rows:
            with self._store.write() as unit:
                unit.state.set(_CURSOR, str(rows[-1].id))
        return len(rows)

    def prune(self) -> None:
        """Forget deliveries older than the retention; the audit log keeps what happened."""
        with self._store.write() as unit:
            unit.outbox.prune(self._clock.now() - self._retention)

    def _mark(self, delivered: Sequence[OutboxItem]) -> None:
        """One commit for the round; a crash before it means that they are sent once more."""
        now = self._clock.now()
        with self._store.write() as unit:
            for item in delivered:
                unit.outbox.delivered(item.id, now)
            for channel_id in {item.channel_id for item in delivered}:
                unit.channels.note_result(channel_id, success_at=now)

    def _one(self, item: OutboxItem, channel: Channel | None, message: Notification | None) -> bool:
        """Send one item; whether it went out. What becomes of one that did not is written at once."""
        now = self._clock.now()
        try:
            if channel is None or message is None:
                raise Undeliverable("its channel or its event is gone")
            live = self._channel(channel)
            live.send(live.render(message), message.id)
        except NotReady as problem:
            self._put_off(item, problem)
        except RetryLater as problem:
            self._again(item, problem.retry_after or _FIRST_RETRY_SECONDS, problem.message)
        except (Undeliverable, Misconfigured) as problem:
            _log.error("notification %s cannot be delivered: %s", item.id, problem.message)
            with self._store.write() as unit:
                unit.outbox.give_up(item.id, now, problem.code)
        except Exception as problem:  # noqa: BLE001 - one channel's failure touches no other
            _log.exception("channel %s failed", item.channel_id)
            self._again(item, _backoff(item.attempts), type(problem).__name__)
        else:
            return True
        return False

    def _put_off(self, item: OutboxItem, problem: NotReady) -> None:
        """The signer is locked, so no channel can be opened: that is no attempt, however long it lasts."""
        at = self._clock.now() + _LOCKED_SECONDS
        with self._store.write() as unit:
            unit.outbox.retry(item.id, attempts=item.attempts, next_at=at, error=problem.code)

    def _again(self, item: OutboxItem, seconds: int, why: str) -> None:
        now = self._clock.now()
        with self._store.write() as unit:
            unit.channels.note_result(item.channel_id, failure_at=now)
            if item.attempts + 1 >= _MAX_ATTEMPTS:
                unit.outbox.give_up(item.id, now, why)
            else:
                unit.outbox.retry(item.id, attempts=item.attempts + 1, next_at=now + seconds, error=why)

    def _channel(self, channel: Channel) -> NotificationChannel:
        key = channel.id, channel.config
        if key not in self._live:
            kind = self._registry.channels.get(channel.type)
            if kind is None:
                raise RetryLater(f"no plugin knows the channel type {channel.type}", retry_after=_LONGEST_RETRY_SECONDS)
            self._live[key] = kind(kind.config_model.model_validate_json(self._unseal(channel.config)))
        return self._live[key]

    def _message(self, unit: Unit, item: OutboxItem) -> Notification | None:
        row = unit.audit.get(int(json.loads(item.payload)["auditId"]))
        if row is None or row.event_type not in EVENTS:
            return None
        transaction = unit.transactions.get(row.tx_id) if row.tx_id else None
        agent = unit.agents.get(row.agent_id) if row.agent_id else None
        lines = [("Agent", agent.name)] if agent else []
        quoted: list[tuple[str, str]] = []
        if transaction is not None:
            amount = "" if transaction.amount is None else str(transaction.amount)
            lines += [("Transaction", transaction.id), ("Type", transaction.type), ("Tier", transaction.tier)]
            lines += [
                ("Amount", amount),
                ("Asset", transaction.asset or ""),
                ("Recipient", transaction.to_address or ""),
            ]
            note = json.loads(transaction.metadata).get("note")
            quoted = [("Note", shown(str(note)))] if note else []
        details = json.loads(row.details)
        lines += [(label, shown(str(details[key]))) for key, label in _SHOWN.items() if details.get(key) is not None]
        kind = EVENTS[row.event_type]
        return Notification(
            id=f"{item.channel_id}:{item.id}",
            event=row.event_type,
            title=kind.title,
            lines=tuple(lines),
            quoted=tuple(quoted),
            severity=row.severity,
        )

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


_SHOWN = {"code": "Code", "reason": "Reason", "txHash": "Hash"}


def _details(row: AuditRow) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(row.details)
    return document


def _backoff(attempts: int) -> int:
    return int(min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(attempts, 12)))
