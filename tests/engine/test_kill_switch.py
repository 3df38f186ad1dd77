"""The kill switch in the engine: every gate holds, what cannot be read is a stop, and orders wait (invariant 9)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node, paid
from tests.engine.nonces import AGENT, Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.engine.stop_request import Order
from waiaas.engine.stop_scopes import Scope
from waiaas.engine.stops import STOP_EPOCH, SWITCH, lock_key, switch_of_all
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, Stopped

NOBODY = Actor(kind="nobody", ip="socket")


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


def _state(engine: Engine) -> str:
    with engine.store.read() as unit:
        return switch_of_all(unit).state


@pytest.mark.parametrize(
    "edit",
    [
        (SWITCH, "ACTIVE"),
        (SWITCH, '{"state": "OFF", "since": 0}'),
        (SWITCH, '{"state": "ACTIVE", "since": "0"}'),
        (SWITCH, '{"state": "ACTIVE", "more": 1}'),
        (SWITCH, "[]"),
        (STOP_EPOCH, "-1"),
        (STOP_EPOCH, "many"),
        (STOP_EPOCH, "9" * 30),
    ],
)
def test_what_cannot_be_read_is_a_stop(engine: Engine, program: Actor, edit: tuple[str, str]) -> None:
    """A switch or an epoch that makes no sense stops everything as LOCKED does."""
    engine.kill_switch.activate(NOBODY, Order())
    engine.kill_switch.recover(engine.operator)
    with engine.store.write() as unit:
        unit.state.set(*edit)
    assert _state(engine) == "LOCKED"
    with pytest.raises(Stopped):
        engine.send(program)


def test_a_switch_that_is_gone_is_a_stop(engine: Engine, program: Actor) -> None:
    """Once anything was stopped, the row's absence is no permission."""
    engine.kill_switch.activate(NOBODY, Order())
    engine.kill_switch.recover(engine.operator)
    with engine.store.write() as unit:
        unit.state._sql.run("DELETE FROM daemon_state WHERE key = ?", (SWITCH,))
    with pytest.raises(Stopped):
        engine.send(program)


@pytest.mark.parametrize("kind", ["speed_up", "cancel"])
def test_no_further_bytes_are_asked_for_while_everything_is_stopped(engine: Engine, program: Actor, kind: str) -> None:
    """Neither the session nor the operator may speed up or give up a payment; after recovery they may."""
    tx_id = stuck(engine, program)
    engine.kill_switch.activate(NOBODY, Order())
    for actor in (program, engine.operator):
        with pytest.raises(Stopped):
            engine.replace(actor, tx_id, kind)
    assert len(engine.variants(tx_id)) == 1
    engine.kill_switch.recover(engine.operator)
    engine.replace(engine.operator, tx_id, kind)
    assert len(engine.variants(tx_id)) == 2


@pytest.mark.parametrize("step", ["before-rebuild", "before-resign", "after-resign"])
def test_further_bytes_that_meet_a_stop_are_dropped(engine: Engine, program: Actor, step: str) -> None:
    """Stopped while further bytes are being made, none are stored; the order waits and is carried out after recovery."""
    tx_id = stuck(engine, program)
    engine.on_step = _once(step, lambda: engine.kill_switch._carry_out(Order(), NOBODY, "socket"))
    engine.replace(program, tx_id)
    engine.work()
    assert len(engine.variants(tx_id)) == 1
    engine.kill_switch.recover(engine.operator)
    engine.work()
    assert len(engine.variants(tx_id)) == 2


@pytest.mark.parametrize("step", ["before-build", "after-build", "before-sign", "after-sign"])
def test_a_file_that_appears_on_the_way_is_seen_before_bytes_are_stored(
    engine: Engine, program: Actor, tmp_path: Path, step: str
) -> None:
    """Wherever the file appears, no bytes are stored, and it is carried out by whoever comes next."""
    engine.on_step = _once(step, (tmp_path / "stop.request").touch)
    tx_id = engine.send(program)
    engine.work()
    assert engine.variants(tx_id) == []
    engine.lane.clear()
    engine.wake_all()
    engine.work()
    assert (_state(engine), (tmp_path / "stop.request").exists()) == ("SUSPENDED", False)
    assert engine.row(tx_id).status == "EXECUTING"


def test_a_file_over_one_agent_does_not_wait_for_who_carries_it_out(
    engine: Engine, program: Actor, tmp_path: Path
) -> None:
    """The lane that is about to sign for an agent may carry out the order that stops it."""
    order = Order(agent_id=AGENT.id)
    engine.on_step = _once("before-build", lambda: (tmp_path / "stop.request").write_bytes(order.encoded()))
    tx_id = engine.send(program)
    engine.work()
    engine.kill_switch.heed()
    assert (engine.agent_status(), _state(engine), engine.variants(tx_id)) == ("SUSPENDED", "ACTIVE", [])


def test_a_file_for_what_is_not_there_stops_everything(engine: Engine, tmp_path: Path) -> None:
    """Somebody wanted something stopped: an unknown agent or session is no reason to go on."""
    (tmp_path / "stop.request").write_bytes(Order(agent_id="nobody-we-know").encoded())
    engine.kill_switch.heed()
    assert _state(engine) == "SUSPENDED"


