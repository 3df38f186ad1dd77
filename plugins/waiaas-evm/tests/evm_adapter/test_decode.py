"""What bytes would do, read from the bytes; and that no field of them can be changed after the verdict (invariant 1)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import coincurve
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.addresses import address_bytes, checksummed
from waiaas_evm.decode import effects_of
from waiaas_evm.erc20 import TokenTransfer, transfer_data
from waiaas_evm.rlp import decode_list, encode_list
from waiaas_evm.transaction import Transaction, read_unsigned, unsigned_bytes

from waiaas.engine.rules.bytes_check import mismatch
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Account, Amount, Destination, Effect, Intent, Kind, Resolved, Unsigned, What
from waiaas.testing.http import ScriptedHttp, no_network

from .accounts import LOCAL, account_of, adapter_over, network
from .transactions import transactions

ADAPTER = adapter_over(ScriptedHttp(no_network))
ACCOUNT = account_of(coincurve.PrivateKey(bytes([7]) * 32))
TO = checksummed(bytes([2]) * 20)
TOKEN = checksummed(bytes([3]) * 20)
THIEF = bytes([9]) * 20
ASSET = f"{LOCAL.chain_id}/erc20:{TOKEN}"
EVIDENCE: Mapping[str, str] = {"height": "5"}
CAP = 10**16

NATIVE_TX = Transaction(
    chain=31337, nonce=3, to=address_bytes(TO), value=10**15, data=b"", gas=21_000, max_fee=10**9, tip=10**8
)
TOKEN_TX = replace(
    NATIVE_TX,
    to=address_bytes(TOKEN),
    value=0,
    data=transfer_data(TokenTransfer(to=address_bytes(TO), units=1_500_000)),
    gas=65_000,
)


def before_london(tx: Transaction) -> Transaction:
    """The same in the form for chains without a base fee."""
    return replace(tx, is_legacy=True, tip=tx.max_fee)


PAYMENTS = {
    "native": (NATIVE_TX, LOCAL.native.id, 10**15),
    "token": (TOKEN_TX, ASSET, 1_500_000),
    "legacy native": (before_london(NATIVE_TX), LOCAL.native.id, 10**15),
    "legacy token": (before_london(TOKEN_TX), ASSET, 1_500_000),
}


def judged(asset: str, units: int) -> Resolved:
    """What the policies allowed."""
    kind = Kind.TRANSFER if asset == LOCAL.native.id else Kind.TOKEN_TRANSFER
    intent = Intent(kind=kind, to=Destination(address=TO), amount=Amount(asset=asset, units=units))
    out = Effect(what=What.OUT, asset=asset, units=units, to=TO)
    return Resolved(
        intent=intent, effects=(out,), assets=(LOCAL.native,), likely_fee=Amount(asset=LOCAL.native.id, units=10**13)
    )


def refusal(
    body: bytes, resolved: Resolved, account: Account = ACCOUNT, evidence: Mapping[str, str] = EVIDENCE
) -> str | None:
    """Why these bytes would not be signed; None where they would."""
    try:
        decoded = ADAPTER.decode(Unsigned(body=body, evidence=evidence), account)
    except Malformed as problem:
        return problem.message
    return mismatch(decoded, resolved, account, LOCAL.chain_id, CAP)


@pytest.mark.parametrize("name", PAYMENTS)
def test_what_was_judged_is_signed(name: str) -> None:
    """The very payment passes the last check."""
    tx, asset, units = PAYMENTS[name]
    assert refusal(unsigned_bytes(tx), judged(asset, units)) is None


POISONED: list[tuple[str, dict[str, Any]]] = [
    ("another chain", {"chain": 1}),
    ("another recipient or contract", {"to": THIEF}),
    ("a unit more", {"value": 10**15 + 1}),
    ("a unit less", {"value": 10**15 - 1}),
    ("a fee above the cap by gas", {"gas": 10**8}),
    ("a fee above the cap by price", {"max_fee": 10**13}),
    ("a tip above the price", {"tip": 2 * 10**9}),
    ("other calldata", {"data": b"\x12\x34\x56\x78"}),
    ("one byte of calldata", {"data": b"\0"}),
    ("an approval", {"data": bytes.fromhex("095ea7b3") + THIEF.rjust(32, b"\0") + b"\xff" * 32}),
    ("a transfer to a thief", {"data": transfer_data(TokenTransfer(to=THIEF, units=1_500_000))}),
    ("a token unit more", {"data": transfer_data(TokenTransfer(to=address_bytes(TO), units=1_500_001))}),
    ("everything", {"data": transfer_data(TokenTransfer(to=address_bytes(TO), units=2**256 - 1))}),
    ("a trailing byte", {"data": TOKEN_TX.data + b"\0"}),
    ("a cut word", {"data": TOKEN_TX.data[:-1]}),
    ("dirty upper bytes of the address", {"data": TOKEN_TX.data[:4] + b"\x01" + TOKEN_TX.data[5:]}),
    ("transferFrom", {"data": bytes.fromhex("23b872dd") + TOKEN_TX.data[4:]}),
]


# the older form has no tip to be changed
CHANGES = [
    (name, what)
    for name, (tx, _, _) in PAYMENTS.items()
    for what, change in POISONED
    if not tx.is_legacy or "tip" not in change
]


@pytest.mark.parametrize(("name", "field"), CHANGES)
def test_no_field_can_be_changed_after_the_verdict(name: str, field: str) -> None:
    """Chain, recipient, contract, amount, calldata, gas, price and tip: each change is refused before the signer is asked."""
    tx, asset, units = PAYMENTS[name]
    changed = replace(tx, **dict(POISONED)[field])
    assert changed != tx
    assert refusal(unsigned_bytes(changed), judged(asset, units)) is not None


@pytest.mark.parametrize("name", PAYMENTS)
def test_neither_can_the_payer_or_the_evidence(name: str) -> None:
    """Another account's key, an account with a stranger's address, missing evidence, and evidence that is not ours."""
    tx, asset, units = PAYMENTS[name]
    body, resolved = unsigned_bytes(tx), judged(asset, units)
    forged = replace(ACCOUNT, address=checksummed(THIEF))
    assert refusal(body, resolved, forged) is not None
    for evidence in (
        {},
        {"height": "-1"},
        {"height": "05"},
        {"height": "5", "data_fee": "1"},
        {"height": "5", "x": "1"},
    ):
        assert refusal(body, resolved, ACCOUNT, evidence) is not None


@pytest.mark.parametrize("name", PAYMENTS)
def test_every_item_of_the_list_counts(name: str) -> None:
    """Each of the nine items, made another or left out, is refused, or is a nonce or a price within the cap."""
    tx, asset, units = PAYMENTS[name]
    form = b"" if tx.is_legacy else b"\x02"
    items = decode_list(unsigned_bytes(tx).removeprefix(form))
    assert len(items) == 9
    # nonce, price, gas, and the tip where there is one: decided by build, bounded by the cap
    harmless = {0, 1, 2} if tx.is_legacy else {1, 2, 3, 4}
    for index, item in enumerate(items):
        for other in (
            b"",
            b"\x01",
            b"\x7f",
            b"\xff" * 20,
            (b"\x01",),
            item + item if isinstance(item, bytes) else b"\x02",
        ):
            if other == item:
                continue
            body = form + encode_list([*items[:index], other, *items[index + 1 :]])
            assert refusal(body, judged(asset, units)) is not None or index in harmless
        missing = form + encode_list([*items[:index], *items[index + 1 :]])
        assert refusal(missing, judged(asset, units)) is not None


def test_the_nonce_is_a_claim_and_the_fee_is_what_can_be_taken() -> None:
    """The claim names the nonce; the maximal fee is gas times price."""
    decoded = ADAPTER.decode(Unsigned(body=unsigned_bytes(NATIVE_TX), evidence=EVIDENCE), ACCOUNT)
    assert decoded.claims == {"nonce:3"}
    assert decoded.max_fee == Amount(asset=LOCAL.native.id, units=21_000 * 10**9)
    assert (decoded.chain_id, decoded.account, decoded.valid_until) == (LOCAL.chain_id, ACCOUNT.address, None)
    assert decoded.complete
    assert decoded.on_trust == frozenset()


UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("money with calldata", {"value": 1, "data": TOKEN_TX.data}),
    ("other calldata", {"value": 0, "data": b"\x12\x34\x56\x78"}),
    ("neither money nor calldata", {"value": 0, "data": b""}),
    ("calldata to oneself", {"to": address_bytes(ACCOUNT.address), "value": 0, "data": TOKEN_TX.data}),
]


@pytest.mark.parametrize("what", [what for what, _ in UNKNOWN])
def test_everything_else_is_unknown(what: str) -> None:
    """What is not exactly one of our two forms is one effect that nobody can judge, with its data for people."""
    tx = replace(NATIVE_TX, **dict(UNKNOWN)[what])
    (effect,) = effects_of(tx, ACCOUNT.address, LOCAL.native.id)
    assert effect.what is What.UNKNOWN
    assert effect.to == checksummed(tx.to)
    assert effect.data == f"0x{tx.data.hex()}"


def test_what_comes_back_is_no_effect() -> None:
    """Money to oneself, tokens to oneself, and nothing to oneself (a cancellation) change nothing but the fee."""
    own = address_bytes(ACCOUNT.address)
    tokens = transfer_data(TokenTransfer(to=own, units=5))
    for tx in (replace(NATIVE_TX, to=own), replace(NATIVE_TX, to=own, value=0), replace(TOKEN_TX, data=tokens)):
        assert effects_of(tx, ACCOUNT.address, LOCAL.native.id) == ()


@given(transactions())
def test_an_effect_says_no_less_than_the_bytes(tx: Transaction) -> None:
    """Whatever the bytes: money and units in an effect are those of the bytes, and something is said unless it comes back."""
    account = ACCOUNT.address
    effects = effects_of(read_unsigned(unsigned_bytes(tx)), account, LOCAL.native.id)
    assert len(effects) == 1 or checksummed(tx.to) == account
    for effect in effects:
        if effect.what is What.OUT and effect.asset == LOCAL.native.id:
            assert (effect.units, effect.to, tx.data) == (tx.value, checksummed(tx.to), b"")
        elif effect.what is What.OUT:
            assert tx.value == 0
            assert effect.asset == f"eip155:{tx.chain}/erc20:{checksummed(tx.to)}"
            assert transfer_data(TokenTransfer(to=address_bytes(effect.to or ""), units=effect.units or 0)) == tx.data
        else:
            assert effect.what is What.UNKNOWN


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No bytes cause another error than Malformed."""
    try:
        ADAPTER.decode(Unsigned(body=body, evidence=EVIDENCE), ACCOUNT)
    except Malformed:
        return
    assert unsigned_bytes(read_unsigned(body)) == body


def test_a_rollups_fee_for_data_counts() -> None:
    """On the OP stack the evidence bounds what the chain below takes, and is part of the fee; without it nothing is read."""

    adapter = adapter_over(ScriptedHttp(no_network), on=network("base"))
    body = unsigned_bytes(replace(NATIVE_TX, chain=8453))
    decoded = adapter.decode(Unsigned(body=body, evidence={"height": "5", "data_fee": "777"}), ACCOUNT)
    assert decoded.max_fee.units == 21_000 * 10**9 + 777
    for evidence in ({"height": "5"}, {"height": "5", "data_fee": ""}, {"height": "5", "data_fee": "1e3"}):
        with pytest.raises(Malformed):
            adapter.decode(Unsigned(body=body, evidence=evidence), ACCOUNT)
