"""Further variants: a signed payment is sped up or given up, at most one of its bytes lands, its fee is always set aside."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, nonces, paid
from tests.engine.nonces import Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.errors import Conflict, Stopped
from waiaas.interfaces.chain import Phase


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


def test_a_payment_that_is_sped_up_lands_once_with_the_hash_that_landed(engine: Engine, program: Actor) -> None:
    """The dearer bytes use the same nonce; the row is CONFIRMED with their hash, and what they cost is booked."""
    tx_id = stuck(engine, program)
    assert engine.replace(program, tx_id).http_status == 202
    first, second = engine.variants(tx_id)
    assert (second.n, second.kind, first.claims) == (2, "speed_up", second.claims)
    assert second.fee_cap > first.fee_cap
    assert engine.row(tx_id).tx_hash == second.tx_hash
    engine.settle()
    row = engine.row(tx_id)
    assert (row.status, row.tx_hash) == ("CONFIRMED", second.tx_hash)
    assert paid(engine.node) == [("wyou", 5)]
    assert engine.booked(tx_id) == {"amount": 5, "fee": 11}
    assert engine.reserved(tx_id) == {}
    assert engine.variants(tx_id)[1].chain_tx_id == "seen"


def test_the_first_bytes_may_still_be_the_ones_that_land(engine: Engine, program: Actor) -> None:
    """Sped up, and the first bytes are mined after all: the row is CONFIRMED with their hash."""
    tx_id = stuck(engine, program)
    engine.node.refuses = True
    engine.replace(program, tx_id)
    engine.node.base_fee = 10
    engine.settle()
    row = engine.row(tx_id)
    assert (row.status, row.tx_hash) == ("CONFIRMED", engine.variants(tx_id)[0].tx_hash)
    assert paid(engine.node) == [("wyou", 5)]


def test_a_payment_given_up_on_chain_is_cancelled_and_costs_its_fee(engine: Engine, program: Actor) -> None:
    """Bytes to oneself take the nonce: the row is CANCELLED, nothing was paid, the fee is booked, the rest is released."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    engine.settle()
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("CANCELLED", "CANCELLED_ON_CHAIN")
    assert row.tx_hash == engine.variants(tx_id)[1].tx_hash
    assert paid(engine.node) == []
    assert engine.booked(tx_id) == {"fee": 11}
    assert engine.reserved(tx_id) == {}
    assert engine.events(tx_id)[-3:] == [
        "transaction.replacement_asked",
        "transaction.cancel_signed",
        "transaction.cancelled",
    ]


def test_a_payment_that_lands_although_it_was_given_up_is_confirmed(engine: Engine, program: Actor) -> None:
    """Whichever lands is the truth: the payment's own bytes were first."""
    tx_id = stuck(engine, program)
    engine.node.refuses = True
    engine.replace(program, tx_id, "cancel")
    engine.node.base_fee = 10
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert engine.booked(tx_id) == {"amount": 5, "fee": 10}


def test_what_is_given_up_is_not_sent_again_itself(engine: Engine, program: Actor) -> None:
    """Once there are bytes that give a payment up, only those are sent again."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    engine.node.pool.clear()
    engine.node.handed.clear()
    engine.node.refuses = True
    engine.look(3)
    assert set(engine.node.handed) == {engine.variants(tx_id)[1].tx_hash}


def test_where_the_newest_bytes_are_not_taken_the_ones_before_them_are_sent(engine: Engine, program: Actor) -> None:
    """Bytes lost from the pool are sent again, the newest first and the older ones where it is refused."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id)
    first, second = (one.tx_hash for one in engine.variants(tx_id))
    engine.node.pool.clear()
    engine.node.handed.clear()
    engine.node.refuses = True
    engine.look(2)
    assert engine.node.handed[:2] == [second, first]
    engine.node.refuses = False
    engine.look(2)
    assert list(engine.node.pool) == [second]


