"""Tokens of both programs, associated accounts, lookup tables: what LiteSVM brings, seen through the RPC."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from waiaas_solana.localnet import Localnet

from .client import SOL, Client, RpcFaultError, encoded, signed

SYSTEM = Pubkey.default()
TOKEN = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
LOOKUP = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
MINT_SIZE = 82
DECIMALS = 6
SUPPLY = 5_000_000


class Token:
    """A mint of one program with its whole supply in the payer's associated account.

    :param program: TOKEN or TOKEN_2022.
    """

    def __init__(self, client: Client, payer: Keypair, program: Pubkey) -> None:
        self.program = program
        self.owner = payer.pubkey()
        mint = Keypair()
        self.mint = mint.pubkey()
        self.account = self.account_of(self.owner)
        rent = client.call("getMinimumBalanceForRentExemption", MINT_SIZE)
        create = CreateAccountParams(
            from_pubkey=self.owner, to_pubkey=self.mint, lamports=rent, space=MINT_SIZE, owner=program
        )
        initialize = bytes([20, DECIMALS]) + bytes(self.owner) + b"\0"  # InitializeMint2
        instructions = [
            create_account(create),
            Instruction(program, initialize, [AccountMeta(self.mint, False, True)]),
            self.open(self.owner),
            Instruction(
                program, b"\x07" + SUPPLY.to_bytes(8, "little"), self._metas(self.mint, self.account)
            ),  # MintTo
        ]
        message = MessageV0.try_compile(self.owner, instructions, [], client.blockhash())
        client.send(VersionedTransaction(message, [payer, mint]))

    def account_of(self, owner: Pubkey) -> Pubkey:
        """The associated account of an owner."""
        return get_associated_token_address(owner, self.mint, self.program)

    def open(self, owner: Pubkey) -> Instruction:
        """Create the associated account of an owner unless it is there (CreateIdempotent)."""
        account = self.account_of(owner)
        keys = [(self.owner, True, True), (account, False, True), (owner, False, False), (self.mint, False, False)]
        metas = [AccountMeta(*key) for key in (*keys, (SYSTEM, False, False), (self.program, False, False))]
        return Instruction(ASSOCIATED, b"\x01", metas)

    def pay(self, owner: Pubkey, units: int) -> Instruction:
        """TransferChecked from the payer's account to the owner's."""
        keys = [(self.account, False, True), (self.mint, False, False), (self.account_of(owner), False, True)]
        metas = [AccountMeta(*key) for key in (*keys, (self.owner, True, False))]
        return Instruction(self.program, b"\x0c" + units.to_bytes(8, "little") + bytes([DECIMALS]), metas)

    def _metas(self, *writable: Pubkey) -> list[AccountMeta]:
        return [*(AccountMeta(key, False, True) for key in writable), AccountMeta(self.owner, True, False)]


@pytest.fixture(params=[TOKEN, TOKEN_2022], ids=["spl-token", "spl-token-2022"])
def token(client: Client, payer: Keypair, request: pytest.FixtureRequest) -> Token:
    """A token of each program."""
    return Token(client, payer, request.param)


def amount(client: Client, account: Pubkey) -> Any:
    """What a token account holds, by the RPC."""
    return client.call("getTokenAccountBalance", str(account))["value"]


def test_token_transfer_moves_units(localnet: Localnet, client: Client, payer: Keypair, token: Token) -> None:
    """A transfer to a new associated account is seen in both balances and in the transaction's meta."""
    recipient = Keypair().pubkey()
    signature = client.send(signed(payer, client.blockhash(), token.open(recipient), token.pay(recipient, 1_250_000)))
    assert amount(client, token.account_of(recipient)) == {
        "amount": "1250000",
        "decimals": DECIMALS,
        "uiAmount": 1.25,
        "uiAmountString": "1.25",
    }
    assert amount(client, token.account)["amount"] == str(SUPPLY - 1_250_000)
    localnet.advance(32)
    meta = client.call("getTransaction", signature, {"maxSupportedTransactionVersion": 0})["meta"]
    held = {row["owner"]: row["uiTokenAmount"]["amount"] for row in meta["postTokenBalances"]}
    assert held == {str(payer.pubkey()): "3750000", str(recipient): "1250000"}
    assert [row["uiTokenAmount"]["amount"] for row in meta["preTokenBalances"]] == [str(SUPPLY)]
    assert meta["innerInstructions"][0]["index"] == 0


def test_token_supply(client: Client, token: Token) -> None:
    """The supply is what was minted; an account that is no mint is -32602."""
    assert client.call("getTokenSupply", str(token.mint))["value"]["amount"] == str(SUPPLY)
    for address in (token.account, token.owner, Keypair().pubkey()):
        with pytest.raises(RpcFaultError) as refused:
            client.call("getTokenSupply", str(address))
        assert refused.value.code == -32602


