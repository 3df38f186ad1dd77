"""Solana's bytes under the check before signing: no byte and no field can be exchanged after the verdict (invariant 1)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.adapter import FORM, SolanaAdapter
from waiaas_solana.evidence import Evidence, Lifetime, digest_of
from waiaas_solana.message import Opening, Plan, TokenTransfer, Transfer, compose
from waiaas_solana.networks import NETWORKS
from waiaas_solana.settings import SolanaSettings
from waiaas_solana.token_programs import TOKEN_2022_PROGRAM, TOKEN_PROGRAM, derived_account

from waiaas.engine.rules.bytes_check import mismatch
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Account, Amount, Destination, Intent, Kind, Resolved, Unsigned
from waiaas.interfaces.signing import PublicKey, Scheme
from waiaas.testing.http import ScriptedHttp, no_network

LOCAL = next(network for network in NETWORKS if network.name == "localnet")
ADAPTER = SolanaAdapter(LOCAL, SolanaSettings(), ScriptedHttp(no_network))
PAYER = Keypair.from_seed(bytes(range(32))).pubkey()
ACCOUNT = Account(address=str(PAYER), key=PublicKey(scheme=Scheme.ED25519, data=bytes(PAYER)), form=FORM)
WALLET, OTHER, MINT = Pubkey(bytes([7]) * 32), Pubkey(bytes([8]) * 32), Pubkey(bytes([9]) * 32)
RENT, CAP = 2_500_000, 500_000
NATIVE = Plan(
    payer=PAYER,
    transfers=(Transfer(to=WALLET, lamports=1_000_000),),
    memo="lunch",
    blockhash=Hash(bytes([3]) * 32),
    unit_limit=40_000,
    unit_price=5_000,
    data_limit=40 << 20,
)


def token_plan(program: Pubkey, *, fee: int | None = None, opens: bool = True) -> Plan:
    """A token transfer of 5 million units."""
    to = derived_account(WALLET, MINT, program)
    return replace(
        NATIVE,
        transfers=(),
        opening=Opening(owner=WALLET, mint=MINT, program=program) if opens else None,
        token=TokenTransfer(program=program, mint=MINT, to=to, units=5_000_000, decimals=6, fee=fee),
    )


PLANS = {
    "native": NATIVE,
    "token": token_plan(TOKEN_PROGRAM, opens=False),
    "token, account opened": token_plan(TOKEN_PROGRAM),
    "token with a fee, account opened": token_plan(TOKEN_2022_PROGRAM, fee=50),
}


def evidence_of(plan: Plan, body: bytes) -> Mapping[str, str]:
    """What ``build`` leaves beside these bytes."""
    return Evidence(
        lifetime=Lifetime(slot=1000, last_valid_height=850),
        digest=digest_of(body),
        owner=str(WALLET) if plan.token is not None else None,
        rent=RENT if plan.opening is not None else None,
    ).to_wire()


def unsigned_of(plan: Plan) -> Unsigned:
    """Bytes as ``build`` makes them."""
    body = compose(plan)
    return Unsigned(body=body, evidence=evidence_of(plan, body))


def judged(plan: Plan) -> Resolved:
    """What was judged: the effects of the true bytes."""
    decoded = ADAPTER.decode(unsigned_of(plan), ACCOUNT)
    assert decoded.complete
    intent = Intent(kind=Kind.TRANSFER, to=Destination(address=str(WALLET)), memo=plan.memo)
    return Resolved(
        intent=intent, effects=decoded.effects, assets=(), likely_fee=Amount(asset=LOCAL.native.id, units=5_000)
    )


def refusal(unsigned: Unsigned, resolved: Resolved) -> str | None:
    """Why the check refuses these bytes; None when it lets them be signed."""
    try:
        decoded = ADAPTER.decode(unsigned, ACCOUNT)
    except Malformed as problem:
        return problem.message
    return mismatch(decoded, resolved, ACCOUNT, LOCAL.chain_id, CAP)


@pytest.mark.parametrize("name", PLANS)
def test_the_judged_bytes_pass(name: str) -> None:
    """Bytes that do what was judged are signed."""
    assert refusal(unsigned_of(PLANS[name]), judged(PLANS[name])) is None


@pytest.mark.parametrize("name", PLANS)
def test_no_byte_can_be_exchanged(name: str) -> None:
    """Each byte flipped in three ways, one more and one less: every such body is refused."""
    unsigned, resolved = unsigned_of(PLANS[name]), judged(PLANS[name])
    bodies = [unsigned.body + b"\0", unsigned.body[:-1]]
    for index in range(len(unsigned.body)):
        for mask in (0x01, 0x80, 0xFF):
            body = bytearray(unsigned.body)
            body[index] ^= mask
            bodies.append(bytes(body))
    passed = [body for body in bodies if refusal(replace(unsigned, body=body), resolved) is None]
    assert passed == []


@pytest.mark.parametrize("name", PLANS)
def test_no_byte_that_matters_rests_on_the_digest(name: str) -> None:
    """With a digest made anew, what passes still pays the same units of the same asset to the same wallet, and no more."""
    plan, resolved = PLANS[name], judged(PLANS[name])
    unsigned = unsigned_of(plan)
    for index in range(len(unsigned.body)):
        for mask in (0x01, 0x80, 0xFF):
            body = bytearray(unsigned.body)
            body[index] ^= mask
            forged = Unsigned(body=bytes(body), evidence=evidence_of(plan, bytes(body)))
            if refusal(forged, resolved) is not None:
                continue
            found = ADAPTER.decode(forged, ACCOUNT)
            assert (found.effects, found.memo, found.account) == (resolved.effects, plan.memo, ACCOUNT.address)
            assert found.max_fee.units <= CAP


def changes(plan: Plan) -> dict[str, dict[str, Any]]:
    """Each field of a plan changed alone, as its builder could have meant it."""
    found: dict[str, dict[str, Any]] = {
        "payer": {"payer": OTHER},
        "memo": {"memo": "dinner"},
        "no memo": {"memo": None},
        "price": {"unit_price": 500_000_000},
        "limit": {"unit_limit": 1_400_000, "unit_price": 1_000_000},
        "a second payment": {"transfers": (*plan.transfers, Transfer(to=OTHER, lamports=1))},
    }
    if plan.token is None:
        (paid,) = plan.transfers
        return found | {
            "recipient": {"transfers": (replace(paid, to=OTHER),)},
            "amount": {"transfers": (replace(paid, lamports=paid.lamports + 1),)},
            "nothing": {"transfers": ()},
            "a token besides": {"token": token_plan(TOKEN_PROGRAM).token},
            "an opening besides": {"opening": Opening(owner=OTHER, mint=MINT, program=TOKEN_PROGRAM)},
        }
    token = plan.token
    spare = Opening(owner=WALLET, mint=MINT, program=token.program)
    return found | {
        "recipient": {"token": replace(token, to=derived_account(OTHER, MINT, token.program))},
        "a recipient that is no derived account": {"token": replace(token, to=WALLET)},
        "back to oneself": {"token": replace(token, to=derived_account(PAYER, MINT, token.program))},
        "amount": {"token": replace(token, units=token.units - 1)},
        "mint": {"token": replace(token, mint=OTHER, to=derived_account(WALLET, OTHER, token.program))},
        "program": {
            "token": replace(token, program=TOKEN_2022_PROGRAM if token.program == TOKEN_PROGRAM else TOKEN_PROGRAM)
        },
        "nothing": {"token": None},
        "opening": {"opening": None if plan.opening else spare},
        "opening of another's": {"opening": Opening(owner=OTHER, mint=MINT, program=token.program)},
        "opening for another mint": {"opening": Opening(owner=WALLET, mint=OTHER, program=token.program)},
    }


CHANGES = [(name, change) for name, plan in PLANS.items() for change in changes(plan)]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[f"{name}: {change}" for name, change in CHANGES])
def test_no_field_can_be_exchanged(name: str, change: str) -> None:
    """Bytes made for something else are refused, though their evidence fits the bytes, or the judged ones."""
    plan = PLANS[name]
    other, resolved = replace(plan, **changes(plan)[change]), judged(plan)
    body = compose(other)
    for evidence in (evidence_of(plan, body), evidence_of(other, body), unsigned_of(plan).evidence):
        assert refusal(Unsigned(body=body, evidence=evidence), resolved) is not None


@pytest.mark.parametrize("name", PLANS)
@given(field=st.sampled_from(["owner", "rent", "body"]), text=st.text("0123456789abcdefZ", min_size=1, max_size=64))
def test_no_evidence_can_be_exchanged(name: str, field: str, text: str) -> None:
    """Whatever else the evidence says of the same bytes, they are refused: owner, rent and digest are compared."""
    unsigned = unsigned_of(PLANS[name])
    if unsigned.evidence.get(field) == text or (field == "rent" and text.lstrip("0") == str(RENT)):
        return
    forged = replace(unsigned, evidence={**unsigned.evidence, field: text})
    assert refusal(forged, judged(PLANS[name])) is not None
