"""Everywhere: what any endpoint has in a final block, of payments that the one that is asked first has nothing of.

That one endpoint does not know a payment says nothing about it. What was given up, and what is SUBMITTED for minutes, is looked
for at all of them, now and then and off the money path: an endpoint that hides a payment hides it from nobody else.
"""

from collections.abc import Sequence
from dataclasses import replace

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.confirm import Sighting
from waiaas.engine.pipeline.unpaid import hear
from waiaas.interfaces.chain import Phase, Status


def landed_anywhere(chain: Chain, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Those that are final somewhere, as paid wherever anybody says so. Network, one question to each endpoint at most.

    :param sightings: what the endpoint that is asked first says
    """
    asked = [one for one in sightings if not _is_paid(one.status)]
    witnesses = chain.call(chain.witnesses) if asked else ()
    told = [hear(chain, witness, asked) for witness in witnesses] if len(witnesses) > 1 else []
    best = {id(one): _best([one.status, *(said[index] for said in told)]) for index, one in enumerate(asked)}
    found = [replace(one, status=best.get(id(one), one.status)) for one in sightings]
    return [one for one in found if one.status.phase is Phase.FINAL]


def _best(said: Sequence[Status | None]) -> Status:
    """The first that tells of a payment, then the first that tells of any end, then the first."""
    known = [status for status in said if status is not None]
    final = [status for status in known if status.phase is Phase.FINAL]
    return next(filter(_is_paid, final), next(iter(final), known[0]))


def _is_paid(status: Status) -> bool:
    return status.phase is Phase.FINAL and status.ok is True