def test_token_accounts_of_an_owner(client: Client, payer: Keypair, token: Token) -> None:
    """An owner's accounts are found by mint and by program, parsed or raw, and no one else's."""
    stranger = Keypair().pubkey()
    client.send(signed(payer, client.blockhash(), token.open(stranger)))
    owner = str(payer.pubkey())
    for wanted in ({"mint": str(token.mint)}, {"programId": str(token.program)}):
        (row,) = client.call("getTokenAccountsByOwner", owner, wanted, {"encoding": "jsonParsed"})["value"]
        info = row["account"]["data"]["parsed"]["info"]
        assert row["pubkey"] == str(token.account)
        assert (info["mint"], info["owner"]) == (str(token.mint), owner)
        assert info["tokenAmount"]["amount"] == str(SUPPLY)
    (row,) = client.call("getTokenAccountsByOwner", owner, wanted, {"encoding": "base64"})["value"]
    assert base64.b64decode(row["account"]["data"][0])[:32] == bytes(token.mint)
    with pytest.raises(RpcFaultError, match="could not find mint"):
        client.call("getTokenAccountsByOwner", owner, {"mint": owner})


def test_account_encodings(client: Client, token: Token) -> None:
    """A mint is given as base64, as a slice, parsed, and as base58 while it is short."""
    mint = str(token.mint)

    def data(address: str, **options: Any) -> Any:
        return client.call("getAccountInfo", address, options)["value"]["data"]

    raw = base64.b64decode(data(mint, encoding="base64")[0])
    assert (raw[44], int.from_bytes(raw[36:44], "little")) == (DECIMALS, SUPPLY)
    part = data(mint, encoding="base64", dataSlice={"offset": 44, "length": 1})
    assert base64.b64decode(part[0]) == bytes([DECIMALS])
    assert data(mint, encoding="jsonParsed")["parsed"]["info"]["decimals"] == DECIMALS
    assert data(mint, encoding="base58")[1] == "base58"
    assert isinstance(data(mint), str)
    with pytest.raises(RpcFaultError, match="128 bytes"):
        data(str(token.account), encoding="base58")


def test_many_accounts_keep_their_order(client: Client, payer: Keypair, token: Token) -> None:
    """Accounts that don't exist are null in their place."""
    wanted = [str(token.mint), str(Keypair().pubkey()), str(payer.pubkey())]
    found = client.call("getMultipleAccounts", wanted)["value"]
    assert [one and one["owner"] for one in found] == [str(token.program), None, str(SYSTEM)]


def test_lookup_table(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """A recipient that comes from a lookup table is paid, and is named in the transaction's meta."""
    recipient, slot = Keypair().pubkey(), localnet.slot() - 1
    table, bump = Pubkey.find_program_address([bytes(payer.pubkey()), slot.to_bytes(8, "little")], LOOKUP)
    keys = [(table, False, True), (payer.pubkey(), True, False), (payer.pubkey(), True, True), (SYSTEM, False, False)]
    metas = [AccountMeta(*key) for key in keys]
    create = Instruction(LOOKUP, (0).to_bytes(4, "little") + slot.to_bytes(8, "little") + bytes([bump]), metas)
    listed = (2).to_bytes(4, "little") + (1).to_bytes(8, "little") + bytes(recipient)
    client.send(signed(payer, client.blockhash(), create, Instruction(LOOKUP, listed, metas)))
    localnet.advance(1)
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=recipient, lamports=SOL))
    tables = [AddressLookupTableAccount(table, [recipient])]
    message = MessageV0.try_compile(payer.pubkey(), [pay], tables, client.blockhash())
    signature = client.send(VersionedTransaction(message, [payer]))
    assert localnet.balance(str(recipient)) == SOL
    assert localnet.executed(str(recipient))[0].lamports == SOL
    localnet.advance(32)
    meta = client.call("getTransaction", signature, {"maxSupportedTransactionVersion": 0})["meta"]
    assert meta["loadedAddresses"] == {"writable": [str(recipient)], "readonly": []}
    assert (meta["preBalances"][-1], meta["postBalances"][-1]) == (0, SOL)


def test_simulated_accounts_can_be_parsed(client: Client, payer: Keypair, token: Token) -> None:
    """A simulated transfer shows what the token account would hold."""
    sent = signed(payer, client.blockhash(), token.open(token.owner), token.pay(token.owner, 1))
    wanted = {"addresses": [str(token.account)], "encoding": "jsonParsed"}
    value = client.call(
        "simulateTransaction", encoded(sent), {"encoding": "base64", "commitment": "processed", "accounts": wanted}
    )["value"]
    assert value["err"] is None
    assert value["accounts"][0]["data"]["parsed"]["info"]["tokenAmount"]["amount"] == str(SUPPLY)
