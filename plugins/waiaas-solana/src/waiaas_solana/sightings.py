"""Looking for signatures: the call, and what its answer holds. Pure."""

from collections.abc import Sequence
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Signed
from waiaas_solana.rpc import Call, as_list, as_object, in_context

MOST_AT_ONCE = 256
"""Signatures that getSignatureStatuses takes in one call."""


def sightings_call(signed: Sequence[Signed]) -> Call:
    """The call that looks for signatures in the whole history."""
    return "getSignatureStatuses", [[one.tx_hash for one in signed], {"searchTransactionHistory": True}]


def sightings_of(answer: Any, count: int) -> list[Any]:
    """The sightings of an answer. :raises Unavailable: when it holds another number of them"""
    sightings = as_list(in_context(answer))
    if len(sightings) != count:
        raise Unavailable("the node answered about another number of transactions")
    return sightings


def is_settled(sighting: Any) -> bool:
    """Whether a sighting is already part of what balances at ``confirmed`` show."""
    return sighting is not None and as_object(sighting).get("confirmationStatus") in ("confirmed", "finalized")
