"""Amounts and balances at the command line: what is written with a symbol is said in base units before it is stored."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from waiaas_sdk import Agent, Asset, ChainUnreachable, Operator

from tests.cli.conftest import Running
from waiaas.cli.balances import Holding, holdings

pytestmark = pytest.mark.xdist_group("running-daemon")


def made(running: Running, name: str) -> str:
    running("agent", "create", name, "--chain", "solana", "--network", "localnet")
    return name


def test_a_policys_amounts_are_echoed_and_stored_as_they_were_shown(running: Running) -> None:
    """Written with the symbol, each amount is said in base units on stderr; base units need no echo."""
    name = made(running, "echoed")
    rules = json.dumps({"instant_max": "0.01SOL", "daily_limit": "1.5 SOL", "weekly_limit": "9000000000"})
    done = running("policy", "create", "SPENDING_LIMIT", "--agent", name, "--rules", rules, "--json")
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        "instant_max: 0.01SOL = 10000000 base units",
        "daily_limit: 1.5 SOL = 1500000000 base units",
    ]
    assert done.document["rules"]["instant_max"] == "10000000"
    assert done.document["display"] == {"instant_max": "0.01 SOL", "daily_limit": "1.5 SOL", "weekly_limit": "9 SOL"}
    again = running("policy", "update", done.document["id"], "--rules", '{"daily_limit": "2SOL"}')
    assert (again.code, again.err) == (0, "daily_limit: 2SOL = 2000000000 base units\n")
    assert "daily_limit: 2 SOL" in running("policy", "show", done.document["id"]).out
    plain = running("policy", "update", done.document["id"], "--rules", '{"daily_limit": "7"}')
    assert (plain.code, plain.err) == (0, "")


def test_a_sessions_amounts_are_echoed(running: Running) -> None:
    """Options and constraints alike; the token alone stays alone on stdout."""
    name = made(running, "limited")
    more = ["--max-amount", "0.5SOL", "--max-total", "5", "--constraints", '{"types": ["TRANSFER"]}']
    done = running("session", "issue", name, *more, "--token-only")
    assert (done.code, done.err) == (0, "maxAmount: 0.5SOL = 500000000 base units\n")
    assert done.out.startswith("wai_sess_")
    (stored,) = running.json("session", "list", "--agent", name)["items"]
    assert stored["constraints"] == {"maxAmount": "500000000", "maxTotal": "5", "types": ["TRANSFER"]}
    assert stored["display"]["maxAmount"] == "0.5 SOL"


@pytest.mark.parametrize(
    "command",
    [
        ["policy", "create", "SPENDING_LIMIT", "--agent", "wrong", "--rules", '{"instant_max": "0.01ETH"}'],
        ["session", "issue", "wrong", "--max-amount", "0.01ETH"],
        ["session", "issue", "wrong", "--max-total", "0.0000000001SOL"],
    ],
    ids=lambda command: command[0],
)
def test_a_symbol_of_another_chain_is_refused_with_the_right_spelling(running: Running, command: list[str]) -> None:
    """Nothing is stored, nothing is echoed as if it were, and the line says how it is written."""
    made(running, "wrong")
    done = running(*command)
    assert done.code == 1
    assert " = " not in done.line
    assert "SOL" in done.line


def test_a_draft_takes_display_units(running: Running, tmp_path: Path) -> None:
    """A file of policies to try is read as policies to store are."""
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps([{"type": "SPENDING_LIMIT", "rules": {"instant_max": "0.01SOL"}}]))
    assert running("policy", "test", str(draft), "--agent", made(running, "drafted")).code == 0


def test_limits_of_fees_take_display_units(running: Running) -> None:
    """They are written into the configuration as base units, which are said first; another symbol changes nothing."""
    key = "fees.solana.devnet.max"
    done = running("config", "set", key, "0.01SOL")
    assert (done.code, done.err) == (0, f"{key}: 0.01SOL = 10000000 base units\n")
    assert running("config", "get", key).out == "10000000\n"
    refused = running("config", "set", key, "0.01ETH")
    assert (refused.code, "0.01SOL" in refused.line) == (2, True)
    assert running("config", "get", key).out == "10000000\n"
    assert running("config", "unset", key).code == 0


def test_the_operator_sees_what_agents_hold(running: Running) -> None:
    """One agent with its native balance, and the list where it is asked for."""
    name = made(running, "holding")
    assert running("agent", "fund", name, "1.5SOL").code == 0
    assert "1.5 SOL" in running("agent", "show", name).out
    shown = running.json("agent", "show", name)
    assert (shown["balances"][0]["balance"], shown["balancesUnknown"]) == ("1500000000", None)
    assert "1.5 SOL" in running("agent", "list", "--balances", COLUMNS="200").out
    items = {item["name"]: item for item in running.json("agent", "list", "--balances")["items"]}
    assert items[name]["balances"][0]["mint"] == "native"
    assert "balances" not in running.json("agent", "list")["items"][0]


class _Nodes:
    """A daemon whose nodes of one network never answer in time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def balances(self, agent_id: str) -> Any:
        with self._lock:
            self.asked.append(agent_id)
        if agent_id.startswith("dead"):
            raise ChainUnreachable("no node of devnet answered", status=502)
        coin = Asset(mint="native", symbol="SOL", name="SOL", balance=5, decimals=9, is_native=True)
        return SimpleNamespace(assets=[coin])


def _agents(word: str, network: str) -> list[Agent]:
    return [
        Agent(id=f"{word}{number}", name="n", chain="solana", network=network, status="ACTIVE") for number in range(40)
    ]


def test_agents_of_a_silent_node_do_not_hang_the_list() -> None:
    """Their network is asked a few times, the others' balances are there, and what is not known says why."""
    nodes = _Nodes()
    daemon = cast(Operator, SimpleNamespace(agents=nodes))
    found = holdings(daemon, [*_agents("dead", "devnet"), *_agents("good", "localnet")])
    assert len([one for one in nodes.asked if one.startswith("dead")]) <= 3
    assert found["dead39"].lines(strangers=False) == "not known: no node of devnet answered"
    assert found["dead39"].to_wire() == {"balances": None, "balancesUnknown": "no node of devnet answered"}
    assert found["good39"].lines(strangers=False) == "0.000000005 SOL"


def test_slow_nodes_are_not_asked_for_ever() -> None:
    """After its time the list is told with what is known by then."""
    nodes = _Nodes()
    found = holdings(cast(Operator, SimpleNamespace(agents=nodes)), _agents("good", "localnet"), seconds=-1)
    assert nodes.asked == []
    assert "not asked" in str(found["good0"].unknown)


def test_what_strangers_sent_is_told_apart() -> None:
    """A token on no list is left out of the list, and named with its address where one agent is shown."""
    coin = Asset(mint="native", symbol="SOL", name="SOL", balance=0, decimals=9, is_native=True)
    stray = Asset(
        mint="Fake", symbol="USDC", name="x", balance=5, decimals=0, is_native=False, is_listed=False, spendable=3
    )
    held = Holding(assets=[coin, stray])
    assert held.lines(strangers=False) == "0 SOL"
    assert held.lines(strangers=True).splitlines()[1] == '5 "USDC", 3 "USDC" to spend (on no list: Fake)'
