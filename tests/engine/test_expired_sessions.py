"""An expiry ends what a token may ask for, not what it has asked for: what is held is judged again and paid."""

from pathlib import Path

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened
from waiaas.errors import Unauthenticated

_TTL = 300


def expiring(engine: Engine) -> str:
    """A session of five minutes; its token."""
    return engine.sessions.issue(engine.operator, agent_id=AGENT.id, ttl=_TTL).token


def test_a_delayed_payment_is_paid_although_its_session_expired(tmp_path: Path) -> None:
    """It goes on at its time, while the token itself opens nothing any more."""
    with opened(tmp_path, Node()) as engine:
        engine.policy("SPENDING_LIMIT", delay_max="100", delay_seconds=2 * _TTL)
        token = expiring(engine)
        tx_id = engine.send(engine.sessions.authenticate(token, None))
        assert (engine.row(tx_id).status, engine.row(tx_id).tier) == ("QUEUED", "DELAY")
        engine.clock.advance(2 * _TTL)
        with pytest.raises(Unauthenticated):
            engine.sessions.authenticate(token, None)
        engine.wake_all()
        engine.work()
        engine.settle()
        assert engine.row(tx_id).status == "CONFIRMED"


def test_an_approved_payment_is_paid_although_its_session_expired(tmp_path: Path) -> None:
    """A person who approves later approves what was asked for in time."""
    with opened(tmp_path, Node()) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="1")
        tx_id = engine.send(engine.sessions.authenticate(expiring(engine), None))
        engine.clock.advance(_TTL + 1)
        engine.approvals.approve(engine.operator, tx_id)
        engine.work()
        engine.settle()
        assert engine.row(tx_id).status == "CONFIRMED"


def test_a_held_payment_still_obeys_its_sessions_end_and_constraints(tmp_path: Path) -> None:
    """Revoked it is cancelled; tightened policies reach it; the expired session's own constraints count on."""
    with opened(tmp_path, Node()) as engine:
        engine.policy("SPENDING_LIMIT", delay_max="100", delay_seconds=2 * _TTL)
        issued = engine.sessions.issue(engine.operator, agent_id=AGENT.id, ttl=_TTL, constraints={"maxTotal": "8"})
        program = engine.sessions.authenticate(issued.token, None)
        first = engine.send(program, 5)
        assert (
            engine.transactions.simulate(program, {"type": "TRANSFER", "to": "wyou", "amount": "5"})["tier"] == "DENY"
        )
        engine.clock.advance(_TTL + 1)
        engine.sessions.revoke(engine.operator, issued.session.id)
        assert (engine.row(first).status, engine.row(first).error_code) == ("CANCELLED", "SESSION_REVOKED")
