"""``waiaas agent export`` and ``import``: keys in and out, in a process that loads no plugin."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Program, Running

PASSPHRASE = "lighthouse-Banjo 71 thimble"


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    """A private file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return str(path)


def made_agent(running: Running, name: str) -> dict[str, Any]:
    found: dict[str, Any] = running.json("agent", "create", name, "--chain", "solana", "--network", "localnet")
    return found


def exported(running: Running, name: str, to: Path, *options: str) -> Done:
    return running("agent", "export", name, "--to", str(to), *options)


def test_our_own_file_there_and_back(running: Running, tmp_path: Path, passphrase: str) -> None:
    """An exported key is a private file that opens with its passphrase; imported on another network it has the same address."""
    agent = made_agent(running, "wanderer")
    file = tmp_path / "wanderer.key"
    done = exported(running, "wanderer", file, "--passphrase-file", passphrase)
    assert done.code == 0, done.err
    assert agent["address"] in done.out
    assert file.stat().st_mode & 0o777 == 0o600
    options = ("--network", "devnet", "--passphrase-file", passphrase)
    twin = running.json("agent", "import", "wanderer-devnet", str(file), *options)
    assert twin["adopted"] is True
    assert twin["agent"]["address"] == agent["address"]
    rows = running.json("audit", "list", "--limit", "50")["items"]
    told = [(row["eventType"], row["agentId"]) for row in rows]
    assert ("agent.exported", agent["id"]) in told
    assert ("agent.imported", twin["id"]) in told


def test_an_export_that_is_refused_says_why(running: Running, tmp_path: Path, passphrase: str) -> None:
    """A weak passphrase is called one, a format that cannot hold the key names one that can, and no file is made."""
    made_agent(running, "stays")
    weak, file = tmp_path / "weak", tmp_path / "stays.key"
    weak.write_text("short\n")
    weak.chmod(0o600)
    refused = exported(running, "stays", file, "--passphrase-file", str(weak))
    assert (refused.code, "the passphrase is shorter" in refused.line) == (1, True), refused.err
    other = exported(running, "stays", file, "--format", "ethereum", "--passphrase-file", passphrase)
    assert (other.code, "--format waiaas" in other.line) == (1, True), other.err
    assert not file.exists()


def test_a_key_of_the_solana_tools(running: Running, tmp_path: Path) -> None:
    """The id.json of another program's key becomes an agent at that key's address, and exports to the same numbers."""
    from nacl.signing import SigningKey
    from solders.keypair import Keypair

    key = SigningKey.generate()
    numbers = [*bytes(key), *bytes(key.verify_key)]
    file, back = tmp_path / "id.json", tmp_path / "back.json"
    file.write_text(json.dumps(numbers))
    agent = running.json("agent", "import", "immigrant", str(file), "--network", "localnet")["agent"]
    assert agent["address"] == str(Keypair.from_bytes(bytes(numbers)).pubkey())
    done = exported(running, agent["id"], back, "--format", "solana", "--unencrypted")
    assert done.code == 0, done.err
    assert json.loads(back.read_text()) == numbers
    assert back.stat().st_mode & 0o777 == 0o600
    assert "NOT encrypted" in done.out


def test_an_unencrypted_file_has_to_be_asked_for(running: Running, tmp_path: Path, passphrase: str) -> None:
    """Without --unencrypted no raw key is written, and with it no other format."""
    made_agent(running, "careful")
    file = tmp_path / "careful.json"
    done = exported(running, "careful", file, "--format", "solana")
    assert (done.code, file.exists()) == (2, False)
    assert "--unencrypted" in done.line
    done = exported(running, "careful", file, "--unencrypted", "--passphrase-file", passphrase)
    assert (done.code, file.exists()) == (2, False)


