"""EXPRESSION: where an expression in CEL over the facts is true, the verdict holds. It restricts, it never grants.

What a person wrote is evaluated, so it is judged in a process that can be killed (``is_isolated``), like a stranger's type. An
expression that fails denies; one that needs a price that there is not is for a person to decide.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import AssetReader, Facts, PolicyType, Tier, Verdict, Window, strictest
from waiaas.interfaces.spelling import require_one_spelling

_SHOWN = 160
_COMPARED = re.compile(r"""\.(?:above|atLeast|below|atMost)\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
_DISPLAY = re.compile(r"[0-9]{1,90}(?:\.[0-9]{1,90})? ?[A-Za-z$]{2}[A-Za-z0-9$._+-]{0,14}", re.ASCII)


def _upper(given: object) -> object:
    return given.upper() if isinstance(given, str) else given


class ExpressionRules(BaseModel):
    """One expression and what follows from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expression: str = Field(min_length=1, max_length=4000, description="CEL over the facts; true or false")
    verdict: Annotated[Tier, BeforeValidator(_upper)] = Field(
        default=Tier.DENY, description="where it is true: deny, or the tier that a transaction gets at least"
    )


class Expression(PolicyType[ExpressionRules]):
    """See the module."""

    type = "EXPRESSION"
    rules_model = ExpressionRules
    grants = False
    is_isolated = True

    def prepare(self) -> None:
        """Load the library, which is the slow part of a first judgement."""
        from waiaas.builtin.cel_language import check  # noqa: PLC0415 - loaded where expressions are, see there

        check("true")

    def normalise(self, rules: ExpressionRules, reader: AssetReader) -> ExpressionRules:
        """Unchanged, once the expression was found to be one, with addresses and assets as they are compared."""
        from waiaas.builtin.cel_language import check  # noqa: PLC0415 - as above

        check(rules.expression)
        require_one_spelling(rules.expression, reader)
        _require_numbers(rules.expression)
        return rules

    def windows(self, rules: ExpressionRules, resolved: Resolved) -> Sequence[Window]:
        """None: the past does not matter."""
        return ()

    def judge(self, rules: ExpressionRules, facts: Facts) -> Verdict | None:
        """The verdict where the expression is true; None where it is false."""
        from waiaas.builtin.cel_language import Failed, PriceMissing, is_true  # noqa: PLC0415 - as above

        try:
            if not is_true(rules.expression, facts):
                return None
        except PriceMissing:
            reason = f"there is no fresh price for it to be judged by: {_shown(rules.expression)}"
            return Verdict(tier=strictest((Tier.APPROVAL, rules.verdict)), code="PRICE_MISSING", reason=reason)
        except Failed as problem:
            reason = f"the expression has no value here ({problem}): {_shown(rules.expression)}"
            return Verdict(tier=Tier.DENY, code="EXPRESSION_FAILED", reason=reason)
        return Verdict(tier=rules.verdict, code="EXPRESSION_TRUE", reason=f"it is so that {_shown(rules.expression)}")

    def is_tighter(self, old: ExpressionRules, new: ExpressionRules) -> bool:
        """The same expression with a verdict that is no milder; two expressions are not compared."""
        return old.expression == new.expression and new.verdict.rank >= old.verdict.rank


def _require_numbers(expression: str) -> None:
    """What an amount is compared with is digits: display units would fail at each judgement, and deny.

    :raises Malformed: for the first quoted text that is written with a symbol, such as ``'5SOL'``
    """
    for one, other in _COMPARED.findall(expression):
        if _DISPLAY.fullmatch(one or other):
            raise Malformed(
                f"{(one or other)[:40]!r} is not a number to compare an amount with",
                hint="inside an expression amounts are base units ('5000000000'), and dollars decimals ('12.5')",
            )


def _shown(expression: str) -> str:
    return expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…"
