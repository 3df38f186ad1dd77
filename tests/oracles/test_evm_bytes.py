"""EVM transactions as bytes: the adapter's reading against published vectors and against other people's readers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import coincurve
import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st
from waiaas_evm.adapter import EvmAdapter
from waiaas_evm.keccak import keccak256
from waiaas_evm.settings import EvmSettings
from waiaas_evm.signatures import hash_of, sender_of
from waiaas_evm.transaction import Transaction, read_signed, read_unsigned, unsigned_bytes

from tests.harness.oracles import Readers
from tests.oracles.evm_random import SECRETS, broken, foreign, signed, transactions
from tests.oracles.evm_reading import Reading, eth_account, from_javascript, ours
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Unsigned, What
from waiaas.interfaces.signing import PublicKey, Scheme
from waiaas.testing.http import ScriptedHttp, no_network

_VECTORS = Path(__file__).parents[1] / "vectors"
_EIP155 = json.loads((_VECTORS / "eip155.json").read_text())
_EIP1559 = json.loads((_VECTORS / "eip1559.json").read_text())
_TESTS = json.loads((_VECTORS / "ethereum_tests.json").read_text())

_PUBLIC = coincurve.PrivateKey(b"\x11" * 32).public_key.format()
_LOCAL = next(one for one in EvmAdapter.networks(EvmSettings()) if one.name == EvmAdapter.local_network)
_ADAPTER = EvmAdapter(_LOCAL, EvmSettings(), ScriptedHttp(no_network))
_ACCOUNT = _ADAPTER.derive_account(PublicKey(scheme=Scheme.ECDSA_SECP256K1, data=_PUBLIC), "eoa")

_examples = settings(max_examples=150, deadline=None)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_eip155_example() -> None:
    """Fields, signing data, its hash and the signed bytes are those of the standard's example, both ways."""
    fields = _EIP155["transaction"]
    price = fields["price"]
    tx = Transaction(
        chain=fields["chain"],
        nonce=fields["nonce"],
        to=_bytes(fields["to"]),
        value=fields["value"],
        data=_bytes(fields["data"]),
        gas=fields["gas"],
        max_fee=price,
        tip=price,
        is_legacy=True,
    )
    assert unsigned_bytes(tx) == _bytes(_EIP155["signing_data"])
    assert keccak256(unsigned_bytes(tx)) == _bytes(_EIP155["signing_hash"])
    assert signed(tx, _bytes(_EIP155["secret"])) == _bytes(_EIP155["signed"])
    assert read_unsigned(_bytes(_EIP155["signing_data"])) == tx
    assert read_signed(_bytes(_EIP155["signed"]))[0] == tx


@pytest.mark.parametrize("fields", _EIP1559["transactions"], ids=lambda fields: f"nonce {fields['nonce']}")
def test_eip1559_vectors(fields: dict[str, Any]) -> None:
    """The signed bytes of each vector come out of its fields and its key, and are read back as its fields."""
    tx = Transaction(
        chain=_EIP1559["chain"],
        nonce=fields["nonce"],
        to=_bytes(_EIP1559["to"]),
        value=fields["value"],
        data=b"",
        gas=fields["gas"],
        max_fee=fields["max_fee"],
        tip=fields["tip"],
    )
    assert signed(tx, _bytes(_EIP1559["secret"])) == _bytes(fields["signed"])
    assert read_signed(_bytes(fields["signed"]))[0] == tx


@pytest.mark.parametrize("vector", _TESTS["valid"], ids=lambda vector: str(vector["name"]))
def test_valid_transactions_have_their_sender_and_hash(vector: dict[str, str]) -> None:
    """What every client accepts is read with the published sender and hash."""
    raw = _bytes(vector["bytes"])
    assert (sender_of(raw).lower(), hash_of(raw)) == (vector["sender"], vector["hash"])


@pytest.mark.parametrize("vector", _TESTS["invalid"], ids=lambda vector: str(vector["name"]))
def test_invalid_transactions_are_refused(vector: dict[str, str]) -> None:
    """What every client refuses is refused."""
    with pytest.raises(Malformed):
        sender_of(_bytes(vector["bytes"]))


