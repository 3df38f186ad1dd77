"""ALLOWED_TOKENS: tokens that may leave. It grants plain transfers of those on the list and denies whatever moves another.

It sets no amounts: a SPENDING_LIMIT of the token does. The native asset is not its business.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import AssetReader, Facts, PolicyType, Tier, Verdict, Window

_MOVES = frozenset({What.OUT, What.LOCKED, What.APPROVE})
_PLAIN = frozenset({What.OUT, What.LOCKED})


def _is_token(text: str) -> str:
    if text == "native":
        raise ValueError("the native asset is no token")
    return text


Token = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_is_token)]


class TokenRules(BaseModel):
    """At least one token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[Token, ...] = Field(
        min_length=1,
        max_length=1000,
        description="tokens that may leave: addresses, or CAIP-19 (a global policy takes CAIP-19 alone)",
    )


class AllowedTokens(PolicyType[TokenRules]):
    """See the module."""

    type = "ALLOWED_TOKENS"
    rules_model = TokenRules
    grants = True

    def normalise(self, rules: TokenRules, reader: AssetReader) -> TokenRules:
        """Each token becomes its one id; the order is kept, repetitions go."""
        ids = dict.fromkeys(reader.asset(token) for token in rules.tokens)
        return rules.model_copy(update={"tokens": tuple(ids)})

    def windows(self, rules: TokenRules, resolved: Resolved) -> Sequence[Window]:
        """None: the past does not matter."""
        return ()

    def judge(self, rules: TokenRules, facts: Facts) -> Verdict | None:
        """INSTANT where every token that moves is listed, DENY otherwise; None where no token moves.

        It grants when the transaction does nothing but move listed tokens and lock native rent for that. An allowance of a
        listed token is not denied here, and not granted either.
        """
        moved = [effect for effect in facts.effects if effect.what in _MOVES and effect.asset != facts.native]
        if not moved:
            return None
        stranger = next((effect for effect in moved if effect.asset not in rules.tokens), None)
        if stranger is not None:
            reason = f"{stranger.asset or 'a token without a name'} is not on the list of tokens"
            return Verdict(tier=Tier.DENY, code="TOKEN_NOT_ALLOWED", reason=reason)
        return Verdict(
            tier=Tier.INSTANT,
            code="TOKEN_ALLOWED",
            reason="every token is on the list",
            grants=all(_is_covered(effect, facts.native) for effect in facts.effects),
        )

    def is_tighter(self, old: TokenRules, new: TokenRules) -> bool:
        """No token more."""
        return set(new.tokens) <= set(old.tokens)


def _is_covered(effect: Effect, native: str) -> bool:
    """Whether the list speaks for the effect; that its token is listed is known by now."""
    return effect.what is What.LOCKED if effect.asset == native else effect.what in _PLAIN
