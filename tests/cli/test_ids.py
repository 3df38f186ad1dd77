"""The beginning of an id is enough where it is the only one, and nothing is guessed where it is not."""

import json

import pytest

from tests.cli.conftest import FRIEND, RULES, Done, Program, Running
from waiaas.cli.ids import is_part

pytestmark = pytest.mark.xdist_group("running-daemon")


def shortest(running: Running, noun: str, whole: str) -> str:
    """The shortest beginning that no other id of the kind has."""
    limit = () if noun == "notify" else ("--limit", "200")
    others = [item["id"] for item in running.json(noun, "list", *limit)["items"] if item["id"] != whole]
    return next(whole[:n] for n in range(4, 37) if not any(other.startswith(whole[:n]) for other in others))


def good(done: Done) -> Done:
    assert done.code == 0, done.err
    return done


def test_a_payment_is_named_by_the_beginning_of_its_id(running: Running) -> None:
    """Show, explain and decide: whatever takes a transaction takes as much of its id as is its own."""
    held = running.json("tx", "send", FRIEND, "0.05SOL", "--wait", "0", WAIAAS_SESSION_TOKEN=running.token)["id"]
    part = shortest(running, "tx", held)
    assert len(part) < 36
    assert running.json("tx", "show", part)["id"] == held
    assert running.json("policy", "explain", part)["id"] == held
    assert all(row["txId"] == held for row in running.json("audit", "list", "--tx", part)["items"])
    assert running.json("tx", "reject", part)["status"] == "CANCELLED"


def test_policies_sessions_agents_and_channels_too(running: Running) -> None:
    """Every noun of which people name rows."""
    agent = running.json("agent", "create", "shortened")["id"]
    policy = running.json("policy", "create", "SPENDING_LIMIT", "--agent", agent, "--rules", json.dumps(RULES))["id"]
    assert running.json("policy", "show", shortest(running, "policy", policy))["id"] == policy
    good(running("policy", "delete", shortest(running, "policy", policy)))
    session = running.json("session", "issue", "shortened")["id"]
    good(running("session", "revoke", shortest(running, "session", session)))
    part = shortest(running, "agent", agent)
    assert running.json("agent", "show", part)["id"] == agent
    assert running.json("tx", "list", "--agent", part)["items"] == []
    channel = running.json("notify", "add", "LOG")["id"]
    good(running("notify", "remove", shortest(running, "notify", channel)))


def test_a_stop_takes_the_beginning_of_a_sessions_id(running: Running) -> None:
    """Nobody is asked for a password, and the session that was meant is the one that is stopped."""
    agent = running.json("agent", "create", "stopped short")["id"]
    session = running.json("session", "issue", agent)["id"]
    part = shortest(running, "session", session)
    stopped = running.json("kill-switch", "activate", "--session", part, WAIAAS_MASTER_PASSWORD_FILE="/nowhere")
    assert (stopped["session"], stopped["door"]) == (session, "socket")
    good(running("kill-switch", "recover", "--session", part, "--release", "none"))


@pytest.mark.parametrize("of", ["--session", "--agent"])
def test_an_order_in_a_file_takes_no_beginning(made: Program, of: str) -> None:
    """Nobody can say then which is meant: nothing is left that would stop nothing, and the command says so."""
    done = made("kill-switch", "activate", of, "01a2300e-c4", "--json")
    assert (done.code, json.loads(done.err)["code"]) == (2, "NOT_STOPPED")
    assert "NOTHING IS STOPPED" in done.err
    assert not (made.data_dir / "stop.request").exists()


@pytest.mark.parametrize(
    "verb", [("policy", "delete"), ("policy", "show"), ("session", "revoke"), ("agent", "terminate")]
)
def test_what_could_be_several_is_none(running: Running, verb: tuple[str, str]) -> None:
    """Nothing is done, and the candidates are named: also to a program."""
    noun = verb[0]
    twin = running.json("agent", "create", f"twin of {noun} {verb[1]}")["id"]
    for _ in range(2):
        running.json("policy", "create", "SPENDING_LIMIT", "--agent", twin, "--rules", json.dumps(RULES))
        running.json("session", "issue", twin, "--ttl", "300")
    before = [item["id"] for item in running.json(noun, "list", "--limit", "200")["items"]]
    common = before[0][:4]
    yes = ["--yes"] if verb[1] == "terminate" else []
    done = running(*verb, common, *yes, "--json")
    assert done.code == 2, done.err
    error = json.loads(done.err)
    assert error["code"] == "AMBIGUOUS_ID"
    assert len(error["details"]["candidates"]) > 1
    assert set(error["details"]["candidates"]) <= set(before)
    assert [item["id"] for item in running.json(noun, "list", "--limit", "200")["items"]] == before


def test_a_name_goes_before_the_beginning_of_an_id(running: Running) -> None:
    """An agent whose name looks like one keeps it."""
    some = running.json("agent", "list")["items"][0]["id"]
    named = running.json("agent", "create", some[:5])
    assert running.json("agent", "show", some[:5])["id"] == named["id"]


def test_what_begins_no_id_is_told_by_the_daemon(running: Running) -> None:
    """As a whole one that is not there."""
    done = running("tx", "show", "ffff")
    assert (done.code, "transaction" in done.line) == (1, True), done.err


def test_three_characters_are_too_few() -> None:
    """Four to thirty-five, of those that ids are written with."""
    assert [is_part(text) for text in ("01a", "01a2", "01A2", "bot1", "01a22fb2-32fd")] == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert not is_part("01a22fb2-32fd-74a2-b88f-54e2520ca631")
