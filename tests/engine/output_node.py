"""A chain that spends outputs and does what a test tells it to, and its adapter, as a stranger would write it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engine.nonce_node import CHAIN_ID, COIN, Node, NonceAdapter
from waiaas.errors import NotYet, Refused
from waiaas.interfaces.chain import (
    Account,
    Amount,
    Balance,
    BuildRequest,
    Decoded,
    Effect,
    InFlight,
    Kind,
    Phase,
    Sent,
    Signed,
    Status,
    Unsigned,
    What,
)

_SIGNED_BYTES = 32


@dataclass
class OutputNode(Node):
    """The chain: an account's money lies in outputs, each of which one landed transaction uses up.

    :param outputs: base units by output, as they are before the first block
    :param shows: outputs that a lagging node still shows although they are spent
    :param told: what ``balances`` and ``build`` were given of bytes in flight and held claims
    """

    outputs: dict[str, int] = field(default_factory=dict)
    shows: set[str] = field(default_factory=set)
    ignores_held: bool = False
    told: list[Any] = field(default_factory=list)

    def spender(self, output: str, *, final: bool = False) -> str | None:
        """The landed transaction that used an output up."""
        blocks = self.blocks[: max(0, len(self.blocks) - self.finality)] if final else self.blocks
        return next((tx for block in blocks for tx in block if output in self.known[tx]["inputs"]), None)

    def unspent(self) -> dict[str, int]:
        """What the account has now, in the order it came."""
        found = dict(self.outputs)
        for tx in self.landed():
            if self.known[tx]["change"]:
                found[f"{tx[:8]}:1"] = self.known[tx]["change"]
        return {one: units for one, units in found.items() if one in self.shows or self.spender(one) is None}

    def steal(self, output: str) -> str:
        """Somebody else with the key spends an output, in a block of its own."""
        tx = hashlib.sha256(f"foreign {output}".encode()).hexdigest()
        self.known[tx] = {"inputs": [output], "to": "wother", "value": self.outputs[output], "change": 0, "fee": 99}
        self.blocks.append([tx])
        return tx

    def take(self, raw: bytes) -> tuple[Sent, str]:
        self.ask()
        tx, found = _hash(raw), json.loads(raw[:-_SIGNED_BYTES])
        self.handed.append(tx)
        if tx in self.pool or tx in self.landed():
            return Sent.KNOWN, ""
        if any(self.spender(one) for one in found["inputs"]):
            return Sent.REFUSED, "missing inputs"
        rivals = [one for one, other in self.pool.items() if {*other["inputs"]} & {*found["inputs"]}]
        if any(found["fee"] <= self.pool[one]["fee"] for one in rivals):
            return Sent.REFUSED, "replacement underpriced"
        for rival in rivals:
            del self.pool[rival]
        self.pool[tx] = self.known[tx] = found
        return Sent.ACCEPTED, ""

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            block = [tx for tx, one in self.pool.items() if one["fee"] >= self.base_fee]
            block = [tx for tx in block if not any(self.spender(one) for one in self.known[tx]["inputs"])]
            for tx in block:
                del self.pool[tx]
            self.blocks.append(block)


class OutputAdapter(NonceAdapter):
    """Claims each output that it spends."""

    node: OutputNode

    def build(self, request: BuildRequest) -> Unsigned:
        self.node.ask()
        self.node.told.append((request.in_flight, request.held))
        intent, fee = request.resolved.intent, self._fee(request)
        value = 0 if intent.kind is Kind.CANCEL or intent.amount is None else intent.amount.units
        inputs, units = self._chosen(request, value + fee)
        change = units - value - fee
        body = {
            "chain": CHAIN_ID, "from": request.account.address, "inputs": inputs, "value": value, "fee": fee,
            "to": request.account.address if not value or intent.to is None else intent.to.address, "change": change,
        }  # fmt: skip
        return Unsigned(body=json.dumps(body, sort_keys=True).encode())

    def _chosen(self, request: BuildRequest, needed: int) -> tuple[list[str], int]:
        """Outputs until there are enough: those of what is replaced, then free ones, the first that came first."""
        have = self.node.unspent()
        chosen = list(_read(request.replaces[0])["inputs"]) if request.replaces else []
        held = frozenset() if self.node.ignores_held else request.held
        for one in have:
            if sum(have.get(other, 0) for other in chosen) >= needed:
                break
            if one not in chosen and f"utxo:{one}" not in held:
                chosen.append(one)
        units = sum(have.get(other, 0) for other in chosen)
        if units < needed and held:
            raise NotYet("everything is under way", code="ACCOUNT_BUSY")
        if units < needed:
            raise Refused("INSUFFICIENT_FUNDS", f"{units} are there, {needed} are needed")
        return chosen, units

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        found = json.loads(unsigned.body)
        out = Effect(what=What.OUT, asset=COIN.id, units=found["value"], to=found["to"])
        return Decoded(
            chain_id=found["chain"],
            account=found["from"],
            effects=(out,) if found["value"] else (),
            max_fee=Amount(asset=COIN.id, units=found["fee"]),
            claims=frozenset(f"utxo:{one}" for one in found["inputs"]),
        )

    def _status(self, signed: Signed) -> Status:
        phase = self.node.phase(signed.tx_hash)
        if phase in (Phase.INCLUDED, Phase.FINAL):
            return Status(phase=phase, ok=True, fee_paid=Amount(asset=COIN.id, units=_read(signed)["fee"]))
        for one in _read(signed)["inputs"]:
            rival = self.node.spender(one, final=True)
            if rival is not None:
                return Status(phase=Phase.DEAD, proof=f"output {one} was spent by {rival}", used=f"utxo:{one}")
        return Status(phase=phase)

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[InFlight]) -> Sequence[Balance]:
        self.node.ask()
        self.node.told.append(tuple(in_flight))
        total, taken = sum(self.node.unspent().values()), dict[str, int]()
        for one in in_flight:
            if self.node.phase(one.tx_hash) not in (Phase.INCLUDED, Phase.FINAL):
                found = _read(one)
                taken[one.row] = max(taken.get(one.row, 0), found["value"] + found["fee"])
        return [Balance(asset=COIN, total=total, spendable=total - sum(taken.values()))]

    def health(self) -> Mapping[str, Any]:
        self.node.ask()
        return {"height": len(self.node.blocks)}


def _read(signed: Signed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(signed.raw[:-_SIGNED_BYTES])
    return found


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
