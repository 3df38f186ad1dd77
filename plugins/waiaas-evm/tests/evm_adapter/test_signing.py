"""Signatures: whose they must be, what the signer is handed, and that a second reader agrees."""

import os
import subprocess
import sys
from dataclasses import replace

import coincurve
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.adapter import FORM
from waiaas_evm.keccak import keccak256
from waiaas_evm.signatures import attach_signature, sender_of
from waiaas_evm.transaction import Signature, Transaction, read_signed, signed_bytes, unsigned_bytes

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Unsigned
from waiaas.interfaces.signing import Hash, PublicKey, Scheme
from waiaas.keystore.kinds import bytes_to_sign
from waiaas.keystore.records import KeyHeader
from waiaas.testing.http import ScriptedHttp, no_network

from .accounts import LOCAL, account_of, adapter_over
from .transactions import transactions

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = coincurve.PrivateKey(bytes([7]) * 32)
ACCOUNT = account_of(KEY)
ADAPTER = adapter_over(ScriptedHttp(no_network))
TX = Transaction(chain=31337, nonce=3, to=b"\x02" * 20, value=10**15, data=b"", gas=21_000, max_fee=10**9, tip=10**8)
UNSIGNED = Unsigned(body=unsigned_bytes(TX), evidence={"height": "5"})


def signature_of(tx: Transaction, key: coincurve.PrivateKey = KEY) -> bytes:
    """65 bytes, as the signer gives them."""
    return key.sign_recoverable(keccak256(unsigned_bytes(tx)), hasher=None)


@pytest.mark.parametrize("is_legacy", [False, True])
def test_the_signer_takes_what_it_is_handed(is_legacy: bool) -> None:
    """The payload is a kind and a preimage that the signer signs for a key of this chain: the hash of the very bytes."""
    tx = replace(TX, is_legacy=is_legacy, tip=TX.max_fee if is_legacy else TX.tip)
    unsigned = replace(UNSIGNED, body=unsigned_bytes(tx))
    (payload,) = ADAPTER.signing_payloads(unsigned, ACCOUNT, ())
    header = KeyHeader(
        agent_id="a",
        chain="evm",
        chain_id=LOCAL.chain_id,
        scheme=Scheme.ECDSA_SECP256K1,
        public_key=ACCOUNT.key.data.hex(),
        address=ACCOUNT.address,
        created_at=0,
    )
    assert payload.key == ACCOUNT.key
    assert bytes_to_sign(header, payload.kind, payload.preimage, payload.hash) == keccak256(unsigned.body)
    assert payload.hash is Hash.KECCAK256
    signed = ADAPTER.attach(unsigned, ACCOUNT, (signature_of(tx),))
    assert sender_of(signed.raw) == ACCOUNT.address
    assert signed.tx_hash == "0x" + keccak256(signed.raw).hex()


@given(transactions())
def test_two_readers_find_the_same_sender(tx: Transaction) -> None:
    """Whatever is signed: our reading of the signed bytes gives back the transaction and its sender."""
    raw, _ = attach_signature(tx, ACCOUNT.address, signature_of(tx))
    assert read_signed(raw)[0] == tx
    assert sender_of(raw) == ACCOUNT.address


def test_a_large_s_is_refused() -> None:
    """The other signature that verifies for the same key, with s above half the order, is not taken, on either path."""
    r, s, parity = signature_of(TX)[:32], int.from_bytes(signature_of(TX)[32:64]), signature_of(TX)[64]
    flipped = r + (ORDER - s).to_bytes(32) + bytes([parity ^ 1])
    with pytest.raises(Malformed):
        ADAPTER.attach(UNSIGNED, ACCOUNT, (flipped,))
    with pytest.raises(Malformed):
        sender_of(signed_bytes(TX, Signature(parity=parity ^ 1, r=int.from_bytes(r), s=ORDER - s)))


@given(st.binary(max_size=70))
def test_noise_is_no_signature(noise: bytes) -> None:
    """Bytes of any length are refused with Malformed and nothing else."""
    with pytest.raises(Malformed):
        ADAPTER.attach(UNSIGNED, ACCOUNT, (noise,))


def test_impossible_scalars_are_refused() -> None:
    """r or s of zero, or at the order, recover nobody."""
    for r in (0, ORDER, 2**256 - 1):
        for s in (0, 1):
            with pytest.raises(Malformed):
                ADAPTER.attach(UNSIGNED, ACCOUNT, (r.to_bytes(32) + s.to_bytes(32) + b"\0",))


def test_the_account_is_that_of_its_key() -> None:
    """Only a compressed point of secp256k1 makes an account, and only in this family's form."""
    assert ADAPTER.derive_account(ACCOUNT.key, FORM) == ACCOUNT
    uncompressed = KEY.public_key.format(compressed=False)
    for data in (b"", uncompressed, b"\x05" + ACCOUNT.key.data[1:], b"\x02" + b"\xff" * 32):
        with pytest.raises(Malformed):
            ADAPTER.derive_account(PublicKey(scheme=Scheme.ECDSA_SECP256K1, data=data), FORM)
    with pytest.raises(Malformed):
        ADAPTER.derive_account(ACCOUNT.key, "contract")
    with pytest.raises(Malformed):
        ADAPTER.derive_account(replace(ACCOUNT.key, scheme=Scheme.ED25519), FORM)


ATTACH = (
    "from waiaas_evm.signatures import _second_reader\n"
    "try:\n    _second_reader()\nexcept RuntimeError as problem:\n    print(problem)\nelse:\n    print('coincurve')\n"
)


@pytest.mark.parametrize(
    ("backend", "said"),
    [(None, "coincurve"), ("eth_keys.backends.NativeECCBackend", "install coincurve")],
)
def test_coincurve_is_what_computes(backend: str | None, said: str) -> None:
    """The second reader computes with coincurve, or says what to mend; it never falls back to the slow one in silence."""
    variables = {"PATH": os.environ["PATH"], **({} if backend is None else {"ECC_BACKEND_CLASS": backend})}
    done = subprocess.run([sys.executable, "-c", ATTACH], env=variables, capture_output=True, text=True, check=True)
    assert said in done.stdout


def test_a_second_reader_that_disagrees_stops_the_payment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where eth-account finds another sender in the bytes, nothing is attached."""

    class Other:
        def recover_transaction(self, raw: bytes) -> str:
            return "0x" + "1" * 40

    monkeypatch.setattr("waiaas_evm.signatures._second_reader", Other)
    with pytest.raises(Malformed):
        ADAPTER.attach(UNSIGNED, ACCOUNT, (signature_of(TX),))
