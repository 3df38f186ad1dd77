"""The check before signing: every mutation of the decoded bytes is refused (invariant 1)."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.bytes_check import mismatch
from waiaas.interfaces.chain import Account, Amount, Decoded, Destination, Effect, Intent, Kind, Resolved, What
from waiaas.interfaces.signing import PublicKey, Scheme

CHAIN, CAP = "solana:test", 10_000
ACCOUNT = Account(address="me", key=PublicKey(scheme=Scheme.ED25519, data=b"k" * 32), form="default")
OUT = Effect(what=What.OUT, asset="sol", units=5, to="you")
TOKEN = Effect(what=What.OUT, asset="usd", units=7, to="you")
RENT = Effect(what=What.LOCKED, asset="sol", units=2, to="you")
CALL = Effect(what=What.CALL, to="pool", method="swap", data="ff")
FEE = Amount(asset="sol", units=CAP)


def judged(kind: Kind, *effects: Effect) -> tuple[Resolved, Decoded]:
    """What was judged, and bytes that do exactly that."""
    amount = Amount(asset=effects[0].asset or "sol", units=effects[0].units or 1)
    intent = Intent(kind=kind, to=Destination(address="you"), amount=amount, memo="hi")
    resolved = Resolved(intent=intent, effects=effects, assets=(), likely_fee=Amount(asset="sol", units=5000))
    return resolved, Decoded(chain_id=CHAIN, account="me", effects=effects, max_fee=FEE, memo="hi")


CASES = {
    "native": judged(Kind.TRANSFER, OUT),
    "token": judged(Kind.TOKEN_TRANSFER, TOKEN),
    "token with rent": judged(Kind.TOKEN_TRANSFER, TOKEN, RENT),
    "call": judged(Kind.CONTRACT_CALL, OUT, CALL),
}
RESOLVED, DECODED = CASES["native"]
every_case = pytest.mark.parametrize("case", CASES)


def check(decoded: Decoded, resolved: Resolved = RESOLVED) -> str | None:
    return mismatch(decoded, resolved, ACCOUNT, CHAIN, CAP)


@every_case
def test_the_judged_bytes_pass(case: str) -> None:
    """Bytes that do exactly what was judged are not held up, whatever the order of their effects."""
    resolved, decoded = CASES[case]
    assert check(decoded, resolved) is None
    assert check(replace(decoded, effects=decoded.effects[::-1]), resolved) is None


UNREAD = "the bytes hold something that cannot be read"
MEMO = "the bytes carry another memo"
BOUND = "not one of 0 to 10000 of sol"
MORE, LESS = "the bytes do more than was judged: ", "the bytes do less than was judged: "
BEYOND = "the bytes hold what nobody can judge: "
AUTHORITY = Effect(what=What.AUTHORITY, method="assign")
MUTATIONS: dict[str, tuple[Decoded, str]] = {
    "incomplete": (replace(DECODED, complete=False), UNREAD),
    "another chain": (replace(DECODED, chain_id="solana:o"), "the bytes are for chain solana:o, not solana:test"),
    "another payer": (replace(DECODED, account="thief"), "the bytes are paid by thief, not by me"),
    "fee above the cap": (
        replace(DECODED, max_fee=Amount(asset="sol", units=CAP + 1)),
        f"the bytes allow a fee of 10001 of sol, {BOUND}",
    ),
    "fee below zero": (
        replace(DECODED, max_fee=Amount(asset="sol", units=-1)),
        f"the bytes allow a fee of -1 of sol, {BOUND}",
    ),
    "fee in another asset": (
        replace(DECODED, max_fee=Amount(asset="usd", units=1)),
        f"the bytes allow a fee of 1 of usd, {BOUND}",
    ),
    "another memo": (replace(DECODED, memo="ho"), MEMO),
    "no memo": (replace(DECODED, memo=None), MEMO),
    "nothing paid": (replace(DECODED, effects=()), f"{LESS}out 5 of sol to you"),
    "paid twice": (replace(DECODED, effects=(OUT, OUT)), f"{MORE}out 5 of sol to you"),
    "more": (replace(DECODED, effects=(replace(OUT, units=6),)), f"{MORE}out 6 of sol to you"),
    "less": (replace(DECODED, effects=(replace(OUT, units=4),)), f"{MORE}out 4 of sol to you"),
    "another recipient": (replace(DECODED, effects=(replace(OUT, to="thief"),)), f"{MORE}out 5 of sol to thief"),
    "another asset": (replace(DECODED, effects=(replace(OUT, asset="usd"),)), f"{MORE}out 5 of usd to you"),
    "an allowance instead": (
        replace(DECODED, effects=(replace(OUT, what=What.APPROVE),)),
        f"{MORE}approve 5 of sol to you",
    ),
    "a poisoned extra payment": (
        replace(DECODED, effects=(OUT, replace(OUT, to="thief", units=1))),
        f"{MORE}out 1 of sol to thief",
    ),
    "an authority change": (replace(DECODED, effects=(OUT, AUTHORITY)), f"{BEYOND}authority assign"),
    "something unknown": (replace(DECODED, effects=(OUT, Effect(what=What.UNKNOWN, data="ff"))), f"{BEYOND}unknown"),
    "rent": (replace(DECODED, effects=(OUT, RENT)), f"{MORE}locked 2 of sol to you"),
    "effects on trust": (
        replace(DECODED, on_trust=frozenset({"out", "amount"})),
        "the bytes prove nothing of amount, out: it is only what a node said",
    ),
    "an effect on trust beside rent": (
        replace(DECODED, on_trust=frozenset({"out", "rent"})),
        "the bytes prove nothing of out: it is only what a node said",
    ),
    "rent of another asset on trust": (
        replace(DECODED, effects=(OUT, replace(RENT, asset="usd")), on_trust=frozenset({"rent"})),
        "the bytes prove nothing of rent: it is only what a node said",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_refused(name: str) -> None:
    """Each field of the decoded bytes, changed alone, is refused, and the reason names it and what it is."""
    decoded, why = MUTATIONS[name]
    assert check(decoded) == why


# --- field by field, so that a field added to a record is not forgotten here -------------------------------------------

texts = st.text(alphabet="abcx:/0", max_size=12)
numbers = st.integers(-(10**40), 10**40)
Values = st.SearchStrategy[Any]
OF_EFFECT: dict[str, Values] = {
    "what": st.sampled_from(list(What)),
    "asset": st.none() | texts,
    "units": st.none() | numbers,
    "to": st.none() | texts,
    "method": st.none() | texts,
    "data": st.none() | texts,
}
NOT_JUDGED: dict[str, Values] = {"claims": st.frozensets(texts), "valid_until": st.none() | texts}
"""When and in whose stead bytes can land, not what they do."""
OF_DECODED: dict[str, Values] = {
    "chain_id": texts,
    "account": texts,
    "max_fee": st.builds(Amount, asset=texts, units=st.integers(0, CAP))
    | st.builds(Amount, asset=st.just("sol"), units=numbers),
    "memo": st.none() | texts,
    "complete": st.just(False),
    "on_trust": st.frozensets(texts | st.sampled_from(["rent", "amount", "out"])),
}


def test_no_field_is_forgotten() -> None:
    """Every field of what decode reads is mutated below, or stands among those that say nothing of what the bytes do."""
    assert {field.name for field in fields(Decoded)} == {"effects", *OF_DECODED, *NOT_JUDGED}
    assert {field.name for field in fields(Effect)} == set(OF_EFFECT)
    assert {field.name for field in fields(Amount)} == {"asset", "units"}


def changed(record: Any, field: str, value: Any) -> Any:
    """The record with one field changed."""
    return replace(record, **{field: value})


def is_harmless(field: str, value: Any) -> bool:
    """Whether the value is one that the judgement covers: itself, a smaller fee, or trust in rent alone."""
    if field == "on_trust":
        return bool(value <= {"rent"})
    if field == "max_fee":
        return bool(value.asset == "sol" and 0 <= value.units <= CAP)
    return bool(value == getattr(DECODED, field))


@every_case
@pytest.mark.parametrize("field", OF_DECODED)
@given(data=st.data())
def test_each_field_of_the_bytes_is_compared(case: str, field: str, data: st.DataObject) -> None:
    """One field of the decoded bytes with any other value is refused."""
    resolved, decoded = CASES[case]
    value = data.draw(OF_DECODED[field])
    assert (check(changed(decoded, field, value), resolved) is None) == is_harmless(field, value)


@every_case
@pytest.mark.parametrize("field", OF_EFFECT)
@given(data=st.data())
def test_each_field_of_each_effect_is_compared(case: str, field: str, data: st.DataObject) -> None:
    """One field of one effect with any other value is refused."""
    resolved, decoded = CASES[case]
    position = data.draw(st.integers(0, len(decoded.effects) - 1))
    found = list(decoded.effects)
    found[position] = changed(found[position], field, data.draw(OF_EFFECT[field]))
    is_same = sorted(map(repr, found)) == sorted(map(repr, decoded.effects))
    assert (check(replace(decoded, effects=tuple(found)), resolved) is None) == is_same


@every_case
@pytest.mark.parametrize("field", NOT_JUDGED)
@given(data=st.data())
def test_when_bytes_can_land_is_not_judged(case: str, field: str, data: st.DataObject) -> None:
    """Claims and validity are the chain's business and hold nothing up."""
    resolved, decoded = CASES[case]
    assert check(changed(decoded, field, data.draw(NOT_JUDGED[field])), resolved) is None


