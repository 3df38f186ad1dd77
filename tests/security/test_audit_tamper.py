"""Invariant 20: whatever is done to the audit trail of a real installation, ``waiaas audit verify`` finds it and names it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of
from tests.harness.house import House, confirmed
from tests.security.tampering import COLUMNS, Attacker
from waiaas.cli.application import run

pytestmark = pytest.mark.xdist_group("security-tamper")
Verify = Callable[[Path], tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def original(
    case: ChainCase, shared_chain: TestChain, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data directory in which payments were made and refused, after an orderly stop."""
    root = tmp_path_factory.mktemp("original") / "house"
    copy_of(template, root)
    house = House(root, case, shared_chain).start()
    wallet = house.instant(daily_limit=5 * case.amount)
    client = house.client(wallet)
    for _ in range(2):
        confirmed(house, client.send(**case.payment(case.new_recipient())))
    assert house.stop() == 0
    house.close()
    return root


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy to be tampered with: database and pinned head."""
    shutil.copytree(original / "data", tmp_path / "copy" / "data")
    return tmp_path / "copy"


@pytest.fixture
def attacker(folder: Path) -> Attacker:
    """Who has the files."""
    return Attacker(folder / "data" / "waiaas.db")


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs ``waiaas audit verify`` on a folder; its exit code and its document."""

    def verifying(place: Path) -> tuple[int, dict[str, Any]]:
        code = run(["audit", "verify", str(place), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return verifying


def test_the_original_is_whole(original: Path, verify: Verify) -> None:
    """Nothing is found where nothing was done, so that the findings below are about what was done."""
    code, found = verify(original)
    assert (code, found["intact"], found["problems"]) == (0, True, [])
    assert found["rows"] > 10


DONE: dict[str, tuple[list[str], int, str]] = {
    "a word changed": (["UPDATE audit_log SET actor = 'nobody' WHERE id = 6"], 6, "edited"),
    "a time changed": (["UPDATE audit_log SET timestamp = timestamp + 1 WHERE id = 6"], 6, "edited"),
    "details changed": (["UPDATE audit_log SET details = replace(details, '}', ' }') WHERE id = 6"], 6, "edited"),
    "a bit of a hash": (
        ["UPDATE audit_log SET hash = iif(hash LIKE 'f%', '0', 'f') || substr(hash, 2) WHERE id = 6"], 6, "edited"),
    "the first deleted": (["DELETE FROM audit_log WHERE id = 1"], 1, "deleted"),
    "one deleted": (["DELETE FROM audit_log WHERE id = 6"], 6, "deleted"),
    "one deleted, the rest moved down": (
        ["DELETE FROM audit_log WHERE id = 6", "UPDATE audit_log SET id = id - 1 WHERE id > 6"], 6, "deleted"),
    "the end cut off": (["DELETE FROM audit_log WHERE id > 8"], 9, "deleted"),
    "the end cut off, and the counter": (
        ["DELETE FROM audit_log WHERE id > 8", "UPDATE sqlite_sequence SET seq = 8 WHERE name = 'audit_log'"], 9, "deleted"),
    "all deleted": (["DELETE FROM audit_log", "DELETE FROM sqlite_sequence WHERE name = 'audit_log'"], 1, "deleted"),
    "one put in": (
        ["UPDATE audit_log SET id = -id WHERE id >= 6",
         f"INSERT INTO audit_log (id, {COLUMNS}) SELECT 6, {COLUMNS} FROM audit_log WHERE id = 3",
         "UPDATE audit_log SET id = 1 - id WHERE id < 0"], 6, "inserted"),
    "one put before the first": (
        [f"INSERT INTO audit_log (id, {COLUMNS}) SELECT 0, {COLUMNS} FROM audit_log WHERE id = 3"], 0, "inserted"),
    "two exchanged": (
        ["UPDATE audit_log SET id = -5 WHERE id = 5", "UPDATE audit_log SET id = 5 WHERE id = 7",
         "UPDATE audit_log SET id = 7 WHERE id = -5"], 5, "reordered"),
    "one replaced": (
        [f"INSERT OR REPLACE INTO audit_log (id, {COLUMNS}) SELECT 6, {COLUMNS} FROM audit_log WHERE id = 3"], 6, "edited"),
}  # fmt: skip


@pytest.mark.parametrize("done", DONE.values(), ids=DONE.keys())
def test_what_was_done_is_named(
    folder: Path, attacker: Attacker, verify: Verify, done: tuple[list[str], int, str]
) -> None:
    """Past every trigger: the exit code is 1, and the row and what happened to it are named."""
    statements, row, fault = done
    attacker.change(*statements)
    code, found = verify(folder)
    first = found["problems"][0]
    assert (code, found["intact"], first["row"], first["fault"]) == (1, False, row, fault), found
    assert f"row {row} " in first["text"] or f"rows {row} to " in first["text"]


def test_an_edit_sealed_again_is_found_by_its_follower(folder: Path, attacker: Attacker, verify: Verify) -> None:
    """A row that was edited and given a fitting hash no longer is the one that its follower names."""
    attacker.change("UPDATE audit_log SET actor = 'nobody' WHERE id = 6")
    attacker.seal_again(6, last=6)
    code, found = verify(folder)
    first = found["problems"][0]
    assert (code, first["row"], first["fault"]) == (1, 6, "replaced"), found


def first_problem(verify: Verify, folder: Path) -> tuple[str, int, str]:
    """What was done to which row, and how that row's true hash is known."""
    code, found = verify(folder)
    problem = found["problems"][0]
    assert code == 1
    return problem["fault"], problem["row"], problem["text"].partition("whose hash was ")[2].partition(":")[0]


@pytest.mark.parametrize("first", [1, 6])
def test_a_chain_written_anew_is_found(
    folder: Path, attacker: Attacker, verify: Verify, first: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything from a row on written again with fitting hashes is found against data/head, without it against the signed
    checkpoint, and when that is gone with every trace of it, against the one that a person kept; and against nothing else."""
    assert run(["--data-dir", str(folder), "audit", "checkpoint"]) == 0
    (folder / "kept").write_text(capsys.readouterr().out)
    attacker.change(f"UPDATE audit_log SET actor = 'nobody' WHERE id = {first}")
    attacker.seal_again(first)
    head = folder / "data" / "head"
    pinned = head.read_bytes()
    signed = attacker.one(f"SELECT min(audit_id) FROM audit_checkpoints WHERE audit_id >= {first}")
    head.unlink()
    assert first_problem(verify, folder) == ("replaced", signed, "signed")
    attacker.change("DELETE FROM audit_checkpoints", "DELETE FROM sqlite_sequence WHERE name = 'audit_checkpoints'")
    head.write_bytes(pinned)
    assert first_problem(verify, folder) == ("replaced", json.loads(pinned)["audit_id"], "recorded")
    head.unlink()
    assert verify(folder)[0] == 0
    assert run(["audit", "verify", str(folder), "--checkpoint", str(folder / "kept")]) == 1


def test_the_end_cut_behind_every_trace_is_found_by_a_kept_checkpoint(
    folder: Path, attacker: Attacker, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tail cut off with its counter, its head and its checkpoints is missed by the line that a person kept."""
    assert run(["--data-dir", str(folder), "audit", "checkpoint"]) == 0
    line = capsys.readouterr().out
    (folder / "data" / "head").unlink()
    last = attacker.one("SELECT max(id) FROM audit_log") - 1
    attacker.change(
        f"DELETE FROM audit_log WHERE id > {last}",
        f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'audit_log'",
        "DELETE FROM audit_checkpoints",
        "DELETE FROM sqlite_sequence WHERE name = 'audit_checkpoints'",
    )
    assert run(["audit", "verify", str(folder)]) == 0
    capsys.readouterr()
    assert run(["audit", "verify", str(folder), "--checkpoint", line, "--json"]) == 1
    first = json.loads(capsys.readouterr().out)["problems"][0]
    assert (first["fault"], first["row"]) == ("deleted", last + 1)


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"audit_id": "1", "audit_hash": 5}'])
def test_a_damaged_head_is_named(folder: Path, verify: Verify, content: bytes) -> None:
    """A pinned head that cannot be read is a finding: whoever writes the trail again must not silence it by damaging it."""
    (folder / "data" / "head").write_bytes(content)
    code, found = verify(folder)
    assert code == 1
    assert "head" in found["problems"][0]["text"]


def test_a_trail_and_a_head_written_anew_are_found_when_the_daemon_starts(
    original: Path, case: ChainCase, chain: TestChain, tmp_path: Path
) -> None:
    """Whoever forges the head too has no key for its MAC: the daemon that starts there suspends every agent and says so."""
    copy_of(original, tmp_path / "house")
    house = House(tmp_path / "house", case, chain)
    head = json.loads(house.paths.head.read_text())
    inode = house.paths.database.stat().st_ino
    attacker = Attacker(house.paths.database)
    attacker.change("UPDATE audit_log SET actor = 'nobody' WHERE id = 2")
    attacker.seal_again(2)
    forged = {
        **head,
        "inode": inode,
        "audit_hash": attacker.one(f"SELECT hash FROM audit_log WHERE id = {head['audit_id']}"),
    }
    house.paths.head.write_text(json.dumps(forged, sort_keys=True))
    house.start()
    ((status,),) = {(agent.status,) for agent in house.operator.agents.list().items}
    (moved,) = house.rows("SELECT details FROM audit_log WHERE event_type = 'daemon.directory_moved'")
    house.close()
    assert status == "SUSPENDED"
    assert "damaged or another's" in moved["details"]


STATES: dict[str, str] = {
    "a refusal made good": "UPDATE transactions SET status = 'FAILED' WHERE status = 'CONFIRMED'",
    "a payment forgotten": "DELETE FROM transactions WHERE id = (SELECT max(id) FROM transactions)",
    "a payment made up": """INSERT INTO transactions SELECT 'ffffffff-0000-7000-8000-000000000000', {rest}
        FROM transactions WHERE id = (SELECT max(id) FROM transactions)""",
}


@pytest.mark.parametrize("statement", STATES.values(), ids=STATES.keys())
def test_a_state_that_was_never_audited_is_named(
    folder: Path, attacker: Attacker, verify: Verify, statement: str
) -> None:
    """A status written past the journal, a row gone or a row too many: the transaction is named."""
    columns = [
        "NULL" if name in ("idempotency_key", "tx_hash") else name
        for name in str(attacker.one("SELECT group_concat(name) FROM pragma_table_info('transactions')")).split(",")
        if name != "id"
    ]
    attacker.change("PRAGMA foreign_keys = OFF", statement.format(rest=", ".join(columns)))
    code, found = verify(folder)
    assert code == 1
    assert {problem["fault"] for problem in found["problems"]} == {"status"}
    assert all(problem["txId"] in problem["text"] for problem in found["problems"])
