"""Changes of policies: each is on record with both versions, and what may let something pass takes the password."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.desk import AGENT, Desk, native
from waiaas.engine.actors import Actor
from waiaas.engine.pipeline.release import Release
from waiaas.errors import Denied

TOKEN = Actor(kind="operator")
LIMIT: dict[str, Any] = {"instant_max": "10", "daily_limit": "100"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine of its own."""
    made = Desk(tmp_path)
    yield made
    made.close()


def refused(call: Any, *arguments: Any, **more: Any) -> bool:
    """Whether a token is not enough for it."""
    try:
        call(*arguments, **more)
    except Denied as problem:
        return problem.code == "PASSWORD_REQUIRED"
    return False


def changes(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """What is on record about policies, oldest first."""
    rows = desk.rows("SELECT event_type, details FROM audit_log WHERE event_type LIKE 'policy.%' ORDER BY id")
    return [(event, json.loads(details)) for event, details in rows]


@pytest.mark.parametrize(
    ("type_", "rules", "enabled", "needs"),
    [
        ("SPENDING_LIMIT", LIMIT, True, True),
        ("ALLOWED_TOKENS", {"tokens": ["usd"]}, True, True),
        ("ALLOWED_ADDRESSES", {"addresses": ["wyou"]}, True, True),
        ("SPENDING_LIMIT", LIMIT, False, False),
        ("ALLOWED_ADDRESSES", {"addresses": ["wyou"]}, False, False),
    ],
)
def test_what_may_let_something_pass_is_made_with_the_password(
    desk: Desk, type_: str, rules: dict[str, Any], enabled: bool, needs: bool
) -> None:
    """A grant, and a list whose mark lets recipients pass, need it as soon as they are in force; a refusal writes nothing."""
    asked: dict[str, Any] = {"agent_id": AGENT.id, "type": type_, "rules": rules, "enabled": enabled}
    assert refused(desk.policies.create, TOKEN, **asked) is needs
    assert len(changes(desk)) == (0 if needs else 1)
    desk.policies.create(desk.operator, **asked)


@pytest.mark.parametrize(
    ("change", "needs"),
    [
        ({"priority": 5}, False),
        ({"rules": LIMIT}, False),
        ({"rules": {"instant_max": "9", "daily_limit": "100"}}, False),
        ({"rules": {"instant_max": "11", "daily_limit": "100"}}, True),
        ({"rules": {"instant_max": "10"}}, True),
        ({"enabled": False}, True),
        ({"enabled": False, "rules": {"instant_max": "9", "daily_limit": "100"}}, True),
        ({"enabled": True}, False),
    ],
)
def test_a_change_that_is_not_proven_to_tighten_takes_the_password(
    desk: Desk, change: dict[str, Any], needs: bool
) -> None:
    """Narrower rules and another priority pass with a token, all else with the password; the record says which it was."""
    policy = desk.policy("SPENDING_LIMIT", **LIMIT)
    assert refused(desk.policies.replace, TOKEN, policy, change) is needs
    if needs:
        desk.policies.replace(desk.operator, policy, change)
    event, details = changes(desk)[-1]
    assert (event, details["tightens"]) == ("policy.changed", not needs)
    assert (details["before"]["version"], details["after"]["version"]) == (1, 2)
    assert details["before"]["rules"]["instant_max"] == "10"


def test_putting_a_grant_in_force_and_removing_anything_take_the_password(desk: Desk) -> None:
    """What waits disabled was not looked at, and what goes away may have been what forbade."""
    grant = desk.policies.create(TOKEN, agent_id=AGENT.id, type="SPENDING_LIMIT", rules=LIMIT, enabled=False).id
    assert refused(desk.policies.replace, TOKEN, grant, {"enabled": True})
    desk.policies.replace(desk.operator, grant, {"enabled": True})
    assert refused(desk.policies.delete, TOKEN, grant)
    assert desk.policies.get(TOKEN, grant).enabled
    desk.policies.delete(desk.operator, grant)
    assert [details["tightens"] for _, details in changes(desk)] == [True, False, False]
    assert changes(desk)[-1][1]["before"]["rules"]["instant_max"] == "10"


def test_a_type_that_fails_to_compare_has_loosened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, and an answer that is not True, prove nothing."""
    policy = desk.policy("SPENDING_LIMIT", **LIMIT)
    kind = type(desk.registry.policy_types["SPENDING_LIMIT"])
    for answer in (lambda *_: 1 / 0, lambda *_: "yes"):
        monkeypatch.setattr(kind, "is_tighter", answer)
        assert refused(desk.policies.replace, TOKEN, policy, {"rules": {**LIMIT, "instant_max": "9"}})


def test_the_decision_at_release_keeps_the_one_at_admission(desk: Desk) -> None:
    """What a payment was told when it was asked for can be read after it was judged again, and raised."""
    policy = desk.policy("SPENDING_LIMIT", **LIMIT)
    item = desk.send(desk.session(), native(10))
    assert "before" not in item["decision"]
    desk.policies.replace(desk.operator, policy, {"rules": {**LIMIT, "instant_max": "5"}})
    with desk.store.read() as unit:
        row = unit.transactions.get(item["id"])
    assert row is not None
    Release(desk.bench).run(row)
    now = desk.transactions.get(desk.operator, item["id"]).to_wire()
    assert (now["tier"], now["decision"]["tier"]) == ("APPROVAL", "APPROVAL")
    (first,) = now["decision"]["before"]
    assert (first["tier"], first["policyId"], first["code"]) == ("INSTANT", policy, "WITHIN_INSTANT_MAX")
    with desk.store.write() as unit:
        unit.transactions.note(item["id"], at=desk.clock.now(), approved_at=desk.clock.now())
        row = unit.transactions.get(item["id"])
    assert row is not None
    Release(desk.bench).run(replace(row))
    tiers = [one["tier"] for one in desk.transactions.get(desk.operator, item["id"]).decision["before"]]
    assert tiers == ["INSTANT", "APPROVAL"]
