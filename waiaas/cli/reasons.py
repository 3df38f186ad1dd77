"""Why a transaction was decided as it was, in one sentence for a person."""

from collections.abc import Mapping
from typing import Any

from waiaas_sdk import Transaction


def why(row: Transaction) -> str | None:
    """Which policy decided and its reason; None when the row does not say."""
    return sentence(row.decision or {})


def sentence(decision: Mapping[str, Any]) -> str | None:
    """``SPENDING_LIMIT: reason``, from a decision or a verdict."""
    reason, kind = decision.get("reason"), decision.get("type")
    if not reason:
        return None
    return f"{kind}: {reason}" if kind else str(reason)
