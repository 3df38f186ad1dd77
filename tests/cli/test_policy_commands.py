"""Policies at the command line: what they said of a payment, and what became of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import FRIEND, RULES, Running
from waiaas.cli.starter_sets import STARTER_SETS, Wanted

pytestmark = pytest.mark.xdist_group("running-daemon")


def test_explain_shows_every_verdict_and_which_decided(running: Running) -> None:
    """The decision of a held payment names the policy, the house's own verdicts beside it, and a mark at what won."""
    sent = running.json("tx", "send", FRIEND, "50000000", WAIAAS_SESSION_TOKEN=running.token)
    found = running.json("policy", "explain", sent["id"])
    assert (found["tier"], found["decision"]["code"]) == ("APPROVAL", "ABOVE_THRESHOLDS")
    assert {one["type"] for one in found["decision"]["verdicts"]} >= {"SPENDING_LIMIT", "FEES"}
    table = running("policy", "explain", sent["id"], COLUMNS="160").out
    assert "decided by" in table
    (chosen,) = [line for line in table.splitlines() if line.startswith("*")]
    assert "SPENDING_LIMIT" in chosen
    assert found["decision"]["policyId"] in chosen
    assert running("tx", "cancel", sent["id"]).code == 0
    assert running("policy", "explain", "nothing").code == 1


def test_explain_tells_the_decision_at_release_from_that_at_admission(running: Running) -> None:
    """A payment that went out shows what it was told when it was asked for, and what it was told when it went."""
    sent = running.json("tx", "send", FRIEND, "1000000", "--wait", "20", WAIAAS_SESSION_TOKEN=running.token)
    out = running("policy", "explain", sent["id"], COLUMNS="160").out
    assert "when asked for" in out
    assert "at release" in out
    assert running.json("policy", "explain", sent["id"])["decision"]["before"][0]["tier"] == "INSTANT"


def test_history_of_a_policy_names_each_version(running: Running) -> None:
    """Who made, changed and removed it, what it was then, and whether that only tightened; also when it is gone."""
    running("agent", "create", "changing", "--chain", "solana", "--network", "localnet")
    rules = json.dumps(RULES)
    made = running.json("policy", "create", "SPENDING_LIMIT", "--agent", "changing", "--rules", rules)["id"]
    running("policy", "update", made, "--rules", json.dumps({**RULES, "instant_max": "1"}))
    assert running("policy", "delete", made).code == 0
    items = running.json("policy", "history", made)["items"]
    said = [(one["eventType"], one["details"]["tightens"]) for one in items]
    assert said == [("policy.deleted", False), ("policy.changed", True), ("policy.created", False)]
    assert items[1]["details"]["before"]["rules"]["instant_max"] == RULES["instant_max"]
    assert "changed" in running("policy", "history", made, COLUMNS="160").out


def made(running: Running, name: str) -> dict[str, Any]:
    """A new agent."""
    found: dict[str, Any] = running.json("agent", "create", name, "--chain", "solana", "--network", "localnet")
    return found


def test_a_draft_is_tried_on_what_is_on_record(running: Running, tmp_path: Path) -> None:
    """Changes and totals for people, every row for programs; a file that is no draft and no length of time are usage errors."""
    sent = running.json("tx", "send", FRIEND, "2000000", "--wait", "20", WAIAAS_SESSION_TOKEN=running.token)
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps([{"type": "SPENDING_LIMIT", "rules": {"instant_max": "1"}}]))
    found = running.json("policy", "test", str(draft), "--agent", "bot", "--since", "1h")
    (row,) = [row for row in found["rows"] if row["id"] == sent["id"]]
    assert (row["before"]["tier"], row["after"]["tier"], row["changed"]) == ("INSTANT", "APPROVAL", True)
    table = running("policy", "test", str(draft), "--agent", "bot", COLUMNS="200").out
    assert sent["id"] in table
    assert "decided otherwise" in table
    assert running("policy", "test", str(draft), "--since", "yesterday").code == 2
    draft.write_text('{"type": "SPENDING_LIMIT"}')
    assert running("policy", "test", str(draft)).code == 2
    draft.write_text('[{"type": "SPENDING_LIMIT", "rules": {"instnat_max": "1"}}]')
    wrong = running("policy", "test", str(draft), "--agent", "bot")
    assert (wrong.code, "instnat_max" in wrong.err) == (1, True)


def test_limits_show_what_is_left_of_everything_today(running: Running) -> None:
    """The policies' limits and the house's own of fees, with what is used of them; an agent without a grant is named."""
    made(running, "poor")
    (bot,) = running.json("policy", "limits", "--agent", "bot")["items"]
    daily = next(one for one in bot["limits"] if one["type"] == "SPENDING_LIMIT" and one["symbol"] == "SOL")
    assert int(daily["used"]) + int(daily["remaining"]) == int(daily["limit"]) == 900_000_000
    assert {one["type"] for one in bot["limits"]} >= {"SPENDING_LIMIT", "FEES"}
    table = running("policy", "limits", COLUMNS="160").out
    assert "0.9 SOL" in table
    assert "poor has no policy that grants anything" in table
    assert running("policy", "limits", "--agent", "nobody").code == 1


@pytest.mark.parametrize("name", sorted(STARTER_SETS))
def test_a_starter_set_is_applied_and_holds(running: Running, name: str) -> None:
    """Each set is taken by the daemon as it is written, restrictions before the grant, in usual payments."""
    made(running, f"new-{name}")
    options = ("--agent", f"new-{name}", "--usual", "0.05SOL", "--to", FRIEND)
    done = running.json("policy", "init", name, *options, "--yes")["items"]
    wanted = STARTER_SETS[name].make(Wanted(usual=50_000_000, addresses=(FRIEND,)))
    assert [one["type"] for one in done] == [one["type"] for one in wanted]
    assert done[-1]["type"] == "SPENDING_LIMIT"
    limit = wanted[-1]["rules"]
    assert {key: done[-1]["rules"][key] for key in limit if key != "asset"} == {
        key: value for key, value in limit.items() if key != "asset"
    }
    simulated = running.json("policy", "list", "--agent", f"new-{name}")["items"]
    assert len(simulated) == len(wanted)


def test_a_starter_set_is_shown_and_asks_first(running: Running) -> None:
    """Without a yes nothing is applied, and payroll is not made for nobody in particular."""
    made(running, "hesitant")
    shown = running("policy", "init", "careful", "--agent", "hesitant", COLUMNS="200")
    assert shown.code != 0
    assert "RATE_LIMIT" in shown.out
    assert running.json("policy", "list", "--agent", "hesitant")["items"] == []
    assert running("policy", "init", "payroll", "--agent", "hesitant", "--yes").code == 2


def test_one_more_address_is_allowed(running: Running) -> None:
    """It joins the agent's own list, once; an agent without a list is told how to make one."""
    made(running, "listed")
    refused = running("policy", "allow", FRIEND, "--agent", "listed")
    assert (refused.code, "waiaas policy create ALLOWED_ADDRESSES" in refused.err) == (1, True)
    rules = json.dumps({"addresses": [running.agent["address"]]})
    assert running("policy", "create", "ALLOWED_ADDRESSES", "--agent", "listed", "--rules", rules).code == 0
    (changed,) = running.json("policy", "allow", FRIEND, "--agent", "listed")["items"]
    assert changed["rules"]["addresses"] == [running.agent["address"], FRIEND]
    assert "already" in running("policy", "allow", FRIEND, "--agent", "listed").out
    assert running("policy", "allow", "nonsense", "--agent", "listed").code == 1
