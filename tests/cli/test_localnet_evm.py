"""``waiaas localnet evm``: a real EVM node for people, and what they are told where it is missing."""

import json
import signal
import subprocess
import urllib.request
from typing import Any

import pytest

from tests.cli.conftest import Program
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable


@pytest.fixture
def node(bare: Program) -> Program:
    """The command line, on a machine that has the node."""
    runnable(EvmCase())
    return bare


def _ask(url: str, method: str) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["result"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_url_and_serves_until_told(node: Program, number: signal.Signals) -> None:
    """The URL comes at once also into a pipe, chain 31337 answers there, and a signal ends command and node with 0."""
    options = node.command("localnet", "evm", "--port", "0", "--block-seconds", "0.05")
    with subprocess.Popen(options, env=node.variables(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert _ask(url, "eth_chainId") == hex(31337)
        process.send_signal(number)
        assert process.wait(20) == 0
    with pytest.raises(OSError, match="refused"):
        _ask(url, "eth_chainId")


def test_its_usual_port_is_the_default_of_the_network(bare: Program) -> None:
    """Port 8545 is where ``evm/local`` is asked when nothing is configured."""
    from waiaas_evm.adapter import EvmAdapter
    from waiaas_evm.settings import EvmSettings

    (local,) = (one for one in EvmAdapter.networks(EvmSettings()) if one.name == EvmAdapter.local_network)
    assert local.rpc == ("http://127.0.0.1:8545",)


def test_a_missing_node_is_one_line_that_says_how_to_install_it(bare: Program) -> None:
    """Where there is no such program the command fails with the way to get it."""
    done = bare("localnet", "evm", "--port", "0", ANVIL="/nowhere/anvil")
    assert done.code == 1
    assert "/nowhere/anvil" in done.line
    assert "npm install" in done.line


def test_a_taken_port_is_one_line_that_says_so(node: Program) -> None:
    """A port that somebody has is named, with the way out."""
    options = node.command("localnet", "evm", "--port", "0")
    with subprocess.Popen(options, env=node.variables(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip().rpartition(":")[2]
        done = node("localnet", "evm", "--port", port)
        process.terminate()
        process.wait(20)
    assert done.code == 1
    assert port in done.line
    assert "in use" in done.line
