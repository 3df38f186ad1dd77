"""Random transactions: those that the adapter writes, those that only others write, and broken ones."""

from typing import Any

import coincurve
from eth_utils.address import to_checksum_address
from hypothesis import strategies as st
from waiaas_evm.keccak import keccak256
from waiaas_evm.transaction import Signature, Transaction, signed_bytes, unsigned_bytes

SECRETS = st.integers(1, 2**255).map(lambda number: number.to_bytes(32))
_WEI = st.one_of(st.integers(0, 200), st.integers(0, 2**256 - 1))
_BYTES = st.one_of(st.just(b""), st.binary(max_size=4), st.binary(max_size=200))
# JavaScript's libraries hold chain ids and nonces as numbers that are exact up to 2**53
_NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 2**53 - 1))


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    """Any transaction of either type."""
    is_legacy = draw(st.booleans())
    prices = sorted(draw(st.tuples(_WEI, _WEI)))
    return Transaction(
        chain=draw(st.one_of(st.integers(1, 300), st.integers(1, 2**50))),
        nonce=draw(_NUMBERS),
        to=draw(st.binary(min_size=20, max_size=20)),
        value=draw(_WEI),
        data=draw(_BYTES),
        gas=draw(_NUMBERS),
        max_fee=prices[1],
        tip=prices[1] if is_legacy else prices[0],
        is_legacy=is_legacy,
    )


def signed(tx: Transaction, secret: bytes) -> bytes:
    """The wire bytes, signed here with libsecp256k1."""
    made = coincurve.PrivateKey(secret).sign_recoverable(keccak256(unsigned_bytes(tx)), hasher=None)
    return signed_bytes(tx, Signature(parity=made[64], r=int.from_bytes(made[:32]), s=int.from_bytes(made[32:64])))


@st.composite
def foreign(draw: st.DrawFn) -> dict[str, Any]:
    """What eth-account signs and this adapter does not write: other types, access lists, contract creation, no chain id."""
    common = {"nonce": draw(_NUMBERS), "gas": draw(st.integers(21_000, 10**7)), "value": draw(st.integers(0, 10**20))}
    to = str(to_checksum_address(draw(st.binary(min_size=20, max_size=20))))
    listed = [{"address": to, "storageKeys": ["0x" + "00" * 32]}]
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9, "chainId": draw(st.integers(1, 10**6))}
    return draw(
        st.sampled_from(
            [
                {**common, **fees, "type": 2, "to": to, "accessList": listed},
                {**common, **fees, "type": 2, "to": b"", "data": "0x6000"},
                {**common, "type": 1, "to": to, "accessList": [], "gasPrice": 10**9, "chainId": 1},
                {**common, "to": to, "gasPrice": 10**9},
                {**common, "to": b"", "gasPrice": 10**9, "chainId": 1, "data": "0x6000"},
            ]
        )
    )


@st.composite
def broken(draw: st.DrawFn, is_signed: bool) -> bytes:
    """A transaction, signed or about to be, with some of its bytes changed, left out, or put in."""
    tx = draw(transactions())
    raw = bytearray(signed(tx, draw(SECRETS)) if is_signed else unsigned_bytes(tx))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(raw) - 1))
        how = draw(st.sampled_from(["change", "leave out", "put in", "cut", "swap a length"]))
        if how == "change":
            raw[place] ^= draw(st.integers(1, 255))
        elif how == "leave out" and len(raw) > 1:
            del raw[place]
        elif how == "put in":
            raw.insert(place, draw(st.integers(0, 255)))
        elif how == "cut":
            del raw[place + 1 :]
        else:
            raw[place : place + 1] = bytes([0x81, raw[place]])
    return bytes(raw)
