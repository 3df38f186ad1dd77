"""Simulating: what a send would be told, in every state that policies and history can be in, and nothing is written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.engine.chance import ROOMY, RULES, Chance
from tests.engine.desk import Desk
from waiaas.engine.actors import Actor
from waiaas.errors import Denied, WaiaasError

SEEDS, AGENTS, WISHES = range(4), 100, 25
_IN_MEMORY = Path("/dev/shm")
_EXCUSED = frozenset({"EXPRESSION"})
"""Types whose rules nobody draws here."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An engine whose files lie in memory, where there is such a place: ten thousand sends would wait for a disk."""
    place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with TemporaryDirectory(dir=place) as folder:
        made = Desk(Path(folder), **ROOMY)
        yield made
        made.close()


def told(desk: Desk, actor: Actor, body: dict[str, Any]) -> tuple[Any, str | None]:
    """What a send is told, as a simulation says it; and the row of one that was admitted."""
    try:
        item = desk.send(actor, body)
    except Denied as problem:
        item = desk.transactions.get(actor, problem.details["transactionId"]).to_wire()
    except WaiaasError as problem:
        return (problem.code, problem.status), None
    decision = item["decision"]
    assert item["tier"] == decision["tier"]
    return _said(decision), None if item["tier"] == "DENY" else item["id"]


def simulated(desk: Desk, actor: Actor, body: dict[str, Any]) -> Any:
    """What a simulation says."""
    try:
        return _said(desk.transactions.simulate(actor, body))
    except WaiaasError as problem:
        return problem.code, problem.status


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("tier", "verdicts", "remaining", "resetsAt")}


def test_every_type_takes_part(desk: Desk) -> None:
    """No policy type was installed without rules being drawn for it."""
    assert set(desk.registry.policy_types) <= set(RULES) | _EXCUSED


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_thousand_simulations_agree_with_sends_and_write_nothing(desk: Desk, seed: int) -> None:
    """Tier, every verdict, what remains and when it resets are those of the send that follows; the database is as it was.

    A commit of anybody changes ``data_version`` as another connection sees it.
    """
    chance, seen = Chance(desk, seed), dict[str, int]()
    with closing(sqlite3.connect(desk.database)) as beside:

        def version() -> int:
            found: int = beside.execute("PRAGMA data_version").fetchone()[0]
            return found

        for _ in range(AGENTS):
            actor, shared = chance.agent(), chance.policy(None) if chance.random.random() < 0.2 else None
            for _ in range(WISHES):
                chance.pass_time()
                actor = chance.afresh(actor)
                body, before = chance.wish(), version()
                dry = simulated(desk, actor, body)
                assert version() == before
                wet, tx_id = told(desk, actor, body)
                assert dry == wet, (body, dry, wet)
                if tx_id is not None:
                    chance.end(tx_id)
                tier = wet["tier"] if isinstance(wet, dict) else wet[0]
                seen[tier] = seen.get(tier, 0) + 1
            if shared is not None:
                desk.policies.delete(desk.operator, shared)
    assert len(SEEDS) * sum(seen.values()) == 10_000
    assert all(seen.get(tier, 0) > 25 for tier in ("INSTANT", "NOTIFY", "DELAY", "APPROVAL", "DENY")), seen
