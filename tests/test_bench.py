"""The measurements run; what they find is for people to read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.coins_evm import Wei

ROOT = Path(__file__).resolve().parent.parent
FIGURES = [
    "waiaas --help",
    "start to ready",
    "signatures",
    "simulations a second after 1,000 transactions",
    "p99 of decisions with 1 policy after 1,000 transactions",
    "p99 of decisions with 10 policies after 1,000 transactions",
    "p99 of decisions with 100 policies after 1,000 transactions",
    "decisions after 1,000 beside 100 transactions",
    "from a stop's commit to the last signature, 16 clients",
    "session read",
    "denied send",
    "transfers, 1 client on 1 wallet",
    "transfers, 16 clients on 1 wallet",
    "transfers, 16 clients on 16 wallets",
    "memory, daemon and signer",
    "SPL token transfers, 16 clients on 1 wallet",
]
FIGURES_OF_ANVIL = [
    "EVM transfers, 1 client on 1 wallet",
    "EVM transfers, 16 clients on 1 wallet",
    "EVM transfers, 16 clients on 16 wallets",
    "ERC-20 transfers, 16 clients on 1 wallet",
]
RACES = "races of 200 sends against one limit, "
ASSETS, ASSETS_OF_ANVIL = ["solana-native", "solana-token"], ["evm-native", "evm-token"]


@pytest.mark.timeout(400)
def test_everything_can_be_measured() -> None:
    """One short round gives every figure, each positive and beside its floor where it has one; all transfers are confirmed."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    has_anvil = not Wei.missing()
    races = [RACES + asset for asset in ASSETS + (ASSETS_OF_ANVIL if has_anvil else [])]
    assert [figure["name"] for figure in figures] == FIGURES + (FIGURES_OF_ANVIL if has_anvil else []) + races
    assert all(figure["is_met"] for figure in figures if figure["name"] in races)
    beside = [figure for figure in figures if figure["floor"] is not None]
    assert len(beside) == len(figures) - len(races) - 1  # nothing is signed without the house: a stop has no floor
    assert all(figure["ours"] > 0 and figure["floor"] > 0 and figure["ratio"] > 0 for figure in beside)
    transfers = [figure["details"] for figure in figures if "transfers" in figure["name"]]
    assert {details["confirmed"] for details in transfers} == {"16 of 16"}
