"""``waiaas config get``, ``set`` and ``unset`` on a data directory."""

from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """An initialised data directory that no daemon runs on; each test uses keys of its own."""
    environ = {
        "WAIAAS_KEYSTORE_ARGON2_MEMORY": "32768",
        "WAIAAS_KEYSTORE_ARGON2_TIME": "1",
        "WAIAAS_MASTER_PASSWORD": "violin-tarpaulin-89-grommet-xylem",
    }
    made = Program(tmp_path_factory.mktemp("config") / "data", environ)
    assert made("init").code == 0
    return made


def written(program: Program) -> str:
    return (program.data_dir / "config.toml").read_text()


def test_a_value_that_was_set_is_got_and_says_where_it_stands(program: Program) -> None:
    """Get prints the bare value, with --json also the line it comes from; the default before, the new one after."""
    assert program("config", "get", "daemon.threads").out == "16\n"
    done = program.json("config", "set", "daemon.threads", "24")
    assert (done["key"], done["value"], done["changed"], done["restart"]) == ("daemon.threads", 24, True, False)
    assert program.json("config", "get", "daemon.threads") == {
        "key": "daemon.threads",
        "value": 24,
        "source": f"config.toml:{done['line']}",
    }
    assert program.json("config", "set", "daemon.threads", "24")["changed"] is False
    assert program("config", "unset", "daemon.threads").code == 0
    assert program("config", "get", "daemon.threads").out == "16\n"


def test_the_environment_that_wins_is_named(program: Program) -> None:
    """Set says which variable overrides the file here, and get shows what counts."""
    done = program("config", "set", "daemon.log_level", "warning", WAIAAS_DAEMON_LOG_LEVEL="debug")
    assert done.code == 0
    assert "WAIAAS_DAEMON_LOG_LEVEL is set in this environment and wins" in done.out
    assert program("config", "get", "daemon.log_level", WAIAAS_DAEMON_LOG_LEVEL="debug").out == "debug\n"
    assert program("config", "get", "daemon.log_level").out == "warning\n"


def test_a_refused_value_is_one_line_with_what_is_allowed(program: Program) -> None:
    """File, key, value and what is allowed; exit code 1; nothing written."""
    before = written(program)
    done = program("config", "set", "daemon.shutdown_timeout", "4")
    assert done.code == 1
    for part in ("config.toml:", "daemon.shutdown_timeout = 4", "an integer from 5 to 300 s", "othing was written"):
        assert part in done.line
    assert program("config", "set", "daemon.shutdown", "4").code == 1
    assert program("config", "get", "daemon.shutdown").code == 1
    assert written(program) == before


def test_networks_are_checked_against_the_chains_that_are_installed(program: Program) -> None:
    """A network that a chain lacks is refused; one of a chain that nobody brings is written with a warning."""
    assert program("config", "set", "rpc.solana.devnet", "https://node.example/hush").code == 0
    done = program("config", "set", "rpc.solana.devent", "https://node.example/hush")
    assert done.code == 1
    assert "one of the networks" in done.line
    assert "hush" not in done.line
    assert program.json("config", "set", "rpc.nochain.main", "https://node.example")["warnings"] != []
    assert program("config", "unset", "rpc.nochain.main").code == 0


def test_the_address_of_a_node_is_masked(program: Program) -> None:
    """What is shown of an address is its host: a path, a user or a query may be a provider's key."""
    done = program("config", "set", "rpc.solana.testnet", "https://me:hush@node.example/hush?hush=1")
    got = program("config", "get", "rpc.solana.testnet")
    assert "node.example" in got.out
    assert "hush" in written(program)
    assert "hush" not in done.out + done.err + got.out + got.err


def test_a_plugins_key_is_judged_by_the_plugin(program: Program) -> None:
    """An unknown key of an installed plugin's table is refused by name; a stranger's table is kept, masked and warned of."""
    done = program("config", "set", "plugins.waiaas-solana.nonsense", "1")
    assert done.code == 1
    assert "plugins.waiaas-solana.nonsense" in done.line
    stranger = program.json("config", "set", "plugins.stranger.token", "hush")
    assert (stranger["value"], len(stranger["warnings"])) == ("***", 1)
    assert program("config", "get", "plugins.stranger.token").out == "***\n"
    assert 'token = "hush"' in written(program)


def test_a_secret_can_come_from_standard_input(program: Program, tmp_path: Path) -> None:
    """With - the value is read from standard input, since arguments are seen by everyone on the machine."""
    import subprocess

    command = program.command("config", "set", "plugins.stranger.password", "-")
    environ = {name: value for name, value in program.variables().items() if name != "WAIAAS_MASTER_PASSWORD"}
    done = subprocess.run(
        command, env=environ, input="hush hush\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 'password = "hush hush"' in written(program)
    assert "hush" not in done.stdout


def test_without_a_data_directory_there_is_nothing_to_change(tmp_path: Path) -> None:
    """Set says how to make one; get gives the default."""
    nowhere = Program(tmp_path / "none")
    assert "waiaas init" in nowhere("config", "set", "daemon.port", "3200").line
    assert nowhere("config", "get", "daemon.port").out == "3100\n"


SOL = 'prices.static."solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501"'


def test_prices_are_texts_by_their_assets_ids(program: Program) -> None:
    """An id in quotes is one name; a price stays a text, and what is none is refused with the file as it was."""
    assert program.json("config", "set", SOL, "142.5")["value"] == "142.5"
    assert '"142.5"' in written(program)
    assert program("config", "get", SOL).out == "142.5\n"
    before = written(program)
    for wrong in ("0", "dear", "1e3"):
        assert program("config", "set", SOL, wrong).code == 1
    assert program("config", "set", "prices.static.sol", "1").code == 1
    assert written(program) == before
    assert program("config", "unset", SOL).code == 0


def test_decimals_are_small_integers(program: Program) -> None:
    """They need no plugin to be judged."""
    key = 'prices.decimals."eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"'
    assert program.json("config", "set", key, "6")["value"] == 6
    assert program("config", "get", key).out == "6\n"
    assert program("config", "set", key, "37").code == 1
    assert program("config", "set", key, "six").code == 1
    assert program("config", "unset", key).code == 0


def test_the_address_of_a_price_service_is_masked(program: Program) -> None:
    """It may hold a key to the service: it is shown nowhere, and an unsafe one is refused."""
    done = program("config", "set", "prices.http.url", "https://prices.example/?key=hush")
    assert done.code == 0
    shown = program("config", "show", "--all")
    assert "prices.example" in written(program)
    assert "hush" not in done.out + done.err + shown.out + shown.err + program("config", "get", "prices.http.url").out
    refused = program("config", "set", "prices.http.url", "http://prices.example/?key=hush")
    assert refused.code == 1
    assert "hush" not in refused.out + refused.err
    assert program("config", "unset", "prices.http.url").code == 0


def test_a_source_that_nobody_brings_is_warned_of(program: Program) -> None:
    """Validation names it, and doctor takes it for a problem, since every payment in dollars would wait."""
    named = {"WAIAAS_PRICES_SOURCES": '["static", "orakel"]'}
    assert any("orakel" in warning for warning in program("config", "validate", "--json", **named).document["warnings"])
    found = {
        one["text"]: one["grade"]
        for one in program("doctor", "--json", **named).document["findings"]
        if one["check"] == "prices"
    }
    assert sorted(found.values()) == ["ok", "problem"]
    assert any("orakel" in text for text, grade in found.items() if grade == "problem")
