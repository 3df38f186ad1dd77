"""What lists show on a terminal of 80 columns, and what their filters take."""

import json
import re
from pathlib import Path

import pytest
from waiaas_sdk import Transaction
from waiaas_sdk.models import Chain, NativeAsset

from tests.cli.conftest import FRIEND, Running
from waiaas.cli.amounts import Unit, Units
from waiaas.cli.options import AGENT_STATUSES, TRANSACTION_STATUSES
from waiaas.cli.output import counted
from waiaas.cli.transactions import trouble

pytestmark = pytest.mark.xdist_group("running-daemon")
NARROW = {"COLUMNS": "80"}
SCHEMA = Path(__file__).parents[2] / "schema" / "0001_initial.sql"


def rows(out: str) -> list[str]:
    """The lines below a table's head."""
    return out.splitlines()[2:]


def test_a_payment_has_one_line_on_a_narrow_terminal(running: Running) -> None:
    """The amount stands in display units and the row is not folded; a wide terminal names the agent too."""
    sent = running.json("tx", "send", FRIEND, "0.012345678SOL", "--wait", "0", WAIAAS_SESSION_TOKEN=running.token)
    line = rows(running("tx", "list", "--limit", "1", **NARROW).out)[0]
    assert (sent["id"] in line, "0.012345678 SOL" in line, "(12345678)" in line) == (True, True, False)
    assert re.search(r" bot\b", rows(running("tx", "list", "--limit", "1", COLUMNS="120").out)[0])
    assert re.search(r"^agent +bot\b", running("tx", "show", sent["id"]).out, re.MULTILINE)


