"""The bytes are read for what they are: round trips, mutations, poison, and whatever a stranger would make (invariant 1)."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from solders.compute_budget import request_heap_frame, set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import (
    Message,
    MessageAddressTableLookup,
    MessageHeader,
    MessageV0,
    from_bytes_versioned,
    to_bytes_versioned,
)
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import (
    AdvanceNonceAccountParams,
    AssignParams,
    TransferParams,
    advance_nonce_account,
    assign,
    transfer,
)
from waiaas_solana.decode import read_message
from waiaas_solana.evidence import digest_of
from waiaas_solana.message import MEMO_PROGRAM, Plan, Transfer, compose
from waiaas_solana.token_programs import TOKEN_PROGRAM

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Decoded, Effect, Unsigned, What
from waiaas.testing.http import ScriptedHttp, no_network

from .accounts import LOCAL, account_of, adapter_over

KEY = Keypair.from_seed(bytes(range(32)))
PAYER = KEY.pubkey()
ACCOUNT = account_of(KEY)
EVIDENCE = {"slot": "1000", "last_valid_height": "850"}
ADAPTER = adapter_over(ScriptedHttp(no_network))

keys = st.binary(min_size=32, max_size=32).map(Pubkey)
plans = st.builds(
    Plan,
    payer=st.just(PAYER),
    transfers=st.tuples(st.builds(Transfer, to=keys, lamports=st.integers(0, 2**64 - 1))),
    memo=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
    blockhash=st.binary(min_size=32, max_size=32).map(Hash),
    unit_limit=st.integers(0, 2**32 - 1),
    unit_price=st.integers(0, 2**64 - 1),
    data_limit=st.integers(0, 2**32 - 1),
)
PLAN = Plan(
    payer=PAYER,
    transfers=(Transfer(to=Pubkey(bytes([7]) * 32), lamports=1_000_000),),
    memo="lunch",
    blockhash=Hash(bytes([9]) * 32),
    unit_limit=40_000,
    unit_price=5_000,
    data_limit=40 << 20,
)


def decoded(body: bytes) -> Decoded:
    """What the adapter reads."""
    return ADAPTER.decode(Unsigned(body=body, evidence={**EVIDENCE, "body": digest_of(body)}), ACCOUNT)


def instructions_of(plan: Plan) -> list[Instruction]:
    """The instructions of a plan's message, to be rearranged."""
    message = from_bytes_versioned(compose(plan))
    assert isinstance(message, MessageV0)
    return [
        Instruction(
            message.account_keys[one.program_id_index],
            bytes(one.data),
            [
                AccountMeta(message.account_keys[index], message.is_signer(index), message.is_maybe_writable(index))
                for index in one.accounts
            ],
        )
        for one in message.instructions
    ]


def message_of(instructions: list[Instruction], payer: Pubkey = PAYER) -> bytes:
    """A version 0 message as solders compiles it."""
    return bytes(to_bytes_versioned(MessageV0.try_compile(payer, instructions, [], PLAN.blockhash)))


@given(plans)
def test_every_plan_is_read_back(plan: Plan) -> None:
    """What was composed is decoded whole: recipient, amount, memo, and the fee that the chain would take."""
    reading = read_message(compose(plan))
    assert reading.plan == plan
    found = decoded(compose(plan))
    (paid,) = plan.transfers
    out = Effect(what=What.OUT, asset=LOCAL.native.id, units=paid.lamports, to=str(paid.to))
    assert found.effects == (() if paid.to == PAYER else (out,))
    assert (found.complete, found.memo, found.account) == (True, plan.memo, str(PAYER))
    assert found.valid_until == "850"


@given(plans, plans)
def test_different_plans_have_different_bytes(one: Plan, other: Plan) -> None:
    """Two messages are the same bytes only if they say the same."""
    assert (compose(one) == compose(other)) == (one == other)


OTHER_KEY = Pubkey(bytes([8]) * 32)


