"""Watch: looks at what was final a while ago, slowly and off the money path. What has vanished since is a deep reorganisation.

A CONFIRMED row is never opened again: the agent is suspended and a person told. One look goes over at most so many rows; where
the last one ended is remembered, so that a restart goes on there. Every endpoint is asked on its own, none may know the bytes.
Bytes that expire are gone only with proof that they can never land; of others silence counts, when it lasts for a while:
one node that lags or was restored must not stop an agent.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.statuses import statuses_of
from waiaas.engine.pipeline.suspensions import Cause
from waiaas.engine.variants import signed_of
from waiaas.interfaces.chain import ChainAdapter, Phase
from waiaas.store.records import Variant

_log = logging.getLogger("waiaas.watch")
_ROWS = 256
_FOR_SECONDS = 86400
_LONGEST_HOLD_SECONDS = 3 * 86400
"""A row may have been made so long before it became final; rows are found by the time in their ids."""
_SILENT_SECONDS = 180
_CURSOR = "watched:"
_WHY = "a payment that was final has vanished from the chain"
_NOT_MISSED = frozenset({Phase.INCLUDED, Phase.FINAL, Phase.UNKNOWN})
"""Seen in a block, or not to be told: nothing follows from an answer that cannot be read."""


class Watch:
    """Of one network. Used by one thread."""

    def __init__(self, bench: Bench, chain: str, network: str) -> None:
        self._bench = bench
        self._where = chain, network
        self._key = f"{_CURSOR}{chain}/{network}"

    def look(self, chain: Chain) -> int:
        """One look at the next rows and at those that were silent before; returns at how many. Network.

        :raises Unavailable: when an endpoint cannot be asked: nothing follows from that
        """
        mark, page, variants = self._page()
        silent: dict[str, int] = {}
        if variants:
            phases = _phases(chain, chain.adapter, variants)
            missing = [one for one in variants if phases[one.tx_id] not in _NOT_MISSED]
            silent = self._weigh(chain, missing, phases, mark.silent)
            untold = {tx_id for tx_id, phase in phases.items() if phase is Phase.UNKNOWN}
            silent |= {tx_id: since for tx_id, since in mark.silent.items() if tx_id in untold}
        # The next look begins behind the last row, or at the front again after the last page.
        following = _Mark(after=page[-1].tx_id if len(page) == _ROWS else "", silent=silent)
        if following != mark:
            with self._bench.store.write() as unit:
                unit.state.set(self._key, json.dumps(asdict(following)))
        return len(variants)

    def _page(self) -> tuple["_Mark", list[Variant], list[Variant]]:
        """Where the last look ended, the rows behind that, and those with what was silent before."""
        now = self._bench.clock.now()
        with self._bench.store.read() as unit:
            mark = _Mark(**json.loads(unit.state.get(self._key) or "{}"))
            after = max(mark.after, _least_id(now - _FOR_SECONDS - _LONGEST_HOLD_SECONDS))
            page = unit.variants.landed(*self._where, after=after, since=now - _FOR_SECONDS, limit=_ROWS)
            rows = [unit.transactions.get(tx_id) for tx_id in mark.silent]
            suspects = [one for row in rows if row for one in unit.variants.of(row.id) if one.tx_hash == row.tx_hash]
        return mark, page, list({one.tx_id: one for one in (*suspects, *page)}.values())

    def _weigh(
        self, chain: Chain, missing: Sequence[Variant], phases: Mapping[str, Phase], before: Mapping[str, int]
    ) -> dict[str, int]:
        """Since when which rows are known to no endpoint; those that are so for good are told of, and not in it any more."""
        unknown = {one.tx_id: one for one in missing}
        for witness in chain.call(chain.witnesses) if missing else ():
            seen = _phases(chain, witness, list(unknown.values())) if unknown else {}
            unknown = {tx_id: one for tx_id, one in unknown.items() if seen[tx_id] not in _NOT_MISSED}
        now = self._bench.clock.now()
        silent = {tx_id: before.get(tx_id, now) for tx_id in unknown}
        for tx_id, variant in unknown.items():
            lasts = variant.valid_until is None and now - silent[tx_id] >= _SILENT_SECONDS
            if phases[tx_id] is Phase.DEAD or lasts:
                self._alarm(variant, phases[tx_id])
                del silent[tx_id]
        return silent

    def _alarm(self, variant: Variant, phase: Phase) -> None:
        """Once: from now on these bytes are not among those that were final."""
        with self._bench.store.write() as unit:
            row = unit.transactions.get(variant.tx_id)
            if row is None:
                return
            unit.variants.note(variant.tx_id, variant.n, last_status=phase.value)
            details = {"txHash": variant.tx_hash, "reason": _WHY, "phase": phase.value}
            self._bench.transitions.tell(unit, row, "transaction.reorged", details)
            agent = unit.agents.get(row.agent_id)
            if agent is not None:
                self._bench.suspensions.suspend(unit, [agent], Cause(reason=_WHY, row=row))
        _log.critical("transaction %s was final and has vanished; its agent is suspended", variant.tx_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What is remembered between looks, also over a restart.

    :param after: the id of the row that was looked at last; empty at the front
    :param silent: rows that no endpoint knew, and since when
    """

    after: str = ""
    silent: dict[str, int] = field(default_factory=dict)


def _phases(chain: Chain, adapter: ChainAdapter, variants: Sequence[Variant]) -> Mapping[str, Phase]:
    """What one adapter sees, by transaction. :raises Unavailable: when the nodes are away"""
    statuses = statuses_of(chain, adapter, [signed_of(one) for one in variants])
    return {one.tx_id: status.phase for one, status in zip(variants, statuses, strict=True)}


def _least_id(at: int) -> str:
    """The least UUID v7 of a second. :param at: Unix seconds"""
    digits = f"{max(0, at) * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}"