effects = st.builds(
    Effect,
    what=st.sampled_from(list(What)),
    asset=st.sampled_from(["sol", "usd", None]),
    units=st.one_of(st.none(), st.integers(0, 10)),
    to=st.sampled_from(["you", "thief", None]),
)


def lacks_strange(found: Sequence[Effect]) -> bool:
    return not any(effect.what in (What.UNKNOWN, What.AUTHORITY) for effect in found)


@given(st.lists(effects, max_size=4))
def test_only_the_judged_effects_pass(found: list[Effect]) -> None:
    """Whatever the bytes do, they pass only when it is the judged effects, each exactly once."""
    assert (check(replace(DECODED, effects=tuple(found))) is None) == (found == [OUT])


@given(st.lists(effects, min_size=1, max_size=4), st.lists(effects, max_size=4), st.randoms(use_true_random=False))
def test_effects_are_compared_as_often_as_they_occur(
    judged_ones: list[Effect], more: list[Effect], chance: Any
) -> None:
    """Bytes pass exactly when their effects are a permutation of the judged ones, and none is beyond judgement."""
    resolved, decoded = judged(Kind.BATCH, *judged_ones)
    shuffled = list(judged_ones)
    chance.shuffle(shuffled)
    assert (check(replace(decoded, effects=tuple(shuffled)), resolved) is None) == lacks_strange(judged_ones)
    if more:
        assert check(replace(decoded, effects=(*shuffled, *more)), resolved) is not None
    assert check(replace(decoded, effects=tuple(shuffled[1:])), resolved) is not None


