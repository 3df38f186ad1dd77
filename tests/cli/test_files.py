"""Commands that need no daemon: audit, database, plugins, localnet, doctor."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def stopped(made: Program) -> Program:
    """A data directory whose daemon ran once and made a few audit rows."""
    made.json("start", "--detach")
    made.json("agent", "create", "bot")
    assert made("stop").code == 0
    return made


def test_audit_verify_takes_folder_or_file(stopped: Program, tmp_path: Path) -> None:
    """The trail is verified from a data directory, a copied folder, or the file alone."""
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(stopped.data_dir / "data" / "waiaas.db", copy)
    for place in (stopped.data_dir, stopped.data_dir / "data", copy, copy / "waiaas.db"):
        report = stopped.json("audit", "verify", str(place))
        assert report["intact"] is True
        assert report["rows"] > 2


def test_audit_verify_says_whose_word_the_key_is(stopped: Program) -> None:
    """Without a checkpoint that somebody kept the key is the file's own word, and that is said; with one it is not."""
    report = stopped.json("audit", "verify")
    assert (report["intact"], report["keyKnown"]) == (True, False)
    assert "the file's own word" in stopped("audit", "verify").out
    kept = stopped("audit", "checkpoint").out
    report = stopped.json("audit", "verify", "--checkpoint", kept)
    assert (report["intact"], report["keyKnown"]) == (True, True)
    assert "the file's own word" not in stopped("audit", "verify", "--checkpoint", kept).out


def test_audit_verify_finds_an_edit(stopped: Program) -> None:
    """An edited row is named and the exit code is 1."""
    with sqlite3.connect(stopped.data_dir / "data" / "waiaas.db") as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_log_no_update")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE id = 2")
    done = stopped("audit", "verify", "--json")
    assert done.code == 1
    assert done.document["problems"][0]["fault"] == "edited"
    assert done.document["problems"][0]["row"] == 2
    assert "NOT intact" in stopped("audit", "verify").out


def test_audit_verify_finds_a_cut_tail_by_the_head(stopped: Program) -> None:
    """Rows cut from the end are missed against the pinned head beside the database."""
    with sqlite3.connect(stopped.data_dir / "data" / "waiaas.db") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM audit_log WHERE id > 1")
        connection.execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'audit_log'")
    done = stopped("audit", "verify", "--json")
    assert done.code == 1
    assert done.document["problems"]


def test_database_commands(stopped: Program) -> None:
    """Status counts, check is sound, checkpoint empties the log; a damaged file is one line."""
    status = stopped.json("db", "status")
    assert status["rows"]["agents"] == 1
    assert status["journalMode"] == "wal"
    assert stopped.json("db", "check") == {"ok": True, "problems": []}
    assert stopped.json("db", "checkpoint")["done"] is True
    (stopped.data_dir / "data" / "waiaas.db").write_bytes(b"nonsense" * 1000)
    done = stopped("db", "check")
    assert done.code == 1
    assert "backup" in done.line


def test_database_commands_leave_the_directory_private(stopped: Program) -> None:
    """Looking at the database makes no file that others can read."""
    stopped("db", "status")
    stopped("audit", "verify")
    for path in stopped.data_dir.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name == "daemon.pid", path


def test_no_database_yet(made: Program) -> None:
    """Before the first start there is none, and the line says how it is made."""
    assert "waiaas start" in made("db", "status").line


def test_plugins_without_a_data_directory(bare: Program) -> None:
    """What is installed counts as trusted, and the shape is the contract's."""
    done = bare("plugins", "list", "--json")
    assert done.code == 0
    found = {plugin["name"]: plugin for plugin in done.document["plugins"]}
    keys = {"name", "version", "distribution", "apiVersion", "status", "error", "registers"}
    assert set(found["waiaas-builtin"]) == keys
    assert found["waiaas-builtin"]["status"] == "loaded"
    assert set(found["waiaas-builtin"]["registers"]) == {"chains", "policyTypes", "channels", "priceSources"}
    assert "SPENDING_LIMIT" in found["waiaas-builtin"]["registers"]["policyTypes"]


def test_plugins_are_switched_in_the_lock(made: Program) -> None:
    """Disable, enable and trust change plugins.lock and what the list says."""
    name = "waiaas-solana"
    assert made.json("plugins", "disable", name) == {"disabled": [name]}
    assert made.json("plugins", "show", name)["status"] == "disabled"
    assert made.json("plugins", "enable", name) == {"enabled": [name]}
    lock = made.data_dir / "plugins.lock"
    pins = json.loads(lock.read_text())
    pins["plugins"] = [pin for pin in pins["plugins"] if pin["name"] != name]
    lock.write_text(json.dumps(pins))
    assert made.json("plugins", "show", name)["status"] == "untrusted"
    assert made.json("plugins", "trust", name) == {"trusted": [name]}
    assert made.json("plugins", "show", name)["status"] == "loaded"
    assert lock.stat().st_mode & 0o777 == 0o600
    assert made("plugins", "trust", "nobody").code == 1


