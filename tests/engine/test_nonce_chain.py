"""Claims in order: no gap stays, none is used twice, whatever was lost, refused, revoked, restarted or used by others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, nonces, paid
from tests.engine.nonces import AGENT, Crash, Engine, opened
from waiaas.engine.actors import Actor
from waiaas.engine.pipeline import overdue
from waiaas.errors import StartRefused
from waiaas.interfaces.chain import Feature, Phase


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


def revoke(engine: Engine, program: Actor) -> None:
    assert program.session is not None
    engine.sessions.revoke(engine.operator, program.session.id)


def test_the_newest_bytes_are_told_whatever_became_of_them(engine: Engine, program: Actor, tmp_path: Path) -> None:
    """After a restart, with every row final and a node that lags behind its own chain, no nonce is used again."""
    for _ in range(2):
        engine.send(program)
    engine.settle()
    engine.node.reorganise(len(engine.node.blocks))
    with opened(tmp_path, engine.node) as restarted:
        restarted.send(restarted.session())
        assert restarted.pen.signed[-1]["nonce"] == 2


def test_use_by_another_program_is_followed_once_it_is_final_and_told(engine: Engine, program: Actor) -> None:
    """Until the block that used it is final the payment stays EXECUTING; then the next nonce is taken, and a person told."""
    engine.send(program)
    engine.settle()
    engine.node.foreign = 1
    tx_id = engine.send(program)
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("EXECUTING", "ACCOUNT_BUSY")
    engine.node.foreign_final = 1
    engine.node.mine(2)
    engine.work()
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("SUBMITTED", None)
    assert engine.pen.signed[-1]["nonce"] == 2
    assert engine.details("transaction.signed")["remarks"] == ["nonce 1 was used by another program"]
    assert engine.details("account.used_elsewhere")["reason"] == "nonce 1 was used by another program"


def test_a_claim_that_another_payment_holds_is_not_signed_again(engine: Engine, program: Actor) -> None:
    """An adapter that builds with a nonce which is in use: nothing is signed, and the payment waits."""
    engine.send(program)
    engine.node.next_nonce = 0
    tx_id = engine.send(program)
    assert len(engine.pen.signed) == 1
    assert engine.row(tx_id).status == "EXECUTING"
    engine.node.next_nonce = None
    engine.work()
    assert engine.row(tx_id).status == "SUBMITTED"


def test_a_fee_above_the_cap_waits_and_ends_with_its_name(engine: Engine, program: Actor) -> None:
    """A base fee over the cap keeps the payment EXECUTING and unsigned; a lower one lets it go, time ends it by that name."""
    engine.node.base_fee = 50
    first, second = engine.send(program), engine.send(program)
    assert (engine.row(first).status, engine.row(first).error_code) == ("EXECUTING", "FEE_ABOVE_CAP")
    engine.node.base_fee = 40
    engine.work()
    assert engine.row(first).status == "SUBMITTED"
    assert engine.row(second).status == "SUBMITTED"
    engine.node.base_fee = 50
    third = engine.send(program)
    engine.clock.advance(601)
    engine.work()
    assert (engine.row(third).status, engine.row(third).error_code) == ("EXPIRED", "FEE_ABOVE_CAP")
    assert engine.reserved(third) == {}


def test_no_more_payments_are_in_flight_than_the_network_takes(tmp_path: Path, node: Node) -> None:
    """The third waits in EXECUTING, unsigned, until one of the two before it is final; a mended one passes it meanwhile."""
    node.max_in_flight = 2
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        program = engine.session()
        first, _, third = (engine.send(program) for _ in range(3))
        assert len(engine.pen.signed) == 2
        assert (engine.row(third).status, engine.row(third).error_code) == ("EXECUTING", "ACCOUNT_BUSY")
        node.base_fee = 11
        engine.look()
        engine.replace(program, first)
        assert len(engine.variants(first)) == 2
        node.base_fee = 10
        engine.settle()
        engine.work()
        engine.settle()
        assert engine.row(third).status == "CONFIRMED"
        assert nonces(node) == [0, 1, 2]


def test_a_broadcast_that_was_lost_is_healed_in_order(engine: Engine, program: Actor) -> None:
    """A node that dropped the first of three: it is sent again, and all three land in their order."""
    engine.node.swallows = True
    first = engine.send(program)
    engine.node.swallows = False
    others = [engine.send(program) for _ in range(2)]
    engine.node.settle()
    assert nonces(engine.node) == []
    engine.look(2)
    engine.settle()
    assert nonces(engine.node) == [0, 1, 2]
    assert [engine.row(tx_id).status for tx_id in (first, *others)] == ["CONFIRMED"] * 3


def test_a_lost_pool_is_filled_in_the_order_of_signing(engine: Engine, program: Actor) -> None:
    """Everything that the pool forgot is handed over again, the oldest claim first, also where it was asked for last."""
    ids = [engine.send(program) for _ in range(3)]
    hashes = [engine.row(tx_id).tx_hash for tx_id in ids]
    engine.look()
    engine.node.pool.clear()
    engine.node.handed.clear()
    engine.look(2)
    assert engine.node.handed[:3] == hashes


def test_a_revoked_sessions_bytes_that_nobody_took_are_given_up(engine: Engine, program: Actor) -> None:
    """They are never sent; the house takes their nonce with bytes that pay nobody, so that what comes after lands."""
    other = engine.session()
    engine.node.refuses = True
    tx_id = engine.send(program)
    behind = engine.send(other)
    (original,) = engine.variants(tx_id)
    revoke(engine, program)
    engine.node.refuses = False
    engine.node.handed.clear()
    engine.look(2)
    cancel = engine.variants(tx_id)[-1]
    assert cancel.kind == "cancel"
    assert engine.details("transaction.cancel_signed")["askedBy"] == "system"
    engine.look(3)
    engine.settle()
    assert original.tx_hash not in engine.node.handed
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("CANCELLED", "CANCELLED_ON_CHAIN")
    assert engine.row(behind).status == "CONFIRMED"
    assert nonces(engine.node) == [0, 1]
    assert paid(engine.node) == [("wyou", 5)]


def test_a_revoke_in_the_lane_gives_up_at_once(engine: Engine, program: Actor) -> None:
    """Revoked while its bytes wait for a node that is away: the lane makes the cancel before it sends anything."""
    engine.on_step = lambda step, of: setattr(engine.node, "away", True) if step == "after-store" else None
    tx_id = engine.send(program)
    revoke(engine, program)
    engine.node.away = False
    engine.work()
    assert [one.kind for one in engine.variants(tx_id)] == ["original", "cancel"]
    assert engine.node.handed == [engine.variants(tx_id)[1].tx_hash]


def test_bytes_that_a_node_took_are_not_given_up_by_the_house(engine: Engine, program: Actor) -> None:
    """What a node has may land whatever is revoked since: it is left to itself, and sent again as before."""
    tx_id = engine.send(program)
    revoke(engine, program)
    engine.look()
    engine.node.pool.clear()
    engine.look(2)
    engine.wake_all()
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"


def test_where_bytes_cannot_be_replaced_a_revoked_sessions_simply_expire(tmp_path: Path, node: Node) -> None:
    """No cancel is made and nothing is sent; with proof that they can never land the row is FAILED."""
    node.features = frozenset({Feature.MEMO})
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        program = engine.session()
        node.refuses = True
        tx_id = engine.send(program)
        revoke(engine, program)
        node.refuses = False
        handed = list(node.handed)
        engine.look(3)
        assert node.handed == handed
        assert len(engine.variants(tx_id)) == 1
        node.lies = {engine.variants(tx_id)[0].tx_hash: Phase.DEAD}
        engine.look()
        assert engine.row(tx_id).status == "FAILED"


def test_a_suspended_agents_orphan_waits_for_the_resume(engine: Engine, program: Actor) -> None:
    """While the agent is suspended not even a cancel is signed; after resume it is."""
    engine.node.refuses = True
    tx_id = engine.send(program)
    revoke(engine, program)
    engine.agents.suspend(engine.operator, AGENT.id)
    engine.node.refuses = False
    engine.look(3)
    assert len(engine.variants(tx_id)) == 1
    engine.agents.resume(engine.operator, AGENT.id)
    engine.work()
    assert engine.variants(tx_id)[-1].kind == "cancel"


def test_an_automatic_cancel_that_comes_to_nothing_is_tried_again_later(engine: Engine, program: Actor) -> None:
    """Dearer than the payment's own cap: once a minute, not at every round, and then with all that the configuration allows."""
    engine.node.refuses = True
    tx_id = engine.send(program)
    revoke(engine, program)
    engine.node.refuses = False
    engine.node.base_fee = 60
    engine.look(20)
    assert engine.events(tx_id).count("transaction.replacement_refused") == 1
    assert engine.details("transaction.replacement_refused")["code"] == "FEE_ABOVE_CAP"
    engine.clock.advance(60)
    engine.look(2)
    assert engine.variants(tx_id)[-1].kind == "cancel"
    assert engine.reserved(tx_id)["fee"] == 60


