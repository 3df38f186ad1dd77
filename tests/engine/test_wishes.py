"""Wishes for further bytes: who may have them, at what price, what is answered, and when a wish is over."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, RefusedByChain, StartRefused


@pytest.fixture
def node() -> Node:
    """A chain whose base fee is ten."""
    return Node()


@pytest.fixture
def engine(tmp_path: Path, node: Node) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, node) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def test_a_fee_over_the_days_limit_is_refused_and_audited(tmp_path: Path, node: Node) -> None:
    """A larger fee passes the fee limits again: over the day's limit nothing is signed, for the operator neither."""
    with opened(tmp_path, node, WAIAAS_FEES_NONCE_ONE_DAILY_LIMIT="45") as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        tx_id = stuck(engine, engine.session())
        for kind in ("speed_up", "cancel"):
            with pytest.raises(Denied, match="day's limit") as refused:
                engine.replace(engine.operator, tx_id, kind, max_fee=50)
            assert refused.value.code == "POLICY_DENIED"
        assert engine.events(tx_id)[-1] == "transaction.replacement_refused"
        told = engine.events(tx_id)
        for _ in range(50):
            with pytest.raises(Denied, match="day's limit"):
                engine.replace(engine.operator, tx_id, max_fee=50)
        assert engine.events(tx_id) == told  # the same refusal again makes no row
        assert len(engine.variants(tx_id)) == 1
        engine.replace(engine.operator, tx_id, max_fee=45)
        assert len(engine.variants(tx_id)) == 2


def test_a_tightened_policy_refuses_a_speed_up_and_not_a_cancel(engine: Engine, program: Actor) -> None:
    """The payment is judged again as policies are now; giving it up moves nothing, so only its fee is judged."""
    tx_id = stuck(engine, program)
    engine.policy("ALLOWED_ADDRESSES", addresses=["wother"])
    with pytest.raises(Denied):
        engine.replace(program, tx_id)
    with pytest.raises(Denied):
        engine.replace(engine.operator, tx_id)
    engine.replace(program, tx_id, "cancel")
    assert engine.variants(tx_id)[-1].kind == "cancel"


def test_a_session_may_not_speed_up_what_a_person_had_to_approve(tmp_path: Path, node: Node) -> None:
    """Approval was for the old fee: a session is told to ask the operator, whose own wish is the approval."""
    with opened(tmp_path, node) as engine:
        program = engine.session()
        tx_id = engine.send(program)
        with engine.store.write() as unit:
            now = engine.clock.now()
            unit.transactions.note(tx_id, expected="QUEUED", at=now, approved_at=now)
        engine.wake(engine.row(tx_id))
        engine.work()
        node.base_fee = 11
        engine.look()
        with pytest.raises(Denied, match="APPROVAL") as refused:
            engine.replace(program, tx_id)
        assert "waiaas tx speed-up" in refused.value.hint
        engine.replace(engine.operator, tx_id)
        engine.settle()
        assert engine.row(tx_id).status == "CONFIRMED"


def test_only_what_is_signed_and_not_final_can_be_replaced(engine: Engine, program: Actor) -> None:
    """A final row is a conflict, a row that is not signed is pointed to cancel, a stranger sees no row at all."""
    final = engine.send(program)
    engine.settle()
    with pytest.raises(Conflict, match="CONFIRMED"):
        engine.replace(program, final)
    engine.node.base_fee = 90
    waiting = engine.send(program)
    with pytest.raises(Conflict, match="EXECUTING") as refused:
        engine.replace(program, waiting)
    assert f"waiaas tx cancel {waiting}" in refused.value.hint
    assert program.agent is not None
    stranger = replace(program, agent=replace(program.agent, id="0199bbbb-0000-7000-8000-000000000001"))
    with pytest.raises(NotFound):
        engine.transactions.speed_up(stranger, final, wait=0)


def test_a_chain_without_replacement_says_so(tmp_path: Path, node: Node) -> None:
    """Where signed bytes cannot be replaced the wish is refused as such, with what happens there instead."""
    node.features = frozenset()
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        tx_id = stuck(engine, engine.session())
        with pytest.raises(Denied) as refused:
            engine.replace(engine.operator, tx_id)
        assert refused.value.code == "TYPE_NOT_SUPPORTED"
        assert "expire" in refused.value.hint


@pytest.mark.parametrize(
    ("more", "error"), [({"max_fee": 101}, BadRequest), ({"max_fee": 10}, Conflict), ({"max_fee": 1}, Conflict)]
)
def test_a_fee_that_cannot_be_is_refused_at_once(
    engine: Engine, program: Actor, more: dict[str, Any], error: type[Exception]
) -> None:
    """No variant may cost more than the configuration allows, or no more than the one before."""
    tx_id = stuck(engine, program)
    with pytest.raises(error):
        engine.replace(program, tx_id, **more)
    assert len(engine.variants(tx_id)) == 1


