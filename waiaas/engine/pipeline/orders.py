"""Orders: that a person, a session or the house wants another variant of a row's signed bytes. Kept in the row until done.

An order moves no money by itself; it is judged when it is given and once more before anything is signed for it. It is stored so
that a restart goes on with it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from waiaas.store.database import Unit
from waiaas.store.records import Transaction

VariantKind = Literal["speed_up", "cancel"]
AskedBy = Literal["operator", "session", "system"]
_FIELD, _ASKERS, _WITHHELD = "order", "askers", "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """:param cap: the most that the fee of the new bytes may be, native base units

    :param asked_by: whose permission counts; :param label: how audit rows name them
    :param session_id: the session that asked; empty for anybody else
    :param at: when it was given
    :param code: why it ended without bytes, for programs; empty while it waits
    :param why: the same for people
    """

    kind: VariantKind
    cap: int
    asked_by: AskedBy
    label: str
    at: int
    session_id: str = ""
    code: str = ""
    why: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be carried out."""
        return not self.code


def order_of(row: Transaction) -> Order | None:
    """The row's last order that did not lead to bytes (yet); None where there is none."""
    document = json.loads(row.metadata).get(_FIELD)
    return None if document is None else Order(**{**document, "cap": int(document["cap"])})


def waiting_order(row: Transaction) -> Order | None:
    """The order that is to be carried out now."""
    order = order_of(row)
    return order if order is not None and order.is_waiting else None


def is_withheld(row: Transaction) -> bool:
    """Whether a person let the row's signed bytes not go when a stop was lifted: what no node took of them is never sent."""
    return bool(json.loads(row.metadata).get(_WITHHELD))


def with_withheld(row: Transaction) -> str:
    """The row's metadata with that mark."""
    return json.dumps({**json.loads(row.metadata), _WITHHELD: True}, ensure_ascii=False)


def is_revoked(unit: Unit, order: Order) -> bool:
    """Whether the session that asked for it was revoked: nothing is signed for it any more (invariant 9)."""
    session = unit.sessions.get(order.session_id) if order.session_id else None
    return bool(order.session_id) and (session is None or session.revoked_at is not None)


def with_order(row: Transaction, order: Order | None) -> str:
    """The row's metadata with this order in place of any other; without one where it is None."""
    document: dict[str, Any] = json.loads(row.metadata)
    document.pop(_FIELD, None)
    if order is not None:
        document[_FIELD] = {
            "kind": order.kind,
            "cap": str(order.cap),
            "asked_by": order.asked_by,
            "label": order.label,
            "at": order.at,
            "session_id": order.session_id,
            "code": order.code,
            "why": order.why,
        }
    return json.dumps(document, ensure_ascii=False)


def with_asker(metadata: str, order: Order, n: int) -> str:
    """The metadata with the session, if any, for which variant ``n`` was signed.

    Not of bytes that give the payment up: those are made for the person whose account it is, and others wait behind them.
    """
    if not order.session_id or order.kind == "cancel":
        return metadata
    document: dict[str, Any] = json.loads(metadata)
    document[_ASKERS] = {**document.get(_ASKERS, {}), str(n): order.session_id}
    return json.dumps(document, ensure_ascii=False)


def revoked_variants(unit: Unit, row: Transaction) -> frozenset[int]:
    """The numbers of variants that were signed for a session which was revoked since."""
    askers: dict[str, str] = json.loads(row.metadata).get(_ASKERS, {})
    found = {n: unit.sessions.get(session_id) for n, session_id in askers.items()}
    return frozenset(int(n) for n, session in found.items() if session is None or session.revoked_at is not None)


def ended(order: Order, code: str, why: str) -> Order:
    """The order, over without bytes."""
    return replace(order, code=code, why=why)
