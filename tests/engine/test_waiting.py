"""A payment that cannot go on says why, since when and what helps; its agent is told no endpoint, the operator is."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.engine.rules.waiting import MEANINGS, Wait, WaitCode, to_wire, wait_of
from waiaas.engine.stop_request import Order
from waiaas.engine.stops import lifting
from waiaas.errors import NodeFailure, NodeTrouble, NotReady, StartRefused, Stopped, Trouble, WaiaasError

SECRET = "https://user:key@node.example/v2/key"
MASKED = "https://node.example"


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


def waiting(engine: Engine, tx_id: str, actor: Actor | None = None) -> dict[str, Any] | None:
    """What the item says to the operator, or to somebody else."""
    found: dict[str, Any] | None = engine.transactions.get(actor or engine.operator, tx_id).to_wire()["waiting"]
    return found


def code(engine: Engine, tx_id: str) -> str | None:
    found = waiting(engine, tx_id)
    return None if found is None else found["code"]


def unheard(engine: Engine, kind: Trouble = Trouble.TURNED_AWAY, words: str = "HTTP 401: it wants a key") -> None:
    """Every question to the node ends so, until :func:`heard`."""

    def fail() -> None:
        trouble = NodeTrouble(kind=kind, words=words, endpoint=MASKED, position=2)
        raise NodeFailure(f"no node: {SECRET}", troubles=(trouble,))

    engine.node.ask = fail  # type: ignore[method-assign]


def heard(engine: Engine) -> None:
    engine.node.ask = lambda: None  # type: ignore[method-assign]


def prepared(engine: Engine, program: Actor) -> str:
    """A payment that is admitted and not looked at yet."""
    body = {"type": "TRANSFER", "to": "wyou", "amount": "5"}
    return engine.transactions.send(program, body, wait=0).view.row.id


def test_the_nodes_trouble_is_told_to_each_as_far_as_it_concerns_them(
    engine: Engine, program: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent: our words, no endpoint; the operator: which one, masked, and the key to set; the log: once for all tries."""
    tx_id = prepared(engine, program)
    assert waiting(engine, tx_id) is None
    unheard(engine)
    began = engine.clock.now()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            engine.work()
            engine.clock.advance(5)
    seen = waiting(engine, tx_id, program)
    assert seen == {
        "code": "NODE_TURNED_AWAY",
        "reason": f"{MEANINGS[WaitCode.NODE_TURNED_AWAY]}: HTTP 401: it wants a key",
        "since": began,
        "hint": "nothing needs to be done: it goes on by itself, or expires unpaid",
    }
    told = waiting(engine, tx_id)
    assert told is not None
    assert (told["code"], told["since"]) == ("NODE_TURNED_AWAY", began)
    assert f"endpoint 2, {MASKED}: HTTP 401: it wants a key" in told["reason"]
    assert "rpc.nonce.one" in told["hint"]
    assert SECRET not in caplog.text + str(told) + str(seen)
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if tx_id in line and "NODE_TURNED_AWAY" in line]) == 1
    assert len([line for line in said if "cannot be asked" in line and "rpc.nonce.one" in line]) == 1
    heard(engine)
    engine.work()
    assert (engine.row(tx_id).status, waiting(engine, tx_id)) == ("SUBMITTED", None)


def test_signed_bytes_wait_for_nodes_too(engine: Engine, program: Actor) -> None:
    """A payment that a node has taken: the trouble of its network, which is over with the first answer."""
    tx_id = engine.send(program)
    unheard(engine, Trouble.LIMITED, "it is asked more often than it allows")
    engine.look()
    seen = waiting(engine, tx_id, program)
    assert seen is not None
    assert (seen["code"], seen["hint"].startswith("nothing needs to be done: it is signed")) == ("NODE_LIMITED", True)
    assert engine.chains.trouble("nonce", "one") is not None
    heard(engine)
    engine.look()
    assert waiting(engine, tx_id) is None
    assert engine.chains.trouble("nonce", "one") is None


def test_bytes_that_no_node_could_be_handed_wait_for_one(engine: Engine, program: Actor) -> None:
    """Signed, and every endpoint gone before the bytes left."""
    engine.on_step = lambda step, tx_id: unheard(engine, Trouble.UNREACHABLE, "gone") if step == "after-store" else None
    tx_id = engine.send(program)
    assert (engine.row(tx_id).status, code(engine, tx_id)) == ("SUBMITTED", "NODE_UNREACHABLE")


def test_a_later_payment_of_the_wallet_names_the_one_before_it(engine: Engine, program: Actor) -> None:
    """And what that one waits for."""
    first, second = prepared(engine, program), prepared(engine, program)
    unheard(engine)
    engine.work()
    seen = waiting(engine, second, program)
    assert seen is not None
    assert seen["code"] == "EARLIER_PAYMENT"
    assert seen["reason"].startswith(f"payment {first} of the same wallet goes first, and it waits: ")
    assert MASKED not in str(seen)
    told = waiting(engine, second)
    assert told is not None
    assert MASKED in told["reason"]
    heard(engine)
    engine.work()
    assert [waiting(engine, one) for one in (first, second)] == [None, None]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (NotReady("the signer is locked", code="SIGNER_LOCKED"), "SIGNER_LOCKED"),
        (Stopped("signing was stopped", code="KILL_SWITCH"), "KILL_SWITCH"),
        (StartRefused("key.json is damaged", code="KEYSTORE_DAMAGED"), "KEYSTORE_DAMAGED"),
        (ValueError("a fault of ours"), "FAILED_UNEXPECTEDLY"),
    ],
)
def test_what_the_signer_says_is_told(engine: Engine, program: Actor, problem: Exception, expected: str) -> None:
    """Locked, stopped, a key file that is damaged, or what nobody expected: the row waits by that name, and goes on."""
    engine.pen.problem = problem
    tx_id = prepared(engine, program)
    try:
        engine.work()
    except ValueError:
        engine.work()  # the lane logged it; from then on the row waits in silence
    assert (engine.row(tx_id).status, code(engine, tx_id)) == ("EXECUTING", expected)
    engine.pen.problem = None
    engine.work()
    assert (engine.row(tx_id).status, waiting(engine, tx_id)) == ("SUBMITTED", None)


