"""Signed bytes as rows, and back."""

import json
from collections.abc import Sequence

from waiaas.interfaces.chain import InFlight, Signed
from waiaas.store.records import Transaction, Variant

ORIGINAL, SPEED_UP, CANCEL = "original", "speed_up", "cancel"


def variant_of(
    row: Transaction, signed: Signed, fee_cap: int, now: int, *, n: int = 1, kind: str = ORIGINAL
) -> Variant:
    """The row of a transaction's signed bytes.

    :param fee_cap: the fee that the bytes themselves allow
    :param n: 1 for the first bytes, then counting up
    """
    return Variant(
        tx_id=row.id,
        chain=row.chain,
        network=row.network,
        n=n,
        kind=kind,
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


def in_flight_of(variants: Sequence[Variant]) -> tuple[InFlight, ...]:
    """The same, each with its payment's id, kind and number: what an adapter is told of bytes that may still land."""
    return tuple(
        InFlight(
            raw=signed.raw,
            tx_hash=signed.tx_hash,
            claims=signed.claims,
            valid_until=signed.valid_until,
            evidence=signed.evidence,
            row=variant.tx_id,
            kind=variant.kind,
            n=variant.n,
        )
        for variant, signed in ((variant, signed_of(variant)) for variant in variants)
    )


def held_by_others(variants: Sequence[Variant], tx_id: str) -> frozenset[str]:
    """Pure. The claims of other payments among ``variants``."""
    return frozenset(claim for one in variants if one.tx_id != tx_id for claim in json.loads(one.claims))


def unshared(claims: frozenset[str], variants: Sequence[Variant]) -> Variant | None:
    """Pure. The first earlier variant that could land beside bytes with these claims; None where each shares one."""
    return next((variant for variant in variants if not claims & signed_of(variant).claims), None)


def was_taken(variant: Variant, row: Transaction) -> bool:
    """Whether a node is known to have taken these bytes once. Of the first bytes the row itself tells, too."""
    return variant.first_broadcast_at is not None or (variant.n == 1 and row.broadcast_at is not None)


def may_be_sent(variants: Sequence[Variant], row: Transaction, *, is_stopped: bool, is_revoked: bool) -> list[Variant]:
    """Pure. The bytes of a row that may leave now, the newest first (invariant 9).

    Bytes that a node has taken may be repeated whatever happened since. Others may leave only while nothing stops the agent,
    and for a session that is revoked or stopped, or a payment that is withheld, only those
    that give the payment up. Once there are such, the payment's own are kept back.

    :param is_stopped: everything or the agent is; :param is_revoked: the payment is not to be made, now or ever
    """
    wanted = [one for one in variants if one.kind == CANCEL] or variants
    return [
        one
        for one in reversed(wanted)
        if was_taken(one, row) or not (is_stopped or (is_revoked and one.kind != CANCEL))
    ]