def test_a_row_is_dead_only_when_all_its_bytes_are(engine: Engine, program: Actor) -> None:
    """While one variant may land the row waits; when none can any more it is FAILED and everything is released."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id)
    first, second = engine.variants(tx_id)
    engine.node.lies = {first.tx_hash: Phase.DEAD}
    engine.look(2)
    assert engine.row(tx_id).status == "SUBMITTED"
    assert engine.reserved(tx_id) == {"amount": 5, "fee": 40}
    engine.node.lies[second.tx_hash] = Phase.DEAD
    engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("FAILED", "CLAIM_USED_ELSEWHERE")
    assert engine.reserved(tx_id) == {}


def test_a_dead_answer_that_does_not_speak_of_all_bytes_ends_nothing(engine: Engine, program: Actor) -> None:
    """Bytes that were signed while the chain was asked keep the row alive."""
    tx_id = stuck(engine, program)
    engine.node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.DEAD}

    def meanwhile(step: str, of: str) -> None:
        if step == "before-settle":
            engine.on_step = lambda *_: None
            engine.replace(program, tx_id)

    engine.on_step = meanwhile
    engine.look()
    assert engine.row(tx_id).status == "SUBMITTED"
    assert len(engine.variants(tx_id)) == 2


def test_a_variant_that_lands_after_its_row_was_given_up_is_found(engine: Engine, program: Actor) -> None:
    """Of a FAILED row all bytes are looked for: the one that landed after all makes it CONFIRMED with its hash."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id)
    first, second = engine.variants(tx_id)
    engine.node.lies = {first.tx_hash: Phase.DEAD, second.tx_hash: Phase.DEAD}
    engine.look()
    engine.node.lies = {first.tx_hash: Phase.FINAL, second.tx_hash: Phase.DEAD}
    engine.clock.advance(100)
    engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).tx_hash) == ("CONFIRMED", first.tx_hash)
    assert engine.booked(tx_id)["amount"] == 5


