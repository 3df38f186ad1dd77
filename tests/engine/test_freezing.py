"""A denial that freezes suspends whom it names, in the very commit that stores it, wherever the transaction was judged."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened
from waiaas.engine.actors import Actor
from waiaas.errors import Denied, Stopped
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import NEAR_LIMIT, Facts, PolicyType, Tier, Verdict, Window
from waiaas.store.activity import Span
from waiaas.store.records import Agent

OTHER = replace(AGENT, id="0199aaaa-0000-7000-8000-000000000002", name="other", public_key="11" * 32)


class FreezerRules(BaseModel):
    """:param above: amounts over it are denied; :param tier: with it; :param whom: frozen instead of the agent itself"""

    model_config = ConfigDict(extra="forbid")
    above: int
    tier: Tier = Tier.DENY
    whom: tuple[str, ...] = ()


class Freezer(PolicyType[FreezerRules]):
    """Freezes whatever is too large, and marks the rest."""

    type = "FREEZER"
    rules_model = FreezerRules
    grants = False

    def windows(self, rules: FreezerRules, resolved: Resolved) -> Sequence[Window]:
        return ()

    def judge(self, rules: FreezerRules, facts: Facts) -> Verdict | None:
        units = sum(effect.units or 0 for effect in facts.effects)
        if units <= rules.above:
            return Verdict(tier=Tier.INSTANT, code="FINE", reason="it is fine", marks=frozenset({NEAR_LIMIT}))
        return Verdict(
            tier=rules.tier, code="TOO_MUCH", reason="it is far too much", freeze=True, freeze_agents=rules.whom
        )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Two agents, of which one pays up to a hundred at once."""
    with opened(tmp_path, Node(), types=[Freezer]) as made:
        with made.store.write() as unit:
            unit.agents.insert(OTHER)
        made.policy("SPENDING_LIMIT", instant_max="100", delay_max="1000", delay_seconds=60)
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def agent(engine: Engine, which: Agent = AGENT) -> Agent:
    with engine.store.read() as unit:
        found = unit.agents.get(which.id)
    assert found is not None
    return found


def audited(engine: Engine, event: str) -> list[tuple[str, str | None, str | None, dict[str, Any]]]:
    """(actor, agent, transaction, details) of each such row, oldest first."""
    with engine.store.read() as unit:
        rows = unit.audit.list(limit=100, event_type=event).items
    return [(row.actor, row.agent_id, row.tx_id, json.loads(row.details)) for row in reversed(rows)]


def test_a_denial_that_freezes_suspends_its_agent(engine: Engine, program: Actor) -> None:
    """The agent is SUSPENDED with a reason that names the policy, audited as the policy's doing, and lets nothing in."""
    policy = engine.policy("FREEZER", above=10)
    with pytest.raises(Denied) as denied:
        engine.send(program, 11)
    assert (agent(engine).status, agent(engine).suspension_reason) == (
        "SUSPENDED",
        f"policy FREEZER {policy}: it is far too much",
    )
    ((actor, whom, tx_id, details),) = audited(engine, "agent.suspended")
    assert (actor, whom, tx_id) == (f"policy:{policy}", AGENT.id, denied.value.details["transactionId"])
    ((actor, _, _, details),) = audited(engine, "policy.froze")
    assert (actor, details["agents"], details["code"]) == (f"policy:{policy}", [AGENT.id], "TOO_MUCH")
    with pytest.raises(Stopped):
        engine.send(program, 1)