def test_a_suspended_agents_bytes_go_on_after_resume(engine: Engine, program: Actor) -> None:
    """Signed, not sent, suspended: nothing leaves; after resume the very same bytes are sent."""
    engine.node.refuses = True
    tx_id = engine.send(program)
    engine.agents.suspend(engine.operator, AGENT.id)
    engine.node.refuses = False
    engine.node.handed.clear()
    engine.look(3)
    assert engine.node.handed == []
    engine.agents.resume(engine.operator, AGENT.id)
    engine.work()
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert len(engine.variants(tx_id)) == 1


STEPS = ["before-order", "after-order", "before-rebuild", "before-resign", "after-resign", "after-restore"]


@pytest.mark.parametrize("kind", ["speed_up", "cancel"])
@pytest.mark.parametrize("step", [*STEPS, "before-broadcast", "after-broadcast", "after-accepted"])
def test_a_crash_at_any_step_of_a_replacement_leaves_one_payment(
    tmp_path: Path, node: Node, kind: str, step: str
) -> None:
    """The next start goes on with the wish or never had it: one transaction lands, its fee was always set aside."""
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        tx_id = engine.send(engine.session())
        node.base_fee = 11
        engine.look()
        engine.crash_at = step
        with pytest.raises(Crash):
            engine.replace(engine.operator, tx_id, kind)
    with opened(tmp_path, node) as restarted:
        restarted.wake_all()
        restarted.work()
        dearest = max(one.fee_cap for one in restarted.variants(tx_id))
        assert restarted.reserved(tx_id)["fee"] >= dearest
        restarted.look(2)
        known = len(restarted.variants(tx_id))
        assert known == (1 if step == "before-order" else 2)
        node.base_fee = 10 if known == 1 else 11
        restarted.settle()
        wanted = "CONFIRMED" if known == 1 or kind == "speed_up" else "CANCELLED"
        assert restarted.row(tx_id).status == wanted
        assert len(node.landed()) == 1
        assert restarted.row(tx_id).tx_hash == node.landed()[0]
        assert restarted.booked(tx_id)["fee"] == node.base_fee


