"""Tokens' bytes are read for what they are; whose account they pay is proven by deriving it (invariant 1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from waiaas_solana.decode import read_message
from waiaas_solana.evidence import digest_of
from waiaas_solana.message import Opening, Plan, TokenTransfer, compose
from waiaas_solana.token_programs import DERIVING_PROGRAM, TOKEN_PROGRAM, TOKEN_PROGRAMS, derived_account

from waiaas.interfaces.chain import Effect, Unsigned, What

from .accounts import LOCAL
from .test_decode import (
    ACCOUNT,
    ADAPTER,
    EVIDENCE,
    OTHER_KEY,
    PAYER,
    PLAN,
    decoded,
    instructions_of,
    keys,
    message_of,
    plans,
)

MINT = Pubkey(bytes([6]) * 32)
programs = st.sampled_from(TOKEN_PROGRAMS)
token_plans = st.builds(
    replace,
    plans,
    transfers=st.just(()),
    opening=st.none() | st.builds(Opening, owner=keys, mint=keys, program=programs),
    token=st.builds(
        TokenTransfer,
        program=programs,
        mint=keys,
        to=keys,
        units=st.integers(0, 2**64 - 1),
        decimals=st.integers(0, 255),
        fee=st.none() | st.integers(0, 2**64 - 1),
    ),
)


@given(token_plans)
def test_every_token_plan_is_read_back(plan: Plan) -> None:
    """What was composed of tokens is read whole, by the bytes alone; whose the account is they do not prove."""
    assert read_message(compose(plan)).plan == plan
    assert not decoded(compose(plan)).complete


@given(token_plans, keys, st.integers(0, 2**64 - 1))
def test_a_wallet_is_proven_by_deriving(plan: Plan, owner: Pubkey, rent: int) -> None:
    """With the evidence's owner, bytes are complete just where the paid account is derived from it and rent is not hidden."""
    assert plan.token is not None
    token = replace(plan.token, to=derived_account(owner, plan.token.mint, plan.token.program))
    opening = Opening(owner=owner, mint=token.mint, program=token.program) if plan.opening else None
    body = compose(replace(plan, token=token, opening=opening))
    evidence = {**EVIDENCE, "body": digest_of(body), "owner": str(owner), **({"rent": str(rent)} if opening else {})}
    found = ADAPTER.decode(Unsigned(body=body, evidence=evidence), ACCOUNT)
    least = 2_039_280 if token.program == TOKEN_PROGRAM else 2_074_080 - 5 * 6_960
    assert found.complete == (opening is None or rent >= least)
    asset = f"{LOCAL.chain_id}/token:{token.mint}"
    out = () if owner == PAYER else (Effect(what=What.OUT, asset=asset, units=token.units, to=str(owner)),)
    locked = Effect(what=What.LOCKED, asset=LOCAL.native.id, units=rent, to=str(owner))
    assert found.effects == ((*out, locked) if opening else out)


POISON = {
    "checked transfer from another's account": (
        Instruction(
            TOKEN_PROGRAM,
            b"\x0c" + bytes(8) + b"\x06",
            [
                AccountMeta(OTHER_KEY, False, True),
                AccountMeta(MINT, False, False),
                AccountMeta(OTHER_KEY, False, True),
                AccountMeta(PAYER, True, False),
            ],
        ),
        What.UNKNOWN,
        None,
    ),
    "checked transfer of another's authority": (
        Instruction(
            TOKEN_PROGRAM,
            b"\x0c" + bytes(8) + b"\x06",
            [
                AccountMeta(derived_account(PAYER, MINT, TOKEN_PROGRAM), False, True),
                AccountMeta(MINT, False, False),
                AccountMeta(OTHER_KEY, False, True),
                AccountMeta(OTHER_KEY, False, False),
            ],
        ),
        What.UNKNOWN,
        None,
    ),
    "checked transfer with a spare account": (
        Instruction(
            TOKEN_PROGRAM,
            b"\x0c" + bytes(8) + b"\x06",
            [
                AccountMeta(derived_account(PAYER, MINT, TOKEN_PROGRAM), False, True),
                AccountMeta(MINT, False, False),
                AccountMeta(OTHER_KEY, False, True),
                AccountMeta(PAYER, True, False),
                AccountMeta(OTHER_KEY, False, True),
            ],
        ),
        What.UNKNOWN,
        None,
    ),
    "an account opened that must not exist": (Instruction(DERIVING_PROGRAM, b"\x00", []), What.UNKNOWN, None),
    "a nested account recovered": (Instruction(DERIVING_PROGRAM, b"\x02", []), What.UNKNOWN, None),
    "approve": (Instruction(TOKEN_PROGRAM, b"\x04" + bytes(8), []), What.UNKNOWN, None),
}


@pytest.mark.parametrize("name", POISON)
@pytest.mark.parametrize("place", [0, 3, 99])
def test_poison_is_named_and_never_complete(name: str, place: int) -> None:
    """A strange instruction of a token program, wherever it stands, is unknown and leaves the bytes incomplete."""
    instruction, what, method = POISON[name]
    steps = instructions_of(PLAN)
    steps.insert(place, instruction)
    found = decoded(message_of(steps))
    assert not found.complete
    assert [effect.method for effect in found.effects if effect.what is what] == [method]
