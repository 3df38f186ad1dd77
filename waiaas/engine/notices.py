"""Notices: an audit row becomes what a person is told, from the stored intent and the daemon's own records.

A notice is composed when it is delivered, so what it says of a held payment is true at that moment.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from waiaas.engine.events import EVENTS
from waiaas.engine.moments import shown_moment
from waiaas.engine.pipeline.holds import SUBJECT
from waiaas.engine.rules.payment_words import amount_words, effects_words
from waiaas.engine.rules.text import shown
from waiaas.engine.stored_intent import StoredIntent, stored_intent
from waiaas.errors import WaiaasError
from waiaas.interfaces.chain import Asset
from waiaas.interfaces.notify import Notification
from waiaas.store.database import Unit
from waiaas.store.records import AuditRow, OutboxItem, Transaction

_SHOWN = {
    "code": "Code",
    "reason": "Reason",
    "txHash": "Hash",
    "plugin": "Plugin",
    "channelId": "Channel",
    "type": "Channel type",
    "error": "Error",
}
"""Details of an audit row that are told, and under which label. The type is told of channels alone."""

Pair = tuple[str, str]


class Notices:
    """Composes them. Thread-safe. :param native: a network's native asset, by chain and network; None where it is not known"""

    def __init__(self, native: Callable[[str, str], Asset | None]) -> None:
        self._native = native

    def compose(self, unit: Unit, item: OutboxItem) -> Notification | None:
        """What an item of the outbox says now; None when its event is gone or unknown."""
        row = unit.audit.get(int(json.loads(item.payload)["auditId"]))
        if row is None or row.event_type not in EVENTS:
            return None
        agent = unit.agents.get(row.agent_id) if row.agent_id else None
        transaction = unit.transactions.get(row.tx_id) if row.tx_id else None
        lines: list[Pair] = [("Agent", shown(agent.name))] if agent else []
        quoted: list[Pair] = []
        if transaction is not None:
            intent = _intent(transaction)
            lines += _payment(transaction, intent, self._assets(transaction, intent))
            quoted += _foreign_words(transaction, intent)
        lines += _details(row)
        if item.times > 1:
            lines.append(
                ("How often", f"{item.times} times alike since {shown_moment(row.timestamp)}; this is the first")
            )
        if transaction is not None:
            lines += _decision(unit, transaction)
        return Notification(
            id=f"{item.channel_id}:{item.id}",
            event=row.event_type,
            title=EVENTS[row.event_type].title,
            lines=tuple(lines),
            quoted=tuple(quoted),
            severity=row.severity,
        )

    def is_moot(self, unit: Unit, item: OutboxItem) -> bool:
        """Whether ``item`` asks for an answer that nobody waits for any more. False once it is told of without haste."""
        if item.precedence == 0 or item.event not in EVENTS or not EVENTS[item.event].asks:
            return False
        row = unit.audit.get(int(json.loads(item.payload)["auditId"]))
        transaction = unit.transactions.get(row.tx_id) if row is not None and row.tx_id else None
        return transaction is not None and transaction.status != "QUEUED"

    def _assets(self, row: Transaction, intent: StoredIntent | None) -> dict[str, Asset]:
        """What the payment names, and what its fee is paid in."""
        native = self._native(row.chain, row.network)
        told = (*(intent.resolved.assets if intent else ()), *([native] if native else []))
        return {asset.id: asset for asset in told}


def _payment(row: Transaction, intent: StoredIntent | None, assets: Mapping[str, Asset]) -> Iterator[Pair]:
    """What it does, then the facts one by one."""
    does = effects_words(intent.resolved.effects, assets) if intent else ("its stored intent cannot be read",)
    yield "Type", row.type
    yield from (("Does", words) for words in does)
    if row.amount is not None:
        yield "Amount", amount_words(row.amount, row.asset, assets)
    if row.asset is not None:
        yield "Asset", row.asset
    if row.to_address is not None:
        yield "Recipient", row.to_address
    if intent is not None:
        yield "Maximal fee", amount_words(intent.fee_cap, intent.resolved.likely_fee.asset, assets)
        yield from (("Caution", shown(caution.text)) for caution in intent.resolved.cautions)
        yield from (("Warning", shown(warning)) for warning in intent.resolved.warnings)
    yield "Network", f"{row.chain} {row.network}"
    yield "Tier", row.tier
    yield "Transaction", row.id


def _foreign_words(row: Transaction, intent: StoredIntent | None) -> Iterator[Pair]:
    """The agent's note and memo, and what tokens call themselves."""
    note = json.loads(row.metadata).get("note")
    if note:
        yield "Note", shown(str(note))
    if intent is None:
        return
    if intent.resolved.intent.memo:
        yield "Memo", shown(intent.resolved.intent.memo)
    for asset in intent.resolved.assets:
        if not asset.native:
            yield "Token calls itself", shown(f"{asset.symbol} {asset.name}".strip())


def _details(row: AuditRow) -> Iterator[Pair]:
    details: dict[str, Any] = json.loads(row.details)
    for key, label in _SHOWN.items():
        if details.get(key) is not None and (key != "type" or "channelId" in details):
            yield label, shown(str(details[key]))


def _decision(unit: Unit, row: Transaction) -> Iterator[Pair]:
    """Until when it waits, and how a person decides; once it waits no more, what became of it."""
    approval = unit.approvals.open_of(SUBJECT, row.id)
    if row.status != "QUEUED":
        yield "State", row.status
    elif approval is not None:
        yield "Digest", approval.digest
        yield "Decide before", shown_moment(approval.expires_at)
        yield "To approve, run", f"waiaas tx approve {row.id}"
        yield "To refuse, run", f"waiaas tx reject {row.id}"
    elif row.due_at is not None:
        yield "Goes on at", shown_moment(row.due_at)
        yield "To stop it, run", f"waiaas tx cancel {row.id}"


def _intent(row: Transaction) -> StoredIntent | None:
    try:
        return stored_intent(row)
    except (WaiaasError, ValueError, KeyError, TypeError):
        return None  # a person is told of it all the same; nothing is signed from a damaged row