def test_the_denial_and_the_suspension_are_one_commit(
    engine: Engine, program: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the suspension cannot be written the denial is not either."""
    engine.policy("FREEZER", above=10)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(engine.bench.suspensions, "suspend", broken)
    with pytest.raises(RuntimeError, match="no"):
        engine.send(program, 11)
    assert agent(engine).status == "ACTIVE"
    assert not audited(engine, "transaction.denied")


def test_authentication_forgets_and_the_gate_is_drained_once_it_is_committed(
    engine: Engine, program: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told finds the suspension in the database, and only then who passes the gate is waited for."""
    seen: list[tuple[str, str]] = []
    engine.policy("FREEZER", above=10)
    engine.bench.suspensions.then(lambda: seen.append(("told", agent(engine).status)))
    monkeypatch.setattr(engine.bench.gate, "drain", lambda who, seconds: seen.append(("drained", who)))
    with pytest.raises(Denied):
        engine.send(program, 11)
    assert seen == [("told", "SUSPENDED"), ("drained", AGENT.id)]
    assert not engine.sessions._known


def test_a_milder_verdict_freezes_nobody(engine: Engine, program: Actor) -> None:
    """The wish to freeze counts with DENY alone."""
    engine.policy("FREEZER", above=10, tier="APPROVAL")
    engine.send(program, 11)
    assert agent(engine).status == "ACTIVE"


def test_a_simulation_freezes_nobody(engine: Engine, program: Actor) -> None:
    """What would be denied and frozen is told, and nothing happens."""
    engine.policy("FREEZER", above=10)
    body = {"type": "TRANSFER", "to": "wyou", "amount": "11"}
    assert engine.transactions.simulate(program, body)["tier"] == "DENY"
    assert agent(engine).status == "ACTIVE"


@pytest.mark.parametrize(("whom", "frozen"), [((OTHER.id, "nobody"), {OTHER.id}), (("*",), {AGENT.id, OTHER.id})])
def test_the_named_agents_are_frozen(engine: Engine, program: Actor, whom: Sequence[str], frozen: set[str]) -> None:
    """Ids name agents, the judged one only where it is among them; the star names everybody that runs."""
    engine.policy("FREEZER", above=10, whom=whom)
    with pytest.raises(Denied):
        engine.send(program, 11)
    assert {one.id for one in (AGENT, OTHER) if agent(engine, one).status == "SUSPENDED"} == frozen
    assert {row[1] for row in audited(engine, "agent.suspended")} == frozen


def test_who_is_suspended_already_keeps_its_reason(engine: Engine, program: Actor) -> None:
    """A freeze of agents that do not run changes and tells nothing."""
    engine.agents.suspend(engine.operator, OTHER.id, "a holiday")
    engine.policy("FREEZER", above=10, whom=[OTHER.id])
    with pytest.raises(Denied):
        engine.send(program, 11)
    assert agent(engine, OTHER).suspension_reason == "a holiday"
    assert not audited(engine, "policy.froze")


def test_a_denial_at_release_freezes(engine: Engine, program: Actor) -> None:
    """A held payment that is denied when its time has come is cancelled, counted as denied, and freezes."""
    held = engine.send(program, 500)
    engine.policy("FREEZER", above=10)
    engine.clock.advance(61)
    engine.wake(engine.row(held))
    engine.work()
    assert (engine.row(held).status, engine.row(held).error_code) == ("CANCELLED", "TOO_MUCH")
    assert agent(engine).status == "SUSPENDED"
    with engine.store.read() as unit:
        assert unit.value(unit.activity.of_agent(AGENT.id, "denied", Span()))[0] == 1


def test_a_denial_right_before_signing_freezes(engine: Engine, program: Actor) -> None:
    """A policy made after the release is asked before the signature: nothing is signed and the agent is suspended."""

    def new_policy(step: str, tx_id: str) -> None:
        if step == "after-release":
            engine.on_step = lambda *_: None
            engine.policy("FREEZER", above=3)

    engine.on_step = new_policy
    tx_id = engine.send(program, 5)
    assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("CANCELLED", "TOO_MUCH")
    assert agent(engine).status == "SUSPENDED"
    assert not engine.pen.signed


def test_a_judgement_from_before_a_resume_freezes_nobody(engine: Engine, program: Actor) -> None:
    """Where a person let the agent go on while a payment was being judged, its denial is stored and the agent goes on."""
    engine.policy("FREEZER", above=10)

    def stop_and_go(step: str, tx_id: str) -> None:
        if step == "before-admit":
            engine.on_step = lambda *_: None
            with pytest.raises(Denied):
                engine.send(program, 12)
            engine.agents.resume(engine.operator, AGENT.id)

    engine.on_step = stop_and_go
    with pytest.raises(Denied):
        engine.send(program, 11)
    assert agent(engine).status == "ACTIVE"
    assert len(audited(engine, "policy.froze")) == 1


def test_payments_near_a_limit_are_counted_when_they_are_admitted(engine: Engine, program: Actor) -> None:
    """A verdict with the mark counts one; a denied payment is none."""
    engine.policy("FREEZER", above=10)
    engine.send(program, 5)
    with pytest.raises(Denied):
        engine.send(program, 11)
    with engine.store.read() as unit:
        assert unit.value(unit.activity.of_agent(AGENT.id, "near_limit", Span()))[0] == 1


def test_a_resume_leaves_what_happened_behind(engine: Engine, program: Actor) -> None:
    """An agent that goes on knows the last thing that was counted before; nothing else moves that mark."""
    assert agent(engine).resumed_after == 0
    engine.send(program, 5)
    engine.agents.suspend(engine.operator, AGENT.id)
    assert agent(engine).resumed_after == 0
    engine.agents.resume(engine.operator, AGENT.id)
    assert agent(engine).resumed_after > 0