@pytest.mark.parametrize("what", [What.UNKNOWN, What.AUTHORITY])
def test_what_nobody_can_judge_is_never_signed(what: What) -> None:
    """Unknown effects and authority changes are refused also where a row claims that they were judged."""
    resolved, decoded = judged(Kind.CONTRACT_CALL, Effect(what=what, method="assign"))
    assert check(decoded, resolved) is not None


def test_rent_on_trust_is_the_native_assets_alone() -> None:
    """A node may be believed how much of the native asset an account takes, and of no other asset."""
    resolved, decoded = CASES["token with rent"]
    trusting = replace(decoded, on_trust=frozenset({"rent"}))
    assert check(trusting, resolved) is None
    assert check(replace(trusting, effects=(TOKEN, replace(RENT, units=3))), resolved) is not None
    locked = (TOKEN, replace(RENT, asset="usd"))
    assert check(replace(trusting, effects=locked), replace(resolved, effects=locked)) is not None


RECORDS: dict[str, Callable[[], str | None]] = {
    "judged effects": lambda: check(DECODED, replace(RESOLVED, effects=(replace(OUT, units=6),))),
    "judged memo": lambda: check(DECODED, replace(RESOLVED, intent=replace(RESOLVED.intent, memo="ho"))),
    "fee's asset": lambda: check(DECODED, replace(RESOLVED, likely_fee=Amount(asset="usd", units=1))),
    "account": lambda: mismatch(DECODED, RESOLVED, replace(ACCOUNT, address="other"), CHAIN, CAP),
    "chain": lambda: mismatch(DECODED, RESOLVED, ACCOUNT, "solana:other", CAP),
    "cap": lambda: mismatch(DECODED, RESOLVED, ACCOUNT, CHAIN, CAP - 1),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_change_on_the_other_side_is_refused_too(name: str) -> None:
    """What the bytes are compared with, changed after they were built, no longer fits them."""
    assert RECORDS[name]() is not None
