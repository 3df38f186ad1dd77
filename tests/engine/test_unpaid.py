"""A failure or a cancellation that one endpoint alone tells of ends nothing: whoever believed it would pay twice."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, paid
from tests.engine.nonces import Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Phase, Signed, Status


class Second:
    """Another endpoint. :param says: of everything; None is that it is away"""

    def __init__(self) -> None:
        self.says: Status | None = Status(phase=Phase.POOL)
        self.asked = 0

    def statuses(self, signed: Sequence[Signed]) -> list[Status]:
        self.asked += 1
        if self.says is None:
            raise Unavailable("away")
        return [self.says for _ in signed]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


@pytest.fixture
def second(engine: Engine) -> Second:
    """The second of two endpoints: the first is the engine's node."""
    chain, made = engine.chains.get("nonce", "one"), Second()
    chain.witnesses = lambda: [chain.adapter, made]  # type: ignore[method-assign, list-item]
    return made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


DOUBTS = [
    Status(phase=Phase.POOL),
    Status(phase=Phase.UNSEEN),
    Status(phase=Phase.INCLUDED, ok=False),
    Status(phase=Phase.FINAL, ok=True),
    None,
]


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_failure_that_not_every_endpoint_tells_of_is_none(
    engine: Engine, program: Actor, second: Second, doubt: Status | None
) -> None:
    """The row stays SUBMITTED with everything set aside; once all say so it is FAILED and costs its fee."""
    tx_id = engine.send(program)
    engine.node.reverts[engine.variants(tx_id)[0].tx_hash] = "says one"
    second.says = doubt
    engine.settle()
    engine.look(2)
    assert engine.row(tx_id).status == "SUBMITTED"
    assert engine.reserved(tx_id) == {"amount": 5, "fee": 40}
    second.says = Status(phase=Phase.FINAL, ok=False)
    engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("FAILED", "FAILED_ON_CHAIN")
    assert engine.booked(tx_id) == {"fee": 10}


def test_a_lie_about_a_failure_gives_way_to_the_payment(engine: Engine, program: Actor, second: Second) -> None:
    """The node that lied is set right: the row is CONFIRMED, and was never anything else."""
    tx_id = engine.send(program)
    engine.node.reverts[engine.variants(tx_id)[0].tx_hash] = "a lie"
    engine.settle()
    engine.node.reverts.clear()
    engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert "transaction.failed" not in engine.events(tx_id)
    assert paid(engine.node) == [("wyou", 5)]


@pytest.mark.parametrize("doubt", DOUBTS[:3])
def test_a_cancellation_that_not_every_endpoint_tells_of_is_none(
    engine: Engine, program: Actor, second: Second, doubt: Status
) -> None:
    """Bytes that give a payment up have landed only where all endpoints have them."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    second.says = doubt
    engine.settle()
    assert engine.row(tx_id).status == "SUBMITTED"
    second.says = Status(phase=Phase.FINAL, ok=True)
    engine.look()
    assert engine.row(tx_id).status == "CANCELLED"


def test_payments_ask_nobody_besides(engine: Engine, program: Actor, second: Second) -> None:
    """What was paid ends on the word of the node that was asked: a payment costs no more questions than before."""
    tx_id = engine.send(program)
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert second.asked == 0


def test_others_are_not_held_up(engine: Engine, program: Actor, second: Second) -> None:
    """A doubt about one row is none about the next."""
    first, following = engine.send(program), engine.send(program)
    engine.node.reverts[engine.variants(first)[0].tx_hash] = "says one"
    engine.settle()
    assert (engine.row(first).status, engine.row(following).status) == ("SUBMITTED", "CONFIRMED")


def test_a_doubt_that_lasts_is_told_of(engine: Engine, program: Actor, second: Second) -> None:
    """After a quarter of an hour a person hears once that the endpoints do not agree."""
    tx_id = engine.send(program)
    engine.node.reverts[engine.variants(tx_id)[0].tx_hash] = "says one"
    engine.settle()
    engine.look(2)
    assert "transaction.overdue" not in engine.events(tx_id)
    engine.clock.advance(900)
    engine.look(3)
    assert engine.events(tx_id).count("transaction.overdue") == 1
    assert "not every other" in engine.details("transaction.overdue")["reason"]


@pytest.mark.parametrize("doubt", [Status(phase=Phase.INCLUDED, ok=True), Status(phase=Phase.FINAL, ok=True), None])
def test_no_proof_of_death_outweighs_a_block(
    engine: Engine, program: Actor, second: Second, doubt: Status | None
) -> None:
    """Whatever an adapter proves, bytes that another endpoint has in a block, or that cannot be asked, keep their row."""
    tx_id = engine.send(program)
    engine.node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.DEAD}
    second.says = doubt
    engine.look(3)
    assert engine.row(tx_id).status == "SUBMITTED"
    assert engine.reserved(tx_id) == {"amount": 5, "fee": 40}
    second.says = Status(phase=Phase.UNSEEN)
    engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("FAILED", "CLAIM_USED_ELSEWHERE")


def test_a_payment_that_the_first_endpoint_hides_is_found_at_another(
    engine: Engine, program: Actor, second: Second
) -> None:
    """The first knows nothing of it, for good; what the second has in a final block is paid all the same, within minutes."""
    tx_id = engine.send(program)
    engine.node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.UNSEEN}
    engine.clock.advance(130)
    engine.look()
    assert engine.row(tx_id).status == "SUBMITTED"
    second.says = Status(phase=Phase.FINAL, ok=True)
    engine.clock.advance(60)
    engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"


def test_what_was_given_up_is_looked_for_at_every_endpoint(engine: Engine, program: Actor, second: Second) -> None:
    """A payment that the first endpoint goes on denying has landed late where any other says so; it is booked."""
    tx_id = engine.send(program)
    engine.node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.DEAD}
    engine.look(3)
    assert engine.row(tx_id).status == "FAILED"
    second.says = Status(phase=Phase.FINAL, ok=True)
    engine.clock.advance(61)
    engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert engine.events(tx_id)[-1] == "transaction.landed_late"
    assert engine.booked(tx_id)["amount"] == 5


def test_what_landed_late_without_paying_must_be_told_by_all(engine: Engine, program: Actor, second: Second) -> None:
    """That a given-up payment failed on chain, by one endpoint's word alone, ends the search for it no sooner."""
    tx_id = engine.send(program)
    engine.node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.DEAD}
    engine.look(3)
    second.says = Status(phase=Phase.FINAL, ok=False)
    engine.clock.advance(61)
    engine.look()
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("FAILED", "CLAIM_USED_ELSEWHERE")
    second.says = Status(phase=Phase.FINAL, ok=True)
    engine.clock.advance(61)
    engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"
