"""Tokens at the command line: put on a list, paid, shown, taken off again."""

import json
import tomllib
from typing import Any

import httpx
import pytest

from tests.cli.conftest import FRIEND, Running

pytestmark = pytest.mark.xdist_group("running-daemon")
HELD = 5_000_000


def on_chain(running: Running, what: str, **body: Any) -> dict[str, Any]:
    """Tell the localnet to do something."""
    config = tomllib.loads((running.program.data_dir / "config.toml").read_text())
    answer = httpx.post(f"{config['rpc']['solana']['localnet']}/control/{what}", json=body, timeout=30)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def mint(running: Running) -> str:
    """A token of the wallet's, with a symbol, that a policy lets leave."""
    made: str = on_chain(running, "mint", program="spl-token-2022", metadata=["TST", "A test"])["mints"][-1]
    on_chain(running, "issue", mint=made, address=running.agent["address"], units=HELD)
    rules = json.dumps({"asset": made, "instant_max": str(HELD)})
    assert running("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--rules", rules).code == 0
    return made


def test_a_token_is_put_on_its_list_and_taken_off(running: Running, mint: str) -> None:
    """What the list says of a token is what the chain says; another time, and what is no token, are refused."""
    added = running.json("token", "add", mint)
    assert (added["address"], added["decimals"], added["symbol"], added["name"]) == (mint, 6, "TST", "A test")
    assert mint in running("token", "list", "--network", "localnet", COLUMNS="120").out
    assert added["id"] in {one["id"] for one in running.json("token", "list")["items"]}
    again, nothing = running("token", "add", mint), running("token", "add", FRIEND)
    assert (again.code, "on the list already" in again.err) == (1, True)
    assert (nothing.code, "no such token" in nothing.err) == (1, True)
    assert running("token", "remove", added["id"]).code == 0
    assert running("token", "remove", added["id"]).code == 1


def test_a_token_is_paid_by_its_symbol(running: Running, mint: str) -> None:
    """Display units with the symbol that the chain tells, or base units; shown with the symbol in quotes."""
    as_bot = {"WAIAAS_SESSION_TOKEN": running.token}
    sent = running.json("tx", "send", FRIEND, "1.5TST", "--token", mint, **as_bot)
    assert (sent["type"], sent["amount"], sent["display"]) == ("TOKEN_TRANSFER", "1500000", '1.5 "TST"')
    assert '1.5 "TST" (1500000)' in running("tx", "show", sent["id"], COLUMNS="120").out
    assert '1.5 "TST"' in running("tx", "list", COLUMNS="160").out
    base = running("tx", "send", FRIEND, "7", "--token", mint, "--dry-run", "--json", **as_bot)
    assert json.loads(base.out)["tier"] == "INSTANT"


def test_an_amount_with_another_symbol_is_refused(running: Running, mint: str) -> None:
    """A symbol that is not the token's own, or more digits than it has, never becomes an amount."""
    for amount in ("1SOL", "1.5USDC", "0.0000001TST"):
        done = running("tx", "send", FRIEND, amount, "--token", mint, WAIAAS_SESSION_TOKEN=running.token)
        assert (done.code, "is not an amount" in done.err) == (2, True), done.err
