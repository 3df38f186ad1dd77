"""Broadcast: the same bytes, handed to a node as often as needed. A node's refusal is an opinion and ends nothing.

Of a row's variants the newest that may leave is handed over; where a node will not have it, the ones before it: each uses the
same claim, so that at most one lands.
"""

import logging
from dataclasses import dataclass

from waiaas.engine.nodes import within
from waiaas.engine.pipeline.orders import is_withheld, revoked_variants
from waiaas.engine.pipeline.stage import DONE, Bench, Progress, later
from waiaas.engine.rules.waiting import wait_of
from waiaas.engine.stops import stop_over
from waiaas.engine.variants import may_be_sent, signed_of, was_taken
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent
from waiaas.store.records import Transaction, Variant

_log = logging.getLogger("waiaas.broadcast")
_NODE_AWAY_SECONDS = 0.5
_SEND_SECONDS = 8.0
"""For all endpoints together: less than a stop waits for whoever was let through before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """:param sent: what the node said of the last bytes that were handed over, the row's variant ``n``"""

    sent: Sent
    n: int

    @property
    def was_taken(self) -> bool:
        """Whether the node has them now."""
        return self.sent in (Sent.ACCEPTED, Sent.KNOWN)


class Broadcast:
    """Hands bytes over; as the lane sees it, until a node has taken the newest once."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def run(self, row: Transaction, newest: Variant) -> Progress:
        """Send once. Network. May be called again, also after the bytes landed."""
        if was_taken(newest, row):
            return DONE
        try:
            handed = self.send(row)
        except Unavailable as problem:
            return later(problem.retry_after or _NODE_AWAY_SECONDS, wait_of(problem))
        if handed is not None and handed.was_taken:
            self._bench.acceptances.add(row.id, handed.n)
        return DONE

    def send(self, row: Transaction) -> Handed | None:
        """Hand the bytes over, unless a stop came before any node took them (invariant 9): then None.

        :raises Unavailable: when no node could be asked
        """
        self._bench.heed_stop()
        handed: Handed | None = None
        with self._bench.gate.passing(row.agent_id), within(_SEND_SECONDS):
            for variant in self._allowed(row):
                handed = self._hand_over(row, variant)
                if handed.was_taken:
                    break
        if handed is not None:
            self._bench.observe("after-broadcast", row.id)
        return handed

    def _hand_over(self, row: Transaction, variant: Variant) -> Handed:
        chain = self._bench.chains.get(row.chain, row.network)
        chain.require_right_chain()
        self._bench.observe("before-broadcast", row.id)
        sent, reason = chain.call(chain.adapter.broadcast, signed_of(variant))
        if sent is Sent.REFUSED:
            _log.info("a node did not take variant %d of %s: %s", variant.n, row.id, reason)
        return Handed(sent=sent, n=variant.n)

    def _allowed(self, row: Transaction) -> list[Variant]:
        """The bytes that may leave, as things are now; the newest first."""
        with self._bench.store.read() as unit:
            agent = unit.agents.get(row.agent_id)
            session = unit.sessions.get(row.session_id) if row.session_id else None
            is_stopped = agent is None or stop_over(unit, agent, None) is not None
            variants = unit.variants.of(row.id)
            fresh = unit.transactions.get(row.id)
            void = frozenset[int]() if fresh is None else revoked_variants(unit, fresh)
        if agent is None or fresh is None:
            return []
        variants = [one for one in variants if one.n not in void or was_taken(one, fresh)]
        is_over = session is not None and (session.revoked_at is not None or session.stopped_at is not None)
        return may_be_sent(variants, fresh, is_stopped=is_stopped, is_revoked=is_over or is_withheld(fresh))
