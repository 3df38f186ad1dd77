"""The stage of SUBMITTED, as the lane sees it: an order for further bytes is carried out, else the newest bytes are sent."""

from waiaas.engine.pipeline.broadcast import Broadcast
from waiaas.engine.pipeline.orders import Order, order_of, waiting_order
from waiaas.engine.pipeline.replace import Replace, automatic_cancel
from waiaas.engine.pipeline.stage import DONE, Bench, Progress
from waiaas.engine.pipeline.standing import Standing, standing_of, usual_cap
from waiaas.engine.stored_intent import stored_intent
from waiaas.engine.variants import was_taken
from waiaas.interfaces.chain import Feature
from waiaas.store.records import Transaction

_REFUSED_PAUSE_SECONDS = 60
"""After an automatic cancel came to nothing (fees over the day's limit, say) the house tries again no sooner."""


class Submitted:
    """Acts on a row whose bytes exist."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._broadcast = Broadcast(bench)
        self._replace = Replace(bench)

    def run(self, row: Transaction) -> Progress:
        """One step. May be called again."""
        with self._bench.store.read() as unit:
            standing = standing_of(unit, row)
        if standing is None:
            return DONE
        order = waiting_order(standing.row) or self._automatic(standing)
        if order is not None:
            return self._replace.run(standing.row, order)
        return self._broadcast.run(standing.row, standing.variants[-1])

    def _automatic(self, standing: Standing) -> Order | None:
        """A revoked session's bytes that no node took are never sent; where claims come in order, others wait behind them."""
        row = standing.row
        if not standing.is_revoked or standing.is_given_up:
            return None
        if any(was_taken(one, row) for one in standing.variants):
            return None
        chain, now = self._bench.chains.of(standing.agent), self._bench.clock.now()
        last = order_of(row)
        is_too_soon = last is not None and last.asked_by == "system" and now < last.at + _REFUSED_PAUSE_SECONDS
        if Feature.REPLACE not in chain.adapter.features or is_too_soon:
            return None
        is_too_little = last is not None and last.code == "FEE_ABOVE_CAP"
        usual = usual_cap(standing, stored_intent(row), chain.fees.max)
        return automatic_cancel(chain.fees.max if is_too_little else usual, now)
