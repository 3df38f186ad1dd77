"""Records for tests, each valid as it comes; name what matters, leave the rest."""

from __future__ import annotations

from typing import Any

from uuid6 import uuid7

from waiaas.store.records import (
    Agent,
    Approval,
    Channel,
    LedgerEntry,
    Policy,
    Reservation,
    Session,
    Transaction,
    Variant,
)

NOW = 1_800_000_000
ASSET = "solana:local/slip44:501"


def new_id() -> str:
    return str(uuid7())


def agent(**given: Any) -> Agent:
    own = new_id()
    columns = {
        "id": own,
        "created_at": NOW,
        "name": f"agent {own}",
        "chain": "solana",
        "network": "localnet",
        "form": "system",
        "key_scheme": "ed25519",
        "public_key": own.replace("-", ""),
        "address": f"address of {own}",
        "status": "ACTIVE",
        "updated_at": NOW,
    }
    return Agent(**{**columns, **given})


def session(agent_id: str, **given: Any) -> Session:
    columns = {
        "id": new_id(),
        "created_at": NOW,
        "agent_id": agent_id,
        "token_hash": new_id().replace("-", "") * 2,
        "expires_at": NOW + 3600,
        "absolute_expires_at": NOW + 86400,
        "max_renewals": 5,
    }
    return Session(**{**columns, **given})


def transaction(agent_id: str, **given: Any) -> Transaction:
    columns = {
        "id": new_id(),
        "created_at": NOW,
        "agent_id": agent_id,
        "chain": "solana",
        "network": "localnet",
        "type": "TRANSFER",
        "status": "PENDING",
        "tier": "INSTANT",
        "asset": ASSET,
        "amount": 1000,
        "to_address": "somebody",
        "intent": '{"kind":"TRANSFER"}',
        "updated_at": NOW,
    }
    return Transaction(**{**columns, **given})


def variant(tx_id: str, n: int = 0, **given: Any) -> Variant:
    columns = {
        "tx_id": tx_id,
        "created_at": NOW,
        "chain": "solana",
        "network": "localnet",
        "n": n,
        "kind": "speed_up" if n else "original",
        "signed_raw": "00ff",
        "tx_hash": new_id(),
        "fee_cap": 5000,
    }
    return Variant(**{**columns, **given})


def reservation(tx_id: str, agent_id: str, **given: Any) -> Reservation:
    columns = {
        "tx_id": tx_id,
        "agent_id": agent_id,
        "asset": ASSET,
        "kind": "amount",
        "amount": 1000,
        "created_at": NOW,
    }
    return Reservation(**{**columns, **given})


def entry(agent_id: str, **given: Any) -> LedgerEntry:
    columns = {"agent_id": agent_id, "tx_id": new_id(), "asset": ASSET, "kind": "amount", "amount": 1000, "at": NOW}
    return LedgerEntry(**{**columns, **given})


def policy(**given: Any) -> Policy:
    columns = {"id": new_id(), "created_at": NOW, "type": "SPENDING_LIMIT", "rules": "{}", "updated_at": NOW}
    return Policy(**{**columns, **given})


def approval(subject_id: str, **given: Any) -> Approval:
    columns = {
        "id": new_id(),
        "created_at": NOW,
        "subject_type": "transaction",
        "subject_id": subject_id,
        "digest": "d" * 64,
        "nonce": new_id(),
        "expires_at": NOW + 3600,
    }
    return Approval(**{**columns, **given})


def channel(**given: Any) -> Channel:
    return Channel(**{"id": new_id(), "created_at": NOW, "type": "LOG", "config": "{}", **given})
