"""What is judged again keeps its place, waits as long as is asked for now, and is not held against an agent that goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened
from tests.engine.test_freezing import Freezer
from waiaas.engine.actors import Actor
from waiaas.engine.facts import effects_likeness
from waiaas.errors import Denied
from waiaas.interfaces.chain import Effect, What


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An agent that pays up to a hundred at once, and more after a minute."""
    with opened(tmp_path, Node(), types=[Freezer]) as made:
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


@pytest.fixture
def limit(engine: Engine) -> str:
    """Its spending limit."""
    return engine.policy("SPENDING_LIMIT", instant_max="100", delay_max="1000", delay_seconds=60)


def release(engine: Engine, *held: str) -> None:
    """The lane, with these rows in it."""
    for tx_id in held:
        engine.wake(engine.row(tx_id))
    engine.work()


def denied(engine: Engine, program: Actor, units: int = 5) -> Denied:
    with pytest.raises(Denied) as caught:
        engine.send(program, units)
    return caught.value


@pytest.mark.usefixtures("limit")
def test_a_held_payment_is_not_refused_for_what_was_sent_after_it(engine: Engine, program: Actor) -> None:
    """It took its place when it was sent: a window that others have filled since then does not count against it."""
    engine.policy("RATE_LIMIT", max_transactions=2, window_seconds=60)
    held = engine.send(program, 500)
    engine.clock.advance(50)
    engine.send(program, 1)
    engine.clock.advance(11)
    engine.send(program, 2)
    assert denied(engine, program, 3).details["code"] == "RATE_LIMIT_EXCEEDED"
    release(engine, held)
    assert engine.row(held).status == "SUBMITTED"


@pytest.mark.usefixtures("limit")
def test_a_lowered_rate_reaches_the_last_of_those_that_are_held(engine: Engine, program: Actor) -> None:
    """Of three held payments under a new rate of two, the first two go on and the third is refused."""
    held = [engine.send(program, 500 + n) for n in range(3)]
    engine.policy("RATE_LIMIT", max_transactions=2, window_seconds=3600)
    engine.clock.advance(60)
    release(engine, *held)
    assert [engine.row(one).status for one in held] == ["SUBMITTED", "SUBMITTED", "CANCELLED"]
    assert engine.row(held[2]).error_code == "RATE_LIMIT_EXCEEDED"


@pytest.mark.usefixtures("limit")
def test_after_a_lowered_rate_the_moment_is_when_there_is_room(engine: Engine, program: Actor) -> None:
    """With three in a window that now holds two, the second of them has to leave before another passes."""
    start = engine.clock.now()
    for units in (1, 2, 3):
        engine.send(program, units)
        engine.clock.advance(10)
    engine.policy("RATE_LIMIT", max_transactions=2, window_seconds=100)
    assert denied(engine, program).details["resetsAt"] == start + 110
    engine.clock.advance(79)
    assert engine.clock.now() == start + 109
    denied(engine, program)
    engine.clock.advance(1)
    engine.send(program)


@pytest.mark.usefixtures("limit")
def test_the_first_of_two_equal_payments_is_not_held_for_the_second(engine: Engine, program: Actor) -> None:
    """Both are there before either is released: the first is signed, the second waits for a person."""
    engine.policy("DUPLICATE_GUARD", window_seconds=60)
    body = {"type": "TRANSFER", "to": "wyou", "amount": "5"}
    first, second = (
        engine.transactions.send(program, body, idempotency_key=None, wait=0).view.row.id for _ in range(2)
    )
    engine.work()
    assert (engine.row(first).status, engine.row(second).status) == ("SUBMITTED", "QUEUED")


@pytest.mark.usefixtures("limit")
def test_a_duplicate_is_one_until_the_newest_of_its_kind_has_left(engine: Engine, program: Actor) -> None:
    """The moment that a denial names is the newest one's end; then the same passes."""
    guard = engine.policy("DUPLICATE_GUARD", window_seconds=60, tier="NOTIFY")
    for _ in range(2):
        engine.send(program)
        engine.clock.advance(20)
    engine.policies.replace(engine.operator, guard, {"rules": {"window_seconds": 60, "tier": "DENY"}})
    resets_at = denied(engine, program).details["resetsAt"]
    assert resets_at == engine.clock.now() + 40
    engine.clock.advance(39)
    denied(engine, program)
    engine.clock.advance(1)
    engine.send(program)