@_examples
@given(tx=transactions(), secret=SECRETS)
def test_all_readers_agree_on_what_the_adapter_writes(readers: Readers, tx: Transaction, secret: bytes) -> None:
    """Sender, hash and every field of a signed transaction are the same to viem, ethers, eth-account and the adapter."""
    raw = signed(tx, secret)
    mine = ours(raw)
    assert mine is not None
    assert read_signed(raw)[0] == read_unsigned(unsigned_bytes(tx)) == tx
    theirs = readers.evm(raw)
    assert from_javascript(theirs["viem"]) == from_javascript(theirs["ethers"]) == eth_account(raw) == mine


@_examples
@given(tx=transactions())
def test_all_readers_agree_on_what_is_to_be_signed(readers: Readers, tx: Transaction) -> None:
    """Before the signature too: recipient, value, chain and data are what viem and ethers read in the same bytes."""
    theirs = readers.evm(unsigned_bytes(tx))
    for fields in theirs.values():
        assert "error" not in fields, fields
        said = (fields["to"].lower(), int(fields["value"]), int(fields["chain"]), fields["data"])
        assert said == ("0x" + tx.to.hex(), tx.value, tx.chain, "0x" + tx.data.hex())


@_examples
@given(
    tx=transactions(), to=st.binary(min_size=20, max_size=20), units=st.integers(0, 2**256 - 1), is_token=st.booleans()
)
def test_effects_are_what_others_read_in_the_fields(
    readers: Readers, tx: Transaction, to: bytes, units: int, is_token: bool
) -> None:
    """Decoded effects name the recipient, value and chain that viem reads, and what eth-abi reads in a token's call."""
    call = keccak256(b"transfer(address,uint256)")[:4] + encode(["address", "uint256"], [to, units])
    tx = replace(tx, data=call if is_token else b"", value=0 if is_token else max(tx.value, 1))
    decoded = _ADAPTER.decode(Unsigned(body=unsigned_bytes(tx), evidence={"height": "1"}), _ACCOUNT)
    fields = readers.evm(unsigned_bytes(tx))["viem"]
    assert decoded.chain_id == f"eip155:{fields['chain']}"
    assert decoded.max_fee.units == int(fields["gas"]) * int(fields["maxFee"])
    assert decoded.claims == {f"nonce:{fields['nonce']}"}
    (effect,) = decoded.effects
    assert effect.what is What.OUT
    if is_token:
        assert effect.asset == f"eip155:{tx.chain}/erc20:{to_checksum_address(fields['to'])}"
        assert (effect.to, effect.units) == (to_checksum_address(to), units)
    else:
        assert (effect.to, effect.units) == (to_checksum_address(fields["to"]), int(fields["value"]))


@_examples
@given(fields=foreign(), secret=SECRETS)
def test_what_the_adapter_does_not_write_is_refused(readers: Readers, fields: dict[str, Any], secret: bytes) -> None:
    """Access lists, contract creation, other types and transactions for any chain are valid to others and refused here."""
    raw = bytes(Account.from_key(secret).sign_transaction(fields).raw_transaction)
    assert "error" not in readers.evm(raw)["ethers"]
    assert ours(raw) is None


@_examples
@given(raw=broken(is_signed=True))
def test_broken_bytes_are_refused_or_read_as_everybody_reads_them(readers: Readers, raw: bytes) -> None:
    """No bytes are read here that another reader cannot read, or reads otherwise; what cannot be decoded is refused."""
    mine = ours(raw)
    if mine is None:
        return
    theirs = readers.evm(raw)
    for reading in (from_javascript(theirs["viem"]), from_javascript(theirs["ethers"]), eth_account(raw)):
        assert _core(reading) == _core(mine)


@_examples
@given(raw=broken(is_signed=False))
def test_what_nobody_can_decode_is_refused_before_signing(readers: Readers, raw: bytes) -> None:
    """Bytes to be signed are read only where viem and ethers read them, with the same recipient, value, chain and data."""
    try:
        tx = read_unsigned(raw)
    except Malformed:
        return
    for fields in readers.evm(raw).values():
        assert "error" not in fields, fields
        said = (str(fields["to"]).lower(), int(fields["value"]), int(fields["chain"]), fields["data"])
        assert said == ("0x" + tx.to.hex(), tx.value, tx.chain, "0x" + tx.data.hex())


def _core(reading: Reading | None) -> tuple[object, ...] | None:
    if reading is None:
        return None
    return reading.sender, reading.to, reading.value, reading.chain, reading.data, reading.nonce
