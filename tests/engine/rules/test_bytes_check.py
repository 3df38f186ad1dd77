"""The check before signing: every mutation of the decoded bytes is refused (invariant 1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.bytes_check import mismatch
from waiaas.interfaces.chain import Account, Amount, Decoded, Destination, Effect, Intent, Kind, Resolved, What
from waiaas.interfaces.signing import PublicKey, Scheme

CHAIN, CAP = "solana:test", 10_000
ACCOUNT = Account(address="me", key=PublicKey(scheme=Scheme.ED25519, data=b"k" * 32), form="default")
OUT = Effect(what=What.OUT, asset="sol", units=5, to="you")
RESOLVED = Resolved(
    intent=Intent(kind=Kind.TRANSFER, to=Destination(address="you"), amount=Amount(asset="sol", units=5), memo="hi"),
    effects=(OUT,),
    assets=(),
    likely_fee=Amount(asset="sol", units=5000),
)
DECODED = Decoded(chain_id=CHAIN, account="me", effects=(OUT,), max_fee=Amount(asset="sol", units=CAP), memo="hi")


def check(decoded: Decoded) -> str | None:
    return mismatch(decoded, RESOLVED, ACCOUNT, CHAIN, CAP)


def test_the_judged_bytes_pass() -> None:
    """Bytes that do exactly what was judged are not held up."""
    assert check(DECODED) is None


MUTATIONS = {
    "incomplete": replace(DECODED, complete=False),
    "another chain": replace(DECODED, chain_id="solana:other"),
    "another payer": replace(DECODED, account="thief"),
    "fee above the cap": replace(DECODED, max_fee=Amount(asset="sol", units=CAP + 1)),
    "fee in another asset": replace(DECODED, max_fee=Amount(asset="usd", units=1)),
    "another memo": replace(DECODED, memo="ho"),
    "no memo": replace(DECODED, memo=None),
    "nothing paid": replace(DECODED, effects=()),
    "paid twice": replace(DECODED, effects=(OUT, OUT)),
    "more": replace(DECODED, effects=(replace(OUT, units=6),)),
    "less": replace(DECODED, effects=(replace(OUT, units=4),)),
    "another recipient": replace(DECODED, effects=(replace(OUT, to="thief"),)),
    "another asset": replace(DECODED, effects=(replace(OUT, asset="usd"),)),
    "an allowance instead": replace(DECODED, effects=(replace(OUT, what=What.APPROVE),)),
    "a poisoned extra payment": replace(DECODED, effects=(OUT, replace(OUT, to="thief", units=1))),
    "an authority change": replace(DECODED, effects=(OUT, Effect(what=What.AUTHORITY, method="assign"))),
    "something unknown": replace(DECODED, effects=(OUT, Effect(what=What.UNKNOWN, data="ff"))),
    "rent": replace(DECODED, effects=(OUT, Effect(what=What.LOCKED, asset="sol", units=1))),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_refused(name: str) -> None:
    """Each field of the decoded bytes, changed alone, is named and refused."""
    assert check(MUTATIONS[name]) is not None


effects = st.builds(
    Effect,
    what=st.sampled_from(list(What)),
    asset=st.sampled_from(["sol", "usd", None]),
    units=st.one_of(st.none(), st.integers(0, 10)),
    to=st.sampled_from(["you", "thief", None]),
)


@given(st.lists(effects, max_size=4))
def test_only_the_judged_effects_pass(found: list[Effect]) -> None:
    """Whatever the bytes do, they pass only when it is the judged effects, each exactly once."""
    assert (check(replace(DECODED, effects=tuple(found))) is None) == (found == [OUT])