def test_recovery_is_refused_while_the_file_cannot_be_taken_away(engine: Engine, tmp_path: Path) -> None:
    """A folder in the file's place stops everything, and recovers nothing until a person removed it."""
    (tmp_path / "stop.request").mkdir()
    engine.kill_switch.heed()
    with pytest.raises(Conflict, match=r"stop\.request"):
        engine.kill_switch.recover(engine.operator)
    (tmp_path / "stop.request").rmdir()
    assert _state(engine) == "SUSPENDED"
    engine.kill_switch.recover(engine.operator)
    assert _state(engine) == "ACTIVE"


def test_a_crash_between_the_lock_and_the_end_of_sessions_is_finished_at_start(
    engine: Engine, program: Actor, tmp_path: Path
) -> None:
    """LOCKED is one small commit; sessions that a crash left alive die at the next start."""
    engine.kill_switch._kill_sessions = _crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        engine.kill_switch.activate(NOBODY, Order(state="LOCKED"))
    engine.close()
    with opened(tmp_path, engine.node) as again:
        assert program.session is not None
        with again.store.read() as unit:
            session = unit.sessions.get(program.session.id)
        assert session is not None
        assert session.revoked_at is not None
        assert again.pen.epoch == 1


def test_a_wish_for_what_is_not_there_changes_nothing(engine: Engine) -> None:
    """An unknown agent or session is told so, both at once are refused, and what is not stopped cannot be recovered."""
    for order in (Order(agent_id="x"), Order(session_id="x")):
        with pytest.raises(NotFound):
            engine.kill_switch.activate(NOBODY, order)
    with pytest.raises(BadRequest):
        engine.kill_switch.activate(NOBODY, Order(agent_id="x", session_id="y"))
    with pytest.raises(Conflict):
        engine.kill_switch.recover(engine.operator)
    assert _state(engine) == "ACTIVE"


def test_who_may_stop_and_who_may_recover(engine: Engine, program: Actor) -> None:
    """A session stops nothing; an operator without the password itself recovers nothing."""
    with pytest.raises(Denied):
        engine.kill_switch.activate(program, Order())
    engine.kill_switch.activate(NOBODY, Order())
    for actor in (NOBODY, program, Actor(kind="operator")):
        with pytest.raises(Denied):
            engine.kill_switch.recover(actor)
    assert _state(engine) == "SUSPENDED"


def test_bytes_that_were_not_let_go_are_given_up_where_that_can_be_done(engine: Engine, program: Actor) -> None:
    """Signed, not sent, and not released: they are never sent, and what uses their claim instead lets the next one pass."""
    engine.on_step = _once("after-store", lambda: engine.kill_switch._carry_out(Order(), NOBODY, "socket"))
    dropped = engine.send(program, 7)
    engine.work()
    assert engine.kill_switch.recover(engine.operator).cancelled == (dropped,)
    engine.work()
    engine.send(program, 3)
    engine.settle()
    engine.settle()
    assert paid(engine.node) == [("wyou", 3)]
    assert engine.row(dropped).status == "CANCELLED"


def test_a_stop_over_everything_does_not_lift_the_stop_of_one(engine: Engine, program: Actor) -> None:
    """Recovered for all, an agent that was LOCKED for itself stays so, and its cooldown runs from its own stop."""
    engine.kill_switch.activate(NOBODY, Order(state="LOCKED", agent_id=AGENT.name))
    engine.kill_switch.activate(NOBODY, Order())
    engine.kill_switch.recover(engine.operator)
    assert (_state(engine), engine.agent_status()) == ("ACTIVE", "SUSPENDED")
    with engine.store.read() as unit:
        assert '"LOCKED"' in (unit.state.get(lock_key(AGENT.id)) or "")
    with pytest.raises(Conflict) as early:
        engine.kill_switch.recover(engine.operator, agent_id=AGENT.id)
    assert early.value.retry_after == 1800


def test_a_stopped_sessions_payment_may_be_given_up_by_the_operator_alone(engine: Engine, program: Actor) -> None:
    """A session's stop holds up what is made for it, not what is made for the person whose account it is."""
    tx_id = stuck(engine, program)
    assert program.session is not None
    engine.kill_switch.activate(engine.operator, Order(session_id=program.session.id))
    with pytest.raises(Stopped):
        engine.replace(program, tx_id, "cancel")
    with pytest.raises(Stopped):
        engine.replace(engine.operator, tx_id, "speed_up")
    engine.replace(engine.operator, tx_id, "cancel")
    assert [one.kind for one in engine.variants(tx_id)] == ["original", "cancel"]


def _once(step: str, act: Callable[[], object]) -> Callable[[str, str], None]:
    done: list[str] = []

    def observe(seen: str, tx_id: str) -> None:
        if seen == step and not done:
            done.append(seen)
            act()

    return observe


def _crash(scope: Scope, actor: Actor) -> None:
    raise KeyboardInterrupt
