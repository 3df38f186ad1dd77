"""Where an agent is made when nobody says, and that real money is told from toy money."""

import re

import pytest

from tests.cli.conftest import Running

pytestmark = pytest.mark.xdist_group("running-daemon")


@pytest.mark.parametrize(("chain", "network"), [("evm", "local"), ("solana", "localnet")])
def test_each_chain_has_its_own_network_to_begin_with(running: Running, chain: str, network: str) -> None:
    """Without ``--network`` an agent lives on the chain's own local network, and is told to hold nothing of worth."""
    made = running.json("agent", "create", f"toy-{chain}", "--chain", chain)
    assert (made["network"], made["isTest"]) == (network, True)
    assert re.search(r"^money +local test network", running("agent", "show", made["id"]).out, re.MULTILINE)


def test_real_money_is_said_when_an_agent_is_made(running: Running) -> None:
    """A main network is named as such, when the agent is made and whenever it is shown; a public test network is neither."""
    made = running("agent", "create", "rich-one", "--chain", "solana", "--network", "mainnet")
    assert re.search(r"^money +REAL MONEY *$", made.out, re.MULTILINE), made.out
    assert re.search(r"^money +REAL MONEY *$", running("agent", "show", "rich-one").out, re.MULTILINE)
    out = running("agent", "create", "poor-one", "--chain", "solana", "--network", "devnet").out
    assert re.search(r"^money +test network, worth nothing", out, re.MULTILINE)


def test_a_chain_that_is_not_there_is_named_with_those_that_are(running: Running) -> None:
    """The refusal is the chain's, not the network's."""
    refused = running("agent", "create", "x", "--chain", "dogecoin")
    assert refused.code == 1
    assert "there is no chain dogecoin. Installed: evm, solana" in refused.line


def test_tokens_are_added_to_the_chains_own_network(running: Running) -> None:
    """The list of tokens has the same default: what is no address there is refused by that network, not by another's name."""
    refused = running("token", "add", "nonsense", "--chain", "evm")
    assert refused.code == 1
    assert "network" not in refused.line, refused.line
