"""What services refuse although the credential is good: too late, too often, in the wrong state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened
from waiaas.engine.actors import Actor
from waiaas.engine.sessions import Sessions
from waiaas.errors import BadRequest, Conflict, Denied, NotReady, Unauthenticated

FEW = {"WAIAAS_SECURITY_SESSION_MAX_RENEWALS": "2", "WAIAAS_SECURITY_MAX_SESSIONS_PER_AGENT": "3"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays one at once; more waits for a person."""
    with opened(tmp_path, Node(), **FEW) as made:
        made.policy("SPENDING_LIMIT", instant_max="1")
        yield made


def test_an_agent_with_payments_on_their_way_is_not_ended(engine: Engine) -> None:
    """Until what was signed is final the agent stays, with its sessions; then it can be ended."""
    program = engine.session()
    engine.send(program, 1)
    with pytest.raises(Conflict, match="on their way"):
        engine.agents.terminate(engine.operator, AGENT.id)
    assert engine.agent_status() == "ACTIVE"
    assert engine.sessions.renew(program).session.renewal_count == 1
    engine.settle()
    engine.agents.terminate(engine.operator, AGENT.id)
    assert engine.agent_status() == "TERMINATED"
    with pytest.raises(Conflict, match="TERMINATED"):
        engine.agents.terminate(engine.operator, AGENT.id)


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_a_decision_that_comes_too_late_decides_nothing(engine: Engine, answer: str) -> None:
    """From the second on at which its time is over an approval can be neither given nor refused."""
    tx_id = engine.send(engine.session(), 5)
    with engine.store.read() as unit:
        approval = unit.approvals.open_of("transaction", tx_id)
    assert approval is not None
    engine.clock.advance(approval.expires_at - engine.clock.now())
    with pytest.raises(Conflict, match="is over"):
        getattr(engine.approvals, answer)(engine.operator, tx_id)
    with engine.store.read() as unit:
        assert unit.approvals.open_of("transaction", tx_id) is not None
    assert engine.row(tx_id).approved_at is None
    engine.work()
    assert engine.pen.signed == []


def test_a_decision_is_about_what_waits(engine: Engine) -> None:
    """What was paid, decided already, or cancelled can be neither approved nor rejected."""
    program = engine.session()
    paid, approved, cancelled = (engine.send(program, units) for units in (1, 5, 7))
    engine.approvals.approve(engine.operator, approved)
    engine.transactions.cancel(program, cancelled)
    for tx_id in (paid, approved, cancelled):
        for answer in (engine.approvals.approve, engine.approvals.reject):
            with pytest.raises(Conflict, match="waits for nobody"):
                answer(engine.operator, tx_id)


def test_renewals_are_counted(engine: Engine) -> None:
    """After as many as were allowed there is no further one, however live the session is; the last token stays good."""
    issued = engine.sessions.issue(engine.operator, agent_id=AGENT.id)
    token = issued.token
    for _ in range(2):
        token = engine.sessions.renew(engine.sessions.authenticate(token, None)).token
    program = engine.sessions.authenticate(token, None)
    with pytest.raises(Conflict) as refused:
        engine.sessions.renew(program)
    assert refused.value.code == "LIMIT_REACHED"
    assert engine.sessions.authenticate(token, None).session == program.session


def test_who_was_replaced_or_revoked_renews_nothing(engine: Engine) -> None:
    """A caller that was let in a moment ago, and whose token died since, is refused inside the commit."""
    first = engine.session()
    engine.sessions.renew(first)
    with pytest.raises(Unauthenticated):
        engine.sessions.renew(first)
    second = engine.session()
    assert second.session is not None
    engine.sessions.revoke(engine.operator, second.session.id)
    with pytest.raises(Unauthenticated):
        engine.sessions.renew(second)


def test_a_token_that_dies_while_it_is_read_is_not_remembered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revoked between the read and the moment at which it would be remembered, it is dead for whoever comes next."""
    issued = engine.sessions.issue(engine.operator, agent_id=AGENT.id)
    real, calls = Sessions._is_live, list[str]()

    def is_live(self: Sessions, session: object) -> bool:
        answer = real(self, session)  # type: ignore[arg-type]
        if not calls:
            calls.append("")
            engine.sessions.revoke(engine.operator, issued.session.id)
        return answer

    monkeypatch.setattr(Sessions, "_is_live", is_live)
    assert engine.sessions.authenticate(issued.token, None).kind == "session"
    with pytest.raises(Unauthenticated):
        engine.sessions.authenticate(issued.token, None)


def test_sessions_are_issued_within_bounds(engine: Engine) -> None:
    """Neither for no time nor for ever, for active agents alone, and no more than are allowed."""
    for seconds in (0, -1, 10**9):
        with pytest.raises(BadRequest, match="ttl"):
            engine.sessions.issue(engine.operator, agent_id=AGENT.id, ttl=seconds)
    engine.agents.suspend(engine.operator, AGENT.id, "looking into it")
    with pytest.raises(Conflict, match="SUSPENDED"):
        engine.sessions.issue(engine.operator, agent_id=AGENT.id)
    engine.agents.resume(engine.operator, AGENT.id)
    for _ in range(3):
        engine.sessions.issue(engine.operator, agent_id=AGENT.id)
    with pytest.raises(Conflict) as refused:
        engine.sessions.issue(engine.operator, agent_id=AGENT.id)
    assert refused.value.code == "LIMIT_REACHED"


def test_no_agent_is_made_while_the_signer_is_locked(engine: Engine) -> None:
    """Nothing is asked of a locked signer, and no half agent is left."""
    engine.pen.is_unlocked = False
    with pytest.raises(NotReady) as refused:
        engine.agents.create(engine.operator, name="second", chain="nonce", network="one")
    assert refused.value.code == "SIGNER_LOCKED"
    assert [view.agent.id for view in engine.agents.list(engine.operator, 10).items] == [AGENT.id]


def test_only_the_password_says_that_the_ledger_is_whole(engine: Engine) -> None:
    """An operator by a token that was bought with it may resume, and may not confirm what was spent."""
    by_token = Actor(kind="operator", by_password=False)
    engine.agents.suspend(engine.operator, AGENT.id, "looking into it")
    with pytest.raises(Denied) as refused:
        engine.agents.resume(by_token, AGENT.id, confirm_spent=True)
    assert (refused.value.code, engine.agent_status()) == ("PASSWORD_REQUIRED", "SUSPENDED")
    engine.agents.resume(by_token, AGENT.id)
    assert engine.agent_status() == "ACTIVE"
