"""What services hand to the doors: records with what people and agents want to see beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.engine.rules.foreign import amount_text
from waiaas.engine.rules.text import shown
from waiaas.engine.rules.transaction_states import UNFINISHED
from waiaas.interfaces.chain import Asset
from waiaas.interfaces.wire import from_wire
from waiaas.store.records import Agent, Approval, Session, Transaction, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent, with what its chain's plugin says of it.

    :param chain_id: CAIP-2, empty when the chain's plugin is gone; :param owner_state: NONE, GRACE or LOCKED
    :param is_test: whether the network's money is worth nothing; None when the plugin is gone
    """

    agent: Agent
    chain_id: str
    is_test: bool | None = None

    @property
    def owner_state(self) -> str:
        if self.agent.owner_address is None:
            return "NONE"
        return "LOCKED" if self.agent.owner_verified else "GRACE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A session and its token, which is shown this once."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Constraints as they would be stored. :param display: their amounts in display units, by path"""

    agent_id: str
    constraints: Mapping[str, Any]
    display: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBalance:
    """What a wallet holds of one asset.

    :param balance: all base units; :param spendable: what is not reserved by payments under way
    :param is_listed: whether the network's list of tokens has it; the native asset always is
    """

    view: AgentView
    asset: Asset
    balance: int
    spendable: int
    is_listed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionView:
    """A transaction, why it was decided so, and what it waits for.

    :param waiting: why it cannot go on, see :mod:`waiaas.engine.waiting`
    """

    row: Transaction
    approval: Approval | None = None
    explorer: str = ""
    variants: tuple[Variant, ...] = ()
    waiting: Mapping[str, Any] | None = None

    @property
    def decision(self) -> Mapping[str, Any]:
        document: dict[str, Any] = json.loads(self.row.decision)
        return document

    @property
    def accounting(self) -> str:
        """Whether its amounts count as ``reserved``, ``spent`` or not (``released``). Unproven bytes stay reserved."""
        if self.row.status in UNFINISHED:
            return "reserved"
        return "spent" if self.row.status in ("CONFIRMED", "SIGNED") else "released"

    def to_wire(self) -> dict[str, Any]:
        """The item as it is sent."""
        row, decision = self.row, self.decision
        resolved: Mapping[str, Any] = json.loads(row.intent).get("resolved", {})
        item = {
            "id": row.id,
            "walletId": row.agent_id,
            "sessionId": row.session_id,
            "type": row.type,
            "status": row.status,
            "tier": row.tier,
            "chain": row.chain,
            "network": row.network,
            "toAddress": row.to_address,
            "amount": None if row.amount is None else str(row.amount),
            "asset": row.asset,
            "display": _display(row, resolved),
            "memo": resolved.get("intent", {}).get("memo"),
            "note": json.loads(row.metadata).get("note"),
            "txHash": row.tx_hash,
            "variants": [wire_variant(variant) for variant in self.variants],
            "explorerUrl": self.explorer.replace("{tx}", row.tx_hash) if self.explorer and row.tx_hash else None,
            "error": row.error,
            "errorCode": row.error_code,
            "warnings": list(resolved.get("warnings", ())),
            "cautions": list(resolved.get("cautions", ())),
            "accounting": self.accounting,
            "dueAt": row.due_at,
            "createdAt": row.created_at,
            "updatedAt": row.updated_at,
            "broadcastAt": row.broadcast_at,
            "executedAt": row.executed_at,
            "decision": {key: value for key, value in decision.items() if key != "epoch"},
            "approval": None,
            "waiting": None if self.waiting is None else dict(self.waiting),
        }
        if self.approval is not None:
            item["approval"] = wire_approval(self.approval)
        return item


def wire_approval(approval: Approval) -> dict[str, Any]:
    """What a payment waits for."""
    return {
        "id": approval.id,
        "digest": approval.digest,
        "requiredBy": json.loads(approval.required_by),
        "requiredApprovals": approval.required_approvals,
        "expiresAt": approval.expires_at,
    }


def wire_variant(variant: Variant) -> dict[str, Any]:
    """One set of signed bytes of a payment; of all of them at most one lands."""
    return {
        "n": variant.n,
        "kind": variant.kind,
        "txHash": variant.tx_hash,
        "feeCap": str(variant.fee_cap),
        "lastStatus": variant.last_status or "unseen",
        "proof": None if variant.proof is None else shown(variant.proof),
        "createdAt": variant.created_at,
    }


def _display(row: Transaction, resolved: Mapping[str, Any]) -> str | None:
    """The amount in display units, where the asset was told of; a token's own symbol stands in quotes."""
    if row.amount is None:
        return None
    found = next((asset for asset in resolved.get("assets", ()) if asset.get("id") == row.asset), None)
    return None if found is None else amount_text(row.amount, from_wire(Asset, found))
