"""A data directory that others may have touched: the daemon does not start on it, or without what was touched, and says why."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Done, Program
from tests.harness.data_directory import PASSWORD, copy_of, trust_plugins
from tests.harness.house import House
from tests.security.test_keystore_tamper import _edited, _flipped
from waiaas.cli.application import run
from waiaas.config import DataDir


@pytest.fixture
def paths(template: Path, tmp_path: Path) -> DataDir:
    """An initialised directory."""
    found = copy_of(template, tmp_path / "data")
    trust_plugins(found)
    return found


def start(paths: DataDir) -> Done:
    """``waiaas start``, which is to be refused."""
    program = Program(paths.root, {"WAIAAS_DAEMON_PORT": "0", "WAIAAS_MASTER_PASSWORD": PASSWORD})
    return program("start")


MASTERS: Mapping[str, Callable[[Path], object]] = {
    "flipped": _flipped,
    "weakened": lambda path: _edited(path, "memory_kib", 8),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-40]),
}


@pytest.mark.parametrize("damage", MASTERS.values(), ids=MASTERS.keys())
def test_a_damaged_master_file_is_named_at_start(paths: DataDir, damage: Callable[[Path], object]) -> None:
    """The right password over a damaged master.json: no start, exit code 1, and one line that names the file."""
    damage(paths.keystore / "master.json")
    done = start(paths)
    assert done.code == 1, done.err
    assert "keystore/master.json is damaged" in done.line
    assert "restore" in done.line.lower()


def test_a_missing_master_file_is_no_new_installation(paths: DataDir) -> None:
    """Without master.json nothing is made in its place: the start is refused and says what to do."""
    (paths.keystore / "master.json").unlink()
    done = start(paths)
    assert (done.code, list(paths.keystore.iterdir())) == (1, [])
    assert "waiaas init" in done.line


def test_everything_that_others_may_use_is_named(paths: DataDir, tmp_path: Path) -> None:
    """Wide modes and links inside the directory are refused, each by its path with the command that mends it."""
    paths.config.chmod(0o644)
    (paths.keystore / "master.json").chmod(0o640)
    paths.database.parent.chmod(0o755)
    paths.plugins_lock.rename(tmp_path / "lock")
    paths.plugins_lock.symlink_to(tmp_path / "lock")
    paths.backups.rmdir()
    paths.backups.symlink_to(tmp_path)
    done = start(paths)
    assert done.code == 1
    for path in (paths.config, paths.keystore / "master.json", paths.database.parent):
        assert f"{path} has mode" in done.line
    for path in (paths.plugins_lock, paths.backups):
        assert f"{path} is a symbolic link" in done.line
    assert "chmod 600" in done.line
    assert "chmod 700" in done.line


@pytest.mark.parametrize(
    ("section", "line", "what"),
    [
        ("daemon", "port = 80", "daemon.port = 80"),
        ("daemon", 'port = "3100"', "daemon.port"),
        ("daemon", 'hostname = "0.0.0.0"', "daemon.hostname"),
        ("daemon", "prot = 3100", "daemon.prot"),
        ("security", "session_ttl = -1", "security.session_ttl = -1"),
        ("security", "lockout_attempts = 1e9", "security.lockout_attempts"),
        ("keystore", "argon2_memory = 1", "keystore.argon2_memory = 1"),
        ("database", "busy_timeout = true", "database.busy_timeout"),
    ],
)
def test_a_wrong_key_is_named_with_file_and_line(
    paths: DataDir, capsys: pytest.CaptureFixture[str], section: str, line: str, what: str
) -> None:
    """A wrong type, an unknown key and a value out of range are refused by file, line, key, and what is allowed."""
    paths.config.write_text(f"# one\n# two\n\n[{section}]\n{line}\n")
    assert run(["--data-dir", str(paths.root), "config", "validate"]) == 1
    said = capsys.readouterr()
    assert f"{paths.config}:5: {what}" in said.err + said.out, said
    assert "allowed is" in said.err + said.out


@pytest.mark.parametrize("text", ["[daemon\nport = 1", "[daemon]\nport = 3100\nport = 3101", "\x00", "a = 'b"])
def test_a_file_that_is_no_toml_is_named(paths: DataDir, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A configuration that cannot be parsed is refused by its file."""
    paths.config.write_text(text)
    assert run(["--data-dir", str(paths.root), "config", "validate"]) == 1
    assert str(paths.config) in capsys.readouterr().err


def test_start_names_the_wrong_key_too(paths: DataDir) -> None:
    """``waiaas start`` refuses before it asks for a password, naming file and line."""
    paths.config.write_text("\n\n[daemon]\nport = 1\n")
    done = start(paths)
    assert done.code == 1
    assert f"{paths.config}:4: daemon.port = 1" in done.line


_PIN = {
    "name": "waiaas-solana",
    "distribution": "waiaas-solana",
    "version": "1",
    "hash": "sha256:" + "0" * 64,
    "enabled": True,
    "examined": True,
}
LOCKS: Mapping[str, str] = {
    "no JSON": "{",
    "another format": '{"format": 2, "plugins": []}',
    "an unknown field": '{"format": 1, "plugins": [], "trust": "all"}',
    "a name twice": json.dumps({"format": 1, "plugins": [_PIN, _PIN]}),
    "a hash that is none": json.dumps({"format": 1, "plugins": [{**_PIN, "hash": "any"}]}),
}


@pytest.mark.parametrize("text", LOCKS.values(), ids=LOCKS.keys())
def test_a_lock_that_is_not_understood_trusts_nobody(
    paths: DataDir, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """An edited plugins.lock is not guessed at: it is refused by its name."""
    paths.plugins_lock.write_text(text)
    assert run(["--data-dir", str(paths.root), "plugins", "list"]) == 1
    assert "plugins.lock cannot be read" in capsys.readouterr().err


def test_a_lock_that_is_not_understood_keeps_the_daemon_from_starting(paths: DataDir) -> None:
    """The daemon does not start on it either."""
    paths.plugins_lock.write_text('{"format": 1, "plugins": "*"}')
    done = start(paths)
    assert done.code == 1
    assert "plugins.lock cannot be read" in done.line


def test_a_plugin_that_is_not_the_trusted_one_is_left_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another hash pinned the daemon starts without the plugin, and its agents cannot pay."""
    house.start()
    wallet = house.instant()
    assert house.stop() == 0
    name = f"waiaas-{house.case.chain}"
    lock = json.loads(house.paths.plugins_lock.read_text())
    for pin in lock["plugins"]:
        if pin["name"] == name:
            pin["hash"] = "sha256:" + "0" * 64
    house.paths.plugins_lock.write_text(json.dumps(lock))
    os.chmod(house.paths.plugins_lock, 0o600)
    monkeypatch.setattr("tests.harness.house.trust_plugins", lambda paths: None)
    house.start()
    (found,) = [one for one in house.operator.catalogue.plugins() if one.name == name]
    assert (found.status, found.registers) == ("untrusted", None)
    assert found.error is not None
    assert f"waiaas plugins trust {name}" in found.error
    answer = _send(house, wallet.token)
    assert answer["code"] == "CHAIN_MISSING"
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"
    assert house.rows("SELECT * FROM transactions") == []


def _send(house: House, token: str) -> dict[str, object]:
    body = {"to": house.case.new_recipient(), "amount": str(house.case.amount)}
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(house.daemon.url + "/v1/transactions/send", json=body, headers=headers, timeout=60)
    found: dict[str, object] = answer.json()
    return found
