"""The example agents run as they stand, against a daemon, on each chain."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from waiaas_sdk import BadRequest

from tests.docs.pages import ROOT
from tests.harness.fixtures import coin_cases
from tests.harness.house import House, Wallet, confirmed

__all__ = ["coin_cases"]

EXAMPLES = ROOT / "examples"
PROGRAMS = {"agent.py": [sys.executable, "agent.py"], "agent.sh": ["sh", "agent.sh"]}
DENIED, WAITS = 2, 3


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> list[str]:
    """Each of the two, as a command."""
    if request.param == "agent.sh" and shutil.which("curl") is None:
        pytest.skip("NOT TESTED: agent.sh needs curl")
    return PROGRAMS[request.param]


def run(house: House, wallet: Wallet, command: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run an example as an agent's user would."""
    environ = {"PATH": os.environ["PATH"], "WAIAAS_SESSION_TOKEN": wallet.token, "WAIAAS_URL": house.daemon.url}
    return subprocess.run(
        [*command, *arguments], env=environ, capture_output=True, text=True, timeout=120, check=False, cwd=EXAMPLES
    )


def test_the_example_agents_pay_an_invoice_once(shared_house: House, program: list[str]) -> None:
    """Run twice with the same invoice, each example makes one payment, with a memo where the chain carries one."""
    wallet, to = shared_house.instant(), shared_house.case.new_recipient()
    first, done = (run(shared_house, wallet, program, to, str(shared_house.case.amount), "42") for _ in range(2))
    assert (first.returncode, done.returncode) == (0, 0), first.stdout + first.stderr + done.stdout + done.stderr
    (row,) = shared_house.rows("SELECT * FROM transactions WHERE agent_id = ?", wallet.agent_id)
    confirmed(shared_house, row["id"])
    assert wallet.token not in done.stdout + done.stderr
    client = shared_house.client(wallet)
    can_memo = "memo" in client.connect_info().capabilities
    memo = client.transaction(row["id"]).memo
    assert memo == ("invoice 42" if can_memo else None)
    if "agent.sh" in program:
        assert "HTTP 201" in done.stdout
        assert json.loads(done.stdout.splitlines()[1])["id"] == row["id"]


def test_the_example_agents_tell_refused_from_waiting(shared_house: House, program: list[str]) -> None:
    """A payment beyond the limit ends with exit code 2, one that waits for a person with 3, nonsense with 1."""
    amount = shared_house.case.amount
    limits = {"instant_max": amount, "daily_limit": 3 * amount}
    wallet, to = shared_house.wallet(policies=shared_house.case.spending(**limits)), shared_house.case.new_recipient()
    refused = run(shared_house, wallet, program, to, str(4 * amount), "1")
    assert refused.returncode == DENIED, refused.stdout + refused.stderr
    assert str(3 * amount) in refused.stdout
    waiting = run(shared_house, wallet, ["env", "PATIENCE_SECONDS=1", *program], to, str(2 * amount), "2")
    assert waiting.returncode == WAITS, waiting.stdout + waiting.stderr
    assert "APPROVAL" in waiting.stdout
    assert run(shared_house, wallet, program, "nobody", str(amount), "3").returncode == 1
    gone = Wallet(agent_id=wallet.agent_id, address=wallet.address, session_id=wallet.session_id, token="wai_sess_x")
    assert run(shared_house, gone, program, to, str(amount), "4").returncode == 1


def test_capabilities_say_whether_memos_exist(shared_house: House) -> None:
    """Where they are named a memo is taken; where they are not it is refused, and nothing is stored."""
    wallet = shared_house.instant()
    client, to = shared_house.client(wallet), shared_house.case.new_recipient()
    fields = shared_house.case.payment(to)
    fields["memo"] = "hello"
    can_memo = "memo" in client.connect_info().capabilities
    assert can_memo is (shared_house.case.chain == "solana")
    if can_memo:
        assert client.simulate(**fields).tier == "INSTANT"
    else:
        with pytest.raises(BadRequest):
            client.simulate(**fields)
