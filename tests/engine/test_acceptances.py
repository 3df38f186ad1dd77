"""Acceptances: noted together, told after the commit, and never over a row that went on."""

from dataclasses import replace
from pathlib import Path

from tests.engine.test_confirm_late import AGENT, ROW
from tests.engine.test_head import Place
from waiaas.clock import SystemClock
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.acceptances import Acceptances


def test_acceptances_are_noted_for_rows_that_still_wait_for_their_end(tmp_path: Path) -> None:
    """A SUBMITTED row gets the time, a row that ended meanwhile keeps its own; both are told once it is durable."""
    place, told = Place(tmp_path), list[str]()
    with place.store.write() as unit:
        unit.agents.insert(AGENT)
        unit.transactions.insert(replace(ROW, id="waits", status="SUBMITTED", tx_hash="h1", error_code=None))
        unit.transactions.insert(
            replace(ROW, id="ended", status="CONFIRMED", tx_hash="h2", broadcast_at=1, error_code=None)
        )
    acceptances = Acceptances(place.store, Outcomes(), SystemClock(), lambda step, tx_id: told.append(tx_id))
    acceptances.add("waits", 1)
    acceptances.add("ended", 1)
    assert told == []
    assert acceptances.flush() == 2
    assert told == ["waits", "ended"]
    assert acceptances.flush() == 0
    with place.store.read() as unit:
        waits, ended = unit.transactions.get("waits"), unit.transactions.get("ended")
    assert waits is not None
    assert waits.broadcast_at is not None
    assert ended is not None
    assert (ended.broadcast_at, ended.updated_at) == (1, 1)
    place.store.close()
