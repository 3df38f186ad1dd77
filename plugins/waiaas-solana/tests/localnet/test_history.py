"""Statuses, transactions, signatures, blocks: what the chain remembers."""

from __future__ import annotations

import base64

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from waiaas_solana.localnet import Localnet

from .client import SOL, Client, RpcFaultError, payment, signed

MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


@pytest.fixture
def paid(client: Client, payer: Keypair) -> VersionedTransaction:
    """A transfer of one SOL with a memo that has just landed."""
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=Keypair().pubkey(), lamports=SOL))
    memo = Instruction(MEMO, "grüße".encode(), [AccountMeta(payer.pubkey(), True, False)])
    sent = signed(payer, client.blockhash(), pay, memo)
    client.send(sent)
    return sent


def test_status_climbs(localnet: Localnet, client: Client, paid: VersionedTransaction) -> None:
    """A status is processed at once, confirmed after one slot, finalized after 32 and then without a count."""
    signature = str(paid.signatures[0])
    seen = []
    for _ in range(33):
        status = client.status(signature)
        seen.append((status["confirmationStatus"], status["confirmations"]))
        localnet.advance(1)
    assert seen[0] == ("processed", 0)
    assert seen[1:32] == [("confirmed", count) for count in range(1, 32)]
    assert seen[32] == ("finalized", None)


def test_finality_can_be_quicker() -> None:
    """A localnet made with fewer slots to finality is final after that many."""
    with Localnet(slot_seconds=None, finality_slots=2) as localnet, Client(localnet.url) as client:
        signature = localnet.fund(str(Keypair().pubkey()), SOL)
        localnet.advance(1)
        assert client.status(signature)["confirmationStatus"] == "confirmed"
        localnet.advance(1)
        assert client.status(signature)["confirmationStatus"] == "finalized"


def test_old_status_needs_the_history(localnet: Localnet, client: Client, paid: VersionedTransaction) -> None:
    """After 300 slots a status is found only with searchTransactionHistory."""
    signature = str(paid.signatures[0])
    localnet.advance(300)
    assert client.status(signature) is not None
    localnet.advance(1)
    assert client.status(signature) is None
    assert client.status(signature, search=True)["confirmationStatus"] == "finalized"


def test_statuses_keep_their_order(client: Client, payer: Keypair, paid: VersionedTransaction) -> None:
    """Unknown signatures are null in their place."""
    unknown = str(payment(payer, Keypair().pubkey(), SOL, client.blockhash()).signatures[0])
    answer = client.call("getSignatureStatuses", [unknown, str(paid.signatures[0]), unknown])
    assert [one is not None for one in answer["value"]] == [False, True, False]


def test_too_many_statuses(client: Client, paid: VersionedTransaction) -> None:
    """More than 256 signatures in one call, or one that is none, is -32602."""
    for wanted in ([str(paid.signatures[0])] * 257, ["zzz"], [1], "x", None):
        with pytest.raises(RpcFaultError) as refused:
            client.call("getSignatureStatuses", wanted)
        assert refused.value.code == -32602


def test_transaction_tells_what_it_did(
    localnet: Localnet, client: Client, payer: Keypair, paid: VersionedTransaction
) -> None:
    """Fee, balances before and after, slot, time and the very bytes."""
    slot = localnet.slot()
    localnet.advance(32)
    wanted = {"encoding": "base64", "maxSupportedTransactionVersion": 0}
    found = client.call("getTransaction", str(paid.signatures[0]), wanted)
    meta = found["meta"]
    assert (found["slot"], found["version"], meta["fee"], meta["err"]) == (slot, 0, 5_000, None)
    assert meta["preBalances"][:2] == [10 * SOL, 0]
    assert meta["postBalances"][:2] == [9 * SOL - 5_000, SOL]
    assert base64.b64decode(found["transaction"][0]) == bytes(paid)
    assert abs(found["blockTime"] - client.call("getBlockTime", slot)) == 0
    assert any("Program log: Memo" in line for line in meta["logMessages"])


