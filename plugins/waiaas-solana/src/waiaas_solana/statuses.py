"""How far signed bytes have come. Network: one request for what is seen, and now and then one to each endpoint for the rest.

Seen means that a node names a block. Bytes that the first node does not know are asked about at every endpoint from time to
time, and whatever any of them has seen counts. DEAD is for :mod:`waiaas_solana.deaths` to prove; until then they stay UNSEEN,
and count as spent.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Amount, Network, Phase, Signed, Status
from waiaas_solana.deaths import Deaths
from waiaas_solana.failures import describe
from waiaas_solana.rpc import Rpc, as_object, as_whole
from waiaas_solana.sightings import MOST_AT_ONCE, sightings_call, sightings_of
from waiaas_solana.views import View, read_view
from waiaas_solana.wire import reading_of

_FINALIZED = {"commitment": "finalized"}
_REST = 2.0
"""An endpoint that did not answer is left alone for so many times as long as that took: one that hangs holds up nobody else."""


class Statuses:
    """Of one network's endpoints. Thread-safe.

    :param clock: seconds that only pass
    """

    def __init__(self, rpc: Rpc, network: Network, deaths: Deaths, clock: Callable[[], float] = time.monotonic) -> None:
        self._rpc, self._network, self._deaths, self._clock = rpc, network, deaths, clock
        self._rests_until: dict[int, float] = {}

    def read(self, signed: Sequence[Signed]) -> list[Status]:
        """One status for each, in order: one request for 256 of them, and one or two to each endpoint if some are seen nowhere.

        :raises Unavailable: when no node answered
        :raises Malformed: when what is asked about is not ours
        """
        found: list[Status] = []
        for start in range(0, len(signed), MOST_AT_ONCE):
            found += self._read_some(signed[start : start + MOST_AT_ONCE])
        return found

    def _read_some(self, signed: Sequence[Signed]) -> list[Status]:
        answer, epoch = self._rpc.batch([sightings_call(signed), ("getEpochInfo", [_FINALIZED])])
        seen = sightings_of(answer, len(signed))
        statuses = [self._status(one, sighting) for one, sighting in zip(signed, seen, strict=True)]
        height = as_whole(as_object(epoch).get("blockHeight"))
        unseen = [index for index, status in enumerate(statuses) if status.phase is Phase.UNSEEN]
        due = [unseen[index] for index in self._deaths.due([signed[index] for index in unseen], height)]
        for index, status in zip(due, self._ask_everybody([signed[index] for index in due]), strict=True):
            statuses[index] = status
        return statuses

    def _status(self, signed: Signed, sighting: Any) -> Status:
        """Of one that cannot be read nothing is known; the others are told."""
        try:
            return self._told(signed, sighting)
        except Unavailable as problem:
            return Status(phase=Phase.UNKNOWN, reason=problem.message)

    def _told(self, signed: Signed, sighting: Any) -> Status:
        if sighting is None:
            return Status(phase=Phase.UNSEEN)
        seen = as_object(sighting)
        if "err" not in seen:
            raise Unavailable("the node's answer does not say whether the transaction succeeded")
        is_final = seen.get("confirmationStatus") == "finalized"
        return Status(
            phase=Phase.FINAL if is_final else Phase.INCLUDED,
            ok=seen["err"] is None,
            height=as_whole(seen.get("slot")),
            fee_paid=Amount(asset=self._network.native.id, units=reading_of(signed.raw).max_fee),
            reason=None if seen["err"] is None else describe(seen["err"]),
        )

    def _ask_everybody(self, signed: Sequence[Signed]) -> list[Status]:
        if not signed:
            return []
        endpoints = self._rpc.each()
        views = {number: view for number, rpc in enumerate(endpoints) if (view := self._view(number, rpc, signed))}
        # an endpoint that cannot be asked proves nothing, and takes nothing back either
        return [self._verdict(views, index, one, len(endpoints)) for index, one in enumerate(signed)]

    def _view(self, number: int, rpc: Rpc, signed: Sequence[Signed]) -> View | None:
        began = self._clock()
        if began < self._rests_until.get(number, 0.0):
            return None
        try:
            view = read_view(rpc, self._network, signed, lambda hashes: self._deaths.unmade(number, hashes))
        except Unavailable:
            now = self._clock()
            self._rests_until[number] = now + _REST * (now - began)
            return None
        self._deaths.heed(number, view)
        return view

    def _verdict(self, views: Mapping[int, View], index: int, signed: Signed, count: int) -> Status:
        seen = next((view.sightings[index] for view in views.values() if view.sightings[index] is not None), None)
        proof = self._deaths.proof(views, signed) if seen is None and len(views) == count else None
        if proof is not None:
            return Status(phase=Phase.DEAD, proof=proof)
        return self._status(signed, seen)
