"""What signed bytes claim is what was decoded from them: else another payment could take the same claim."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, NonceAdapter
from tests.engine.nonces import Engine, opened, stuck
from waiaas.interfaces.chain import Account, Signed, Unsigned

OTHERS = [frozenset[str](), frozenset({"nonce:9"}), frozenset({"nonce:0", "nonce:9"})]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


def attach_claims(monkeypatch: pytest.MonkeyPatch, claims: frozenset[str]) -> None:
    """An adapter that says of signed bytes that they claim something else."""
    honest = NonceAdapter.attach

    def attach(self: NonceAdapter, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        return replace(honest(self, unsigned, account, done), claims=claims)

    monkeypatch.setattr(NonceAdapter, "attach", attach)


@pytest.mark.parametrize("claims", OTHERS)
def test_bytes_with_other_claims_than_were_decoded_are_dropped(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, claims: frozenset[str]
) -> None:
    """Fewer, others or more: the row has failed loudly, nothing is stored or sent, and nothing stays set aside."""
    attach_claims(monkeypatch, claims)
    tx_id = engine.send(engine.session())
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("FAILED", "EFFECTS_MISMATCH")
    assert engine.variants(tx_id) == []
    assert engine.node.handed == []
    assert engine.reserved(tx_id) == {}
    assert "claim" in engine.details("transaction.mismatch_refused")["reason"]


@pytest.mark.parametrize("claims", OTHERS)
def test_further_bytes_with_other_claims_than_were_decoded_are_dropped(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, claims: frozenset[str]
) -> None:
    """The order ends loudly; the payment and its first bytes stay as they are."""
    program = engine.session()
    tx_id = stuck(engine, program)
    attach_claims(monkeypatch, claims)
    engine.replace(program, tx_id)
    assert len(engine.variants(tx_id)) == 1
    assert engine.row(tx_id).status == "SUBMITTED"
    assert "claim" in engine.details("transaction.mismatch_refused")["reason"]
    assert engine.details("transaction.replacement_refused")["code"] == "EFFECTS_MISMATCH"