@pytest.mark.parametrize(
    "change",
    [
        {"transfers": (Transfer(to=OTHER_KEY, lamports=1_000_000),)},
        {"transfers": (Transfer(to=PLAN.transfers[0].to, lamports=1_000_001),)},
        {"transfers": (*PLAN.transfers, *PLAN.transfers)},
        {"transfers": ()},
        {"memo": "lunch "},
        {"memo": None},
        {"unit_limit": 400_000},
        {"unit_price": 50_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_field_is_decoded_differently(change: dict[str, Any]) -> None:
    """A recipient, amount, memo or fee that was changed after the verdict shows in what is decoded."""
    assert decoded(compose(replace(PLAN, **change))) != decoded(compose(PLAN))


def test_another_payer_is_seen() -> None:
    """Bytes that another account pays are not complete, and name that account."""
    found = decoded(compose(replace(PLAN, payer=OTHER_KEY)))
    assert (found.complete, found.account) == (False, str(OTHER_KEY))


POISON = {
    "assign": (assign(AssignParams(pubkey=PAYER, owner=OTHER_KEY)), What.AUTHORITY, "assign"),
    "durable nonce": (
        advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=OTHER_KEY, authorized_pubkey=PAYER)),
        What.AUTHORITY,
        "advance nonce",
    ),
    "set authority": (
        Instruction(
            TOKEN_PROGRAM, bytes([6, 2, 0]), [AccountMeta(OTHER_KEY, False, True), AccountMeta(PAYER, True, False)]
        ),
        What.AUTHORITY,
        "set authority",
    ),
    "close account": (Instruction(TOKEN_PROGRAM, bytes([9]), []), What.AUTHORITY, "close account"),
    "token transfer": (Instruction(TOKEN_PROGRAM, bytes([3]) + bytes(8), []), What.UNKNOWN, None),
    "unknown program": (Instruction(OTHER_KEY, b"\x01", []), What.UNKNOWN, None),
    "empty data": (Instruction(TOKEN_PROGRAM, b"", []), What.UNKNOWN, None),
    "heap frame": (request_heap_frame(64 * 1024), What.UNKNOWN, None),
    "memo that is no text": (Instruction(MEMO_PROGRAM, b"\xff", []), What.UNKNOWN, None),
    "transfer with a spare account": (
        Instruction(
            SYSTEM_PROGRAM,
            bytes([2, 0, 0, 0]) + bytes(8),
            [AccountMeta(PAYER, True, True), AccountMeta(OTHER_KEY, False, True), AccountMeta(OTHER_KEY, False, True)],
        ),
        What.UNKNOWN,
        None,
    ),
    "transfer from somebody else": (
        transfer(TransferParams(from_pubkey=OTHER_KEY, to_pubkey=PAYER, lamports=1)),
        What.UNKNOWN,
        None,
    ),
}


@pytest.mark.parametrize("name", POISON)
@pytest.mark.parametrize("place", [0, 3, 99])
def test_poison_is_named_and_never_complete(name: str, place: int) -> None:
    """A strange instruction, wherever it stands, is an effect of its own and leaves the bytes incomplete."""
    instruction, what, method = POISON[name]
    steps = instructions_of(PLAN)
    steps.insert(place, instruction)
    found = decoded(message_of(steps))
    assert not found.complete
    assert [effect.method for effect in found.effects if effect.what is what] == [method]
    assert found.effects != decoded(compose(PLAN)).effects


def test_a_hidden_second_payment_is_an_effect() -> None:
    """A transfer slipped in beside ours is decoded as money that leaves."""
    steps = [*instructions_of(PLAN), transfer(TransferParams(from_pubkey=PAYER, to_pubkey=OTHER_KEY, lamports=5))]
    assert (
        Effect(what=What.OUT, asset=LOCAL.native.id, units=5, to=str(OTHER_KEY)) in decoded(message_of(steps)).effects
    )


def rearranged() -> dict[str, list[Instruction]]:
    """Messages of our own instructions in other shapes."""
    ours = instructions_of(PLAN)
    return {
        "another order": [ours[1], ours[0], *ours[2:]],
        "memo first": [ours[-1], *ours[:-1]],
        "two memos": [*ours, ours[-1]],
        "no price": [ours[0], *ours[2:]],
        "no data limit": [*ours[:2], *ours[3:]],
        "limit twice": [set_compute_unit_limit(1), *ours],
        "price twice": [set_compute_unit_price(1), *ours],
        "a spare account": [*ours[:4], Instruction(MEMO_PROGRAM, b"lunch", [AccountMeta(OTHER_KEY, False, False)])],
        "a writable spare account": [
            *ours[:4],
            Instruction(MEMO_PROGRAM, b"lunch", [AccountMeta(OTHER_KEY, False, True)]),
        ],
        "a second signer": [*ours[:4], Instruction(MEMO_PROGRAM, b"lunch", [AccountMeta(OTHER_KEY, True, False)])],
        "nothing but budget": ours[:2],
    }


@pytest.mark.parametrize("name", rearranged())
def test_another_shape_is_not_complete(name: str) -> None:
    """Bytes that mean nearly the same as ours, and were not composed by us, are refused."""
    assert not decoded(message_of(rearranged()[name])).complete


def test_a_second_signer_costs_and_is_not_signed_for() -> None:
    """A message that wants two signatures shows both in its fee, and gives no payload."""
    body = message_of(rearranged()["a second signer"])
    assert decoded(body).max_fee.units == decoded(compose(PLAN)).max_fee.units + 5_000
    with pytest.raises(Malformed):
        ADAPTER.signing_payloads(Unsigned(body=body, evidence=EVIDENCE), ACCOUNT, ())


def test_without_a_limit_the_dearest_is_taken() -> None:
    """A price without a limit is charged as the runtime's maximum."""
    steps = [step for step in instructions_of(PLAN) if step.data[:1] != b"\x02" or len(step.data) != 5]
    assert decoded(message_of(steps)).max_fee.units == 5_000 + 1_400_000 * PLAN.unit_price // 1_000_000


def test_an_older_message_is_not_complete() -> None:
    """The same instructions in a legacy message are read, and refused."""
    legacy = Message.new_with_blockhash(instructions_of(PLAN), PAYER, PLAN.blockhash)
    found = decoded(bytes(to_bytes_versioned(legacy)))
    assert found.effects == decoded(compose(PLAN)).effects
    assert not found.complete


def test_a_message_longer_than_a_packet_is_refused() -> None:
    """Bytes that no node could forward are not read."""
    with pytest.raises(Malformed):
        decoded(compose(replace(PLAN, memo="x" * 1_300)))


def test_a_lookup_table_is_unknown() -> None:
    """Accounts that a table would supply are not in the bytes: such bytes are refused."""
    message = from_bytes_versioned(compose(PLAN))
    assert isinstance(message, MessageV0)
    lookups = [MessageAddressTableLookup(OTHER_KEY, bytes([0]), bytes([1]))]
    body = MessageV0(message.header, message.account_keys, message.recent_blockhash, message.instructions, lookups)
    found = decoded(bytes(to_bytes_versioned(body)))
    assert not found.complete
    assert found.effects[0].method == "address lookup table"


def test_a_read_only_recipient_is_not_complete() -> None:
    """A header with other flags than ours is refused, though every instruction is ours."""
    message = from_bytes_versioned(compose(PLAN))
    assert isinstance(message, MessageV0)
    header = MessageHeader(1, 0, message.header.num_readonly_unsigned_accounts - 1)
    body = MessageV0(header, message.account_keys, message.recent_blockhash, message.instructions, [])
    assert not decoded(bytes(to_bytes_versioned(body))).complete


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"slot": "1000"},
        {**EVIDENCE, "more": "1"},
        {**EVIDENCE, "slot": "-1"},
        {**EVIDENCE, "last_valid_height": "8 50"},
        {**EVIDENCE, "last_valid_height": "８５０"},
        {**EVIDENCE, "last_valid_height": ""},
    ],
)
def test_evidence_that_is_not_ours_is_refused(evidence: dict[str, str]) -> None:
    """Without knowing how long bytes live, they are not read at all."""
    with pytest.raises(Malformed):
        ADAPTER.decode(Unsigned(body=compose(PLAN), evidence=evidence), ACCOUNT)


@settings(max_examples=400)
@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"\x80" + tail))
@example(b"")
@example(b"\x80")
@example(b"\x81" + bytes(100))
@example(bytes(3000))
def test_random_bytes_are_refused(body: bytes) -> None:
    """Bytes that are no message of ours are malformed or incomplete, and nothing else happens."""
    with suppress(Malformed):
        assert not decoded(body).complete


@settings(max_examples=400)
@given(st.integers(0, len(compose(PLAN)) - 1), st.integers(1, 255))
def test_a_spoilt_byte_never_passes_for_the_same(index: int, mask: int) -> None:
    """One changed byte is malformed, incomplete, decoded differently, or in the blockhash or a limit that costs less."""
    body = bytearray(compose(PLAN))
    body[index] ^= mask
    try:
        found = decoded(bytes(body))
    except Malformed:
        return
    plan = read_message(bytes(body)).plan
    if found == decoded(compose(PLAN)):
        assert plan is not None
        assert (plan.payer, plan.transfers, plan.memo) == (PLAN.payer, PLAN.transfers, PLAN.memo)
