"""One key of config.toml changed: comments stay, what a start would refuse is refused, and the file is whole or untouched."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from waiaas.config import load
from waiaas.config.editing import candidates, change, parse_key, require_known, secret_at
from waiaas.config.problems import Problem
from waiaas.config.template import render_default
from waiaas.config.written import Written
from waiaas.errors import StartRefused

Set = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(render_default())
    path.chmod(0o600)
    return path


@pytest.fixture
def set_(file: Path) -> Set:
    """Set a key as the command does; gives the file's new text. :param text: None takes the key out"""

    def put(key: str, text: str | None, **environ: str) -> str:
        path = parse_key(key)
        require_known(path)
        values = [] if text is None else candidates(path, text)
        change(file, environ, path, values, lambda written: [], secret=secret_at(path, {}))
        return file.read_text()

    return put


def findings(error: pytest.ExceptionInfo[StartRefused]) -> list[tuple[str, str | None, str]]:
    assert error.value.code == "CONFIG_INVALID"
    return [(found["key"], found["value"], found["allowed"]) for found in error.value.details["errors"]]


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("daemon.port", "3199", "port = 3199"),
        ("daemon.allow_remote", "TRUE", "allow_remote = true"),
        ("daemon.log_level", "debug", 'log_level = "debug"'),
        ("daemon.log_max_size", "10MB", 'log_max_size = "10MB"'),
        ("daemon.log_max_size", "1048576", "log_max_size = 1048576"),
        ("security.allowed_hosts", '["a.example", "b.example"]', 'allowed_hosts = ["a.example", "b.example"]'),
        ("plugins.disable", "[]", "disable = []"),
    ],
)
def test_a_core_key_changes_in_its_place(file: Path, set_: Set, key: str, text: str, line: str) -> None:
    """Exactly the key's own line is another one afterwards: every comment and every other line is as it was."""
    before = file.read_text().splitlines()
    after = set_(key, text).splitlines()
    assert len(after) == len(before)
    assert [new for old, new in zip(before, after, strict=True) if old != new] in ([line], [])
    assert line in after
    load(file.parent, {})


def test_a_comment_on_the_line_stays(file: Path, set_: Set) -> None:
    """What a person wrote behind a value and around it is still there."""
    file.write_text("# mine\n[daemon] # the daemon\nport = 3100 # because of the firewall\n\n# the end\n")
    text = "# mine\n[daemon] # the daemon\nport = 3200 # because of the firewall\n\n# the end\n"
    assert set_("daemon.port", "3200") == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("daemon.port", "80"),
        ("daemon.port", "soon"),
        ("daemon.port", "3100.0"),
        ("daemon.port", "true"),
        ("daemon.allow_remote", "yes"),
        ("daemon.log_level", "loud"),
        ("daemon.log_file", "../elsewhere"),
        ("daemon.hostname", "0.0.0.0"),
        ("security.allowed_hosts", "a.example"),
        ("security.allowed_hosts", "[3]"),
        ("rpc.solana.devnet", "http://node.example"),
        ("rpc.solana.devnet", "[]"),
        ("fees.solana.devnet.max", "0"),
        ("fees.solana.devnet.max", "1e6"),
    ],
)
def test_what_a_start_would_refuse_is_not_written(file: Path, set_: Set, key: str, text: str) -> None:
    """The error names the file's key and what is allowed, and not a byte of the file changes."""
    before = file.read_bytes()
    with pytest.raises(StartRefused) as error:
        set_(key, text)
    assert [found for found, _, _ in findings(error)] == [key]
    assert "nothing was written" in error.value.hint
    assert file.read_bytes() == before


def test_the_other_half_of_a_pair_is_protected_too(set_: Set) -> None:
    """Consent that a value depends on cannot be taken away under it: the finding is about the value."""
    for key, text in (("allow_remote", "true"), ("behind_tls_proxy", "true"), ("hostname", "192.0.2.1")):
        if key == "hostname":
            set_("security.allowed_hosts", '["wallet.example"]')
        set_(f"daemon.{key}", text)
    with pytest.raises(StartRefused) as error:
        set_("daemon.allow_remote", "false")
    assert [key for key, _, _ in findings(error)] == ["daemon.hostname"]


@pytest.mark.parametrize(
    "key",
    [
        "daemon",
        "daemon.prot",
        "demon.port",
        "rpc.solana",
        "rpc.solana.devnet.url",
        "fees.solana.devnet",
        "fees.solana.devnet.most",
        "plugins.x",
        "a b",
        "daemon.port = 1\nx.y",
        "",
        "daemon..port",
        "daemon.port#",
    ],
)
def test_what_is_no_key_is_refused(file: Path, set_: Set, key: str) -> None:
    """A table, a wrong word and what is no key in TOML are refused with what could stand there."""
    before = file.read_bytes()
    with pytest.raises(StartRefused) as error:
        set_(key, "3100")
    assert findings(error)[0][2]
    assert file.read_bytes() == before


