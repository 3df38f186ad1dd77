"""Tokens of the localnet's own issuer: made over HTTP or in the process, and read by clients that no one here wrote."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.models import TokenAccountOpts
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from waiaas_solana.localnet import EXTENSIONS, Localnet, MintKind

from .client import CLIENTS, Client, node_for

TOKEN_2022 = "spl-token-2022"
STORY = Path(__file__).with_name("kit_tokens.mjs")
KINDS = (
    MintKind(decimals=9),
    MintKind(program=TOKEN_2022, fee=(25, 1_000), extensions=("permanent-delegate", "pausable")),
    MintKind(decimals=0, program=TOKEN_2022, metadata=("TALK", "A talking token")),
)


def issued(localnet: Localnet, owner: str) -> list[str]:
    """A token of each kind, 1,250,000 units of it with the owner."""
    mints = [localnet.issuer.mint(kind) for kind in KINDS]
    for mint in mints:
        localnet.issuer.issue(mint, owner, 1_250_000)
    localnet.advance(40)
    return mints


def test_solana_py_reads_tokens() -> None:
    """Balances, supplies and an owner's accounts of each kind of token parse into solana-py's types."""
    owner = Keypair().pubkey()

    async def told(localnet: Localnet, mints: list[str]) -> None:
        async with AsyncClient(localnet.url, commitment=Confirmed) as client:
            for mint, kind in zip(mints, KINDS, strict=True):
                key = Pubkey.from_string(mint)
                account = Pubkey.from_string(localnet.issuer.account(mint, str(owner)))
                balance = (await client.get_token_account_balance(account)).value
                assert (balance.amount, balance.decimals) == ("1250000", kind.decimals)
                assert (await client.get_token_supply(key)).value.amount == "1250000"
                rows = (await client.get_token_accounts_by_owner(owner, TokenAccountOpts(mint=key))).value
                assert [row.pubkey for row in rows] == [account]
                parsed = (await client.get_token_accounts_by_owner_json_parsed(owner, TokenAccountOpts(mint=key))).value
                info: Any = parsed[0].account.data.parsed
                assert info["info"]["tokenAmount"]["amount"] == "1250000"
                assert (await client.get_account_info_json_parsed(key)).value is not None

    with Localnet(slot_seconds=None) as localnet:
        asyncio.run(told(localnet, issued(localnet, str(owner))))


def test_kit_reads_tokens() -> None:
    """@solana/kit and its token program decode mints and accounts of each kind, and derive the same addresses."""
    node = node_for("@solana-program/token")
    owner = str(Keypair().pubkey())
    with Localnet(slot_seconds=None) as localnet:
        mints = issued(localnet, owner)
        command = [node, str(STORY), str(CLIENTS), localnet.url, owner, *mints]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        accounts = [localnet.issuer.account(mint, owner) for mint in mints]
    assert ended.returncode == 0, ended.stderr
    shown = ("0.00125", "1.25", "1250000")
    assert json.loads(ended.stdout) == [
        {
            "account": account,
            "mint": {"decimals": kind.decimals, "parsed": kind.decimals},
            "held": ["1250000", True, True, 1],
            "balance": text,
            "supply": "1250000",
            "listed": [[True, "1250000"]],
        }
        for account, kind, text in zip(accounts, KINDS, shown, strict=True)
    ]


def test_tokens_are_made_from_outside(localnet: Localnet, client: Client) -> None:
    """A mint of a kind and units of it are made over /control, and the state names the mint."""
    owner = str(Keypair().pubkey())
    kind = {"decimals": 2, "program": TOKEN_2022, "fee": [100, 5], "extensions": ["pausable"], "metadata": ["A", "B"]}
    first = client.control("mint", {})["mints"]
    (_, mint) = client.control("mint", kind)["mints"]
    assert len(first) == 1
    client.control("issue", {"mint": mint, "address": owner, "units": 77})
    assert localnet.tokens(mint, owner) == 77
    assert client.call("getTokenSupply", mint)["value"]["decimals"] == 2
    key = get_associated_token_address(Pubkey.from_string(owner), Pubkey.from_string(mint), _program(localnet, mint))
    assert localnet.issuer.account(mint, owner) == str(key)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("mint", {"program": "erc20"}),
        ("mint", {"extensions": ["typo"]}),
        ("mint", {"extensions": 5}),
        ("mint", {"extensions": ["pausable"]}),
        ("mint", {"decimals": 256}),
        ("mint", {"decimals": "6"}),
        ("mint", {"program": TOKEN_2022, "fee": [20_000, 1]}),
        ("mint", {"program": TOKEN_2022, "fee": [1, -1]}),
        ("mint", {"program": TOKEN_2022, "fee": [1]}),
        ("mint", {"program": TOKEN_2022, "metadata": ["AB"]}),
        ("mint", {"colour": "red"}),
        ("issue", {"mint": "x", "address": "x", "units": 1}),
        ("issue", {"mint": str(Pubkey.default()), "address": str(Pubkey.default())}),
        ("issue", {}),
    ],
)
def test_what_cannot_be_issued_is_refused(client: Client, name: str, body: dict[str, Any]) -> None:
    """A kind that does not exist, and an issue that would fail, are 400 with the reason."""
    with pytest.raises(AssertionError, match="400"):
        client.control(name, body)


def test_every_extension_can_be_made(localnet: Localnet) -> None:
    """Each named extension gives a mint that the token program itself set up."""
    for extension in EXTENSIONS:
        assert localnet.issuer.mint(MintKind(program=TOKEN_2022, extensions=(extension,)))


def _program(localnet: Localnet, mint: str) -> Pubkey:
    account = localnet._node.ledger.accounts([Pubkey.from_string(mint)])[0]
    assert account is not None
    return account.owner