def test_transaction_is_seen_at_its_commitment(localnet: Localnet, client: Client, paid: VersionedTransaction) -> None:
    """It is null until its block has the commitment asked for; processed can't be asked."""

    def found(commitment: str) -> bool:
        options = {"commitment": commitment, "maxSupportedTransactionVersion": 0}
        return client.call("getTransaction", str(paid.signatures[0]), options) is not None

    assert not found("confirmed")
    localnet.advance(1)
    assert found("confirmed")
    assert not found("finalized")
    localnet.advance(31)
    assert found("finalized")
    with pytest.raises(RpcFaultError) as refused:
        found("processed")
    assert refused.value.code == -32602


def test_version_must_be_asked_for(localnet: Localnet, client: Client, paid: VersionedTransaction) -> None:
    """A client that does not say it reads version 0 gets -32015."""
    localnet.advance(32)
    with pytest.raises(RpcFaultError) as refused:
        client.call("getTransaction", str(paid.signatures[0]))
    assert refused.value.code == -32015


def test_transaction_as_json(localnet: Localnet, client: Client, payer: Keypair, paid: VersionedTransaction) -> None:
    """The json and jsonParsed forms name payer, programs and the transfer."""
    localnet.advance(32)
    options = {"maxSupportedTransactionVersion": 0}
    raw = client.call("getTransaction", str(paid.signatures[0]), options)["transaction"]["message"]
    assert raw["accountKeys"][0] == str(payer.pubkey())
    assert raw["header"]["numRequiredSignatures"] == 1
    options["encoding"] = "jsonParsed"  # type: ignore[assignment]
    parsed = client.call("getTransaction", str(paid.signatures[0]), options)["transaction"]["message"]
    pay, memo = parsed["instructions"]
    assert (pay["parsed"]["type"], pay["parsed"]["info"]["lamports"]) == ("transfer", SOL)
    assert memo["parsed"] == "grüße"
    assert [(key["signer"], key["writable"]) for key in parsed["accountKeys"][:3]] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_signatures_of_an_address(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """Newest first, limited, before and until a signature, with the memo."""
    sent = []
    for number in range(4):
        memo = Instruction(MEMO, f"no {number}".encode(), [AccountMeta(payer.pubkey(), True, False)])
        sent.append(client.send(signed(payer, client.blockhash(), memo)))
        localnet.advance(1)
    localnet.advance(32)

    def listed(**options: object) -> list[str]:
        rows = client.call("getSignaturesForAddress", str(payer.pubkey()), options)
        return [row["signature"] for row in rows]

    newest = sent[::-1]
    assert listed()[:4] == newest
    assert listed(limit=2) == newest[:2]
    assert listed(before=newest[1])[:2] == newest[2:]
    assert listed(until=newest[2]) == newest[:2]
    first = client.call("getSignaturesForAddress", str(payer.pubkey()), {"limit": 1})[0]
    assert (first["memo"], first["confirmationStatus"], first["err"]) == ("[4] no 3", "finalized", None)


def test_blocks(localnet: Localnet, client: Client, paid: VersionedTransaction) -> None:
    """The block of a transaction holds it, its hash is the next one's previous; the future is -32004."""
    slot = localnet.slot()
    localnet.advance(32)
    options = {"maxSupportedTransactionVersion": 0, "transactionDetails": "signatures"}
    block = client.call("getBlock", slot, options)
    assert str(paid.signatures[0]) in block["signatures"]
    assert block["blockHeight"] == client.call("getBlockHeight")
    assert block["blockhash"] == client.call("getLatestBlockhash")["value"]["blockhash"]
    assert client.call("getBlocks", slot - 2, slot) == [slot - 2, slot - 1, slot]
    with pytest.raises(RpcFaultError) as refused:
        client.call("getBlock", slot + 1, options)
    assert refused.value.code == -32004


def test_block_before_the_first_one(client: Client) -> None:
    """A slot below the first available block is -32001."""
    first = client.call("getFirstAvailableBlock")
    assert client.call("minimumLedgerSlot") == first
    with pytest.raises(RpcFaultError) as refused:
        client.call("getBlock", first - 1)
    assert refused.value.code == -32001