def test_a_payment_that_is_overdue_is_told_of_once(engine: Engine, program: Actor, tmp_path: Path) -> None:
    """In the pool for a quarter of an hour: one event says what a person can do, also over a restart."""
    tx_id = engine.send(program)
    engine.node.base_fee = 11
    engine.look()
    assert "transaction.overdue" not in engine.events(tx_id)
    engine.clock.advance(overdue._AFTER_SECONDS)
    engine.look(3)
    assert engine.events(tx_id).count("transaction.overdue") == 1
    assert "waiaas tx speed-up" in engine.details("transaction.overdue")["reason"]
    with opened(tmp_path, engine.node) as restarted:
        restarted.clock.advance(2 * overdue._AFTER_SECONDS)
        restarted.look(2)
        assert restarted.events(tx_id).count("transaction.overdue") == 1


@pytest.mark.parametrize("note", ["told_overdue_at", '{"told_overdue_at": 1}', "withheld orders askers"])
def test_no_note_of_an_agent_silences_the_notice(engine: Engine, program: Actor, note: str) -> None:
    """What an agent writes beside a payment is no mark of the house's, whichever words it has."""
    body = {"type": "TRANSFER", "to": "wyou", "amount": "5", "note": note}
    tx_id = engine.transactions.send(program, body, wait=0).view.row.id
    engine.work()
    engine.node.base_fee = 11
    engine.look()
    engine.clock.advance(overdue._AFTER_SECONDS)
    engine.look(2)
    assert engine.events(tx_id).count("transaction.overdue") == 1
    assert engine.transactions.get(program, tx_id).to_wire()["note"] == note


