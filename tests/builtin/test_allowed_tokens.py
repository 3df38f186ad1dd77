from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, RENT, TOKEN, Reader, facts, out, resolved
from waiaas.builtin.allowed_tokens import AllowedTokens, TokenRules
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.policy import Tier, Verdict

POLICY = AllowedTokens()
TOKENS = [TOKEN, "solana:test/token:Other", "solana:test/token:Third"]
documents = st.builds(TokenRules, tokens=st.lists(st.sampled_from(TOKENS), min_size=1, unique=True))
effects = st.builds(
    Effect,
    what=st.sampled_from(list(What)),
    asset=st.none() | st.sampled_from([NATIVE, *TOKENS]),
    units=st.none() | st.integers(0, 9),
    to=st.just("ALICE"),
)


def rules(*tokens: str) -> TokenRules:
    return POLICY.normalise(TokenRules(tokens=tokens), Reader())


def judged(document: TokenRules, *given_effects: Effect) -> Verdict | None:
    return POLICY.judge(document, facts(*given_effects))


def tier(document: TokenRules, *given_effects: Effect) -> Tier | None:
    verdict = judged(document, *given_effects)
    return verdict.tier if verdict else None


def grants(document: TokenRules, *given_effects: Effect) -> bool:
    verdict = judged(document, *given_effects)
    return verdict is not None and verdict.grants


def test_listed_tokens_are_granted_and_all_others_denied() -> None:
    """A plain transfer of a listed token goes, of any other it is denied with the token's id."""
    assert (tier(rules("Mint"), out(1, asset=TOKEN)), grants(rules("Mint"), out(1, asset=TOKEN))) == (
        Tier.INSTANT,
        True,
    )
    denial = judged(rules("Mint"), out(1, asset=TOKENS[1]))
    assert denial is not None
    assert (denial.tier, denial.code, denial.grants) == (Tier.DENY, "TOKEN_NOT_ALLOWED", False)
    assert TOKENS[1] in denial.reason


def test_the_native_asset_is_not_its_business() -> None:
    """A transfer that moves no token gets no verdict; the rent of a token's new account is spoken for."""
    assert judged(rules("Mint"), out(1)) is None
    assert judged(rules("Mint"), RENT) is None
    assert judged(rules("Mint")) is None
    assert grants(rules("Mint"), out(1, asset=TOKEN), RENT)


def test_whatever_else_happens_is_not_granted() -> None:
    """Native outflows, allowances, calls and what nobody can read beside the token take the grant away."""
    document, plain = rules("Mint"), out(1, asset=TOKEN)
    beside = [out(1), *(Effect(what=what) for what in (What.UNKNOWN, What.AUTHORITY, What.CALL))]
    beside += [Effect(what=What.APPROVE, asset=TOKEN, units=1, to="ALICE")]
    for effect in beside:
        assert tier(document, plain, effect) is Tier.INSTANT
        assert not grants(document, plain, effect)


def test_one_strange_token_among_many_decides() -> None:
    """Every token that moves is judged, also one that is only lent, locked or without a name."""
    for effect in (
        out(0, asset=TOKENS[1]),
        out(1, asset=TOKENS[1]),
        Effect(what=What.APPROVE, asset=TOKENS[1], units=1),
        Effect(what=What.LOCKED, asset=TOKENS[1], units=1),
        Effect(what=What.OUT, units=1),
    ):
        assert tier(rules("Mint"), out(1, asset=TOKEN), effect) is Tier.DENY


def test_tokens_are_stored_as_their_one_id() -> None:
    """Addresses and ids of one token are one entry, and what no chain reads is refused."""
    assert rules("Mint", TOKEN).tokens == (TOKEN,)
    with pytest.raises(Malformed):
        rules("Moon")


@pytest.mark.parametrize(
    "document",
    [
        {}, {"tokens": []}, {"tokens": "Mint"}, {"tokens": [""]}, {"tokens": [1]}, {"tokens": ["native"]},
        {"tokens": ["t" * 257]}, {"tokens": ["t"] * 1001}, {"tokens": ["t"], "otherwise": "approval"},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """An empty list, the native asset, other types and unknown keys are refused."""
    with pytest.raises(ValidationError):
        TokenRules(**document)


def test_a_rules_document_reads_back_from_json() -> None:
    """What is stored is what was meant."""
    assert TokenRules.model_validate_json(rules("Mint").model_dump_json()) == rules("Mint")


def test_the_past_does_not_matter() -> None:
    """No window is asked for."""
    assert POLICY.windows(rules("Mint"), resolved((out(1, asset=TOKEN),))) == ()


@given(old=documents, new=documents)
def test_tighter_is_what_trying_every_token_says(old: TokenRules, new: TokenRules) -> None:
    """The answer agrees with every token tried, for the tier and for the grant."""
    tries = [(judged(old, out(1, asset=token)), judged(new, out(1, asset=token))) for token in TOKENS]
    milder = any(after and before and after.tier.rank < before.tier.rank for before, after in tries)
    assert POLICY.is_tighter(old, new) is not milder


@given(document=documents, some=st.lists(effects, max_size=4), more=st.lists(effects, max_size=2))
def test_more_effects_are_never_judged_milder(document: TokenRules, some: list[Effect], more: list[Effect]) -> None:
    """Adding effects only makes a verdict stricter and never adds a grant, in whatever order they come."""
    before, after, reordered = judged(document, *some), judged(document, *some, *more), judged(document, *more, *some)
    assert (after and after.tier, after and after.grants) == (
        reordered and reordered.tier,
        reordered and reordered.grants,
    )
    if before is not None:
        assert after is not None
        assert before.tier.rank <= after.tier.rank
        assert before.grants >= after.grants


@given(document=documents, units=st.integers(0, 10**40), token=st.sampled_from(TOKENS))
def test_the_amount_does_not_matter(document: TokenRules, units: int, token: str) -> None:
    """It sets no amounts: a token's verdict is the same for every one."""
    assert tier(document, out(units, asset=token)) is tier(document, out(1, asset=token))
