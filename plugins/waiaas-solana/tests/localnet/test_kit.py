"""@solana/kit 8, unmodified, as a user of the localnet."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from waiaas_solana.localnet import GENESIS_HASH, Localnet

from .client import CLIENTS, node_for

STORY = Path(__file__).with_name("kit_story.mjs")


def test_kit_lives_on_the_localnet() -> None:
    """Airdrop, simulate, pay, climb to finality, history, refusals and expiry are what kit expects of a node."""
    node = node_for("@solana/kit")
    with Localnet(slot_seconds=None) as localnet:
        ended = subprocess.run(
            [node, str(STORY), str(CLIENTS), localnet.url], capture_output=True, text=True, timeout=60, check=False
        )
        payments = localnet.executed()
    assert ended.returncode == 0, ended.stderr
    saw = json.loads(ended.stdout)
    assert len(payments) == 1
    version = saw.pop("version")
    assert version.count(".") == 2
    assert saw == {
        "genesis": GENESIS_HASH,
        "health": "ok",
        "dropped": "confirmed",
        "simulated": {"err": None, "units": saw["simulated"]["units"]},
        "sameSignature": True,
        "climbed": ["processed", "confirmed", "finalized"],
        "paid": "1000000000",
        "transaction": {"fee": "5000", "err": None, "version": 0, "lamports": "1000000000", "memo": "hello"},
        "listed": ["[5] hello"],
        "repeated": {"isPreflight": True, "isAlreadyProcessed": True},
        "poor": {"logs": 3, "isCustom": True},
        "account": {"lamports": "1000000000", "owner": "11111111111111111111111111111111", "space": "0"},
        "executable": [False, True],
        "tokens": [],
        "rent": "890880",
        "keys": 4,
        "fee": "5000",
        "prices": 150,
        "heightBelowSlot": True,
        "block": True,
        "heightPassed": True,
        "stillValid": False,
        "expired": True,
        "lost": None,
    }
