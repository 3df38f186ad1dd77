"""A chain without nonces on which bytes meet whatever fate a test gives them, and its adapter."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.engine.nonce_node import CHAIN_ID, COIN, Node, NonceAdapter
from waiaas.interfaces.chain import (
    Account,
    Amount,
    BuildRequest,
    Decoded,
    Effect,
    Feature,
    Intent,
    Phase,
    Resolved,
    Sent,
    Signed,
    Status,
    Unsigned,
    What,
)

LIKELY_FEE, PAID_FEE = 10, 7
_SIGNED_BYTES = 32
_STATUSES = {
    "paid": Status(phase=Phase.FINAL, ok=True, fee_paid=Amount(asset=COIN.id, units=PAID_FEE)),
    "reverted": Status(phase=Phase.FINAL, ok=False, fee_paid=Amount(asset=COIN.id, units=PAID_FEE), reason="no"),
    "dead": Status(phase=Phase.DEAD, proof="its time is over"),
}


@dataclass
class Fates(Node):
    """The node. Bytes are told apart by the row they were made for.

    :param taken: rows whose bytes it has; :param fate: what became of bytes: ``paid``, ``reverted`` or ``dead``
    :param on_take: told of a row whenever its bytes arrive
    """

    features: frozenset[Feature] = frozenset()
    taken: set[str] = field(default_factory=set)
    fate: dict[str, str] = field(default_factory=dict)
    on_take: Callable[[str], None] = lambda tx_id: None

    def take(self, raw: bytes) -> tuple[Sent, str]:
        self.ask()
        tx_id = row_of(json.loads(raw[:-_SIGNED_BYTES]))
        self.on_take(tx_id)
        self.taken.add(tx_id)
        return Sent.ACCEPTED, ""

    def status(self, tx_id: str) -> Status:
        if tx_id in self.fate:
            return _STATUSES[self.fate[tx_id]]
        return Status(phase=Phase.POOL if tx_id in self.taken else Phase.UNSEEN)


def row_of(body: dict[str, Any]) -> str:
    """The row that bytes were made for."""
    return str(UUID(hex=body["salt"]))


class FatesAdapter(NonceAdapter):
    """Everything that needs a node needs it to be there."""

    node: Fates = Fates()

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        assert intent.amount is not None
        assert intent.to is not None
        out = Effect(what=What.OUT, asset=COIN.id, units=intent.amount.units, to=intent.to.address)
        return Resolved(intent=intent, effects=(out,), assets=(COIN,), likely_fee=Amount(asset=COIN.id, units=fee))

    def build(self, request: BuildRequest) -> Unsigned:
        self.node.ask()
        intent = request.resolved.intent
        assert intent.amount is not None
        assert intent.to is not None
        body = {
            "chain": CHAIN_ID,
            "from": request.account.address,
            "to": intent.to.address,
            "value": intent.amount.units,
            "fee": LIKELY_FEE,
            "salt": request.salt.hex(),
        }
        return Unsigned(body=json.dumps(body, sort_keys=True).encode())

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        found = json.loads(unsigned.body)
        out = Effect(what=What.OUT, asset=COIN.id, units=found["value"], to=found["to"])
        fee = Amount(asset=COIN.id, units=found["fee"])
        return Decoded(chain_id=found["chain"], account=found["from"], effects=(out,), max_fee=fee)

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        self.node.ask()
        return [self.node.status(row_of(json.loads(one.raw[:-_SIGNED_BYTES]))) for one in signed]
