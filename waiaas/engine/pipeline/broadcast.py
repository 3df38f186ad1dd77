"""Broadcast: the same bytes, handed to a node as often as needed. A node's refusal is an opinion and ends nothing."""

import logging

from waiaas.engine.nodes import within
from waiaas.engine.pipeline.stage import DONE, Bench, Progress, later
from waiaas.engine.variants import signed_of
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent, Signed
from waiaas.store.records import Transaction

_log = logging.getLogger("waiaas.broadcast")
_NODE_AWAY_SECONDS = 0.5
_SEND_SECONDS = 8.0
"""For all endpoints together: less than a stop waits for whoever was let through before it."""


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
            self._bench.acceptances.add(row.id)
        return DONE

    def send(self, row: Transaction) -> Sent | None:
        """Hand the bytes over, unless a stop came before any node took them (invariant 9): then None.

        :raises Unavailable: when no node could be asked
        """
        with self._bench.gate.passing(row.agent_id), within(_SEND_SECONDS):
            signed = self._allowed(row)
            if signed is None:
                return None
            chain = self._bench.chains.get(row.chain, row.network)
            chain.require_right_chain()
            self._bench.observe("before-broadcast", row.id)
            sent, reason = chain.call(chain.adapter.broadcast, signed)
        self._bench.observe("after-broadcast", row.id)
        if sent is Sent.REFUSED:
            _log.info("a node did not take the bytes of %s: %s", row.id, reason)
        return sent

    def _allowed(self, row: Transaction) -> Signed | None:
        """The bytes, unless they must not leave: nobody took them yet, and the agent was stopped or its session revoked."""
        with self._bench.store.read() as unit:
            agent = unit.agents.get(row.agent_id)
            session = unit.sessions.get(row.session_id) if row.session_id else None
            variants = unit.variants.of(row.id)
            fresh = unit.transactions.get(row.id)
        if agent is None or fresh is None or not variants:
            return None
        is_stopped = agent.status != "ACTIVE" or (session is not None and session.revoked_at is not None)
        if is_stopped and fresh.broadcast_at is None:
            return None
        return signed_of(variants[-1])
