"""The timekeeper: what is due goes to its lane, what is too old expires, what was counted gets written."""

from collections.abc import Callable, Sequence

from waiaas.engine.failures import CredentialFailures
from waiaas.engine.pipeline.ending import end_unsigned, end_unsigned_within, expired, timed_out
from waiaas.engine.pipeline.holds import SUBJECT
from waiaas.engine.pipeline.stage import Bench, deadline
from waiaas.store.records import Transaction

_BATCH = 500
_TICK_SECONDS = 1.0
_NUDGE_SECONDS = 5
_MOST_HELD = 100_000


class Timekeeper:
    """The job. :param wake: puts a row into its account's lane"""

    name = "timekeeper"

    def __init__(self, bench: Bench, failures: CredentialFailures, wake: Callable[[Transaction], None]) -> None:
        self._bench = bench
        self._failures = failures
        self._wake = wake
        self._nudge_at = 0.0

    def run_once(self) -> float:
        """Everything that the clock asks for now."""
        now = self._bench.clock.now()
        self._release_due(now)
        self._expire_approvals(now)
        self._expire_rows(now)
        self._nudge(now)
        self._failures.flush()
        with self._bench.store.read() as unit:
            due_at = unit.transactions.next_due()
        return _TICK_SECONDS if due_at is None or due_at > now else _TICK_SECONDS / 2

    def _release_due(self, now: int) -> None:
        with self._bench.store.read() as unit:
            rows = [unit.transactions.get(tx_id) for tx_id in unit.transactions.due(now, _BATCH)]
        for row in rows:
            if row is None:
                continue
            if now >= deadline(row, self._bench.settings.security.execution_timeout):
                end_unsigned(
                    self._bench, row, expired("EXECUTION_TIMEOUT", "its hour came while nothing could be paid")
                )
            else:
                self._wake(row)

    def _expire_approvals(self, now: int) -> None:
        with self._bench.store.read() as unit:
            overdue = unit.approvals.expired(now, _BATCH)
        for approval in overdue:
            with self._bench.store.write() as unit:
                row = unit.transactions.get(approval.subject_id) if approval.subject_type == SUBJECT else None
                still_open = unit.approvals.open_of(approval.subject_type, approval.subject_id)
                if still_open is None or still_open.id != approval.id:
                    continue
                if row is None or row.status != "QUEUED":
                    unit.approvals.settle(approval.id, rejected_at=now)
                    continue
                ending = expired("APPROVAL_TIMEOUT", "nobody approved it in time")
                end_unsigned_within(self._bench, unit, row, ending)
            self._bench.outcomes.ring(approval.subject_id)

    def _expire_rows(self, now: int) -> None:
        timeout = self._bench.settings.security.execution_timeout
        with self._bench.store.read() as unit:
            rows = unit.transactions.older_than(("PENDING", "EXECUTING"), now - timeout, _BATCH)
        self._end_overdue(rows, timeout, now)

    def _expire_approved(self, now: int) -> None:
        """Approved rows that could not go on, among all that are held; those that still wait for a person are left alone."""
        timeout = self._bench.settings.security.execution_timeout
        with self._bench.store.read() as unit:
            held = unit.transactions.older_than(("QUEUED",), now - timeout, _MOST_HELD)
        self._end_overdue([row for row in held if row.approved_at is not None], timeout, now)

    def _end_overdue(self, rows: Sequence[Transaction], timeout: int, now: int) -> None:
        for row in rows:
            if now >= deadline(row, timeout):
                end_unsigned(self._bench, row, timed_out(row))

    def _nudge(self, now: int) -> None:
        """Rows that should be in a lane are put into it again now and then: a lane takes each only once."""
        if self._bench.clock.monotonic() < self._nudge_at:
            return
        self._nudge_at = self._bench.clock.monotonic() + _NUDGE_SECONDS
        self._expire_approved(now)
        with self._bench.store.read() as unit:
            for row in unit.transactions.older_than(("PENDING", "EXECUTING"), now - _NUDGE_SECONDS, _BATCH):
                self._wake(row)
