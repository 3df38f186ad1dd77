"""Signed bytes as rows, and back."""

import json

from waiaas.interfaces.chain import Signed
from waiaas.store.records import Transaction, Variant


def variant_of(row: Transaction, signed: Signed, fee_cap: int, now: int) -> Variant:
    """The row of a transaction's first signed bytes. :param fee_cap: the fee that the bytes themselves allow"""
    return Variant(
        tx_id=row.id,
        chain=row.chain,
        network=row.network,
        n=1,
        kind="original",
        signed_raw=signed.raw.hex(),
        evidence=json.dumps(dict(signed.evidence), sort_keys=True),
        tx_hash=signed.tx_hash,
        valid_until=signed.valid_until,
        fee_cap=fee_cap,
        claims=json.dumps(sorted(signed.claims)),
        created_at=now,
    )


def signed_of(variant: Variant) -> Signed:
    """The very bytes that were stored."""
    return Signed(
        raw=bytes.fromhex(variant.signed_raw),
        tx_hash=variant.tx_hash,
        claims=frozenset(json.loads(variant.claims)),
        valid_until=variant.valid_until,
        evidence=json.loads(variant.evidence),
    )
