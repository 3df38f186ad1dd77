"""Dead ends: why signed bytes can never land, as the row's error. They expired, or others used what they would have used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from waiaas.engine.rules.text import shown
from waiaas.engine.variants import signed_of
from waiaas.interfaces.chain import Status
from waiaas.store.records import Variant

EXPIRED, USED_ELSEWHERE = "EXPIRED_ON_CHAIN", "CLAIM_USED_ELSEWHERE"


class Seen(Protocol):
    """One variant of a row's bytes, and what the chain says of it."""

    @property
    def variant(self) -> Variant: ...

    @property
    def status(self) -> Status: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEnd:
    """:param code: the row's error code; :param why: for people; :param proof: the adapter's words, cleaned, with heights"""

    code: str
    why: str
    proof: str | None


def dead_end(look: Sequence[Seen]) -> DeadEnd:
    """Pure. What became of a row all of whose bytes are dead.

    A claim is told of as used where the adapter says so, and where the bytes cannot have expired because they never do.
    """
    proofs = "; ".join(dict.fromkeys(shown(one.status.proof) for one in look if one.status.proof)) or None
    used = next((claim for one in look if (claim := used_claim(one)) is not None), None)
    if used is None:
        why = "the network did not take it before it expired; nothing was paid"
        return DeadEnd(code=EXPIRED, why=why, proof=proofs)
    why = f"{used} of the wallet was used by another transaction first; nothing was paid"
    return DeadEnd(code=USED_ELSEWHERE, why=why, proof=proofs)


def used_claim(one: Seen) -> str | None:
    """Pure. The claim that others used, in words; None where the bytes expired."""
    claims = signed_of(one.variant).claims
    if one.status.used is not None and one.status.used in claims:
        return shown(one.status.used)
    if one.status.used is None and (one.variant.valid_until is not None or not claims):
        return None
    return shown(next(iter(claims))) if len(claims) == 1 else "what it would have spent"
