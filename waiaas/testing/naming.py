"""Naming bytes as the host names them: each with the payment that it belongs to."""

from collections.abc import Sequence

from waiaas.interfaces.chain import InFlight, Signed


def as_variants(signed: Sequence[Signed], row: str = "payment") -> tuple[InFlight, ...]:
    """Bytes of one payment, in the order they were signed: of all of them at most one lands."""
    return tuple(_named(one, row, n) for n, one in enumerate(signed, start=1))


def as_payments(signed: Sequence[Signed], variants: Sequence[Signed] = ()) -> tuple[InFlight, ...]:
    """Bytes of an account that may still land: ``variants`` of one payment, all others of one each."""
    known = {one.tx_hash: one for one in as_variants(variants)}
    return tuple(known.get(one.tx_hash) or _named(one, f"other-{at}", 1) for at, one in enumerate(signed))


def held_claims(signed: Sequence[Signed], variants: Sequence[Signed] = ()) -> frozenset[str]:
    """What payments other than that of ``variants`` hold."""
    own = {one.tx_hash for one in variants}
    return frozenset(claim for one in signed if one.tx_hash not in own for claim in one.claims)


def _named(signed: Signed, row: str, n: int) -> InFlight:
    if isinstance(signed, InFlight):
        return signed
    return InFlight(
        raw=signed.raw,
        tx_hash=signed.tx_hash,
        claims=signed.claims,
        valid_until=signed.valid_until,
        evidence=signed.evidence,
        row=row,
        kind="original" if n == 1 else "speed_up",
        n=n,
    )
