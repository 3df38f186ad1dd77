"""Commands against a running daemon with a chain: what they print for people and for programs."""

import json
import re

import pytest

from tests.cli.conftest import FRIEND, PASSWORD, RULES, Running

pytestmark = pytest.mark.xdist_group("running-daemon")
ESCAPE = "\x1b"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
READING = [
    ("agent", "list"),
    ("agent", "show", "bot"),
    ("session", "list"),
    ("session", "list", "--agent", "bot"),
    ("policy", "list"),
    ("policy", "list", "--agent", "bot"),
    ("policy", "types"),
    ("token", "list"),
    ("tx", "list"),
    ("tx", "list", "--agent", "bot", "--status", "CONFIRMED"),
    ("tx", "pending"),
    ("notify", "list"),
    ("audit", "list", "--severity", "info"),
    ("audit", "verify"),
    ("status",),
    ("status", "--details"),
    ("config", "show"),
    ("config", "show", "--all"),
    ("config", "validate"),
    ("db", "status"),
    ("db", "check"),
    ("plugins", "list"),
    ("plugins", "show", "waiaas-solana"),
    ("doctor",),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_every_reading_command_speaks_json(running: Running, arguments: tuple[str, ...]) -> None:
    """With ``--json`` stdout is one document and stderr is empty."""
    done = running(*arguments, "--json")
    assert done.code == 0, done.err
    assert isinstance(done.document, dict)
    assert done.err == ""


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_every_reading_command_speaks_to_people(running: Running, arguments: tuple[str, ...]) -> None:
    """Without it, a narrow terminal shows plain text: nothing wider, no escape codes into a pipe."""
    done = running(*arguments, COLUMNS="80")
    assert done.code == 0, done.err
    assert done.out.strip()
    assert ESCAPE not in done.out
    if arguments[0] not in ("doctor", "audit"):
        assert max(map(len, done.out.splitlines())) <= 80


def test_wrong_password_is_code_4(running: Running) -> None:
    """A wrong password is refused in one line that says nothing else."""
    done = running("agent", "list", WAIAAS_MASTER_PASSWORD=PASSWORD + "x")
    assert done.code == 4
    assert done.line == "waiaas: the daemon does not accept this password or token. Try again with the right one"


def test_life_of_an_agent(running: Running) -> None:
    """Create, rename, suspend, resume, terminate."""
    made = running.json("agent", "create", "temp")
    assert ID.fullmatch(made["id"])
    assert made["status"] == "ACTIVE"
    assert running.json("agent", "rename", "temp", "temp2")["name"] == "temp2"
    assert running.json("agent", "suspend", "temp2", "--reason", "lunch")["suspensionReason"] == "lunch"
    assert running.json("agent", "resume", "temp2")["status"] == "ACTIVE"
    assert running("agent", "terminate", "temp2", "--yes").code == 0
    assert running.json("agent", "show", made["id"])["status"] in ("TERMINATING", "TERMINATED")


def test_agent_that_is_not_there(running: Running) -> None:
    """An unknown agent is 1 and one line."""
    done = running("agent", "show", "nobody")
    assert done.code == 1
    assert "agent" in done.line


def test_funding_takes_base_units_and_display_units(running: Running) -> None:
    """``2SOL`` and ``2000000000`` are the same; anything else is a usage error before the faucet is asked."""
    running.json("agent", "create", "rich")
    assert running.json("agent", "fund", "rich", "2SOL")["amount"] == "2000000000"
    assert running.json("agent", "fund", "rich", "2000000000")["amount"] == "2000000000"
    for wrong in ("2", "2.5", "2ETH", "1e9", "0SOL", "1.0000000001SOL"):
        done = running("agent", "fund", "rich", wrong)
        if wrong != "2":
            assert done.code == 2, wrong
            assert wrong in done.line


def test_life_of_a_policy(running: Running) -> None:
    """Create for an agent and for all, update, disable, enable, delete."""
    running.json("agent", "create", "ruled")
    made = running.json("policy", "create", "SPENDING_LIMIT", "--agent", "ruled", "--rules", json.dumps(RULES))
    assert made["rules"]["instant_max"] == "10000000"
    changed = running.json("policy", "update", made["id"], "--rules", json.dumps({"instant_max": "1"}))
    assert (changed["rules"]["instant_max"], changed["version"]) == ("1", made["version"] + 1)
    assert running.json("policy", "disable", made["id"])["enabled"] is False
    assert running.json("policy", "enable", made["id"])["enabled"] is True
    assert running.json("policy", "show", made["id"])["enabled"] is True
    assert running("policy", "delete", made["id"]).code == 0
    assert running("policy", "show", made["id"]).code == 1


def test_policy_says_whom_it_is_for(running: Running) -> None:
    """Neither nobody nor two."""
    rules = ("--rules", "{}")
    assert running("policy", "create", "SPENDING_LIMIT", *rules).code == 2
    assert running("policy", "create", "SPENDING_LIMIT", *rules, "--agent", "bot", "--all-agents").code == 2


@pytest.mark.parametrize("rules", ["{", "[]", "nonsense"])
def test_rules_that_are_no_document(running: Running, rules: str) -> None:
    """Rules that are no JSON object are a usage error."""
    done = running("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--rules", rules)
    assert done.code == 2
    assert "--rules" in done.line


def test_rules_that_the_type_refuses(running: Running) -> None:
    """What the policy type refuses is 1 and names the key."""
    done = running("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--rules", '{"instnat_max": "1"}')
    assert done.code == 1
    assert "instnat_max" in done.line


def test_session_token_is_shown_once(running: Running) -> None:
    """Issuing prints the token; no list shows it again; ``--token-only`` prints nothing else."""
    issued = running.json("session", "issue", "bot", "--ttl", "600", "--max-amount", "5", "--recipient", FRIEND)
    assert issued["token"].startswith("wai_sess_")
    listed = running("session", "list", "--json").out
    assert issued["id"] in listed
    assert issued["token"] not in listed
    item = next(item for item in json.loads(listed)["items"] if item["id"] == issued["id"])
    assert item["constraints"] == {"maxAmount": "5", "recipients": [FRIEND]}
    assert running("session", "revoke", issued["id"]).code == 0
    only = running("session", "issue", "bot", "--token-only").out
    assert re.fullmatch(r"wai_sess_\S+\n", only)


def test_payment_from_send_to_list(running: Running) -> None:
    """An agent's payment shows with its tier and why, in base and display units."""
    token = {"WAIAAS_SESSION_TOKEN": running.token}
    sent = running.json("tx", "send", FRIEND, "0.005SOL", "--memo", "hi", **token)
    assert (sent["amount"], sent["tier"]) == ("5000000", "INSTANT")
    shown = running("tx", "show", sent["id"]).out
    assert "0.005 SOL (5000000)" in shown
    assert "SPENDING_LIMIT" in shown
    assert sent["id"] in running("tx", "list").out


def test_same_key_is_the_same_payment(running: Running) -> None:
    """``--idempotency-key`` twice is one transaction."""
    token = {"WAIAAS_SESSION_TOKEN": running.token}
    sends = [running.json("tx", "send", FRIEND, "5000000", "--idempotency-key", "k-1", **token) for _ in range(2)]
    assert sends[0]["id"] == sends[1]["id"]


def test_delayed_payment_can_be_cancelled(running: Running) -> None:
    """A held payment is pending until it is cancelled."""
    held = running.json("tx", "send", FRIEND, "30000000", WAIAAS_SESSION_TOKEN=running.token)
    assert (held["status"], held["tier"]) == ("QUEUED", "DELAY")
    assert "goes on at" in running("tx", "show", held["id"]).out
    assert held["id"] in running("tx", "pending").out
    assert running.json("tx", "cancel", held["id"])["status"] == "CANCELLED"
    done = running("tx", "cancel", held["id"])
    assert done.code == 1
    assert "CANCELLED" in done.line


def test_bytes_that_cannot_be_replaced_are_a_refusal(running: Running) -> None:
    """On Solana signed bytes expire: ``speed-up`` and ``cancel-onchain`` are refused, with what happens instead."""
    sent = running.json("tx", "send", FRIEND, "5000000", WAIAAS_SESSION_TOKEN=running.token)
    for verb in ("speed-up", "cancel-onchain"):
        refused = running("tx", verb, sent["id"])
        assert refused.code == 4
        assert "expire" in refused.line


def test_approval_and_rejection(running: Running) -> None:
    """A large payment waits; the operator lets one go and refuses another."""
    token = {"WAIAAS_SESSION_TOKEN": running.token}
    one, other = (running.json("tx", "send", FRIEND, "0.05SOL", "--wait", "0", **token) for _ in range(2))
    assert f"waiaas tx approve {one['id']}" in running("tx", "show", one["id"]).out
    assert running("tx", "approve", one["id"]).code == 0
    assert running.json("tx", "reject", other["id"])["status"] == "CANCELLED"


def test_refused_payment_is_code_4(running: Running) -> None:
    """A denial names the policy and what to do, in one line."""
    done = running("tx", "send", FRIEND, "5SOL", WAIAAS_SESSION_TOKEN=running.token)
    assert done.code == 4
    assert done.line.startswith("waiaas: refused by SPENDING_LIMIT: ")


def test_dry_run_stores_nothing(running: Running) -> None:
    """``--dry-run`` tells the tier and leaves no row."""
    before = len(running.json("tx", "list", "--limit", "200")["items"])
    told = running.json("tx", "send", FRIEND, "5SOL", "--dry-run", WAIAAS_SESSION_TOKEN=running.token)
    assert told["tier"] == "DENY"
    assert len(running.json("tx", "list", "--limit", "200")["items"]) == before


def test_no_token_is_code_4(running: Running) -> None:
    """Without a session token the command says where to get one."""
    done = running("tx", "send", FRIEND, "1")
    assert done.code == 4
    assert "waiaas session issue" in done.line


def test_renewed_token_replaces_the_old(running: Running) -> None:
    """``session renew`` gives a token, and the one before is dead."""
    first = running("session", "issue", "bot", "--token-only").out.strip()
    second = running.json("session", "renew", WAIAAS_SESSION_TOKEN=first)["token"]
    assert second != first
    assert running("session", "renew", WAIAAS_SESSION_TOKEN=first).code == 4


def test_tables_have_no_colour_and_no_markup_of_others(running: Running) -> None:
    """A name that looks like markup is shown as it is."""
    running.json("agent", "create", "[red]x[/red]")
    assert "[red]x[/red]" in running("agent", "list", COLUMNS="140").out


def test_paging_goes_on(running: Running) -> None:
    """A page that is not the last says how to get the next."""
    first = running("audit", "list", "--limit", "2").out
    found = re.search(r"--cursor (\S+)", first)
    assert found is not None
    page = running.json("audit", "list", "--limit", "2", "--cursor", found[1])
    assert len(page["items"]) == 2
