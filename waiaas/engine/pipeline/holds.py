"""Holds: what it means that a payment waits for time or for a person."""

import secrets

from uuid6 import uuid7

from waiaas.engine.rules.verdicts import Decision
from waiaas.interfaces.policy import Tier
from waiaas.store.database import Unit
from waiaas.store.records import Approval, Transaction

SUBJECT = "transaction"


def open_approval(unit: Unit, row: Transaction, digest: str, now: int, timeout: int) -> Approval:
    """Ask for a person's decision about ``row``, within ``timeout`` seconds, bound to what was judged by its digest."""
    approval = Approval(
        id=str(uuid7()),
        created_at=now,
        subject_type=SUBJECT,
        subject_id=row.id,
        digest=digest,
        nonce=secrets.token_hex(16),
        required_approvals=1,
        required_by='["operator"]',
        expires_at=now + timeout,
    )
    unit.approvals.insert(approval)
    return approval


def held_seconds(row: Transaction, now: int) -> int:
    """Pure. How long a row has been held, or was; 0 for one that never was."""
    return 0 if row.queued_at is None else max(0, now - row.queued_at)


def has_waited(row: Transaction, decision: Decision, now: int) -> bool:
    """Pure. Whether a delay that is asked for now is over, or a person said that it may be: it can be longer than it was when
    the row was first held."""
    return (
        row.approved_at is not None
        or decision.tier is not Tier.DELAY
        or held_seconds(row, now) >= decision.delay_seconds
    )


def close_approval(unit: Unit, row: Transaction, now: int) -> None:
    """A row that ends any other way than by a decision needs none any more."""
    approval = unit.approvals.open_of(SUBJECT, row.id)
    if approval is not None:
        unit.approvals.settle(approval.id, rejected_at=now)