def test_without_its_lock_a_directory_trusts_no_plugin(made: Program) -> None:
    """A lost plugins.lock trusts nobody: the lists say so, and a refused start names the command that mends it."""
    (made.data_dir / "plugins.lock").unlink()
    listed = made.json("plugins", "list")["plugins"]
    assert {plugin["status"] for plugin in listed} == {"untrusted"}
    warned = [finding for finding in made.json("doctor")["findings"] if finding["check"] == "plugins"]
    assert {finding["grade"] for finding in warned} == {"warning"}
    refused = made("start")
    assert refused.code == 1
    assert "waiaas plugins trust waiaas-builtin " in refused.err
    assert made("plugins", "trust", *(plugin["name"] for plugin in listed)).code == 0
    assert {plugin["status"] for plugin in made.json("plugins", "list")["plugins"]} == {"loaded"}


def test_doctor_names_what_is_wrong(made: Program) -> None:
    """A directory that others can enter is a problem with the command that mends it, and the exit code is 1."""
    assert made("doctor").code == 0
    made.data_dir.chmod(0o755)
    done = made("doctor", "--json")
    assert done.code == 1
    problems = [finding for finding in done.document["findings"] if finding["grade"] == "problem"]
    assert [finding["check"] for finding in problems] == ["directory"]
    assert "chmod 700" in problems[0]["text"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_localnet_prints_its_url_and_serves_until_told(bare: Program, number: signal.Signals) -> None:
    """The URL comes at once also into a pipe, it answers JSON-RPC, and a signal ends it with 0."""
    options = bare.command("localnet", "solana", "--port", "0")
    with subprocess.Popen(options, env=bare.variables(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getHealth"}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["result"] == "ok"
        process.send_signal(number)
        assert process.wait(20) == 0


def test_localnet_of_an_unknown_chain(bare: Program) -> None:
    """An unknown chain is a usage error that names those that can."""
    done = bare("localnet", "dogecoin")
    assert done.code == 2
    assert "solana" in done.line


def test_password_is_gone_before_plugins_are_imported(bare: Program) -> None:
    """A command that imports plugins and needs no password runs without it in its environment."""
    options = bare.command("localnet", "solana", "--port", "0")
    environ = bare.variables(WAIAAS_MASTER_PASSWORD="canary-4711")
    with subprocess.Popen(options, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        assert b"canary-4711" not in Path(f"/proc/{process.pid}/environ").read_bytes()
        process.terminate()
        process.wait(20)


def test_configuration_says_where_values_come_from(made: Program) -> None:
    """Default, file and environment are told apart, and a secret in an RPC's URL is not shown."""
    config = made.data_dir / "config.toml"
    config.write_text(config.read_text() + '\n[rpc.solana]\nmainnet = "https://rpc.example/?key=canary-4711"\n')
    done = made("config", "show", "--json")
    sources = {item["key"]: item["source"] for item in done.document["keys"]}
    assert sources["daemon.port"] == "WAIAAS_DAEMON_PORT"
    assert sources["daemon.threads"].startswith("config.toml:")
    assert sources["rpc.solana.mainnet"].startswith("config.toml:")
    assert "canary-4711" not in done.out
    assert "canary-4711" not in made("config", "show").out


def test_unreadable_directory_is_one_line(made: Program) -> None:
    """An error of the operating system is one line with the file's name."""
    (made.data_dir / "config.toml").unlink()
    os.mkdir(made.data_dir / "config.toml")
    done = made("config", "show")
    assert done.code == 1
    assert "config.toml" in done.line


def test_the_database_says_in_words_when_it_was_migrated(stopped: Program) -> None:
    """People read a date, programs Unix seconds."""
    seconds = stopped.json("db", "status")["migratedAt"]
    out = stopped("db", "status").out
    assert (str(seconds) in out, "migratedAt     20" in out) == (False, True), out


def test_a_kept_checkpoint_that_is_nowhere_is_named(stopped: Program) -> None:
    """A misspelt file of ``audit verify --checkpoint`` is told from a damaged one, with what to give instead."""
    done = stopped("audit", "verify", "--checkpoint", "nowhere.json")
    assert (done.code, "there is no file nowhere.json" in done.line) == (1, True), done.err
    assert "waiaas audit checkpoint" in done.line


def test_a_fee_that_is_unset_is_at_its_default(made: Program) -> None:
    """Where the file no longer names a plugin's own value, the answer says whose default counts."""
    assert made("config", "set", "fees.evm.local.max", "5").code == 0
    assert "fees.evm.local.max is at its plugin's default now" in made("config", "unset", "fees.evm.local.max").out
