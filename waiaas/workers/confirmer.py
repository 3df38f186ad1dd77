"""The confirmer, one a network: asks the chain about every SUBMITTED row, settles what is final, sends again what is lost."""

import logging
from collections.abc import Sequence

from waiaas.clock import Clock
from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.broadcast import Broadcast
from waiaas.engine.pipeline.confirm import Confirm, Sighting
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.variants import signed_of
from waiaas.errors import Malformed, Refused, Stopped, Unavailable
from waiaas.interfaces.chain import Phase, Sent, Status
from waiaas.store.records import Transaction, Variant

_log = logging.getLogger("waiaas.confirmer")
_BATCH = 256
_MOST = 100_000
_RESENDS_A_ROUND = 16
_RESEND_BLOCKS = 5
_IDLE_SECONDS = 5.0
_NODE_AWAY_SECONDS = 2.0
_SLOWEST_POLL, _FASTEST_POLL = 2.0, 0.05
_LATE_EVERY_SECONDS = 60.0
_LATE_FOR_SECONDS = 86400


class Confirmer:
    """The job for one network."""

    def __init__(self, bench: Bench, chain: str, network: str) -> None:
        self.name = f"confirm-{chain}-{network}"
        self._where = chain, network
        self._bench = bench
        self._clock: Clock = bench.clock
        self._confirm = Confirm(bench)
        self._broadcast = Broadcast(bench)
        self._sent_at: dict[str, float] = {}
        self._late_at = 0.0
        self._not_before = 0.0

    def run_once(self) -> float:
        """One round over all SUBMITTED rows, unless the last was a moment ago. Returns the time until the next."""
        if self._clock.monotonic() < self._not_before:
            return self._not_before - self._clock.monotonic()
        rows = self._rows()
        is_late_due = self._clock.monotonic() >= self._late_at
        # Also where there are none: every payment of every network wakes each confirmer, and none is final within a block.
        self._not_before = self._clock.monotonic() + self._poll_seconds()
        if not rows and not is_late_due:
            self._sent_at.clear()
            return _IDLE_SECONDS
        try:
            chain = self._bench.chains.get(*self._where)
            for start in range(0, len(rows), _BATCH):
                self._round(chain, rows[start : start + _BATCH])
            if is_late_due:
                self._look_for_late_ones(chain)
        except Stopped as problem:
            _log.error("%s has no adapter: %s", self.name, problem.message)
            return _IDLE_SECONDS
        except Unavailable as problem:
            return float(problem.retry_after or min(_NODE_AWAY_SECONDS, self._poll_seconds() * 4))
        return self._poll_seconds() if rows else _IDLE_SECONDS

    def _poll_seconds(self) -> float:
        _, network = self._bench.chains.network(*self._where)
        return max(_FASTEST_POLL, min(_SLOWEST_POLL, network.block_milliseconds / 1000))

    def _rows(self) -> Sequence[tuple[Transaction, Variant]]:
        """SUBMITTED rows with the bytes that were sent last."""
        chain, network = self._where
        with self._bench.store.read() as unit:
            rows = unit.transactions.rows_in(("SUBMITTED",), chain=chain, network=network, limit=_MOST)
            last = {variant.tx_id: variant for variant in unit.variants.unfinished(chain, network, limit=2 * _MOST)}
        return [(row, last[row.id]) for row in rows if row.id in last]

    def _round(self, chain: Chain, rows: Sequence[tuple[Transaction, Variant]]) -> None:
        sightings = self._look(chain, rows)
        self._confirm.settle(sightings)
        lost = [sighting.row for sighting in sightings if sighting.status.phase is Phase.UNSEEN]
        for row in self._due_again(lost):
            self._send_again(row)

    def _look(self, chain: Chain, rows: Sequence[tuple[Transaction, Variant]]) -> list[Sighting]:
        try:
            chain.require_right_chain()
            statuses = chain.call(chain.adapter.statuses, [signed_of(variant) for _, variant in rows])
        except (Refused, Malformed) as problem:
            _log.error("%s cannot tell about payments: %s", self.name, problem.message)
            raise Unavailable("the adapter could not tell") from None
        if not _is_answer(statuses, len(rows)):
            _log.error("%s cannot tell about payments: it gave no status for each of %d", self.name, len(rows))
            raise Unavailable("the adapter could not tell")
        return [
            Sighting(row=row, variant=variant, status=status)
            for (row, variant), status in zip(rows, statuses, strict=True)
        ]

    def _due_again(self, lost: Sequence[Transaction]) -> Sequence[Transaction]:
        now, pause = self._clock.monotonic(), _RESEND_BLOCKS * self._poll_seconds()
        due = [row for row in lost if self._sent_at.setdefault(row.id, now) + pause <= now]
        return due[:_RESENDS_A_ROUND]

    def _send_again(self, row: Transaction) -> None:
        self._sent_at[row.id] = self._clock.monotonic()
        try:
            sent = self._broadcast.send(row)
        except Unavailable:
            return  # asked again in the next round
        if sent in (Sent.ACCEPTED, Sent.KNOWN) and row.broadcast_at is None:
            self._bench.acceptances.add(row.id)

    def _look_for_late_ones(self, chain: Chain) -> None:
        """Rows that were given up with proof a while ago: should the chain have them after all, the chain is right."""
        self._late_at = self._clock.monotonic() + _LATE_EVERY_SECONDS
        since = self._clock.now() - _LATE_FOR_SECONDS
        with self._bench.store.read() as unit:
            rows = unit.transactions.given_up(chain=self._where[0], network=self._where[1], since=since, limit=_MOST)
            variants = {row.id: unit.variants.of(row.id) for row in rows}
        candidates = [(row, variants[row.id][-1]) for row in rows if variants[row.id]]
        for start in range(0, len(candidates), _BATCH):
            found = self._look(chain, candidates[start : start + _BATCH])
            self._confirm.settle([sighting for sighting in found if sighting.status.phase is Phase.FINAL])


def _is_answer(given: object, count: int) -> bool:
    """Whether a plugin's answer is what its contract says: one status for each, in order."""
    return isinstance(given, Sequence) and len(given) == count and all(isinstance(one, Status) for one in given)
