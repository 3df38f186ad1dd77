"""Giving up stays possible: at a fee below the payment's own, after many variants, and beside the house's own orders."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, NonceAdapter
from tests.engine.nonces import Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.errors import Conflict
from waiaas.interfaces.chain import Kind


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def with_variants(engine: Engine, tx_id: str, count: int) -> None:
    """So many variants of a payment in all."""
    with engine.store.write() as unit:
        (first,) = unit.variants.of(tx_id)
        for n in range(2, count + 1):
            unit.variants.insert(replace(first, n=n, kind="speed_up", tx_hash=f"h{n}"))


def test_giving_up_may_cost_less_than_the_payment(
    engine: Engine, program: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes to oneself take less gas than a token's transfer: at the configured maximum there is room for them all the same."""
    usual = NonceAdapter._fee
    monkeypatch.setattr(
        NonceAdapter,
        "_fee",
        lambda self, request: 60 if request.resolved.intent.kind is Kind.CANCEL else usual(self, request),
    )
    tx_id = stuck(engine, program)
    engine.node.base_fee = 100
    engine.replace(program, tx_id, max_fee=100)
    with pytest.raises(Conflict, match="100"):
        engine.replace(program, tx_id)
    engine.replace(program, tx_id, "cancel")
    assert [(one.kind, one.fee_cap) for one in engine.variants(tx_id)][1:] == [("speed_up", 100), ("cancel", 60)]
    assert engine.reserved(tx_id)["fee"] == 100


def test_a_session_cannot_use_up_all_variants(engine: Engine, program: Actor) -> None:
    """Of the sixteen variants of a payment the last four are for the operator, who can always give it up."""
    tx_id = stuck(engine, program)
    with_variants(engine, tx_id, 12)
    for kind in ("speed_up", "cancel"):
        with pytest.raises(Conflict) as refused:
            engine.replace(program, tx_id, kind)
        assert refused.value.code == "LIMIT_REACHED"
    engine.replace(engine.operator, tx_id, "cancel")
    assert engine.variants(tx_id)[-1].kind == "cancel"


def test_the_end_of_the_houses_own_order_leaves_a_persons(engine: Engine, program: Actor) -> None:
    """A person asks while the house's attempt comes to nothing: the wish still waits, and is carried out."""
    engine.node.refuses = True
    tx_id = engine.send(program)
    assert program.session is not None
    engine.sessions.revoke(engine.operator, program.session.id)
    engine.node.base_fee = 60

    def meanwhile(step: str, of: str) -> None:
        if step == "before-rebuild":
            engine.on_step = lambda *_: None
            engine.transactions.cancel_onchain(engine.operator, tx_id, max_fee=90, wait=0)

    engine.on_step = meanwhile
    engine.look(20)
    assert "order" not in json.loads(engine.row(tx_id).metadata)
    assert [one.kind for one in engine.variants(tx_id)] == ["original", "cancel"]
    assert engine.details("transaction.cancel_signed")["askedBy"] == engine.operator.label


def test_a_wish_that_may_pay_more_passes_one_that_waits(engine: Engine, program: Actor) -> None:
    """A program's wish that can come to nothing does not stand in the operator's way; the operator's stays."""
    tx_id = stuck(engine, program)
    engine.transactions.cancel_onchain(program, tx_id, max_fee=11, wait=0)
    engine.transactions.cancel_onchain(engine.operator, tx_id, max_fee=50, wait=0)
    engine.transactions.cancel_onchain(program, tx_id, max_fee=60, wait=0)
    order = json.loads(engine.row(tx_id).metadata)["order"]
    assert (order["asked_by"], order["cap"]) == ("operator", "50")
    engine.work()
    assert [one.kind for one in engine.variants(tx_id)] == ["original", "cancel"]


@pytest.mark.parametrize("kind", ["speed_up", "cancel"])
@pytest.mark.parametrize("step", ["after-order", "before-rebuild", "before-resign", "after-resign"])
def test_nothing_is_signed_for_a_wish_whose_session_was_revoked(
    engine: Engine, program: Actor, kind: str, step: str
) -> None:
    """A session asks for another's payment and is revoked at any step: its wish ends, no bytes of it are stored or sent."""
    tx_id, other = stuck(engine, program), engine.session()
    handed = list(engine.node.handed)

    def meanwhile(at: str, of: str) -> None:
        if at == step:
            engine.on_step = lambda *_: None
            assert other.session is not None
            engine.sessions.revoke(engine.operator, other.session.id)

    engine.on_step = meanwhile
    engine.replace(other, tx_id, kind)
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    assert engine.node.handed == handed
    assert engine.details("transaction.replacement_refused")["code"] == "SESSION_REVOKED"


def test_bytes_of_a_revoked_wish_that_no_node_took_are_never_sent(engine: Engine, program: Actor) -> None:
    """Signed while no node took anything, then the session that asked is revoked: only what was taken before is repeated."""
    tx_id, other = stuck(engine, program), engine.session()
    (first,) = engine.variants(tx_id)
    engine.node.refuses = True
    engine.replace(other, tx_id)
    assert len(engine.variants(tx_id)) == 2
    assert other.session is not None
    engine.sessions.revoke(engine.operator, other.session.id)
    engine.node.handed.clear()
    engine.node.refuses = False
    engine.node.pool.clear()
    engine.look(20)
    assert set(engine.node.handed) == {first.tx_hash}
    engine.node.base_fee = 10
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
