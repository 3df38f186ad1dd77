"""Sending, simulating, fees, airdrops."""

from __future__ import annotations

import base64

import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from waiaas_solana.localnet import Localnet, Transfer
from waiaas_solana.localnet import base58 as localnet_base58

from .client import SOL, Client, RpcFaultError, payment, signed

RENT_MINIMUM = 890_880  # lamports of an account without data (Rent::default().minimum_balance(0))


@pytest.fixture
def recipient() -> Pubkey:
    """An address nobody has used."""
    return Keypair().pubkey()


def test_transfer_pays_once_and_charges_its_fee(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """The recipient has the amount, the payer that and 5,000 lamports less, and the chain remembers one payment."""
    signature = client.send(payment(payer, recipient, SOL, client.blockhash()))
    assert client.call("getBalance", str(recipient))["value"] == localnet.balance(str(recipient)) == SOL
    assert localnet.balance(str(payer.pubkey())) == 9 * SOL - 5_000
    (row,) = localnet.executed()
    assert (row.signature, row.transfers) == (signature, (Transfer(str(payer.pubkey()), str(recipient), SOL),))
    assert (row.sender, row.recipient, row.lamports) == (str(payer.pubkey()), str(recipient), SOL)


def test_executed_asks_for_one_address(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """The chain's payments are listed by payer or recipient, and not for a stranger."""
    client.send(payment(payer, recipient, SOL, client.blockhash()))
    assert len(localnet.executed(str(recipient))) == len(localnet.executed(str(payer.pubkey()))) == 1
    assert localnet.executed(str(Keypair().pubkey())) == []


def test_base58_is_the_default_encoding(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """Without an encoding the bytes are base58, as on a real node."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    text = localnet_base58.encode(bytes(sent))
    assert client.call("sendTransaction", text, {"preflightCommitment": "processed"}) == str(sent.signatures[0])
    assert localnet.balance(str(recipient)) == SOL


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1", bytes(range(256)), b"\xff" * 1232])
def test_base58_round_trip(data: bytes) -> None:
    """What was encoded decodes to itself, leading zeros included."""
    assert localnet_base58.decode(localnet_base58.encode(data)) == data


def test_legacy_transaction_lands(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A transaction without a version executes too."""
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=recipient, lamports=SOL))
    message = Message.new_with_blockhash([pay], payer.pubkey(), client.blockhash())
    client.send(VersionedTransaction(message, [payer]))
    assert localnet.balance(str(recipient)) == SOL


def test_preflight_refuses_what_would_fail(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """More than the payer has is -32002 with error and logs, nothing lands and no fee is taken."""
    with pytest.raises(RpcFaultError) as refused:
        client.send(payment(payer, recipient, 20 * SOL, client.blockhash()))
    assert refused.value.code == -32002
    text = "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
    assert refused.value.message == text
    assert refused.value.data["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert any("insufficient lamports" in line for line in refused.value.data["logs"])
    assert localnet.balance(str(payer.pubkey())) == 10 * SOL
    assert localnet.accepted() == []


def test_failing_transaction_without_preflight_lands_and_pays(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """With skipPreflight it lands with its error, costs its fee, and is no payment."""
    signature = client.send(payment(payer, recipient, 20 * SOL, client.blockhash()), skipPreflight=True)
    status = client.status(signature)
    assert status["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert status["status"] == {"Err": status["err"]}
    assert localnet.balance(str(payer.pubkey())) == 10 * SOL - 5_000
    assert localnet.executed() == []


@pytest.mark.parametrize("skips", [True, False])
def test_transfer_below_rent_fails(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey, skips: bool
) -> None:
    """One lamport below the rent minimum to a new account is InsufficientFundsForRent; the minimum itself lands."""
    assert client.call("getMinimumBalanceForRentExemption", 0) == RENT_MINIMUM
    poor = payment(payer, recipient, RENT_MINIMUM - 1, client.blockhash())
    error = {"InsufficientFundsForRent": {"account_index": 1}}
    if skips:
        assert client.status(client.send(poor, skipPreflight=True))["err"] == error
    else:
        with pytest.raises(RpcFaultError, match="insufficient funds for rent") as refused:
            client.send(poor)
        assert refused.value.data["err"] == error
    client.send(payment(payer, recipient, RENT_MINIMUM, client.blockhash()))
    assert localnet.balance(str(recipient)) == RENT_MINIMUM


def test_payer_that_does_not_exist(localnet: Localnet, client: Client, recipient: Pubkey) -> None:
    """A payer without an account fails preflight, and without it nothing ever lands."""
    ghost = payment(Keypair(), recipient, SOL, client.blockhash())
    with pytest.raises(RpcFaultError) as refused:
        client.send(ghost)
    assert refused.value.data["err"] == "AccountNotFound"
    assert client.status(client.send(ghost, skipPreflight=True)) is None
    assert localnet.accepted() == [str(ghost.signatures[0])]


def test_duplicate_is_already_processed(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """The same bytes again are AlreadyProcessed in preflight, their signature without it, and one payment."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    signature = client.send(sent)
    with pytest.raises(RpcFaultError) as refused:
        client.send(sent)
    assert (refused.value.code, refused.value.data["err"]) == (-32002, "AlreadyProcessed")
    assert refused.value.message.endswith("This transaction has already been processed")
    localnet.advance(3)
    assert client.send(sent, skipPreflight=True) == signature
    assert localnet.accepted() == [signature, signature]
    assert len(localnet.executed()) == 1
    assert localnet.balance(str(recipient)) == SOL


def test_wrong_signature_is_refused(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A signature over other bytes is -32003 in preflight; without it the bytes are dropped."""
    good = payment(payer, recipient, SOL, client.blockhash())
    other = payment(payer, recipient, 2 * SOL, client.blockhash())
    forged = VersionedTransaction.populate(other.message, good.signatures)
    with pytest.raises(RpcFaultError) as refused:
        client.send(forged)
    assert refused.value.code == -32003
    assert client.send(forged, skipPreflight=True) == str(good.signatures[0])
    assert client.status(str(good.signatures[0]), search=True) is None
    assert localnet.balance(str(recipient)) == 0


@pytest.mark.parametrize("text", ["", "0", "!!!", "AAAA", base64.b64encode(b"\1" * 1300).decode()])
def test_bytes_that_are_no_transaction(client: Client, text: str) -> None:
    """Neither empty, cut, foreign nor too many bytes are more than -32602."""
    for method in ("sendTransaction", "simulateTransaction"):
        with pytest.raises(RpcFaultError) as refused:
            client.call(method, text, {"encoding": "base64"})
        assert refused.value.code == -32602


def test_transaction_with_too_few_signatures(client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A transaction that lacks a signature slot is -32602."""
    good = payment(payer, recipient, SOL, client.blockhash())
    with pytest.raises(RpcFaultError) as refused:
        client.send(VersionedTransaction.populate(good.message, []))
    assert refused.value.code == -32602


def test_simulation_leaves_no_trace(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A simulation tells units, logs and accounts afterwards, and changes nothing."""
    wanted = {"addresses": [str(recipient)], "encoding": "base64"}
    value = client.simulate(payment(payer, recipient, SOL, client.blockhash()), accounts=wanted)
    assert (value["err"], value["unitsConsumed"]) == (None, 150)
    assert value["logs"][0] == "Program 11111111111111111111111111111111 invoke [1]"
    assert value["accounts"][0]["lamports"] == SOL
    assert localnet.balance(str(recipient)) == 0
    assert localnet.balance(str(payer.pubkey())) == 10 * SOL


def test_simulation_tells_what_would_fail(client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A failing transaction is a value with an error, not an error answer."""
    value = client.simulate(payment(payer, recipient, 20 * SOL, client.blockhash()))
    assert value["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert value["logs"]


def test_simulation_checks_signatures_only_when_asked(client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """An unsigned transaction simulates; with sigVerify it is -32003."""
    good = payment(payer, recipient, SOL, client.blockhash())
    unsigned = VersionedTransaction.populate(good.message, [Signature.default()])
    assert client.simulate(unsigned)["err"] is None
    with pytest.raises(RpcFaultError) as refused:
        client.simulate(unsigned, sigVerify=True)
    assert refused.value.code == -32003
    assert client.simulate(good, sigVerify=True)["err"] is None


def test_simulation_replaces_an_old_blockhash(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """An expired blockhash is BlockhashNotFound, replaced it is not, and never together with sigVerify."""
    old = payment(payer, recipient, SOL, client.blockhash())
    localnet.advance(151)
    assert client.simulate(old)["err"] == "BlockhashNotFound"
    value = client.simulate(old, replaceRecentBlockhash=True)
    assert value["err"] is None
    assert value["replacementBlockhash"]["blockhash"] == str(client.blockhash())
    with pytest.raises(RpcFaultError):
        client.simulate(old, replaceRecentBlockhash=True, sigVerify=True)


def test_fee_of_a_message_is_the_fee_it_pays(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """5,000 a signature and the priority fee, rounded up, as charged in the end."""
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=recipient, lamports=SOL))
    sent = signed(payer, client.blockhash(), set_compute_unit_limit(1001), set_compute_unit_price(1_500_000), pay)
    assert isinstance(sent.message, MessageV0)
    text = base64.b64encode(to_bytes_versioned(sent.message)).decode()
    fee = client.call("getFeeForMessage", text, {"commitment": "processed"})["value"]
    assert fee == 5_000 + 1_502  # 1001 units at 1.5 lamports, rounded up
    client.send(sent)
    assert localnet.balance(str(payer.pubkey())) == 9 * SOL - fee


def test_fee_of_an_expired_message_is_null(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """No fee is told for a blockhash that is not accepted any more."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    assert isinstance(sent.message, MessageV0)
    localnet.advance(151)
    text = base64.b64encode(to_bytes_versioned(sent.message)).decode()
    assert client.call("getFeeForMessage", text, {"commitment": "processed"})["value"] is None


def test_airdrops_add_up(localnet: Localnet, client: Client, recipient: Pubkey) -> None:
    """Two airdrops of one amount in one slot pay twice, under two signatures that have statuses."""
    signatures = {client.call("requestAirdrop", str(recipient), SOL) for _ in range(2)}
    signatures.add(localnet.fund(str(recipient), SOL))
    assert len(signatures) == 3
    assert localnet.balance(str(recipient)) == 3 * SOL
    assert all(client.status(one)["err"] is None for one in signatures)
    assert localnet.executed() == []


def test_airdrop_below_rent_is_an_error(localnet: Localnet, client: Client, recipient: Pubkey) -> None:
    """An airdrop that could not land says so."""
    with pytest.raises(RpcFaultError) as refused:
        client.call("requestAirdrop", str(recipient), 1)
    assert refused.value.code == -32603
    with pytest.raises(ValueError, match="InsufficientFundsForRent"):
        localnet.fund(str(recipient), 1)
