"""The runner: the status column is the program counter. It looks up the stage for the row's status and runs it, once."""

from collections.abc import Mapping
from typing import Protocol

from waiaas.engine.pipeline.release import Release
from waiaas.engine.pipeline.sign import Sign
from waiaas.engine.pipeline.stage import DONE, Bench, Go, Progress, later
from waiaas.engine.pipeline.submitted import Submitted
from waiaas.engine.rules.waiting import WaitCode, wait_for, wait_of
from waiaas.errors import NotReady, WaiaasError
from waiaas.store.records import Transaction

_STORE_AWAY_SECONDS = 1.0
_FAULT_SECONDS = 5.0


class Stage(Protocol):
    """Moves a row by at most one transition."""

    def run(self, row: Transaction) -> Progress:
        """Act on the row as it was read; a row that moved meanwhile loses the compare-and-set."""


class Runner:
    """Advances rows. Thread-safe; the lanes see to it that one account's rows come one after another."""

    def __init__(self, bench: Bench) -> None:
        self._store, self._waits, self._clock = bench.store, bench.waits, bench.clock
        release = Release(bench)
        self._stages: Mapping[str, Stage] = {
            "PENDING": release,
            "QUEUED": release,
            "EXECUTING": Sign(bench),
            "SUBMITTED": Submitted(bench),
        }

    def advance(self, tx_id: str) -> Progress:
        """Read the row and run its stage. May be called again at any time, in any process that holds the data directory.

        :raises Exception: what a stage did not expect, the first time; from then on the row is looked at again in silence
        """
        with self._store.read() as unit:
            row = unit.transactions.get(tx_id)
        stage = self._stages.get(row.status) if row is not None else None
        if row is None or stage is None:
            self._waits.clear(tx_id)
            return DONE
        progress = self._run(stage, row)
        if progress.go is not Go.LATER:
            self._waits.clear(tx_id)
        elif progress.wait is not None:
            self._waits.hold(row, progress.wait, self._clock.now())
        return progress

    def _run(self, stage: Stage, row: Transaction) -> Progress:
        """What a stage did not expect keeps the row where it is; the lane is told of it once, and logs it."""
        try:
            return stage.run(row)
        except NotReady as problem:
            return later(_STORE_AWAY_SECONDS, wait_of(problem))
        except Exception as problem:
            wait = wait_of(problem) if isinstance(problem, WaiaasError) else wait_for(WaitCode.FAILED_UNEXPECTEDLY)
            if self._waits.hold(row, wait, self._clock.now()):
                raise
            return later(_FAULT_SECONDS)
