"""Invariant 20 on a real daemon: what it signs, what it exports, and a forger who has the file but not the signer."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import PASSWORD, copy_of
from tests.harness.deadline import until
from tests.harness.fixtures import CASES
from tests.harness.house import House, confirmed
from tests.security.tampering import Attacker
from waiaas.cli.application import run
from waiaas.cli.audit_export import from_daemon, from_database
from waiaas.engine.checkpoints import is_genuine
from waiaas.keystore.checkpoints import checkpoint_message
from waiaas.store.audit_export import verify_export

pytestmark = pytest.mark.xdist_group("security-checkpoints")
FORGER = SigningKey(b"\7" * 32)


@pytest.fixture(scope="module")
def case() -> ChainCase:
    """Any chain will do: nothing here depends on which it is."""
    return CASES[0]


@pytest.fixture(scope="module")
def paid(
    case: ChainCase, shared_chain: TestChain, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A running house in which payments were made, and more than a hundred audit rows written."""
    root = tmp_path_factory.mktemp("paid") / "house"
    copy_of(template, root)
    house = House(root, case, shared_chain).start()
    wallet = house.instant()
    for _ in range(3):
        confirmed(house, house.client(wallet).send(**case.payment(case.new_recipient())))
    for _ in range(100):
        house.operator.login()
    yield house
    house.close()


def test_a_running_daemon_signs_by_itself(paid: House) -> None:
    """After a hundred rows there is a checkpoint of them, and the daemon's own verification counts it."""
    until(lambda: paid.rows("SELECT max(audit_id) AS n FROM audit_checkpoints")[0]["n"] >= 100, "a checkpoint")
    report = paid.operator.audit.verify()
    assert report.is_intact
    assert report.checkpoints >= 1
    assert report.signed_up_to["auditId"] >= 100


def test_the_log_that_a_daemon_hands_out_is_the_one_in_its_file(paid: House, tmp_path: Path) -> None:
    """Exported page by page over HTTP and from the file, rows and checkpoints are the same lines, and verify on their own."""
    live = list(from_daemon(lambda after: paid.operator.audit.export(after=after, limit=7)))
    offline = list(from_database(paid.paths.database))
    rows = [line for line in live if '"kind":"row"' in line]
    assert rows == [line for line in offline if '"kind":"row"' in line][: len(rows)]
    assert len(rows) > 100
    for lines in (live, offline):
        path = tmp_path / "export.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        report = verify_export(path, is_genuine=is_genuine)
        assert report.is_intact, report.problems
        assert report.checkpoints >= 1


def test_the_command_exports_from_a_running_daemon(
    paid: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A private file that is not written over, which the command verifies."""
    monkeypatch.setenv("WAIAAS_MASTER_PASSWORD", PASSWORD)
    file = tmp_path / "export.jsonl"
    assert run(["--data-dir", str(paid.root), "audit", "export", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(["--data-dir", str(paid.root), "audit", "export", str(file)]) == 1
    capsys.readouterr()
    assert run(["audit", "verify", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] > 100
    assert run(["--data-dir", str(paid.root), "audit", "verify", "--daemon"]) == 0


def test_a_stop_leaves_nothing_unsigned(paid: House, tmp_path: Path) -> None:
    """The last row of an orderly life is the one that the last checkpoint was signed for."""
    assert paid.stop() == 0
    (last,) = paid.rows("SELECT event_type, id FROM audit_log ORDER BY id DESC LIMIT 1")
    assert last["event_type"] == "daemon.stopped"
    assert paid.rows("SELECT max(audit_id) AS n FROM audit_checkpoints") == [{"n": last["id"]}]


def test_a_forger_with_the_file_is_found_by_the_signer_and_by_a_kept_line(
    paid: House, case: ChainCase, shared_chain: TestChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log and checkpoints written again under a key of the forger's own pass without the signer, and with it they do not."""
    assert paid.stop() == 0
    assert run(["--data-dir", str(paid.root), "audit", "checkpoint"]) == 0
    kept = capsys.readouterr().out
    copy_of(paid.root, tmp_path / "house")
    house = House(tmp_path / "house", case, shared_chain)
    forge(house)
    house.paths.head.unlink()
    assert run(["audit", "verify", str(house.root)]) == 0
    assert run(["audit", "verify", str(house.root), "--checkpoint", kept]) == 1
    house.start()
    try:
        report = house.operator.audit.verify()
        ((status,),) = {(agent.status,) for agent in house.operator.agents.list().items}
    finally:
        house.close()
    assert "a key of somebody else" in report.problems[0]["text"]
    assert status == "SUSPENDED"


def forge(house: House) -> None:
    """Change what the log says of its second row, chain everything again, and sign the end of it with another key."""
    attacker = Attacker(house.paths.database)
    attacker.change("UPDATE audit_log SET actor = 'nobody' WHERE id = 2")
    attacker.seal_again(2)
    instance = attacker.one("SELECT value FROM daemon_state WHERE key = 'instance_id'")
    number = attacker.one("SELECT max(id) FROM audit_log")
    digest = attacker.one(f"SELECT hash FROM audit_log WHERE id = {number}")
    signature = FORGER.sign(checkpoint_message(instance, number, digest)).signature.hex()
    attacker.change(
        "DELETE FROM audit_checkpoints",
        "DELETE FROM sqlite_sequence WHERE name = 'audit_checkpoints'",
        "INSERT INTO audit_checkpoints (created_at, audit_id, audit_hash, public_key, signature) VALUES"
        f" (1, {number}, '{digest}', '{bytes(FORGER.verify_key).hex()}', '{signature}')",
    )
    with closing(sqlite3.connect(house.paths.database)) as connection:
        assert connection.execute("SELECT count(*) FROM audit_checkpoints").fetchone() == (1,)
