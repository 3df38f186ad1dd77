"""What a payment is worth in dollars is set aside with it and booked when it is paid, like any amount (invariants 3, 4, 5)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.nonce_node import COIN, Node
from tests.engine.nonces import AGENT, Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.engine.facts import Subject, read_windows
from waiaas.engine.stored_intent import stored_intent
from waiaas.interfaces.chain import Phase
from waiaas.interfaces.money import USD
from waiaas.interfaces.policy import Scope, Window

DEAR, CHEAP = "400000000", "200000000"
"""USD a coin of nine decimals: five units are worth two dollars, or one."""
DOLLAR = 1_000_000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once, and whose coin costs something."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        price(made, DEAR)
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def price(engine: Engine, usd: str | None) -> None:
    """What a coin costs from now on; None is nothing that anybody knows."""
    engine.prices.clear()
    if usd is not None:
        engine.prices[COIN.id] = (usd, engine.clock.now())


def reserved(engine: Engine, tx_id: str) -> int | None:
    """Millionths of a dollar that are set aside for a payment; None where there is no such row."""
    with engine.store.read() as unit:
        found = [one.amount for one in unit.reservations.of(tx_id) if one.asset == USD]
    assert len(found) < 2
    return found[0] if found else None


def booked(engine: Engine, tx_id: str) -> int | None:
    """The same of the ledger."""
    with engine.store.read() as unit:
        found = [one.amount for one in unit.ledger.of(tx_id) if one.asset == USD]
    assert len(found) < 2
    return found[0] if found else None


def window(engine: Engine, scope: Scope = "agent", **where: str) -> int:
    """What a limit in dollars counts just now."""
    with engine.store.read() as unit:
        row = unit.transactions.list(agent_id=AGENT.id, limit=1).items[0]
        session = unit.sessions.get(row.session_id or "")
        subject = Subject(agent=AGENT, session=session, resolved=stored_intent(row).resolved, fee_cap=0)
        asked = Window(name="w", measure="spent", seconds=86_400, scope=scope, where={"asset": USD, **where})
        return read_windows(unit, subject, [asked], engine.clock.now())[0][asked.name]


def test_what_a_payment_is_worth_counts_from_admission_to_the_ledger(engine: Engine, program: Actor) -> None:
    """Reserved with the rest, counted in every scope's window, booked once when the chain has it, and nothing is left over."""
    tx_id = engine.send(program, 5)
    assert reserved(engine, tx_id) == window(engine) == window(engine, "session") == window(engine, "all") == 2 * DOLLAR
    assert json.loads(engine.row(tx_id).decision)["usd"] == "2"
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert (reserved(engine, tx_id), booked(engine, tx_id)) == (None, 2 * DOLLAR)
    assert window(engine) == window(engine, "all", agents=AGENT.id) == 2 * DOLLAR
    assert window(engine, "all", agents="somebody-else") == 0
    engine.clock.advance(86_401)
    assert window(engine) == 0


def test_without_a_price_nothing_is_added(engine: Engine, program: Actor) -> None:
    """No row of dollars is written for a payment whose asset has no price, in reservations or ledger."""
    price(engine, None)
    tx_id = engine.send(program, 5)
    assert reserved(engine, tx_id) is None
    assert "usd" not in json.loads(engine.row(tx_id).decision)
    engine.settle()
    assert (booked(engine, tx_id), window(engine)) == (None, 0)


def test_a_payment_that_fails_on_chain_is_worth_nothing(engine: Engine, program: Actor) -> None:
    """Its fee is booked in coins, and no dollars are."""
    tx_id = engine.send(program, 5)
    engine.node.reverts[engine.variants(tx_id)[0].tx_hash] = "no"
    engine.settle()
    assert engine.row(tx_id).status == "FAILED"
    assert (reserved(engine, tx_id), booked(engine, tx_id), window(engine)) == (None, None, 0)


def test_a_payment_that_is_given_up_gives_its_dollars_back(engine: Engine, program: Actor) -> None:
    """The cancel that landed is booked with its fee alone."""
    tx_id = stuck(engine, program)
    engine.replace(program, tx_id, "cancel")
    assert reserved(engine, tx_id) == 2 * DOLLAR, "the payment itself can still land"
    engine.settle()
    assert engine.row(tx_id).status == "CANCELLED"
    assert (reserved(engine, tx_id), booked(engine, tx_id), window(engine)) == (None, None, 0)


def test_a_payment_that_landed_late_is_booked_in_dollars_too(engine: Engine, program: Actor) -> None:
    """Given up, released, and paid all the same: what it was judged to be worth counts again."""
    tx_id = engine.send(program, 5)
    (variant,) = engine.variants(tx_id)
    engine.node.lies[variant.tx_hash] = Phase.DEAD
    engine.look(3)
    assert engine.row(tx_id).status == "FAILED"
    assert window(engine) == 0
    engine.node.lies.clear()
    engine.node.settle()
    for _ in range(40):
        engine.clock.advance(60)
        engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert booked(engine, tx_id) == window(engine) == 2 * DOLLAR


def held(engine: Engine, program: Actor) -> str:
    """A payment that waits for a person."""
    return engine.send(program, 500)


@pytest.mark.parametrize("end", ["reject", "cancel"])
def test_a_held_payment_that_is_not_made_gives_its_dollars_back(engine: Engine, program: Actor, end: str) -> None:
    """It counts while it waits, and not when a person or its own program ends it."""
    tx_id = held(engine, program)
    assert window(engine) == 200 * DOLLAR
    if end == "cancel":
        engine.transactions.cancel(program, tx_id)
    else:
        engine.approvals.reject(engine.operator, tx_id)
    assert (reserved(engine, tx_id), window(engine)) == (None, 0)


@pytest.mark.parametrize(
    ("later", "dollars"), [("800000000", 400), (CHEAP, 200), (None, 200)], ids=["dearer", "cheaper", "unknown"]
)
def test_a_released_payment_counts_as_the_dearer_of_then_and_now(
    engine: Engine, program: Actor, later: str | None, dollars: int
) -> None:
    """A price that rose while a person thought counts; one that fell, or went away, makes no room for others."""
    tx_id = held(engine, program)
    price(engine, later)
    engine.approvals.approve(engine.operator, tx_id)
    engine.work()
    assert engine.row(tx_id).status == "SUBMITTED"
    assert reserved(engine, tx_id) == window(engine) == dollars * DOLLAR
    assert json.loads(engine.row(tx_id).decision)["usd"] == str(dollars), "what is booked should it land late"
    engine.settle()
    assert booked(engine, tx_id) == dollars * DOLLAR


def test_a_payment_that_gets_a_price_while_it_waits_counts_from_its_release(engine: Engine, program: Actor) -> None:
    """Nothing was set aside in dollars at first; what it is worth at its release is."""
    price(engine, None)
    tx_id = held(engine, program)
    price(engine, CHEAP)
    engine.approvals.approve(engine.operator, tx_id)
    engine.work()
    assert reserved(engine, tx_id) == 100 * DOLLAR


def test_a_dearer_fee_changes_no_dollars(engine: Engine, program: Actor) -> None:
    """Bytes that are sped up at another price are the same payment: it counts once, as it was judged when it was released."""
    tx_id = stuck(engine, program)
    price(engine, "999999999")
    engine.replace(program, tx_id)
    assert len(engine.variants(tx_id)) == 2
    assert reserved(engine, tx_id) == 2 * DOLLAR
    engine.settle()
    assert booked(engine, tx_id) == 2 * DOLLAR
