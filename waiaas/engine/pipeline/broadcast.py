"""Broadcast: the same bytes, handed to a node as often as needed. A node's refusal is an opinion and ends nothing."""

import logging

from waiaas.engine.pipeline.stage import DONE, Bench, Progress, later
from waiaas.engine.variants import signed_of
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent
from waiaas.store.records import Transaction

_log = logging.getLogger("waiaas.broadcast")
_NODE_AWAY_SECONDS = 0.5


class Broadcast:
    """The stage of SUBMITTED, as the lane sees it: until a node has taken the bytes once."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def run(self, row: Transaction) -> Progress:
        """Send once. Network. May be called again, also after the bytes landed."""
        if row.broadcast_at is not None:
            return DONE
        try:
            sent = self.send(row)
        except Unavailable as problem:
            return later(problem.retry_after or _NODE_AWAY_SECONDS)
        if sent in (Sent.ACCEPTED, Sent.KNOWN):
            self.note_accepted(row)
        return DONE

    def send(self, row: Transaction) -> Sent | None:
        """Hand the bytes over, unless the agent was stopped before any node took them (invariant 9): then None.

        :raises Unavailable: when no node could be asked
        """
        with self._bench.store.read() as unit:
            agent = unit.agents.get(row.agent_id)
            variants = unit.variants.of(row.id)
        if agent is None or not variants or (agent.status != "ACTIVE" and row.broadcast_at is None):
            return None
        chain = self._bench.chains.of(agent)
        chain.require_right_chain()
        self._bench.observe("before-broadcast", row.id)
        sent, reason = chain.call(chain.adapter.broadcast, signed_of(variants[-1]))
        self._bench.observe("after-broadcast", row.id)
        if sent is Sent.REFUSED:
            _log.info("a node did not take the bytes of %s: %s", row.id, reason)
        return sent

    def note_accepted(self, row: Transaction) -> None:
        """Remember that a node took the bytes, and tell whoever waits."""
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            unit.transactions.note(row.id, at=now, broadcast_at=now)
        self._bench.observe("after-accepted", row.id)
        self._bench.outcomes.ring(row.id)
