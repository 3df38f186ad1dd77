"""The runner: the status column is the program counter. It looks up the stage for the row's status and runs it, once."""

from collections.abc import Mapping
from typing import Protocol

from waiaas.engine.pipeline.release import Release
from waiaas.engine.pipeline.sign import Sign
from waiaas.engine.pipeline.stage import DONE, Bench, Progress
from waiaas.engine.pipeline.submitted import Submitted
from waiaas.store.records import Transaction


class Stage(Protocol):
    """Moves a row by at most one transition."""

    def run(self, row: Transaction) -> Progress:
        """Act on the row as it was read; a row that moved meanwhile loses the compare-and-set."""


class Runner:
    """Advances rows. Thread-safe; the lanes see to it that one account's rows come one after another."""

    def __init__(self, bench: Bench) -> None:
        self._store = bench.store
        release = Release(bench)
        self._stages: Mapping[str, Stage] = {
            "PENDING": release,
            "QUEUED": release,
            "EXECUTING": Sign(bench),
            "SUBMITTED": Submitted(bench),
        }

    def advance(self, tx_id: str) -> Progress:
        """Read the row and run its stage. May be called again at any time, in any process that holds the data directory.

        :raises NotReady: when the database cannot be written just now
        """
        with self._store.read() as unit:
            row = unit.transactions.get(tx_id)
        stage = self._stages.get(row.status) if row is not None else None
        return DONE if row is None or stage is None else stage.run(row)