def test_a_cancel_that_lands_after_its_row_was_given_up_costs_its_fee_once(engine: Engine, program: Actor) -> None:
    """A FAILED row stays FAILED, says that it was cancelled on chain, and its fee is booked once."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    first, second = engine.variants(tx_id)
    engine.node.lies = {first.tx_hash: Phase.DEAD, second.tx_hash: Phase.DEAD}
    engine.look()
    engine.node.lies = {first.tx_hash: Phase.DEAD, second.tx_hash: Phase.FINAL}
    for _ in range(2):
        engine.clock.advance(100)
        engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("FAILED", "CANCELLED_ON_CHAIN")
    assert engine.booked(tx_id) == {"fee": 11}


def test_the_fee_that_is_set_aside_grows_with_the_bytes(engine: Engine, program: Actor) -> None:
    """Whatever a further variant may take is reserved in the commit that stores it, and never less than before."""
    tx_id = stuck(engine, program)
    assert engine.reserved(tx_id) == {"amount": 5, "fee": 40}
    engine.node.base_fee = 60
    engine.replace(program, tx_id, max_fee=70)
    assert engine.variants(tx_id)[-1].fee_cap == 60
    assert engine.reserved(tx_id) == {"amount": 5, "fee": 60}
    assert engine.details("transaction.sped_up")["maxFee"] == "60"


def test_bytes_that_share_no_claim_are_never_signed(engine: Engine, program: Actor) -> None:
    """An adapter that builds a further variant with another nonce: nothing is signed, and a person hears of it."""
    tx_id = stuck(engine, program)
    signed = len(engine.pen.signed)
    engine.node.next_nonce = 7
    engine.replace(program, tx_id)
    assert len(engine.pen.signed) == signed
    assert len(engine.variants(tx_id)) == 1
    assert "could land beside variant 1" in engine.details("transaction.mismatch_refused")["reason"]
    assert engine.row(tx_id).status == "SUBMITTED"


@pytest.mark.parametrize("kind", ["speed_up", "cancel"])
def test_bytes_that_pay_somebody_else_are_never_signed(engine: Engine, program: Actor, kind: str) -> None:
    """A further variant has the very effects that were judged; one that gives up has none."""
    tx_id = stuck(engine, program)
    signed = len(engine.pen.signed)
    engine.node.steals = True
    engine.replace(program, tx_id, kind)
    assert len(engine.pen.signed) == signed
    assert "transaction.mismatch_refused" in engine.events(tx_id)


def test_a_policy_tightened_after_the_wish_ends_it(engine: Engine, program: Actor) -> None:
    """Between the wish and the signature the stricter wins: the order ends without bytes and says why."""
    tx_id = stuck(engine, program)
    engine.transactions.speed_up(program, tx_id, wait=0)
    engine.policy("ALLOWED_ADDRESSES", addresses=["wother"])
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    assert engine.details("transaction.replacement_refused")["code"] == "POLICY_DENIED"


@pytest.mark.parametrize("step", ["before-rebuild", "before-resign", "after-resign"])
def test_a_policy_tightened_while_bytes_are_made_wins_over_them(engine: Engine, program: Actor, step: str) -> None:
    """Whatever was signed under the older policies is dropped: nothing is stored, sent or reserved for it."""
    tx_id = stuck(engine, program)
    handed = list(engine.node.handed)

    def meanwhile(at: str, of: str) -> None:
        if at == step:
            engine.on_step = lambda *_: None
            engine.policy("ALLOWED_ADDRESSES", addresses=["wother"])

    engine.on_step = meanwhile
    engine.replace(program, tx_id)
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    assert engine.node.handed == handed
    assert engine.reserved(tx_id)["fee"] == 40


def test_bytes_never_come_beside_a_variant_they_were_not_compared_with(engine: Engine, program: Actor) -> None:
    """A variant that appears while another is built sends that one back to its beginning."""
    tx_id = stuck(engine, program)
    (first,) = engine.variants(tx_id)

    def meanwhile(at: str, of: str) -> None:
        if at == "before-resign":
            engine.on_step = lambda *_: None
            with engine.store.write() as unit:
                unit.variants.insert(replace(first, n=2, kind="speed_up", tx_hash="h2", fee_cap=20))

    engine.on_step = meanwhile
    engine.replace(program, tx_id)
    assert [one.n for one in engine.variants(tx_id)] == [1, 2]
    engine.work()
    assert [one.n for one in engine.variants(tx_id)] == [1, 2, 3]
    assert engine.details("transaction.sped_up")["replaces"] == [first.tx_hash, "h2"]


def test_what_became_final_while_bytes_were_made_gets_none(engine: Engine, program: Actor) -> None:
    """A speed-up that races the end of its row: its signature is dropped, and nothing more is reserved or sent."""
    tx_id = stuck(engine, program)
    first = engine.variants(tx_id)[0].tx_hash

    def meanwhile(step: str, of: str) -> None:
        if step == "after-resign":
            engine.on_step = lambda *_: None
            engine.node.base_fee = 10
            engine.node.settle()
            engine.clock.advance(1)
            engine.confirmer.run_once()

    engine.on_step = meanwhile
    engine.replace(program, tx_id)
    row = engine.row(tx_id)
    assert (row.status, row.tx_hash) == ("CONFIRMED", first)
    assert len(engine.variants(tx_id)) == 1
    assert engine.reserved(tx_id) == {}
    assert engine.node.handed == [first]


@pytest.mark.parametrize("step", ["before-rebuild", "before-resign", "after-resign"])
def test_a_stop_that_commits_before_the_bytes_are_stored_wins(engine: Engine, program: Actor, step: str) -> None:
    """Suspended at any step, no further bytes are stored or sent; after resume the wish is carried out."""
    tx_id = stuck(engine, program)
    handed = list(engine.node.handed)

    def meanwhile(at: str, of: str) -> None:
        if at == step:
            engine.on_step = lambda *_: None
            with engine.store.write() as unit:
                unit.agents.set_status(engine.row(tx_id).agent_id, expected="ACTIVE", status="SUSPENDED", at=1)

    engine.on_step = meanwhile
    engine.replace(program, tx_id)
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    assert engine.node.handed == handed
    with pytest.raises(Stopped):
        engine.transactions.speed_up(engine.operator, tx_id, wait=0)
    engine.agents.resume(engine.operator, engine.row(tx_id).agent_id)
    engine.work()
    assert len(engine.variants(tx_id)) == 2


def test_a_revoked_sessions_payment_is_not_sped_up_by_anybody(engine: Engine, program: Actor) -> None:
    """After a revoke nothing is signed for the session; the operator may still give its payment up."""
    tx_id = stuck(engine, program)
    engine.transactions.speed_up(program, tx_id, wait=0)
    assert program.session is not None
    engine.sessions.revoke(engine.operator, program.session.id)
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    with pytest.raises(Conflict, match="revoked"):
        engine.transactions.speed_up(engine.operator, tx_id, wait=0)
    engine.replace(engine.operator, tx_id, "cancel")
    engine.settle()
    assert engine.row(tx_id).status == "CANCELLED"


def test_dense_nonces_over_speed_ups_and_cancels(engine: Engine, program: Actor) -> None:
    """Payments behind one that is stuck land in order once it is mended, and no nonce is used twice or left out."""
    first = stuck(engine, program)
    behind = [engine.send(program) for _ in range(3)]
    engine.replace(program, first, "cancel")
    engine.settle()
    assert nonces(engine.node) == [0, 1, 2, 3]
    assert engine.row(first).status == "CANCELLED"
    assert [engine.row(tx_id).status for tx_id in behind] == ["CONFIRMED"] * 3