def test_a_payment_that_is_in_a_block_is_not_overdue(engine: Engine, program: Actor) -> None:
    """Waiting for depth is no trouble, however long it takes."""
    tx_id = engine.send(program)
    engine.node.mine()
    engine.clock.advance(overdue._AFTER_SECONDS)
    engine.look(2)
    assert "transaction.overdue" not in engine.events(tx_id)


def test_a_damaged_key_file_is_said_on_the_row_and_told_once(engine: Engine, program: Actor) -> None:
    """The row waits in EXECUTING with the file's name, a person hears of it once, and it goes on when it is mended."""
    engine.pen.problem = StartRefused("keystore/x.json is damaged", code="KEYSTORE_DAMAGED")
    tx_id = engine.send(program)
    engine.work()
    row = engine.row(tx_id)
    assert (row.status, row.error_code, row.error) == ("EXECUTING", "KEYSTORE_DAMAGED", "keystore/x.json is damaged")
    assert engine.events(tx_id).count("agent.key_damaged") == 1
    engine.pen.problem = None
    engine.work()
    row = engine.row(tx_id)
    assert (row.status, row.error_code, row.error) == ("SUBMITTED", None, None)
    engine.pen.problem = StartRefused("keystore/x.json is damaged", code="KEYSTORE_DAMAGED")
    late = engine.send(program)
    engine.clock.advance(601)
    engine.work()
    assert (engine.row(late).status, engine.row(late).error_code) == ("EXPIRED", "KEYSTORE_DAMAGED")


def test_the_reason_of_a_revert_is_quoted_and_cleaned(engine: Engine, program: Actor) -> None:
    """A contract's own words stand in quotes, without what could forge a line; the fee is spent, the amount is not."""
    tx_id = engine.send(program)
    tx_hash = engine.row(tx_id).tx_hash
    assert tx_hash is not None
    engine.node.reverts[tx_hash] = 'paid"\nAPPROVED\u202e'
    engine.settle()
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("FAILED", "FAILED_ON_CHAIN")
    assert row.error == 'the chain refused it: "paid\\" APPROVED"'
    assert engine.booked(tx_id) == {"fee": 10}


def test_a_replay_is_answered_while_the_agent_is_suspended(engine: Engine, program: Actor) -> None:
    """The same key and body show what became of the payment; a new payment is refused."""
    tx_id = engine.send(program, key="invoice")
    engine.settle()
    engine.agents.suspend(engine.operator, AGENT.id)
    assert program.session is not None
    known = engine.transactions.send(
        Actor(kind="session", session=program.session, agent=engine.agents.get(engine.operator, AGENT.id).agent),
        {"type": "TRANSFER", "to": "wyou", "amount": "5"}, idempotency_key="invoice", wait=0,
    )  # fmt: skip
    assert (known.replayed, known.view.row.id) == (True, tx_id)
