"""Watch: looks at what was final a while ago, slowly and off the money path. What has vanished since is a deep reorganisation.

A CONFIRMED row is never opened again: the agent is suspended and a person told. One look goes over at most so many rows; where
the last one ended is remembered, so that a restart goes on there. Every endpoint is asked on its own, none may know the bytes.
Bytes that expire are gone only with proof that they can never land; of others silence counts, when it lasts for several looks:
one node that lags or was restored must not stop an agent.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.variants import signed_of
from waiaas.errors import Malformed, Refused, Unavailable
from waiaas.interfaces.chain import ChainAdapter, Phase
from waiaas.store.records import Variant

_log = logging.getLogger("waiaas.watch")
_ROWS = 256
_FOR_SECONDS = 86400
_LONGEST_HOLD_SECONDS = 3 * 86400
"""A row may have been made so long before it became final; rows are found by the time in their ids."""
_SILENT_LOOKS = 3
_CURSOR = "watched:"
_DRAIN_SECONDS = 10.0
_WHY = "a payment that was final has vanished from the chain"
_THERE = frozenset({Phase.INCLUDED, Phase.FINAL})


class Watch:
    """Of one network. Used by one thread."""

    def __init__(self, bench: Bench, chain: str, network: str) -> None:
        self._bench = bench
        self._where = chain, network
        self._key = f"{_CURSOR}{chain}/{network}"
        self._suspects: dict[str, Variant] = {}
        self._silent: Counter[str] = Counter()

    def look(self, chain: Chain) -> int:
        """One look at the next rows and at those that were silent before; returns at how many. Network.

        :raises Unavailable: when an endpoint cannot be asked: nothing follows from that
        """
        cursor, page = self._page()
        variants = list({one.tx_id: one for one in (*self._suspects.values(), *page)}.values())
        if variants:
            phases = _phases(chain, chain.adapter, variants)
            missing = [one for one in variants if phases[one.tx_id] not in _THERE]
            self._weigh(chain, missing, phases)
        self._remember(cursor, page)
        return len(variants)

    def _page(self) -> tuple[str, list[Variant]]:
        now = self._bench.clock.now()
        with self._bench.store.read() as unit:
            cursor = unit.state.get(self._key) or ""
            after = max(cursor, _least_id(now - _FOR_SECONDS - _LONGEST_HOLD_SECONDS))
            return cursor, unit.variants.landed(*self._where, after=after, since=now - _FOR_SECONDS, limit=_ROWS)

    def _remember(self, cursor: str, page: Sequence[Variant]) -> None:
        """Where the next look begins: behind the last row, or at the front again after the last page."""
        following = page[-1].tx_id if len(page) == _ROWS else ""
        if following != cursor:
            with self._bench.store.write() as unit:
                unit.state.set(self._key, following)

    def _weigh(self, chain: Chain, missing: Sequence[Variant], phases: Mapping[str, Phase]) -> None:
        unknown = {one.tx_id: one for one in missing}
        for witness in chain.call(chain.witnesses) if missing else ():
            seen = _phases(chain, witness, list(unknown.values())) if unknown else {}
            unknown = {tx_id: one for tx_id, one in unknown.items() if seen[tx_id] not in _THERE}
        self._silent = Counter({tx_id: self._silent[tx_id] + 1 for tx_id in unknown})
        self._suspects = unknown
        for tx_id, variant in list(unknown.items()):
            phase = phases[tx_id]
            lasts = variant.valid_until is None and self._silent[tx_id] >= _SILENT_LOOKS
            if phase is Phase.DEAD or lasts:
                self._alarm(variant, phase)
                del self._suspects[tx_id], self._silent[tx_id]

    def _alarm(self, variant: Variant, phase: Phase) -> None:
        """Once: from now on these bytes are not among those that were final."""
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            row = unit.transactions.get(variant.tx_id)
            if row is None:
                return
            unit.variants.note(variant.tx_id, variant.n, last_status=phase.value)
            details = {"txHash": variant.tx_hash, "reason": _WHY, "phase": phase.value}
            self._bench.transitions.tell(unit, row, "transaction.reorged", details)
            if unit.agents.set_status(row.agent_id, expected="ACTIVE", status="SUSPENDED", at=now, reason=_WHY):
                self._bench.transitions.tell(unit, row, "agent.suspended", {"reason": _WHY})
        _log.critical("transaction %s was final and has vanished; its agent is suspended", variant.tx_id)
        self._bench.gate.drain(row.agent_id, _DRAIN_SECONDS)


def _phases(chain: Chain, adapter: ChainAdapter, variants: Sequence[Variant]) -> Mapping[str, Phase]:
    """What one adapter sees, by transaction. :raises Unavailable: also when it cannot tell"""
    try:
        statuses = chain.call(adapter.statuses, [signed_of(one) for one in variants])
    except (Refused, Malformed):
        raise Unavailable("the adapter could not tell") from None
    if len(statuses) != len(variants):
        raise Unavailable("the adapter could not tell")
    return {one.tx_id: status.phase for one, status in zip(variants, statuses, strict=True)}


def _least_id(at: int) -> str:
    """The least UUID v7 of a second. :param at: Unix seconds"""
    digits = f"{max(0, at) * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}"