def test_what_is_stopped_says_so(engine: Engine, program: Actor) -> None:
    """The kill switch and a suspended agent, for what has no bytes; what a node took goes on."""
    taken, tx_id = engine.send(program), prepared(engine, program)
    engine.kill_switch.activate(engine.operator, Order(agent_id=AGENT.id))
    assert (code(engine, tx_id), waiting(engine, taken)) == ("AGENT_SUSPENDED", None)
    suspended = waiting(engine, tx_id)
    assert suspended is not None
    for lifts in ("agent resume", "kill-switch recover --agent"):
        assert f"`waiaas {lifts} {AGENT.name}`" in suspended["hint"]
    engine.kill_switch.activate(engine.operator, Order())
    found = waiting(engine, tx_id)
    assert found is not None
    assert (found["code"], found["since"]) == ("KILL_SWITCH", engine.clock.now())
    assert "kill-switch recover" in found["hint"]


def test_an_agent_that_is_locked_is_not_resumed(engine: Engine) -> None:
    """Its operator is told the command that lifts the lock, whole."""
    engine.kill_switch.activate(engine.operator, Order(agent_id=AGENT.id, state="LOCKED"))
    with engine.store.read() as unit:
        locked = unit.agents.get(AGENT.id)
        assert locked is not None
        assert lifting(unit, locked, None) == f"lift it: `waiaas kill-switch recover --agent {AGENT.name}`"


def test_fees_and_a_busy_account_are_told(engine: Engine, program: Actor) -> None:
    """What the chain's plugin waits for, by its code."""
    engine.node.base_fee = 50
    tx_id = engine.send(program)
    assert code(engine, tx_id) == "FEE_ABOVE_CAP"
    engine.node.base_fee, engine.node.foreign = 10, 1
    engine.work()
    assert code(engine, tx_id) == "ACCOUNT_BUSY"


def test_what_does_not_land_says_so_after_a_while(engine: Engine, program: Actor) -> None:
    """In the pool for a minute: how to mend it; what was signed after it names it; a block ends it."""
    first = stuck(engine, program)
    second = engine.send(program)
    assert waiting(engine, first) is None
    engine.clock.advance(61)
    engine.look()
    found = waiting(engine, first)
    assert found is not None
    assert (found["code"], f"waiaas tx speed-up {first}" in found["hint"]) == ("NOT_LANDED", True)
    behind = waiting(engine, second)
    assert behind is not None
    assert (behind["code"], first in behind["reason"]) == ("EARLIER_PAYMENT", True)
    engine.node.base_fee = 10
    engine.node.mine()
    engine.look()
    assert [waiting(engine, one) for one in (first, second)] == [None, None]


def test_bytes_that_no_node_takes_say_so(engine: Engine, program: Actor) -> None:
    """Refused by every node for a minute."""
    engine.node.refuses = True
    tx_id = engine.send(program)
    engine.clock.advance(61)
    engine.look()
    assert code(engine, tx_id) == "NOT_TAKEN"


def test_a_chain_whose_plugin_is_gone_is_named(engine: Engine, program: Actor) -> None:
    """Nothing can be asked and nothing is signed."""
    tx_id = prepared(engine, program)
    engine.chains._networks.clear()
    assert code(engine, tx_id) == "CHAIN_MISSING"


def test_lists_tell_it_too_and_final_payments_never(engine: Engine, program: Actor) -> None:
    """The same record in the list of what is pending; none for what is over."""
    done = engine.send(program)
    engine.settle()
    tx_id = prepared(engine, program)
    unheard(engine)
    engine.work()
    (pending,) = [view.to_wire() for view in engine.transactions.pending(program).items]
    assert pending["waiting"] == waiting(engine, tx_id, program)
    both = {view.row.id: view.to_wire()["waiting"] for view in engine.transactions.list(engine.operator).items}
    assert (both[done], both[tx_id]) == (None, waiting(engine, tx_id))


def test_every_code_has_a_meaning_and_no_reason_of_it_names_an_endpoint() -> None:
    """Also where a trouble's endpoint is known: for whoever is told no key of the configuration."""
    assert set(MEANINGS) == set(WaitCode)
    trouble = NodeTrouble(kind=Trouble.MOVED, words="it redirects", endpoint=MASKED, position=1)
    for one in WaitCode:
        wait = Wait(code=one, reason=MEANINGS[one], troubles=(trouble,))
        assert MASKED not in str(to_wire(wait, 1))
        assert MASKED in str(to_wire(wait, 1, setting="rpc.a.b"))


@pytest.mark.parametrize("kind", list(Trouble))
def test_every_trouble_has_a_code(kind: Trouble) -> None:
    """Whatever is wrong with an endpoint."""
    trouble = NodeTrouble(kind=kind, words="ours")
    problem: WaiaasError = NodeFailure("x", troubles=(trouble,))
    assert wait_of(problem).code.value.startswith(("NODE_", "WRONG_CHAIN"))
