"""Stuck: which signed payments do not come to an end although their nodes answer, as one look at a network shows it. Pure."""

from collections.abc import Collection, Sequence

from waiaas.engine.pipeline.confirm import Look
from waiaas.engine.pipeline.orders import waiting_order
from waiaas.engine.rules.waiting import AS_SIGNED, Wait, WaitCode, wait_for
from waiaas.engine.variants import was_taken
from waiaas.interfaces.chain import Phase

_AFTER_SECONDS, _AFTER_BLOCKS = 60, 5
"""Bytes are waited for so long before anybody is told, or so many blocks, whichever is more."""


def stuck(
    looks: Sequence[Look], now: int, doubted: Collection[str], *, block_seconds: float, replaces: bool
) -> dict[str, Wait]:
    """Why each payment that does not land does not, by its id.

    :param looks: those of one network, in the order they were signed
    :param doubted: ids of payments whose end not every endpoint tells of
    :param replaces: whether bytes can be replaced there: then a wallet's later payments wait for its earlier ones
    """
    found: dict[str, Wait] = {}
    first = dict[str, str]()
    patience = max(_AFTER_SECONDS, _AFTER_BLOCKS * block_seconds)
    for look in looks:
        row = look[0].row
        if row.status != "SUBMITTED" or waiting_order(row) is not None:
            continue
        if row.id in doubted:
            found[row.id] = wait_for(WaitCode.ENDPOINTS_DISAGREE, hint=AS_SIGNED)
        elif now - look[-1].variant.created_at >= patience and not _is_in_a_block(look):
            found[row.id] = _why(look, first.get(row.agent_id) if replaces else None, replaces=replaces)
            first.setdefault(row.agent_id, row.id)
    return found


def _is_in_a_block(look: Look) -> bool:
    return any(sighting.status.phase in (Phase.INCLUDED, Phase.FINAL) for sighting in look)


def _why(look: Look, earlier: str | None, *, replaces: bool) -> Wait:
    row = look[0].row
    if all(sighting.status.phase is Phase.UNKNOWN for sighting in look):
        words = "what the network's nodes say of its bytes cannot be read"
        return wait_for(WaitCode.NODE_FAILING, words, hint=AS_SIGNED)
    if earlier is not None:
        words = f"payment {earlier} of the same wallet was signed before it and has not landed either"
        return wait_for(WaitCode.EARLIER_PAYMENT, words, holder=earlier, hint=_mending(earlier))
    if not any(was_taken(sighting.variant, row) for sighting in look):
        return wait_for(WaitCode.NOT_TAKEN, hint=AS_SIGNED)
    return wait_for(WaitCode.NOT_LANDED, hint=_mending(row.id) if replaces else AS_SIGNED)


def _mending(tx_id: str) -> str:
    return f"`waiaas tx speed-up {tx_id}` pays the network more, `waiaas tx cancel-onchain {tx_id}` gives it up"
