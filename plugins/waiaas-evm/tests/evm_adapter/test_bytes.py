"""Transactions as bytes: one writer, one reader, and nothing between them that goes unread."""

from dataclasses import replace
from typing import Any

import pytest
import rlp as oracle
from eth_account import Account as EthAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.addresses import checksummed
from waiaas_evm.keccak import keccak256
from waiaas_evm.rlp import decode_list, encode_list, read_whole, whole
from waiaas_evm.transaction import CALLDATA_BYTES, Transaction, read_signed, read_unsigned, unsigned_bytes

from waiaas.errors import Malformed

from .transactions import transactions

ITEMS = st.lists(
    st.one_of(st.binary(max_size=80), st.lists(st.binary(max_size=80), max_size=4).map(tuple)), max_size=12
)
TO = bytes.fromhex("52908400098527886e0f7030069857d2e4169ee7")
PLAIN = Transaction(chain=1, nonce=7, to=TO, value=10**18, data=b"", gas=21_000, max_fee=30 * 10**9, tip=10**9)


@given(ITEMS)
def test_rlp_is_what_pyrlp_writes(items: list[bytes | tuple[bytes, ...]]) -> None:
    """Lists of strings and of lists of strings are the bytes of the reference library, and are read back."""
    encoded = encode_list(items)
    assert encoded == oracle.encode(items)
    assert decode_list(encoded) == items


@given(ITEMS.map(encode_list), st.data())
def test_a_spoilt_list_is_another_list_or_none(encoded: bytes, data: st.DataObject) -> None:
    """With any byte changed, left out or added, what is read encodes to those very bytes, or nothing is read."""
    at = data.draw(st.integers(0, len(encoded) - 1))
    byte = data.draw(st.binary(max_size=2))
    spoilt = encoded[:at] + byte + encoded[at + data.draw(st.integers(0, 2)) :]
    try:
        items = decode_list(spoilt)
    except Malformed:
        return
    assert encode_list(items) == spoilt


@pytest.mark.parametrize(
    "text",
    ["", "80", "c100", "c18000", "c28100", "f800", "f80100", "c3b80100", "f90038", "bf" + "ff" * 8, "ff" + "ff" * 8],
)
def test_longer_forms_than_needed_are_refused(text: str) -> None:
    """Another length, a needless length of a length, a byte as a string of one byte, bytes behind the end."""
    if text == "c100":
        assert decode_list(bytes.fromhex(text)) == [b"\0"]
        return
    with pytest.raises(Malformed):
        decode_list(bytes.fromhex(text))


@given(st.integers(0, 2**256 - 1))
def test_whole_numbers_have_one_form(number: int) -> None:
    """Big-endian without leading zeros."""
    assert read_whole(whole(number), 256) == number
    with pytest.raises(Malformed):
        read_whole(b"\0" + whole(number), 512)


@given(transactions())
def test_a_transaction_is_read_as_it_was_written(tx: Transaction) -> None:
    """Every field survives, in both forms."""
    assert read_unsigned(unsigned_bytes(tx)) == tx


@given(transactions(), st.data())
def test_no_other_bytes_give_the_same_transaction(tx: Transaction, data: st.DataObject) -> None:
    """One byte changed, left out or added is another transaction, or none."""
    body = unsigned_bytes(tx)
    at = data.draw(st.integers(0, len(body) - 1))
    spoilt = body[:at] + data.draw(st.binary(max_size=2)) + body[at + data.draw(st.integers(0, 2)) :]
    try:
        read = read_unsigned(spoilt)
    except Malformed:
        return
    assert (read == tx) == (spoilt == body)
    assert unsigned_bytes(read) == spoilt


def _as_theirs(tx: Transaction) -> dict[str, Any]:
    fields = {"nonce": tx.nonce, "to": checksummed(tx.to), "value": tx.value, "data": tx.data, "gas": tx.gas}
    if tx.is_legacy:
        return {**fields, "chainId": tx.chain, "gasPrice": tx.max_fee}
    return {**fields, "chainId": tx.chain, "maxFeePerGas": tx.max_fee, "maxPriorityFeePerGas": tx.tip, "type": 2}