@pytest.mark.parametrize("columns", ["60", "80", "100", "120"])
def test_who_is_paid_and_when_is_seen_at_every_width(running: Running, columns: str) -> None:
    """Beside the payment or below it, whole: its id, the address and the time; nothing is cut."""
    sent = running.json("tx", "send", FRIEND, "0.001SOL", "--wait", "0", WAIAAS_SESSION_TOKEN=running.token)
    out = running("tx", "list", "--limit", "1", COLUMNS=columns).out
    assert (sent["id"] in out, FRIEND in out) == (True, True), out
    assert re.search(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b", out), out
    assert max(map(len, out.splitlines()[:-1])) <= int(columns), "the last line is the way on, and is copied whole"


LISTS = [
    ("agent", "list"),
    ("session", "list"),
    ("policy", "list"),
    ("tx", "list"),
    ("token", "list"),
    ("audit", "list"),
]


@pytest.mark.parametrize("listing", LISTS, ids=" ".join)
def test_no_list_cuts_an_id(running: Running, listing: tuple[str, ...]) -> None:
    """On a terminal of 50 columns every id of the first page can still be copied."""
    out = running(*listing, COLUMNS="50").out
    for item in running.json(*listing)["items"]:
        if "status" in item or "rules" in item or "constraints" in item:
            assert item["id"] in out, out
        if item.get("address"):
            assert item["address"] in out, out
    lines = [line for line in out.splitlines() if not line.startswith("There are more")]
    assert max(map(len, lines)) <= 50


def test_base_units_are_shown_with_what_they_are(running: Running) -> None:
    """Who types base units reads how much that is."""
    out = running("tx", "send", FRIEND, "5", WAIAAS_SESSION_TOKEN=running.token).out
    assert "0.000000005 SOL (5)" in out


def test_what_only_looks_like_a_number_is_no_amount(running: Running) -> None:
    """Digits that are not ASCII, zero and leading zeros are usage errors, not payments and not crashes."""
    for amount in ("²", "１２", "0", "007"):
        done = running("tx", "send", FRIEND, amount, WAIAAS_SESSION_TOKEN=running.token)
        assert (done.code, "is not an amount" in done.err) == (2, True), done.err


def test_an_approval_says_what_comes_next(running: Running) -> None:
    """A row that is approved is still QUEUED for a moment; the command says that it goes on."""
    held = running.json("tx", "send", FRIEND, "0.04SOL", "--wait", "0", WAIAAS_SESSION_TOKEN=running.token)
    assert f"waiaas tx show {held['id']}" in running("tx", "approve", held["id"]).out


def test_who_approves_reads_the_agents_words_as_such(running: Running) -> None:
    """Memo and note stand last, quoted and on one line each, so that neither passes for a fact of ours."""
    words = 'rent\nstatus CONFIRMED\x1b[2J "sure"'
    options = ("--wait", "0", "--memo", "inv 7", "--note", words)
    sent = running.json("tx", "send", FRIEND, "0.04SOL", *options, WAIAAS_SESSION_TOKEN=running.token)
    for verb in ("show", "reject"):
        last = running("tx", verb, sent["id"], COLUMNS="160").out.splitlines()[-2:]
        assert re.search(r"^memo +the agent's own words, unchecked: \"inv 7\"$", last[0].rstrip()), last
        note = r"^note +the agent's own words, unchecked: \"rent status CONFIRMED\[2J \\\"sure\\\"\"$"
        assert re.search(note, last[1].rstrip()), last


def test_an_approval_that_cannot_go_on_says_what_it_waits_for(running: Running) -> None:
    """The agent is suspended: the next command stands there whole, and nothing "goes on now"."""
    held = running.json("tx", "send", FRIEND, "0.04SOL", "--wait", "0", WAIAAS_SESSION_TOKEN=running.token)
    assert running("agent", "suspend", "bot").code == 0
    try:
        out = running("tx", "approve", held["id"], COLUMNS="200").out
    finally:
        assert running("agent", "resume", "bot").code == 0
    assert ("goes on now" in out, "waits all the same: this agent is SUSPENDED" in out) == (False, True), out
    assert "`waiaas agent resume bot`" in out.splitlines()[-1]


def test_a_suspended_agent_keeps_its_address_whole(running: Running) -> None:
    """The address is what a person copies: the longest status leaves it in one piece."""
    made = running.json("agent", "create", "resting")
    assert running("agent", "suspend", "resting").code == 0
    assert any("SUSPENDED" in line and made["address"] in line for line in rows(running("agent", "list", **NARROW).out))


def test_what_stops_a_session_is_said_with_its_cure(running: Running) -> None:
    """A session for a suspended agent is refused with the command that lets the agent go on."""
    running.json("agent", "create", "asleep")
    assert running("agent", "suspend", "asleep").code == 0
    refused = running("session", "issue", "asleep")
    assert (refused.code, "waiaas agent resume" in refused.line) == (1, True), refused.err


def test_rows_of_the_audit_name_their_agent(running: Running) -> None:
    """Whose key or payment a row is about stands beside it where there is room, and what is printed is never an id instead."""
    running.json("agent", "create", "watched")
    wide = rows(running("audit", "list", "--event", "agent.created", "--limit", "1", COLUMNS="110").out)
    assert re.search(r"agent\.created +operator +watched\b", wide[0])
    narrow = rows(running("audit", "list", "--event", "agent.created", "--limit", "1", **NARROW).out)
    assert (len(narrow) >= 1, "watched" in narrow[0]) == (True, False)


def test_reading_the_audit_adds_nothing_to_it(running: Running) -> None:
    """Who looks at the log does not fill it; what the daemon itself writes meanwhile stands there all the same."""
    newest = running.json("audit", "list", "--limit", "1")["items"][0]["id"]
    assert running("audit", "list", "--limit", "5").code == 0
    after = running.json("audit", "list", "--limit", "50")["items"]
    assert [row for row in after if row["id"] > newest and row["actor"] not in ("system", "nobody")] == []


def test_what_a_payment_waits_for_is_no_error() -> None:
    """A payment that waits shows the code alone, one that failed the code and the reason, a good one nothing."""
    row = Transaction(
        id="1", wallet_id="2", type="TRANSFER", status="EXECUTING", chain="evm", network="local", created_at=1
    )
    assert trouble(row) is None
    waiting = row.model_copy(update={"error_code": "ACCOUNT_BUSY"})
    assert trouble(waiting) == "ACCOUNT_BUSY"
    assert trouble(waiting.model_copy(update={"error": "too late"})) == "ACCOUNT_BUSY: too late"


def test_sessions_name_their_agent_and_state(running: Running) -> None:
    """Whose session it is stands beside it, and whether it still opens anything."""
    issued = running.json("session", "issue", "bot")["id"]
    assert any(re.match(f"{issued} +bot +issued ", line) for line in rows(running("session", "list", **NARROW).out))
    assert running("session", "revoke", issued).code == 0
    assert any(re.match(f"{issued} +bot +revoked ", line) for line in rows(running("session", "list", **NARROW).out))


def test_tokens_keep_network_and_address_whole(running: Running) -> None:
    """No line of the list is folded: each has a network and an address."""
    listed = rows(running("token", "list", **NARROW).out)
    assert listed
    assert all(re.match(r"\S+ +\S+/\S+ +.* \w{32,44} *$", line) for line in listed), listed


def test_a_status_that_there_is_not_is_refused(running: Running) -> None:
    """A misspelt filter is no empty list; a right one, in any case of letters, says what there is none of."""
    for kind in ("agent", "tx"):
        assert running(kind, "list", "--status", "CONFIRMD").code == 2
    assert running("agent", "list", "--status", "creating").out == "No agent is CREATING.\n"


def test_the_statuses_are_those_of_the_database() -> None:
    """What ``--status`` takes is what a row can be."""
    found = re.findall(r"CHECK \(status IN \(([^)]*)\)\)", SCHEMA.read_text())
    of_agents, of_transactions = (set(re.findall(r"'(\w+)'", text)) for text in found[:2])
    assert (of_agents, of_transactions) == (set(AGENT_STATUSES), set(TRANSACTION_STATUSES))


def test_details_of_the_status_are_lines(running: Running) -> None:
    """``status --details`` tells each thing on a line of its own; a program reads the whole document."""
    out = running("status", "--details", **NARROW).out
    assert "{" not in out
    assert re.search(r"^signer +unlocked", out, re.MULTILINE)
    assert re.search(r"^solana/localnet +test ", out, re.MULTILINE)
    assert json.loads(running("status", "--details", "--json").out)["details"]["signer"] == "unlocked"


def test_an_amount_of_a_known_asset_is_written_in_its_units() -> None:
    """By the asset's id, whatever its network; in base units where nobody knows how it is written, and a dash for no amount."""
    native = NativeAsset(id="solana:local/slip44:501", symbol="SOL", decimals=9)
    units = Units([Chain(chain="solana", network="localnet", chain_id="solana:local", native=native)])
    assert units.brief_of(native.id, 1_500_000_000) == Unit("SOL", 9).display(1_500_000_000) == "1.5 SOL"
    assert units.brief_of("solana:local/token:x", 1_500_000_000) == "1500000000"
    assert units.brief_of(native.id, None) == "-"


def test_one_of_a_kind_is_counted_as_one() -> None:
    """The noun follows the number."""
    assert [counted(number, "policy", "policies") for number in range(3)] == ["0 policies", "1 policy", "2 policies"]


def test_doctor_tells_of_the_audit_in_a_few_words(running: Running) -> None:
    """How many rows and checkpoints; the keys are what `audit verify` prints."""
    told = [one["text"] for one in running.json("doctor")["findings"] if one["check"] == "audit"]
    assert re.fullmatch(r"intact, \d+ rows?, \d+ checkpoints?", told[0]), told


def test_a_second_channel_to_one_place_leaves_stderr_to_errors(running: Running) -> None:
    """A program reads it in the answer, a person beside it."""
    made = [running.json("notify", "add", "LOG", "--disabled")["id"]]
    second = running("notify", "add", "LOG", "--disabled", "--json")
    made.append(second.document["id"])
    third = running("notify", "add", "LOG", "--disabled")
    assert (second.document["sameAs"] is not None, second.err) == (True, "")
    assert "leads to the same place" in third.err
    for channel in (*made, third.err.split()[-1]):
        assert running("notify", "remove", channel).code == 0
