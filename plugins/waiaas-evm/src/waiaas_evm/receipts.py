"""Receipts, believed only where they fit the bytes that they speak of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Signed
from waiaas_evm.addresses import parse_address
from waiaas_evm.evidence import Evidence, read_evidence
from waiaas_evm.rpc import as_hash, as_object, as_quantity
from waiaas_evm.signatures import hash_of, sender_of
from waiaas_evm.traits import Traits
from waiaas_evm.transaction import Transaction, read_signed

_MOST_DATA_FEE = 1 << 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """Signed bytes, read.

    :param sender: whose signature they carry
    :param least_price: wei that one unit of gas costs at least once they land: the tip, where block makers take one
    """

    tx: Transaction
    tx_hash: str
    sender: str
    evidence: Evidence
    least_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One receipt that fits.

    :param price: wei for one unit of gas; None where the node does not say
    :param fee: wei that were taken, a rollup's data fee included; None where the node does not say
    :param used_all: whether all of the gas was used
    """

    height: int
    block: str
    ok: bool
    price: int | None
    fee: int | None
    used_all: bool


def read_bytes(signed: Signed, traits: Traits) -> Bytes:
    """:raises Malformed: when they are not ours, or their hash is another"""
    tx, _ = read_signed(signed.raw)
    evidence = read_evidence(signed.evidence, has_data_fee=traits.rollup == "op-stack")
    return Bytes(
        tx=tx,
        tx_hash=hash_of(signed.raw),
        sender=sender_of(signed.raw),
        evidence=evidence,
        # some rollups take no tips, and say the base fee alone
        least_price=tx.tip if traits.priority_floor else 0,
    )


def read_receipt(answer: Any, of: Bytes) -> Receipt | None:
    """A receipt; None where the node has none.

    :raises Unavailable: when it cannot be read, is not in a block yet, is another transaction's, or takes what the bytes do not
        allow: more, nothing at all, or a lower price than they offer
    """
    if answer is None:
        return None
    fields = as_object(answer)
    used, price = as_quantity(fields.get("gasUsed")), _price(fields, of.tx)
    if as_hash(fields.get("transactionHash")) != of.tx_hash or _address(fields.get("from")) != of.sender:
        raise Unavailable("the node's receipt is another transaction's")
    status = as_quantity(fields.get("status"))
    if not 0 < used <= of.tx.gas or status > 1 or (price is not None and not of.least_price <= price <= of.tx.max_fee):
        raise Unavailable("the node's receipt does not fit the transaction")
    return Receipt(
        height=as_quantity(fields.get("blockNumber")),
        block=as_hash(fields.get("blockHash")),
        ok=status == 1,
        price=price,
        fee=None if price is None else used * price + _data_fee(fields, of.evidence),
        used_all=used == of.tx.gas,
    )


def is_pending(answer: Any) -> bool:
    """Whether a receipt is of a transaction that is in no block yet: some nodes give one early."""
    return isinstance(answer, Mapping) and answer.get("blockHash") is None and answer.get("blockNumber") is None


def is_pooled(answer: Any, of: Bytes) -> bool:
    """Whether a node has the transaction. :raises Unavailable: when the answer cannot be read"""
    return answer is not None and as_hash(as_object(answer).get("hash")) == of.tx_hash


def _price(fields: Mapping[str, Any], tx: Transaction) -> int | None:
    if fields.get("effectiveGasPrice") is None:
        return tx.max_fee if tx.is_legacy else None  # nodes from before there was another price do not name it
    return as_quantity(fields.get("effectiveGasPrice"))


def _data_fee(fields: Mapping[str, Any], evidence: Evidence) -> int:
    if evidence.data_fee is None or fields.get("l1Fee") is None:
        return 0
    fee = as_quantity(fields["l1Fee"])
    if fee > _MOST_DATA_FEE:
        raise Unavailable("the node's receipt cannot be right")
    return fee


def _address(text: Any) -> str:
    return parse_address(text) if isinstance(text, str) and len(text) == 42 and text.startswith("0x") else ""