def test_nothing_is_overwritten(running: Running, tmp_path: Path, passphrase: str) -> None:
    """A file, a folder or a dangling link of that name stays what it is."""
    made_agent(running, "tidy")
    file, link = tmp_path / "there", tmp_path / "link"
    file.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")
    for target in (file, link, tmp_path):
        assert exported(running, "tidy", target, "--passphrase-file", passphrase).code == 1
    assert file.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_wrong_password_exports_nothing(running: Running, tmp_path: Path, passphrase: str) -> None:
    """Without the master password there is no key and no note of an export, whatever the daemon knows."""
    agent = made_agent(running, "guarded")
    file = tmp_path / "guarded.key"
    options = ("--to", str(file), "--passphrase-file", passphrase)
    done = running("agent", "export", "guarded", *options, WAIAAS_MASTER_PASSWORD="a wrong guess of mine")
    assert (done.code, file.exists()) == (4, False)
    rows = running.json("audit", "list", "--limit", "50")["items"]
    assert [row for row in rows if (row["eventType"], row["agentId"]) == ("agent.exported", agent["id"])] == []


def test_a_weak_passphrase_exports_nothing(running: Running, tmp_path: Path) -> None:
    """A passphrase that would not do for the keystore does not do for a file that leaves it."""
    made_agent(running, "strong")
    weak, file = tmp_path / "weak", tmp_path / "strong.key"
    weak.write_text("password1234")
    weak.chmod(0o600)
    done = exported(running, "strong", file, "--passphrase-file", str(weak))
    assert (done.code, file.exists()) == (1, False)
    assert "password1234" not in done.err


def test_an_ethereum_keystore_holds_no_solana_key(running: Running, tmp_path: Path, passphrase: str) -> None:
    """A format that cannot hold the key is refused before anything is written."""
    made_agent(running, "misfit")
    file = tmp_path / "misfit.json"
    done = exported(running, "misfit", file, "--format", "ethereum", "--passphrase-file", passphrase)
    assert (done.code, file.exists()) == (1, False)


def test_what_is_refused_leaves_nothing_behind(running: Running, tmp_path: Path, passphrase: str) -> None:
    """A key or name that is taken, a network that is not there, a scheme of another chain, a file that is none: one line each,
    and the keystore is as it was."""
    agent = made_agent(running, "first")
    file, junk = tmp_path / "first.json", tmp_path / "junk"
    assert exported(running, "first", file, "--format", "solana", "--unencrypted").code == 0
    junk.write_text("{}")
    keystore = running.program.data_dir / "keystore"
    before = sorted(path.name for path in keystore.iterdir())
    for name, path, options in (
        ("second", file, ["--network", "localnet"]),
        ("first", file, ["--network", "devnet"]),
        ("second", file, ["--network", "nowhere"]),
        ("second", file, ["--network", "localnet", "--chain", "nowhere"]),
        ("", file, ["--network", "devnet"]),
        ("second", junk, ["--network", "devnet"]),
        ("second", tmp_path / "absent", ["--network", "devnet"]),
    ):
        done = running("agent", "import", name, str(path), *options)
        assert done.code in (1, 2), (options, done.out)
        assert done.line
    assert sorted(path.name for path in keystore.iterdir()) == before
    assert running.json("agent", "show", "first")["id"] == agent["id"]


def test_a_key_of_ethereum_tools(running: Running, tmp_path: Path, passphrase: str) -> None:
    """A keystore of version 3 becomes an agent at the address that its standard states, on evm alone, and exports again."""
    from eth_keyfile.keyfile import decode_keyfile_json

    from tests.keystore.test_ethereum_key import V3

    file, word, back = tmp_path / "v3.json", tmp_path / "word", tmp_path / "back.json"
    file.write_text(json.dumps(V3["files"]["scrypt"]))
    word.write_text(V3["passphrase"])
    word.chmod(0o600)
    options = ("--passphrase-file", str(word))
    refused = running("agent", "import", "ether", str(file), "--chain", "solana", "--network", "devnet", *options)
    assert refused.code == 1
    assert "ecdsa-secp256k1" in refused.line
    agent = running.json("agent", "import", "ether", str(file), "--network", "sepolia", *options)["agent"]
    assert (agent["chain"], agent["address"].lower()) == ("evm", V3["address"])
    done = exported(running, "ether", back, "--format", "ethereum", "--passphrase-file", passphrase)
    assert done.code == 0, done.err
    document = json.loads(back.read_text())
    assert decode_keyfile_json(document, PASSPHRASE.encode()).hex() == V3["secret"]  # type: ignore[arg-type]


