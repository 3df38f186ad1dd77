"""Slots, commitments, blockhashes: the chain's time."""

from __future__ import annotations

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.localnet import GENESIS_HASH, Localnet

from .client import SOL, Client, RpcFaultError, payment, until

RECIPIENT = Pubkey.from_string("Vote111111111111111111111111111111111111112")


def test_slots_differ_by_commitment(localnet: Localnet, client: Client) -> None:
    """Confirmed is one slot behind processed and finalized 32, and finalized is the default."""
    slots = [client.call("getSlot", {"commitment": name}) for name in ("processed", "confirmed", "finalized")]
    assert slots == [localnet.slot(), localnet.slot() - 1, localnet.slot() - 32]
    assert client.call("getSlot") == slots[2]


def test_heights_are_not_slots(client: Client) -> None:
    """Height and slot differ by the slots that were skipped, so that a client that mixes them up fails."""
    info = client.call("getEpochInfo")
    assert info["blockHeight"] == client.call("getBlockHeight") != info["absoluteSlot"]
    assert info["slotIndex"] == info["absoluteSlot"] % info["slotsInEpoch"]


def test_advance_moves_every_commitment(localnet: Localnet, client: Client) -> None:
    """Ten slots further, slot and height of each commitment are ten further."""
    asked = [(method, name) for method in ("getSlot", "getBlockHeight") for name in ("processed", "finalized")]
    before = [client.call(method, {"commitment": name}) for method, name in asked]
    localnet.advance(10)
    assert [client.call(method, {"commitment": name}) for method, name in asked] == [one + 10 for one in before]


def test_time_drives_slots() -> None:
    """With a slot length slots pass by themselves; stopped, they stand; a jump is on top."""
    with Localnet(slot_seconds=0.005) as localnet:
        start = localnet.slot()
        until(lambda: localnet.slot() >= start + 5)
        localnet.run_clock(None)
        stood = localnet.slot()
        assert stood >= start + 5
        assert localnet.advance(100) == stood + 100


@pytest.mark.parametrize("seconds", [0, -1, 1e9])
def test_absurd_slot_length_is_refused(seconds: float) -> None:
    """A slot takes some time and not for ever."""
    with pytest.raises(ValueError, match="slot"):
        Localnet(slot_seconds=seconds)


def test_slots_never_go_back(localnet: Localnet) -> None:
    """A negative advance is refused."""
    with pytest.raises(ValueError, match="forward"):
        localnet.advance(-1)


def test_finality_cannot_come_before_confirmation() -> None:
    """Settings under which a block is final before it is confirmed are refused."""
    with pytest.raises(ValueError, match="finality_slots"):
        Localnet(finality_slots=1, confirmed_slots=2)


def test_blockhash_of_finalized_is_older(localnet: Localnet, client: Client) -> None:
    """Finalized gives another blockhash than processed, with a last height that is 32 lower."""
    new, old = (client.call("getLatestBlockhash", {"commitment": name}) for name in ("processed", "finalized"))
    assert new["context"]["slot"] - old["context"]["slot"] == 32
    assert new["value"]["lastValidBlockHeight"] - old["value"]["lastValidBlockHeight"] == 32
    assert new["value"]["blockhash"] != old["value"]["blockhash"]
    localnet.advance(32)
    assert client.call("getLatestBlockhash")["value"] == new["value"]


def test_last_valid_height_is_150_after(client: Client) -> None:
    """A blockhash's last valid height is its block's height and 150."""
    height = client.call("getBlockHeight", {"commitment": "processed"})
    latest = client.call("getLatestBlockhash", {"commitment": "processed"})
    assert latest["value"]["lastValidBlockHeight"] == height + 150


def test_blockhash_is_accepted_up_to_its_last_height(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """At the last valid height the transaction lands, one block later it is BlockhashNotFound."""
    latest = client.call("getLatestBlockhash", {"commitment": "processed"})["value"]
    blockhash = client.blockhash()
    localnet.advance(150)
    assert client.call("getBlockHeight", {"commitment": "processed"}) == latest["lastValidBlockHeight"]
    assert client.call("isBlockhashValid", str(blockhash), {"commitment": "processed"})["value"] is True
    client.send(payment(payer, RECIPIENT, SOL, blockhash))
    localnet.advance(1)
    assert client.call("isBlockhashValid", str(blockhash), {"commitment": "processed"})["value"] is False
    with pytest.raises(RpcFaultError) as refused:
        client.send(payment(payer, RECIPIENT, 2 * SOL, blockhash))
    assert refused.value.code == -32002
    assert refused.value.message == "Transaction simulation failed: Blockhash not found"
    assert refused.value.data["err"] == "BlockhashNotFound"
    assert localnet.balance(str(RECIPIENT)) == SOL


def test_expired_transaction_is_taken_and_never_lands(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """Without preflight an expired transaction gets its signature back and is never executed."""
    late = payment(payer, RECIPIENT, SOL, client.blockhash())
    localnet.advance(151)
    assert client.send(late, skipPreflight=True) == str(late.signatures[0])
    assert client.status(str(late.signatures[0]), search=True) is None
    assert localnet.executed() == []


def test_blockhash_is_unknown_at_an_older_commitment(localnet: Localnet, client: Client, payer: Keypair) -> None:
    """A processed blockhash is not yet known to the finalized bank, where preflight looks by default."""
    fresh = payment(payer, RECIPIENT, SOL, client.blockhash())
    with pytest.raises(RpcFaultError, match="Blockhash not found"):
        client.send(fresh, preflightCommitment="finalized")
    localnet.advance(32)
    client.send(fresh, preflightCommitment="finalized")


def test_blockhash_of_another_run_is_unknown(client: Client, payer: Keypair) -> None:
    """A restarted localnet keeps its genesis hash and knows no blockhash of the run before."""
    with Localnet(slot_seconds=None) as other, Client(other.url) as elsewhere:
        assert elsewhere.call("getGenesisHash") == client.call("getGenesisHash") == GENESIS_HASH
        foreign = payment(payer, RECIPIENT, SOL, elsewhere.blockhash())
    with pytest.raises(RpcFaultError, match="Blockhash not found"):
        client.send(foreign)


def test_blockhash_with_a_flipped_bit_is_unknown(client: Client) -> None:
    """A hash that this chain never made is not valid, however near it is to one that it made."""
    blockhash = bytes(client.blockhash())
    for place in range(32):
        forged = bytes(byte ^ (index == place) for index, byte in enumerate(blockhash))
        assert client.call("isBlockhashValid", str(Hash(forged)), {"commitment": "processed"})["value"] is False


def test_min_context_slot_in_the_future_is_refused(localnet: Localnet, client: Client) -> None:
    """A node that has not reached minContextSlot says -32016 and where it is."""
    slot = localnet.slot()
    assert client.call("getSlot", {"commitment": "processed", "minContextSlot": slot}) == slot
    with pytest.raises(RpcFaultError) as refused:
        client.call("getBalance", str(RECIPIENT), {"commitment": "processed", "minContextSlot": slot + 1})
    assert (refused.value.code, refused.value.data) == (-32016, {"contextSlot": slot})


def test_unknown_commitment_is_refused(client: Client) -> None:
    """A commitment that does not exist is -32602."""
    with pytest.raises(RpcFaultError) as refused:
        client.call("getSlot", {"commitment": "certain"})
    assert refused.value.code == -32602
