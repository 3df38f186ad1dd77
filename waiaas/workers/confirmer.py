"""The confirmer, one a network: asks the chain about every SUBMITTED row, settles what is final, sends again what is lost."""

import logging
from collections.abc import Callable, Mapping, Sequence

from waiaas.clock import Clock
from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.broadcast import Broadcast
from waiaas.engine.pipeline.confirm import Confirm, Look, Sighting, looks
from waiaas.engine.pipeline.everywhere import landed_anywhere
from waiaas.engine.pipeline.orders import waiting_order
from waiaas.engine.pipeline.overdue import tell_overdue
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.statuses import statuses_of
from waiaas.engine.pipeline.stuck import stuck
from waiaas.engine.pipeline.unpaid import agreed
from waiaas.engine.pipeline.watch import Watch
from waiaas.engine.rules.waiting import Wait
from waiaas.engine.variants import signed_of, was_taken
from waiaas.errors import Stopped, Unavailable
from waiaas.interfaces.chain import Feature, Phase
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
_SOON_SECONDS = 120
"""What is not final after so long is looked for at every endpoint."""
_FORGET_SECONDS = 600.0
"""A row that is sent again is sent again more often than that."""

Known = tuple[Transaction, Sequence[Variant]]
"""A row and all its bytes, in the order they were signed."""


class Confirmer:
    """The job for one network.

    :param wake: puts a row into its account's lane, before those that wait there
    """

    def __init__(self, bench: Bench, chain: str, network: str, wake: Callable[[Transaction], None]) -> None:
        self.name = f"confirm-{chain}-{network}"
        self._where = chain, network
        self._bench = bench
        self._clock: Clock = bench.clock
        self._confirm = Confirm(bench)
        self._broadcast = Broadcast(bench)
        self._watch = Watch(bench, chain, network)
        self._wake = wake
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
            found: dict[str, Wait] = {}
            for start in range(0, len(rows), _BATCH):
                found |= self._round(chain, rows[start : start + _BATCH])
            self._bench.waits.settle(*self._where, found, self._clock.now())
            if is_late_due:
                self._look_back(chain, rows)
        except Stopped as problem:
            _log.error("%s has no adapter: %s", self.name, problem.message)
            return _IDLE_SECONDS
        except Unavailable as problem:
            return float(problem.retry_after or min(_NODE_AWAY_SECONDS, self._poll_seconds() * 4))
        return self._poll_seconds() if rows else _IDLE_SECONDS

    def _poll_seconds(self) -> float:
        _, network = self._bench.chains.network(*self._where)
        return max(_FASTEST_POLL, min(_SLOWEST_POLL, network.block_milliseconds / 1000))

    def _rows(self) -> Sequence[Known]:
        """SUBMITTED rows with their bytes, in the order in which they were first signed: so claims in order are healed."""
        chain, network = self._where
        with self._bench.store.read() as unit:
            rows = unit.transactions.rows_in(("SUBMITTED",), chain=chain, network=network, limit=_MOST)
            variants = unit.variants.unfinished(chain, network, limit=2 * _MOST)
        by_id, found = {row.id: row for row in rows}, dict[str, list[Variant]]()
        for variant in variants:
            if variant.tx_id in by_id:
                found.setdefault(variant.tx_id, []).append(variant)
        return [(by_id[tx_id], known) for tx_id, known in found.items()]

    def _round(self, chain: Chain, rows: Sequence[Known]) -> Mapping[str, Wait]:
        """Settle what is final, care for what is lost; why each that does not land does not."""
        sightings = self._look(chain, rows)
        told, by_row = [one for one in sightings if one.status.phase is not Phase.UNKNOWN], looks(sightings)
        believed = agreed(chain, told)
        self._confirm.settle(believed)
        doubted = {one.row.id for one in told} - {one.row.id for one in believed}
        tell_overdue(self._bench, chain, by_row, doubted)
        for look in self._due_again([look for look in by_row if _needs_care(look)]):
            self._send_again(look)
        seconds, replaces = chain.network.block_milliseconds / 1000, Feature.REPLACE in chain.adapter.features
        return stuck(by_row, self._clock.now(), doubted, block_seconds=seconds, replaces=replaces)

    def _look(self, chain: Chain, rows: Sequence[Known]) -> list[Sighting]:
        asked = [(row, variant) for row, variants in rows for variant in variants]
        chain.require_right_chain()
        statuses = statuses_of(chain, chain.adapter, [signed_of(variant) for _, variant in asked])
        return [
            Sighting(row=row, variant=variant, status=status)
            for (row, variant), status in zip(asked, statuses, strict=True)
        ]

    def _due_again(self, lost: Sequence[Look]) -> Sequence[Look]:
        now, pause = self._clock.monotonic(), _RESEND_BLOCKS * self._poll_seconds()
        due = [look for look in lost if self._sent_at.setdefault(look[0].row.id, now) + pause <= now]
        return due[:_RESENDS_A_ROUND]

    def _send_again(self, look: Look) -> None:
        row = look[0].row
        self._sent_at[row.id] = self._clock.monotonic()
        if waiting_order(row) is not None:
            return self._wake(row)  # what is to come is better than what there is
        try:
            handed = self._broadcast.send(row)
        except Unavailable:
            return None  # asked again in the next round
        if handed is None:
            return self._wake(row)  # nothing of it may leave: where its claim holds others up, the lane gives it up
        if handed.was_taken and not any(was_taken(one.variant, row) for one in look if one.variant.n == handed.n):
            self._bench.acceptances.add(row.id, handed.n)
        return None

    def _look_back(self, chain: Chain, rows: Sequence[Known]) -> None:
        self._late_at = self._clock.monotonic() + _LATE_EVERY_SECONDS
        self._sent_at = {tx_id: at for tx_id, at in self._sent_at.items() if at > self._late_at - _FORGET_SECONDS}
        old = self._clock.now() - _SOON_SECONDS
        self._look_everywhere(chain, [(row, variants) for row, variants in rows if variants[0].created_at <= old])
        self._look_everywhere(chain, self._given_up())
        self._watch.look(chain)

    def _given_up(self) -> Sequence[Known]:
        """Rows that were given up with proof a while ago: should the chain have them after all, the chain is right."""
        since = self._clock.now() - _LATE_FOR_SECONDS
        with self._bench.store.read() as unit:
            rows = unit.transactions.given_up(chain=self._where[0], network=self._where[1], since=since, limit=_MOST)
            known = [(row, unit.variants.of(row.id)) for row in rows]
        return [(row, variants) for row, variants in known if variants]

    def _look_everywhere(self, chain: Chain, rows: Sequence[Known]) -> None:
        """What is final at any endpoint ends a row, where the others leave no doubt that nobody was paid."""
        for start in range(0, len(rows), _BATCH):
            found = self._look(chain, rows[start : start + _BATCH])
            self._confirm.settle(agreed(chain, landed_anywhere(chain, found)))


def _needs_care(look: Look) -> bool:
    """Whether a row has an order, or must be sent again: its newest bytes are seen nowhere, and none of them in a block."""
    phases = [sighting.status.phase for sighting in look]
    if waiting_order(look[0].row) is not None:
        return Phase.FINAL not in phases
    return phases[-1] is Phase.UNSEEN and not {Phase.INCLUDED, Phase.FINAL} & set(phases)