@given(transactions(), st.integers(1, 2**255))
def test_eth_account_reads_what_was_signed(tx: Transaction, secret: int) -> None:
    """Signed by eth-account, our reader finds every field; and our bytes are the ones that it signs."""
    fields = {
        "nonce": tx.nonce,
        "to": checksummed(tx.to),
        "value": tx.value,
        "data": tx.data,
        "gas": tx.gas,
        "chainId": tx.chain,
    }
    prices = (
        {"gasPrice": tx.max_fee}
        if tx.is_legacy
        else {"maxFeePerGas": tx.max_fee, "maxPriorityFeePerGas": tx.tip, "type": 2}
    )
    signed = EthAccount.sign_transaction({**fields, **prices}, secret.to_bytes(32))
    read, signature = read_signed(bytes(signed.raw_transaction))
    assert read == tx
    assert (signature.r, signature.s) == (signed.r, signed.s)
    if not tx.is_legacy:
        theirs = TypedTransaction.from_bytes(HexBytes(signed.raw_transaction))
        assert theirs.hash() == keccak256(unsigned_bytes(tx))


def test_other_types_are_refused() -> None:
    """Access lists, blobs, set code, a legacy transaction without its chain, and bytes of no type."""
    body = unsigned_bytes(PLAIN)
    legacy = unsigned_bytes(replace(PLAIN, is_legacy=True, tip=PLAIN.max_fee))
    for other in (
        b"\x01" + body[1:],
        b"\x03" + body[1:],
        b"\x04" + body[1:],
        b"\x00" + body[1:],
        b"\x02",
        b"",
        b"\x7f",
    ):
        with pytest.raises(Malformed):
            read_unsigned(other)
    unprotected = encode_list(decode_list(legacy)[:6])
    with pytest.raises(Malformed):
        read_unsigned(unprotected)
    assert read_unsigned(legacy).is_legacy


def test_an_access_list_and_contract_creation_are_refused() -> None:
    """Fields that we never write are not skipped."""
    items = decode_list(unsigned_bytes(PLAIN)[1:])
    for index, item in (
        (8, (b"\x01" * 20,)),
        (5, b""),
        (5, b"\x01" * 19),
        (0, b""),
        (1, b"\xff" * 8),
        (2, whole(PLAIN.max_fee + 1)),
    ):
        changed = [*items[:index], item, *items[index + 1 :]]
        with pytest.raises(Malformed):
            read_unsigned(b"\x02" + encode_list(changed))
    with pytest.raises(Malformed):
        read_unsigned(b"\x02" + encode_list([*items, b""]))


def test_calldata_has_a_longest() -> None:
    """16 KiB are read, one byte more is not."""
    longest = replace(PLAIN, data=b"\x01" * CALLDATA_BYTES)
    assert read_unsigned(unsigned_bytes(longest)) == longest
    with pytest.raises(Malformed):
        read_unsigned(unsigned_bytes(replace(PLAIN, data=b"\x01" * (CALLDATA_BYTES + 1))))


def test_unprotected_signed_bytes_are_refused() -> None:
    """A signature of before EIP-155 (v 27 or 28) is not read."""
    legacy = replace(PLAIN, is_legacy=True, tip=PLAIN.max_fee)
    items = decode_list(unsigned_bytes(legacy))[:6]
    for v in (27, 28, 0, 1):
        with pytest.raises(Malformed):
            read_signed(encode_list([*items, whole(v), whole(1), whole(1)]))


def test_signed_bytes_have_no_access_list_either() -> None:
    """What could not have been signed here is not read as ours."""
    items = [*decode_list(unsigned_bytes(PLAIN)[1:]), whole(1), whole(1), whole(1)]
    assert read_signed(b"\x02" + encode_list(items))[0] == PLAIN
    items[8] = (b"\x01" * 20,)
    with pytest.raises(Malformed):
        read_signed(b"\x02" + encode_list(items))


def test_the_last_two_fields_of_a_legacy_transaction_are_empty() -> None:
    """As EIP-155 has it; anything there would be hashed and signed unread."""
    items = decode_list(unsigned_bytes(replace(PLAIN, is_legacy=True, tip=PLAIN.max_fee)))
    for index in (7, 8):
        with pytest.raises(Malformed):
            read_unsigned(encode_list([*items[:index], b"\x01", *items[index + 1 :]]))