def test_the_maximum_is_the_end_of_speeding_up(engine: Engine, program: Actor) -> None:
    """By itself a variant may cost twice the last one, and never more than the configured maximum."""
    tx_id = stuck(engine, program)
    engine.node.base_fee = 100
    engine.replace(program, tx_id, max_fee=100)
    assert engine.variants(tx_id)[-1].fee_cap == 100
    with pytest.raises(Conflict, match="100"):
        engine.replace(program, tx_id)


def test_bytes_that_the_cap_does_not_allow_end_the_wish(engine: Engine, program: Actor) -> None:
    """The adapter needs more than was named: whoever waits is told, and the payment stays as it was."""
    tx_id = stuck(engine, program)
    told: list[RefusedByChain] = []

    def ask() -> None:
        with suppress(Exception):
            try:
                engine.transactions.speed_up(program, tx_id, max_fee=11, wait=20)
            except RefusedByChain as problem:
                told.append(problem)

    thread = threading.Thread(target=ask)
    asked = threading.Event()
    engine.on_step = lambda step, of: asked.set() if step == "after-order" else None
    thread.start()
    assert asked.wait(10)
    while thread.is_alive():
        engine.work()
        thread.join(0.01)
    assert [problem.details["reason"] for problem in told] == ["FEE_ABOVE_CAP"]
    assert len(engine.variants(tx_id)) == 1
    engine.replace(program, tx_id)
    assert len(engine.variants(tx_id)) == 2


def test_two_wishes_at_once_make_one_variant(engine: Engine, program: Actor) -> None:
    """A wish like one that waits already joins it; giving up passes a speed-up that waits, and not the other way round."""
    tx_id = stuck(engine, program)
    for _ in range(2):
        engine.transactions.speed_up(program, tx_id, wait=0)
    engine.transactions.cancel_onchain(engine.operator, tx_id, wait=0)
    with pytest.raises(Conflict, match="given up"):
        engine.transactions.speed_up(program, tx_id, wait=0)
    engine.work()
    assert [one.kind for one in engine.variants(tx_id)] == ["original", "cancel"]
    with pytest.raises(Conflict, match="given up"):
        engine.transactions.speed_up(engine.operator, tx_id, wait=0)


def test_a_damaged_key_file_ends_the_wish_with_its_name(engine: Engine, program: Actor) -> None:
    """No signature can be made: the order ends and says what is damaged."""
    tx_id = stuck(engine, program)
    engine.pen.problem = StartRefused("keystore/x.json is damaged", code="KEYSTORE_DAMAGED")
    engine.replace(program, tx_id)
    assert engine.details("transaction.replacement_refused")["code"] == "KEYSTORE_DAMAGED"
    assert len(engine.variants(tx_id)) == 1


def test_an_order_that_nobody_can_carry_out_ends(engine: Engine, program: Actor) -> None:
    """With the node away a wish waits; past security.execution_timeout it is over."""
    tx_id = stuck(engine, program)
    engine.node.away = True
    engine.replace(program, tx_id)
    assert json.loads(engine.row(tx_id).metadata)["order"]["code"] == ""
    engine.clock.advance(601)
    engine.node.away = False
    engine.work()
    assert engine.details("transaction.replacement_refused")["code"] == "EXECUTION_TIMEOUT"
    assert len(engine.variants(tx_id)) == 1


def test_views_show_all_bytes(engine: Engine, program: Actor) -> None:
    """A transaction's item lists its variants with kind, hash, largest fee and where each was seen last."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    shown: list[dict[str, Any]] = engine.transactions.get(program, tx_id).to_wire()["variants"]
    assert [(one["n"], one["kind"], one["feeCap"]) for one in shown] == [(1, "original", "10"), (2, "cancel", "12")]
    assert shown[0]["lastStatus"] == "pool"
    listed = engine.transactions.list(engine.operator).items[0].to_wire()
    assert listed["variants"] == shown


def test_there_is_an_end_to_variants(engine: Engine, program: Actor) -> None:
    """After sixteen variants of one payment no further one is made."""
    tx_id = stuck(engine, program)
    with engine.store.write() as unit:
        (first,) = unit.variants.of(tx_id)
        for n in range(2, 17):
            unit.variants.insert(replace(first, n=n, kind="speed_up", tx_hash=f"h{n}"))
    with pytest.raises(Conflict) as refused:
        engine.replace(engine.operator, tx_id)
    assert refused.value.code == "LIMIT_REACHED"
