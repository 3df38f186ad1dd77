"""A final sighting that does not say whether it paid decides nothing: silence is neither a payment nor a failure."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, NonceAdapter
from tests.engine.nonces import Engine, opened
from waiaas.interfaces.chain import Phase, Signed, Status


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


def test_final_bytes_that_nobody_tells_the_outcome_of_stay_submitted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin leaves ``ok`` out: the payment is not failed, its amount stays set aside, others end as ever."""
    honest = NonceAdapter._status
    silent: set[str] = set()

    def status(self: NonceAdapter, signed: Signed) -> Status:
        found = honest(self, signed)
        return replace(found, ok=None) if signed.tx_hash in silent and found.phase is Phase.FINAL else found

    monkeypatch.setattr(NonceAdapter, "_status", status)
    program = engine.session()
    first, second = engine.send(program), engine.send(program)
    silent.add(engine.variants(first)[0].tx_hash)
    engine.settle()
    assert engine.row(first).status == "SUBMITTED"
    assert engine.reserved(first) == {"amount": 5, "fee": 40}
    assert engine.row(second).status == "CONFIRMED"
    silent.clear()
    engine.look()
    assert engine.row(first).status == "CONFIRMED"
    assert engine.booked(first) == {"amount": 5, "fee": 10}
