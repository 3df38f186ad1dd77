from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from waiaas.config import Settings, load
from waiaas.errors import StartRefused

Load = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Load a text as the config.toml of a directory."""

    def from_text(text: str = "", environ: Mapping[str, str] | None = None) -> Settings:
        (tmp_path / "config.toml").write_text(text)
        return load(tmp_path, environ or {})

    return from_text


def findings(error: pytest.ExceptionInfo[StartRefused]) -> list[tuple[int | None, str, str | None]]:
    assert error.value.code == "CONFIG_INVALID"
    return [(found["line"], found["key"], found["value"]) for found in error.value.details["errors"]]


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(loaded: Load) -> None:
    """Defaults, then config.toml, then environment variables."""
    text = "[daemon]\nport = 3200\nthreads = 4\n"
    settings = loaded(text, {"WAIAAS_DAEMON_PORT": "3001"})
    assert (settings.daemon.port, settings.daemon.threads, settings.daemon.shutdown_timeout) == (3001, 4, 30)
    sources = {e.key: e.source for e in settings.explain()}
    assert sources["daemon.port"] == "WAIAAS_DAEMON_PORT"
    assert sources["daemon.threads"] == "config.toml:3"
    assert sources["daemon.shutdown_timeout"] == "default"


def test_every_mistake_is_named_at_once(loaded: Load) -> None:
    """Wrong type, out of range, unknown key and a bad variable come as one error with file, line, key and value."""
    text = '[daemon]\nport = 80\nthreads = "4"\n\n[security]\ncors_origins = [\n  "https://a.example",\n  3,\n]\n'
    text += "session_tll = 5\n"
    with pytest.raises(StartRefused) as error:
        loaded(text, {"WAIAAS_DATABASE_BUSY_TIMEOUT": "soon"})
    assert sorted(findings(error), key=str) == sorted(
        [
            (2, "daemon.port", "80"),
            (3, "daemon.threads", "'4'"),
            (6, "security.cors_origins", "['https://a.example', 3]"),
            (10, "security.session_tll", "5"),
            (None, "WAIAAS_DATABASE_BUSY_TIMEOUT", "'soon'"),
        ],
        key=str,
    )


@pytest.mark.parametrize(
    "text",
    [
        "daemon = 3",
        "[daemon]\nport = true",
        "[daemon]\nport = 3100.0",
        "[daemon]\nport = 1023",
        "[daemon]\nhostname = ''",
        "[daemon]\nhostname = 'a b'",
        "[daemon]\nlog_level = 'loud'",
        "[daemon]\nlog_file = '../outside.log'",
        "[daemon]\nlog_file = '.'",
        "[daemon]\nlog_max_size = '50TB'",
        "[daemon]\nlog_max_size = '512KB'",
        "[daemon]\nallow_remote = 1",
        "[daemon]\nallow_remote = 'true'",
        "[plugins]\nallow = 'waiaas-solana'",
        "[plugins]\nallow = ['']",
        "[plugins]\nunknown = 1",
        "[rpc.solana]\ndevnet = 'http://node.example'",
        "[rpc.solana]\ndevnet = 'ws://127.0.0.1'",
        "[rpc.solana]\ndevnet = []",
        "[rpc.solana]\ndevnet = 3",
        "[rpc.solana]\ndevnet = 'https://node.example:port'",
        "[rpc.solana.devnet]\nurl = 'https://node.example'",
        "[rpc]\nsolana = 'https://node.example'",
        "rpc = 3",
        "[fees.solana.devnet]\nmax = 5000",
        "[fees.solana.devnet]\nmax = '0'",
        "[fees.solana.devnet]\nmax = '1e9'",
        "[fees.solana.devnet]\nmax = '１２'",
        "[fees.solana.devnet]\nmost = '5000'",
        "[fees.solana]\ndevnet = '5000'",
    ],
)
def test_a_wrong_value_is_refused(loaded: Load, text: str) -> None:
    """Nothing is guessed: another type, range or shape is an error that names the key."""
    with pytest.raises(StartRefused) as error:
        loaded(text)
    assert len(findings(error)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAIAAS_DAEMON_PORT", ""),
        ("WAIAAS_DAEMON_PORT", "+3100"),
        ("WAIAAS_DAEMON_PORT", "3_100"),
        ("WAIAAS_DAEMON_PORT", "３１００"),
        ("WAIAAS_DAEMON_ALLOW_REMOTE", "yes"),
        ("WAIAAS_PLUGINS_ALLOW", "waiaas-solana"),
        ("WAIAAS_SECURITY_ALLOWED_HOSTS", '{"a": 1}'),
        ("WAIAAS_DAEMON_LOG_MAX_SIZE", "big"),
    ],
)
def test_a_wrong_variable_is_refused(loaded: Load, name: str, value: str) -> None:
    """A variable that cannot be read as its key's type stops the start, by its own name."""
    with pytest.raises(StartRefused) as error:
        loaded("", {name: value})
    assert [key for _, key, _ in findings(error)] == [name]


