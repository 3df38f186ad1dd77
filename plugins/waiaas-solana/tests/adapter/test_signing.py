"""What is signed and attached, compared with solders' own transaction and read by solana-py."""

import asyncio

import pytest
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.message import from_bytes_versioned
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from waiaas_solana.localnet import Localnet
from waiaas_solana.wire import reading_of

from waiaas.errors import Malformed
from waiaas.interfaces.signing import Hash, PublicKey, Scheme
from waiaas.testing.bench import Bench
from waiaas.testing.http import ScriptedHttp, no_network

from .accounts import FINALITY_SLOTS, Signer, account_of, adapter_over, rival


def test_the_bytes_are_those_of_solders(bench: Bench) -> None:
    """Attached bytes and id equal the transaction that solders itself makes with the key."""
    unsigned = bench.built(bench.resolved(bench.intent(memo="rent for may")))
    signed = bench.signed(unsigned)
    signer = bench.sign
    assert isinstance(signer, Signer)
    own = VersionedTransaction(from_bytes_versioned(unsigned.body), [signer.key])
    assert signed.raw == bytes(own)
    assert signed.tx_hash == str(own.signatures[0])


def test_the_preimage_is_the_message(bench: Bench) -> None:
    """The signer is asked for the message's bytes, unhashed, as a Solana transaction."""
    unsigned = bench.built(bench.resolved())
    (payload,) = bench.adapter.signing_payloads(unsigned, bench.account, ())
    assert (payload.kind, payload.preimage, payload.hash) == ("tx.solana", unsigned.body, Hash.NONE)


def test_nobody_signs_for_another_payer(bench: Bench) -> None:
    """Bytes that another account pays give no payload and take no signature of this one."""
    other, unsigned = rival(bench, Keypair()), bench.built(bench.resolved())
    with pytest.raises(Malformed):
        bench.adapter.signing_payloads(unsigned, other.account, ())
    with pytest.raises(Malformed):
        bench.adapter.attach(unsigned, other.account, bench.signatures(unsigned))


@pytest.mark.parametrize("raw", [b"", bytes(65), b"\x02" + bytes(128), b"\x01" + bytes(64)])
def test_other_bytes_are_no_signed_transaction(raw: bytes) -> None:
    """What is not one signature and a message is refused."""
    with pytest.raises(Malformed):
        reading_of(raw)


def test_two_signatures_are_not_taken_for_one(bench: Bench) -> None:
    """A count other than one before the signature is refused, whatever follows."""
    _, signed = bench.payment()
    assert reading_of(signed.raw).signers == 1
    with pytest.raises(Malformed):
        reading_of(b"\x02" + signed.raw[1:])


def test_solana_py_reads_what_was_sent(bench: Bench, localnet: Localnet) -> None:
    """A client that nobody here wrote finds the payment by its id, with our recipient and amount in it."""
    resolved, signed = bench.payment()
    bench.adapter.broadcast(signed)
    localnet.advance(FINALITY_SLOTS + 1)
    before, after, keys = asyncio.run(_lamports(localnet.url, signed.tx_hash))
    to = keys.index(str(resolved.effects[0].to))
    assert after[to] - before[to] == bench.units
    assert keys[0] == bench.account.address


async def _lamports(url: str, tx_hash: str) -> tuple[list[int], list[int], list[str]]:
    async with AsyncClient(url) as client:
        signature = Signature.from_string(tx_hash)
        answer = await client.get_transaction(signature, "base64", max_supported_transaction_version=0)
    assert answer.value is not None
    found = answer.value.transaction
    assert isinstance(found.transaction, VersionedTransaction)
    assert found.meta is not None
    assert found.meta.err is None
    keys = [str(key) for key in found.transaction.message.account_keys]
    return list(found.meta.pre_balances), list(found.meta.post_balances), keys


def test_accounts_of_other_schemes_are_refused() -> None:
    """A key of another scheme, a short key and an unknown form are no accounts here."""
    adapter = adapter_over(ScriptedHttp(no_network))
    key = account_of(Keypair()).key
    wrong = [
        (PublicKey(scheme=Scheme.ECDSA_SECP256K1, data=bytes(33)), "ed25519"),
        (PublicKey(scheme=Scheme.BIP340_SECP256K1, data=key.data), "ed25519"),
        (PublicKey(scheme=Scheme.ED25519, data=key.data[:-1]), "ed25519"),
        (key, "p2wpkh"),
    ]
    for public_key, form in wrong:
        with pytest.raises(Malformed):
            adapter.derive_account(public_key, form)