def test_tables_with_free_names_are_made_when_they_are_first_needed(file: Path, set_: Set) -> None:
    """Keys of networks come into tables of their own, beside what is there, and load as they were meant."""
    set_("rpc.solana.devnet", "https://one.example")
    set_("rpc.solana.localnet", '["http://127.0.0.1:8899", "http://127.0.0.1:8898"]')
    set_("fees.solana.devnet.max", "5000")
    set_('plugins."my.plugin".deep.port', "8")
    text = set_("rpc.evm.base", "https://two.example")
    settings = load(file.parent, {})
    assert settings.rpc_urls("solana", "devnet") == ("https://one.example",)
    assert settings.rpc_urls("solana", "localnet") == ("http://127.0.0.1:8899", "http://127.0.0.1:8898")
    assert settings.fee("solana", "devnet") == (5000, None)
    assert settings.rpc_urls("evm", "base") == ("https://two.example",)
    assert '[plugins."my.plugin".deep]\nport = 8' in text
    assert "# Nodes of a network" in text


def test_a_key_that_is_taken_out_has_its_default_again(file: Path, set_: Set) -> None:
    """Unset removes the line alone; unset again changes nothing."""
    set_("daemon.port", "3200")
    text = set_("daemon.port", None)
    assert "port =" not in text.split("[keystore]")[0].replace("behind_tls_proxy", "")
    assert load(file.parent, {}).daemon.port == 3100
    assert set_("daemon.port", None) == text
    assert set_("rpc.solana.devnet", None) == text


def test_one_of_two_mistakes_can_be_mended(file: Path, set_: Set) -> None:
    """A finding that was there before does not keep anybody from mending another one, and is not made worse."""
    file.write_text("[daemon]\nport = 80\nthreads = 1\n")
    assert set_("daemon.port", "3100") == "[daemon]\nport = 3100\nthreads = 1\n"
    with pytest.raises(StartRefused) as error:
        set_("daemon.threads", "0")
    assert findings(error) == [("daemon.threads", "0", "an integer from 2 to 64")]


def test_a_file_that_is_no_toml_is_left_alone(file: Path, set_: Set) -> None:
    """A broken file is named as such instead of being written over."""
    file.write_text("[daemon\n")
    with pytest.raises(StartRefused, match="TOML"):
        set_("daemon.port", "3200")
    assert file.read_text() == "[daemon\n"


def test_a_value_where_a_table_should_be_is_not_replaced(file: Path, set_: Set) -> None:
    """A network cannot be put under a chain that is a text in the file."""
    file.write_text('[rpc]\nsolana = "https://one.example"\n')
    with pytest.raises(StartRefused):
        set_("rpc.solana.devnet", "https://two.example")
    assert file.read_text() == '[rpc]\nsolana = "https://one.example"\n'


def test_the_file_stays_private_and_is_never_a_link(file: Path, set_: Set, tmp_path: Path) -> None:
    """The new file has mode 0600, no temporary is left, and a symbolic link is refused, not followed or replaced."""
    set_("daemon.port", "3200")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    file.rename(tmp_path / "real.toml")
    file.symlink_to("real.toml")
    with pytest.raises(StartRefused) as error:
        set_("daemon.port", "3300")
    assert error.value.code == "DATA_DIR_UNSAFE"
    assert file.is_symlink()


def test_a_full_disk_leaves_the_old_file(file: Path, set_: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the new file cannot be put in place, the old one stands and nothing else is left."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        set_("daemon.port", "3200")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_secrets_are_not_repeated(set_: Set) -> None:
    """A refused node's address, which may hold a provider's key, does not stand in the error."""
    with pytest.raises(StartRefused) as error:
        set_("rpc.solana.devnet", "http://node.example/hush-hush")
    assert "hush" not in f"{error.value.message} {error.value.details}"


def test_what_plugins_find_wrong_refuses_too(file: Path) -> None:
    """Findings of a plugin's own model count like those of the core, and a secret value of it is masked."""

    class Model(BaseModel):
        url: str = ""
        token: SecretStr = SecretStr("")

    def judge(written: Written) -> list[Problem]:
        value = written.table.get("plugins", {}).get("demo", {}).get("token", "")
        return [Problem(source="config.toml", key="plugins.demo.token", value=value, allowed="a long one")] * (
            0 < len(value) < 9
        )

    path = parse_key("plugins.demo.token")
    assert secret_at(path, {("plugins", "demo"): Model})
    assert not secret_at(parse_key("plugins.demo.url"), {("plugins", "demo"): Model})
    assert secret_at(parse_key("plugins.other.url"), {("plugins", "demo"): Model})
    with pytest.raises(StartRefused) as error:
        change(file, {}, path, candidates(path, "short"), judge, secret=True)
    assert "short" not in error.value.message
    change(file, {}, path, candidates(path, "long enough"), judge, secret=True)
    assert 'token = "long enough"' in file.read_text()


def test_a_number_for_a_plugin_may_be_meant_as_a_text(file: Path) -> None:
    """Where a plugin wants a text, digits are written as one; where it takes a number, as a number."""
    path = parse_key("plugins.demo.chat")

    def judge(written: Written) -> list[Problem]:
        value = written.table.get("plugins", {}).get("demo", {}).get("chat", "")
        return (
            [] if isinstance(value, str) else [Problem(source="config.toml", key="plugins.demo.chat", allowed="text")]
        )

    change(file, {}, path, candidates(path, "12345"), judge, secret=False)
    assert 'chat = "12345"' in file.read_text()
    change(file, {}, path, candidates(path, "12345"), lambda written: [], secret=False)
    assert "chat = 12345" in file.read_text()