def test_a_delay_that_grew_while_it_was_held_is_waited_for(engine: Engine, program: Actor, limit: str) -> None:
    """A payment held for a minute under rules that now say ten is held on, from when it was first held."""
    start = engine.clock.now()
    held = engine.send(program, 500)
    rules = {"instant_max": "100", "delay_max": "1000", "delay_seconds": 600}
    engine.policies.replace(engine.operator, limit, {"rules": rules})
    engine.clock.advance(60)
    release(engine, held)
    assert (engine.row(held).status, engine.row(held).due_at) == ("QUEUED", start + 600)
    engine.clock.advance(540)
    release(engine, held)
    assert engine.row(held).status == "SUBMITTED"


def test_a_delay_that_grew_before_the_signature_ends_the_payment(engine: Engine, program: Actor, limit: str) -> None:
    """Released after a minute, and judged again before it is signed: ten minutes are stricter, so nothing is signed."""
    held = engine.send(program, 500)
    rules = {"instant_max": "100", "delay_max": "1000", "delay_seconds": 600}

    def longer(step: str, tx_id: str) -> None:
        if step == "after-release":
            engine.on_step = lambda *_: None
            engine.policies.replace(engine.operator, limit, {"rules": rules})

    engine.on_step = longer
    engine.clock.advance(60)
    release(engine, held)
    assert engine.row(held).status == "CANCELLED"
    assert not engine.pen.signed


def test_what_a_person_approved_waits_for_no_delay(engine: Engine, program: Actor, limit: str) -> None:
    """A delay that rules ask for at the release of an approved payment is over: a person said so."""
    held = engine.send(program, 5000)
    engine.policies.replace(engine.operator, limit, {"rules": {"delay_max": "9000", "delay_seconds": 600}})
    engine.approvals.approve(engine.operator, held)
    engine.work()
    assert engine.row(held).status == "SUBMITTED"


@pytest.mark.usefixtures("limit")
def test_an_agent_that_goes_on_is_not_stopped_for_what_lies_behind_it(engine: Engine) -> None:
    """Also within the second of the stop: denials before the resume do not count, and those after it do."""
    engine.policy("AUTO_STOP", max_denials=2, window_seconds=3600)
    engine.policy("FREEZER", above=10, whom=["nobody"])
    for _ in range(2):
        program = engine.session()
        for _ in range(2):
            assert denied(engine, program, 11).details["code"] == "TOO_MUCH"
        assert denied(engine, program).details["code"] == "AUTO_STOP_DENIALS"
        assert engine.agent_status() == "SUSPENDED"
        engine.agents.resume(engine.operator, AGENT.id)
        engine.send(engine.session())
        assert engine.agent_status() == "ACTIVE"


@pytest.mark.usefixtures("limit")
def test_payments_near_their_limit_stop_the_agent(engine: Engine, program: Actor) -> None:
    """Two that carry the mark are let through; what comes next is denied, whatever it is."""
    engine.policy("AUTO_STOP", near_limit_hits=2, window_seconds=3600)
    engine.policy("FREEZER", above=10)
    for _ in range(2):
        engine.send(program, 9)
    assert denied(engine, program, 1).details["code"] == "AUTO_STOP_NEAR_LIMIT"
    assert engine.agent_status() == "SUSPENDED"


@pytest.mark.usefixtures("limit")
def test_a_held_payment_can_stop_the_agent_at_its_release(engine: Engine, program: Actor) -> None:
    """What has piled up while it was held is looked at again; the payment is cancelled and the agent suspended."""
    engine.policy("AUTO_STOP", max_denials=1, window_seconds=3600)
    held = engine.send(program, 500)
    engine.policy("FREEZER", above=600, whom=["nobody"])
    denied(engine, program, 601)
    engine.clock.advance(60)
    release(engine, held)
    assert (engine.row(held).status, engine.row(held).error_code) == ("CANCELLED", "AUTO_STOP_DENIALS")
    assert engine.agent_status() == "SUSPENDED"


def test_equal_effects_are_alike_in_any_order_and_whatever_is_locked() -> None:
    """Rent that only a first payment locks makes no other payment of it; another amount or recipient does."""
    pay, fee = Effect(what=What.OUT, asset="a", units=5, to="x"), Effect(what=What.OUT, asset="b", units=1, to="y")
    rent = Effect(what=What.LOCKED, asset="b", units=2, to="x")
    assert effects_likeness([pay, fee]) == effects_likeness([fee, rent, pay])
    others = [Effect(what=What.OUT, asset="a", units=6, to="x"), Effect(what=What.OUT, asset="a", units=5, to="z")]
    assert len({effects_likeness([one]) for one in (pay, fee, *others)}) == 4
