"""What was resolved without a node is resolved again at release, and read no more trustingly than a request's answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import COIN, Desk, native
from waiaas.engine.pipeline.release import Release
from waiaas.engine.stored_intent import StoredIntent, stored_intent
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Caution
from waiaas.store.records import Transaction


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An agent that may pay a hundred at once."""
    made = Desk(tmp_path)
    made.policy("SPENDING_LIMIT", instant_max="100")
    yield made
    made.close()


def taken_on_offline(desk: Desk) -> str:
    """A payment that was admitted while no node answered; there is one again now."""
    desk.script.away = Unavailable("gone")
    tx_id = str(desk.send(desk.session(), native())["id"])
    desk.script.away = None
    return tx_id


def row_of(desk: Desk, tx_id: str) -> Transaction:
    with desk.store.read() as unit:
        row = unit.transactions.get(tx_id)
    assert row is not None
    return row


def released(desk: Desk, tx_id: str) -> StoredIntent:
    """After one look of the stage."""
    Release(desk.bench).run(row_of(desk, tx_id))
    return stored_intent(row_of(desk, tx_id))


def test_foreign_words_are_cleaned_at_release_too(desk: Desk) -> None:
    """A node that came back says things that would forge lines: they are stored, judged and shown cleaned and short."""
    tx_id = taken_on_offline(desk)
    desk.script.tokens[COIN.id] = replace(COIN, symbol="CO\u202eIN" + "x" * 99, name="A\nname", native=False)
    desk.script.warnings = ("two\nlines\u200b",) * 99
    desk.script.cautions = (Caution(code="BAD\nCODE", text="more\u202e " + "y" * 999, about="asset"),)
    resolved = released(desk, tx_id).resolved
    asset = resolved.assets[-1]
    assert (asset.symbol, asset.name, asset.native) == ("COINxxxxxxxxxxxx", "A name", True)
    assert set(resolved.warnings) == {"two lines"}
    assert len(resolved.warnings) == 32
    assert resolved.cautions[0].code == "BAD CODE"
    assert len(resolved.cautions[0].text) == 256
    assert "\u202e" not in json.dumps(row_of(desk, tx_id).decision, ensure_ascii=False)


def test_an_asset_that_is_not_described_at_release_waits(desk: Desk) -> None:
    """A plugin that forgets what is to be moved is at fault: the payment stays as it was taken on, and nothing is released."""
    tx_id = taken_on_offline(desk)
    desk.script.forgets_asset = True
    assert released(desk, tx_id).is_offline
    assert row_of(desk, tx_id).status == "PENDING"
    desk.script.forgets_asset = False
    assert not released(desk, tx_id).is_offline
    assert row_of(desk, tx_id).status == "EXECUTING"