@pytest.mark.parametrize("content", [b"[daemon\n", b"a = 1\na = 2\n", b'[daemon]\nhostname = "\xff"\n'])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """Broken TOML, a key given twice and bytes that are no UTF-8 are one error that names the file."""
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(StartRefused, match=r"config\.toml: the file") as error:
        load(tmp_path, {})
    assert error.value.code == "CONFIG_INVALID"


def test_what_nobody_reads_is_a_warning(loaded: Load) -> None:
    """An unknown section and an unknown variable are warned of, by line and name."""
    settings = loaded("[telemetry]\nurl = 'x'\n", {"WAIAAS_DEAMON_PORT": "1", "HOME": "/"})
    assert len(settings.warnings) == 2
    assert "config.toml:1: unknown section [telemetry]" in settings.warnings[0]
    assert "WAIAAS_DEAMON_PORT" in settings.warnings[1]


def test_the_master_password_is_not_kept(loaded: Load) -> None:
    """The special variables neither warn nor stay in the settings."""
    settings = loaded("", {"WAIAAS_MASTER_PASSWORD": "canary-7431", "WAIAAS_DATA_DIR": "/x"})
    assert settings.warnings == ()
    assert "canary-7431" not in repr(settings) + repr(settings._written.__dict__)


def test_weak_key_derivation_is_allowed_with_a_warning(loaded: Load) -> None:
    """Argon2 parameters under the defaults warn; under the range they are refused."""
    assert "keystore.argon2_memory" in loaded("[keystore]\nargon2_memory = 32768\n").warnings[0]
    with pytest.raises(StartRefused):
        loaded("[keystore]\nargon2_memory = 32767\n")


REMOTE = "[daemon]\nhostname = '0.0.0.0'\nallow_remote = {}\nbehind_tls_proxy = {}\n[security]\nallowed_hosts = {}\n"


def test_an_address_beyond_loopback_takes_three_statements(loaded: Load) -> None:
    """Without allow_remote, behind_tls_proxy or allowed_hosts the daemon listens on loopback alone."""
    assert loaded(REMOTE.format("true", "true", "['wallet.example']")).daemon.hostname == "0.0.0.0"
    for given in (("false", "true", "['a']"), ("true", "false", "['a']"), ("true", "true", "[]")):
        with pytest.raises(StartRefused) as error:
            loaded(REMOTE.format(*given))
        assert findings(error) == [(2, "daemon.hostname", "'0.0.0.0'")]
    with pytest.raises(StartRefused, match="WAIAAS_DAEMON_HOSTNAME"):
        loaded("", {"WAIAAS_DAEMON_HOSTNAME": "192.0.2.1"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_statement(loaded: Load, host: str) -> None:
    """Every name of this machine itself is fine as it is."""
    assert loaded(f"[daemon]\nhostname = '{host}'\n").daemon.hostname == host


def test_files_move_where_the_configuration_says(loaded: Load, tmp_path: Path) -> None:
    """Relative paths lie in the data directory, absolute ones stand as they are."""
    settings = loaded("[daemon]\nlog_file = '/var/log/w.log'\n[database]\npath = 'data/other.db'\n")
    assert settings.paths.log == Path("/var/log/w.log")
    assert settings.paths.database == tmp_path / "data" / "other.db"
    assert settings.paths.daemon_pid == tmp_path / "daemon.pid"


def test_sizes_are_texts_or_bytes(loaded: Load) -> None:
    """50MB is 50 times 1048576 bytes; an integer is bytes."""
    assert loaded("[daemon]\nlog_max_size = '2MB'\n").daemon.log_max_size == 2 * 1048576
    assert loaded("[daemon]\nlog_max_size = 1048577\n").daemon.log_max_size == 1048577
    assert loaded("", {"WAIAAS_DAEMON_LOG_MAX_SIZE": "1gb"}).daemon.log_max_size == 1073741824
