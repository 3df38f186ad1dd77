"""Pony's view of the tables that ``schema/`` made: one entity a table, made anew for every database.

Pony has no types, so this module alone is exempt from strict typing. Three rules keep it honest:

- ``autostrip=False``, or Pony would trim text.
- ``volatile=True`` on everything but keys: rows are also changed by hand-written SQL, and a value that changed between two
  reads is news, not an error.
- References are plain columns. A relation touched after its session ended raises, and nothing here outlives its session.
"""

from types import SimpleNamespace
from typing import Any

from pony.orm import Database, Optional, PrimaryKey, Required


def text() -> Any:
    # Required would call an empty string a fault; that the column is NOT NULL is the schema's business.
    return Optional(str, autostrip=False, volatile=True)


def maybe_text() -> Any:
    return Optional(str, autostrip=False, nullable=True, volatile=True)


def number() -> Any:
    return Required(int, size=64, volatile=True)


def maybe_number() -> Any:
    return Optional(int, size=64, volatile=True)


def flag() -> Any:
    return Required(bool, volatile=True)


def text_key() -> Any:
    return PrimaryKey(str, autostrip=False)


def counter() -> Any:
    return PrimaryKey(int, size=64, auto=True)


def map_tables(db: Database) -> SimpleNamespace:
    """Declare the entities on ``db`` and check them against the file. Never creates or alters a table.

    :param db: bound, and not mapped yet
    """

    class Agent(db.Entity):
        _table_ = "agents"
        id = text_key()
        created_at = number()
        name = text()
        chain = text()
        network = text()
        form = text()
        key_scheme = text()
        public_key = text()
        address = text()
        status = text()
        owner_address = maybe_text()
        owner_chain = maybe_text()
        owner_verified = flag()
        updated_at = number()
        suspended_at = maybe_number()
        suspension_reason = maybe_text()
        resumed_after = number()
        mac = maybe_text()

    class Session(db.Entity):
        _table_ = "sessions"
        id = text_key()
        created_at = number()
        agent_id = text()
        token_hash = text()
        expires_at = number()
        absolute_expires_at = number()
        constraints = text()
        usage_stats = text()
        renewal_count = number()
        max_renewals = number()
        last_renewed_at = maybe_number()
        revoked_at = maybe_number()
        stopped_at = maybe_number()
        mac = maybe_text()

    class Transaction(db.Entity):
        _table_ = "transactions"
        id = text_key()
        created_at = number()
        agent_id = text()
        session_id = maybe_text()
        chain = text()
        network = text()
        type = text()
        status = text()
        tier = text()
        asset = maybe_text()
        amount = maybe_text()
        to_address = maybe_text()
        intent = text()
        decision = text()
        idempotency_key = maybe_text()
        request_hash = maybe_text()
        tx_hash = maybe_text()
        broadcast_at = maybe_number()
        queued_at = maybe_number()
        due_at = maybe_number()
        executed_at = maybe_number()
        approved_at = maybe_number()
        error = maybe_text()
        error_code = maybe_text()
        metadata = text()
        updated_at = number()

    class Variant(db.Entity):
        _table_ = "transaction_variants"
        id = counter()
        created_at = number()
        tx_id = text()
        chain = text()
        network = text()
        n = number()
        kind = text()
        signed_raw = text()
        evidence = text()
        tx_hash = text()
        chain_tx_id = maybe_text()
        valid_until = maybe_text()
        fee_cap = text()
        claims = text()
        first_broadcast_at = maybe_number()
        last_status = maybe_text()
        proof = maybe_text()

    class Claim(db.Entity):
        _table_ = "claims"
        agent_id = Required(str, autostrip=False)
        claim = Required(str, autostrip=False)
        tx_id = text()
        PrimaryKey(agent_id, claim)

    class Reservation(db.Entity):
        _table_ = "reservations"
        id = counter()
        created_at = number()
        tx_id = text()
        agent_id = text()
        session_id = maybe_text()
        asset = text()
        kind = text()
        amount = text()
        state = text()

    class LedgerEntry(db.Entity):
        _table_ = "spend_ledger"
        id = counter()
        agent_id = text()
        session_id = maybe_text()
        tx_id = text()
        asset = text()
        kind = text()
        amount = text()
        cumulative = text()
        session_cumulative = maybe_text()
        at = number()

    class Policy(db.Entity):
        _table_ = "policies"
        id = text_key()
        created_at = number()
        agent_id = maybe_text()
        type = text()
        rules = text()
        priority = number()
        enabled = flag()
        version = number()
        updated_at = number()
        mac = maybe_text()

    class AuditRow(db.Entity):
        _table_ = "audit_log"
        id = counter()
        timestamp = number()
        event_type = text()
        actor = text()
        agent_id = maybe_text()
        session_id = maybe_text()
        tx_id = maybe_text()
        details = text()
        severity = text()
        ip_address = maybe_text()
        prev_hash = text()
        hash = text()

    class Checkpoint(db.Entity):
        _table_ = "audit_checkpoints"
        id = counter()
        created_at = number()
        audit_id = number()
        audit_hash = text()
        public_key = text()
        signature = text()

    class Approval(db.Entity):
        _table_ = "pending_approvals"
        id = text_key()
        created_at = number()
        subject_type = text()
        subject_id = text()
        digest = text()
        nonce = text()
        required_approvals = number()
        required_by = text()
        expires_at = number()
        approved_at = maybe_number()
        rejected_at = maybe_number()
        owner_signature = maybe_text()

    class ApprovalSignature(db.Entity):
        _table_ = "approval_signatures"
        id = counter()
        created_at = number()
        approval_id = text()
        owner_address = text()
        decision = text()
        signature = text()

    class Channel(db.Entity):
        _table_ = "notification_channels"
        id = text_key()
        created_at = number()
        type = text()
        config = text()
        priority = number()
        enabled = flag()
        last_success_at = maybe_number()
        last_failure_at = maybe_number()
        mac = maybe_text()

    class OutboxItem(db.Entity):
        _table_ = "notification_outbox"
        id = counter()
        created_at = number()
        channel = text()
        event = text()
        payload = text()
        attempts = number()
        next_at = number()
        delivered_at = maybe_number()
        failed_at = maybe_number()
        error = maybe_text()
        precedence = number()
        alike = maybe_text()
        times = number()

    class Token(db.Entity):
        _table_ = "tokens"
        id = counter()
        created_at = number()
        chain = text()
        network = text()
        asset = text()
        symbol = text()
        name = text()
        decimals = number()

    class StateEntry(db.Entity):
        _table_ = "daemon_state"
        key = text_key()
        value = text()
        mac = maybe_text()

    class Happening(db.Entity):
        _table_ = "activity"
        id = counter()
        agent_id = text()
        session_id = maybe_text()
        tx_id = text()
        what = text()
        likeness = maybe_text()
        agent_count = number()
        session_count = maybe_number()
        all_count = number()
        at = number()

    class RowSeal(db.Entity):
        _table_ = "row_seals"
        table_name = Required(str, autostrip=False)
        row_key = Required(str, autostrip=False)
        mac = text()
        PrimaryKey(table_name, row_key)

    class PolicySet(db.Entity):
        _table_ = "policy_sets"
        scope = text_key()
        version = number()
        mac = text()

    db.generate_mapping(check_tables=True, create_tables=False)
    return SimpleNamespace(**db.entities)
