"""The intent column: what is to be done, as it was judged, and back."""

import json
from dataclasses import dataclass

import rfc8785

from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.wire import from_wire, intent_digest, to_wire
from waiaas.store.records import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIntent:
    """:param fee_cap: native base units; :param is_offline: resolved without a node, so resolved again at release"""

    resolved: Resolved
    fee_cap: int
    is_offline: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical intent, hex."""
        return intent_digest(self.resolved.intent)

    def to_text(self) -> str:
        """Canonical JSON."""
        document = {
            "resolved": to_wire(self.resolved),
            "feeCap": str(self.fee_cap),
            "offline": self.is_offline,
            "digest": self.digest,
        }
        return rfc8785.dumps(document).decode()


def stored_intent(row: Transaction) -> StoredIntent:
    """What a row is to do. :raises Malformed: when the column was damaged"""
    document = json.loads(row.intent)
    return StoredIntent(
        resolved=from_wire(Resolved, document["resolved"]),
        fee_cap=int(document["feeCap"]),
        is_offline=bool(document["offline"]),
    )