LOOK = """
import sys
from waiaas.cli.application import run
code = run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)) if (json := __import__("json")) else "")
sys.exit(code)
"""


def modules_of(program: Program, *arguments: str) -> set[str]:
    """What the process of a command that succeeds has imported."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK, "--data-dir", str(program.data_dir), *arguments],
        env=program.variables(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_no_plugin_is_where_a_key_is(running: Running, tmp_path: Path, passphrase: str) -> None:
    """The processes that export and import keys load no plugin, not even what would load one, nor eth_account."""
    made_agent(running, "alone")
    file, raw = tmp_path / "alone.key", tmp_path / "alone.json"
    network = ("--network", "devnet")
    seen = [
        modules_of(running.program, "agent", "export", "alone", "--to", str(file), "--passphrase-file", passphrase),
        modules_of(
            running.program, "agent", "export", "alone", "--to", str(raw), "--format", "solana", "--unencrypted"
        ),
        modules_of(running.program, "agent", "import", "alone-2", str(file), *network, "--passphrase-file", passphrase),
    ]
    for modules in seen:
        assert "waiaas.keystore.desk" in modules, "the key was not handled in this process"
        strangers = {name.partition(".")[0] for name in modules if name.startswith("waiaas_")} - {"waiaas_sdk"}
        assert strangers == set()
        assert {"pluggy", "eth_account", "solders", "waiaas.registry", "waiaas.builtin"} & modules == set()


def test_ethereum_keystores_need_no_plugin_either(made: Program, tmp_path: Path, passphrase: str) -> None:
    """An Ethereum keystore is read by a library for it, without eth_account, while no daemon runs; the key waits, sealed."""
    from tests.keystore.test_ethereum_key import V3

    file, word = tmp_path / "v3.json", tmp_path / "word"
    file.write_text(json.dumps(V3["files"]["pbkdf2"]))
    word.write_text(V3["passphrase"])
    word.chmod(0o600)
    arguments = ("agent", "import", "ether", str(file), "--network", "sepolia", "--passphrase-file", str(word))
    modules = modules_of(made, *arguments)
    assert "eth_keyfile" in modules
    assert {"eth_account", "pluggy", "waiaas_evm", "waiaas.registry"} & modules == set()
    (sealed,) = (made.data_dir / "keystore").glob("*.import.json")
    document = json.loads(sealed.read_text())
    assert (document["chain"], document["network"], document["scheme"]) == ("evm", "sepolia", "ecdsa-secp256k1")
    assert V3["secret"] not in sealed.read_text()


def test_without_a_daemon(made: Program, tmp_path: Path, passphrase: str) -> None:
    """While no daemon runs keys go in and out all the same; the next start adopts the one and tells of the other."""
    assert made("start", "--detach").code == 0
    agent = made.json("agent", "create", "sleeper")
    assert made("stop").code == 0
    file = tmp_path / "sleeper.key"
    assert made("agent", "export", "sleeper", "--to", str(file), "--passphrase-file", passphrase).code == 0
    options = ("--network", "devnet", "--passphrase-file", passphrase)
    taken_in = made.json("agent", "import", "dreamer", str(file), *options)
    assert taken_in["adopted"] is False
    again = made("agent", "import", "sleeper", str(file), *options)
    assert "already" in again.line
    assert made("start", "--detach").code == 0
    assert made.json("agent", "show", "dreamer")["address"] == agent["address"]
    events = [row["eventType"] for row in made.json("audit", "list", "--limit", "50")["items"]]
    assert (events.count("agent.exported"), events.count("agent.imported")) == (1, 1)
    assert os.listdir(made.data_dir / "keystore").count("master.json") == 1
    assert [name for name in os.listdir(made.data_dir / "keystore") if name.count(".") > 1] == []
