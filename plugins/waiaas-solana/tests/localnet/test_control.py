"""The controls over HTTP, and the process of its own."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys

import pytest
from solders.keypair import Keypair
from waiaas_solana.localnet import Localnet

from .client import DEADLINE_SECONDS, SOL, Client, payment, until


def test_faults_are_set_from_outside(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """Rules and conditions sent to /control/faults strike, and clear takes them away."""
    rules = [{"kind": "swallow", "method": "sendTransaction", "times": 1}]
    state = client.control("faults", {"rules": rules, "conditions": {"lag_slots": 3}})
    assert state["faults"]["conditions"]["lag_slots"] == 3
    signature = client.send(payment(payer, Keypair().pubkey(), SOL, client.blockhash()))
    assert client.status(signature, search=True) is None
    assert client.control("faults", {"clear": True})["faults"]["rules"] == []
    assert localnet.faults.conditions.lag_slots == 0


def test_controls_reach_a_node_that_is_away(client: Client) -> None:
    """A node that is away can be called back."""
    client.control("faults", {"conditions": {"away": True}})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.call("getHealth")
    client.control("faults", {"conditions": {"away": False}})
    assert client.call("getHealth") == "ok"


def test_time_is_driven_from_outside(localnet: Localnet, client: Client) -> None:
    """Advance jumps; the clock starts, changes its pace and stops."""
    slot = localnet.slot()
    assert client.control("advance", {"slots": 7})["slot"] == slot + 7
    client.control("clock", {"running": True, "slotSeconds": 0.005})
    until(lambda: localnet.slot() >= slot + 10)
    assert client.control("clock", {"running": False})["slotSeconds"] is None
    stood = localnet.slot()
    assert client.control("clock", {"running": True})["slotSeconds"] == 0.005
    assert localnet.slot() >= stood


def test_state_lists_what_happened(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """The state names accepted and executed transactions and the calls, and the counters can be reset."""
    recipient = str(Keypair().pubkey())
    client.control("fund", {"address": recipient, "units": SOL})
    signature = client.send(payment(payer, Keypair().pubkey(), SOL, client.blockhash()))
    state = client.control("state")
    assert state["accepted"] == [signature]
    assert [(row["signature"], row["transfers"][0]["lamports"]) for row in state["executed"]] == [(signature, SOL)]
    assert state["requests"] == {"getLatestBlockhash": 1, "sendTransaction": 1}
    assert localnet.balance(recipient) == SOL
    assert client.control("requests", {})["requests"] == {}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", b'{"rules": [{"kind": "typo"}]}'),
        ("faults", b'{"rules": [{"kind": "fail", "wrong": 1}]}'),
        ("faults", b'{"rules": [5]}'),
        ("faults", b'{"conditions": {"lag_slots": -1}}'),
        ("faults", b'{"conditions": []}'),
        ("faults", b'{"lagSlots": 1}'),
        ("faults", b"[]"),
        ("faults", b"{"),
        ("advance", b"{}"),
        ("advance", b'{"slots": -1}'),
        ("advance", b'{"slots": true}'),
        ("clock", b'{"slotSeconds": 0}'),
        ("clock", b'{"slotSeconds": "1"}'),
        ("advance", b'{"slots": 1000000000000000000000}'),
        ("fund", b'{"address": "Vote111111111111111111111111111111111111112", "units": 18446744073709551616}'),
        ("fund", b'{"address": "x", "units": 1}'),
        ("fund", b'{"address": "Vote111111111111111111111111111111111111112", "units": 1}'),
    ],
)
def test_wrong_control_is_400(localnet: Localnet, client: Client, name: str, body: bytes) -> None:
    """A control that can't be done says why, and changes nothing."""
    before = (localnet.slot(), localnet.faults.to_json())
    status, _, answer = client.request("POST", f"/control/{name}", body)
    assert status == 400
    assert json.loads(answer)["error"]
    assert (localnet.slot(), localnet.faults.to_json()) == before


def test_unknown_control_is_404(client: Client) -> None:
    """A control that does not exist, or by the wrong verb, is 404."""
    assert client.request("POST", "/control/nonsense", b"{}")[0] == 404
    assert client.request("GET", "/control/advance", None)[0] == 404


def test_controls_want_json(client: Client) -> None:
    """A web page's form can't reach the controls: another content type is 415."""
    assert client.request("POST", "/control/advance", b'{"slots": 1}', "text/plain")[0] == 415


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_process_of_its_own(stop: signal.Signals) -> None:
    """`python -m waiaas_solana.localnet` prints its URL, serves, and ends cleanly when told to."""
    command = [sys.executable, "-m", "waiaas_solana.localnet", "--port", "0", "--slot-seconds", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with Client(process.stdout.readline().strip()) as client:
            assert client.call("getHealth") == "ok"
            slot = client.control("state")["slot"]
            until(lambda: client.control("state")["slot"] > slot)
        process.send_signal(stop)
        assert process.wait(DEADLINE_SECONDS) == 0


def test_process_on_a_taken_port(localnet: Localnet) -> None:
    """A port that is taken is one line on stderr and exit code 1."""
    command = [sys.executable, "-m", "waiaas_solana.localnet", "--port", str(localnet.port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)
    assert ended.returncode == 1
    assert str(localnet.port) in ended.stderr
    assert ended.stderr.count("\n") == 1
