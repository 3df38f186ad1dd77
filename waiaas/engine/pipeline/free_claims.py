"""Free claims: bytes are made anew while they name a claim that another payment of the account holds.

An adapter is told what is held. A node that lags behind may show it an output that landed bytes used a moment ago, all the
same; it is told of that one too, and asked again. Bytes that still name a held claim are not signed: the payment waits.
"""

from collections.abc import Callable

from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.text import shown
from waiaas.errors import NotYet
from waiaas.interfaces.chain import Decoded, Unsigned
from waiaas.store.records import Transaction

CLAIM_HELD = "CLAIM_HELD"
_TRIES = 3
Made = tuple[Unsigned, Decoded]


def made_with_free_claims(
    bench: Bench, row: Transaction, held: frozenset[str], make: Callable[[frozenset[str]], Made | None]
) -> Made | None:
    """Bytes whose claims nobody else holds; None where ``make`` gave none. Network, through ``make``.

    :param held: claims that other payments of the account hold, as far as is known
    :param make: builds and checks bytes that name none of the claims it is told; may be called again
    :raises NotYet: with code CLAIM_HELD, when the bytes name a claim of another payment each time
    """
    taken = dict[str, str]()
    for _ in range(_TRIES):
        made = make(held)
        if made is None:
            return None
        taken = _taken(bench, row, made[1].claims)
        if not taken:
            return made
        held = held | frozenset(taken)
    claim, holder = sorted(taken.items())[0]
    raise NotYet(
        f"the chain's plugin built bytes with {shown(claim)}, which payment {holder} holds",
        code=CLAIM_HELD,
        details={"claim": shown(claim), "holder": holder},
    )


def _taken(bench: Bench, row: Transaction, claims: frozenset[str]) -> dict[str, str]:
    """The payments that hold some of ``claims``, by claim."""
    with bench.store.read() as unit:
        holders = {claim: unit.claims.holder(row.agent_id, claim) for claim in claims}
    return {claim: holder for claim, holder in holders.items() if holder is not None and holder != row.id}
