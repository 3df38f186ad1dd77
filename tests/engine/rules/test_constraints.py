"""Session constraints to the letter: what they measure, what they say, and what is said of those that cannot be read."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.builtin.cases import NATIVE, RENT, TOKEN, Reader, out, resolved
from waiaas.engine.rules.constraints import (
    COUNT,
    TOTAL,
    Constraints,
    TokenConstraint,
    constraint_windows,
    judge_constraints,
    read_constraints,
)
from waiaas.engine.rules.verdicts import Named
from waiaas.errors import BadRequest
from waiaas.interfaces.chain import Effect, Kind, What
from waiaas.interfaces.policy import Tier, Verdict, Window

COIN_TOTAL, TOKEN_TOTAL = TOTAL + NATIVE, TOTAL + TOKEN
NOT_THE_TOKEN = Constraints(tokens=(TokenConstraint(address="other"),))


def token(**limits: str) -> Constraints:
    return Constraints(tokens=(TokenConstraint(address=TOKEN, **limits),))


def refusal(code: str, reason: str, remaining: int | None = None) -> Named:
    return Named(
        verdict=Verdict(tier=Tier.DENY, code=code, reason=reason, remaining=remaining), type="SESSION_CONSTRAINT"
    )


def within(window: str, bound: int, remaining: int | None) -> Named:
    return Named(
        type="SESSION_CONSTRAINT",
        verdict=Verdict(
            tier=Tier.INSTANT,
            code="WITHIN_CONSTRAINT",
            reason="the session's constraints allow it",
            remaining=remaining,
            valid_while={window: bound},
        ),
    )


def total_window(asset: str) -> Window:
    return Window(
        name=TOTAL + asset,
        measure="spent",
        seconds=None,
        scope="session",
        where={"asset": asset, "kinds": "amount,rent,allowance"},
    )


COUNT_WINDOW = Window(name=COUNT, measure="count", seconds=None, scope="session")


@pytest.mark.parametrize(
    ("constraints", "windows"),
    [
        (Constraints(), []),
        (Constraints(maxAmount="5", types=(Kind.TRANSFER,), recipients=("ALICE",)), []),
        (token(maxAmount="5"), []),
        (Constraints(maxTotal="5"), [total_window(NATIVE)]),
        (token(maxTotal="5"), [total_window(TOKEN)]),
        (Constraints(maxTransactions=5), [COUNT_WINDOW]),
        (
            Constraints(
                maxTotal="5", maxTransactions=5,
                tokens=(TokenConstraint(address="other", maxAmount="1"), TokenConstraint(address=TOKEN, maxTotal="5")),
            ),
            [total_window(NATIVE), total_window(TOKEN), COUNT_WINDOW],
        ),
    ],
)  # fmt: skip
def test_totals_and_counts_are_measured_over_the_whole_session(constraints: Constraints, windows: list[Window]) -> None:
    """Each total needs everything of its asset that the session ever moved, a count all its transactions, the rest nothing."""
    assert constraint_windows(constraints, NATIVE) == windows


@pytest.mark.parametrize(
    ("constraints", "effects", "windows", "verdicts"),
    [
        (Constraints(maxAmount="9"), (out(5), RENT), {}, []),
        (
            Constraints(maxAmount="8"), (out(5), RENT), {},
            [refusal("AMOUNT_ABOVE_MAX", f"this session may send at most 8 of {NATIVE} at once", remaining=8)],
        ),
        (
            token(maxAmount="8"), (out(9, asset=TOKEN),), {},
            [refusal("AMOUNT_ABOVE_MAX", f"this session may send at most 8 of {TOKEN} at once", remaining=8)],
        ),
    ],
)  # fmt: skip
def test_an_amount_is_held_by_its_maximum(
    constraints: Constraints, effects: tuple[Effect, ...], windows: Mapping[str, int], verdicts: list[Named]
) -> None:
    """All that leaves or is locked of the asset, up to the maximum and no base unit more; the maximum is told."""
    assert judge_constraints(constraints, resolved(effects), NATIVE, windows) == verdicts


@pytest.mark.parametrize(
    ("constraints", "effect", "windows", "verdicts"),
    [
        (Constraints(maxTotal="9"), out(5), {COIN_TOTAL: 1}, [within(COIN_TOTAL, 4, 3)]),
        (Constraints(maxTotal="9"), out(5), {COIN_TOTAL: 4}, [within(COIN_TOTAL, 4, 0)]),
        (
            Constraints(maxTotal="9"), out(5), {COIN_TOTAL: 5},
            [refusal("TOTAL_ABOVE_MAX", f"this session may send 9 of {NATIVE} in all and has 4 left", remaining=4)],
        ),
        (
            Constraints(maxTotal="9"), out(5), {COIN_TOTAL: 11},
            [refusal("TOTAL_ABOVE_MAX", f"this session may send 9 of {NATIVE} in all and has 0 left", remaining=0)],
        ),
        (Constraints(maxTotal="9"), out(5, asset=TOKEN), {COIN_TOTAL: 11}, []),
        (token(maxTotal="9"), out(5, asset=TOKEN), {TOKEN_TOTAL: 1}, [within(TOKEN_TOTAL, 4, 3)]),
        (
            token(maxTotal="9"), out(5, asset=TOKEN), {TOKEN_TOTAL: 5},
            [refusal("TOTAL_ABOVE_MAX", f"this session may send 9 of {TOKEN} in all and has 4 left", remaining=4)],
        ),
    ],
)  # fmt: skip
def test_a_total_says_what_it_leaves(
    constraints: Constraints, effect: Effect, windows: Mapping[str, int], verdicts: list[Named]
) -> None:
    """Within it: what is left after this, and up to which sum that holds; beyond it: what was left before, never below 0."""
    assert judge_constraints(constraints, resolved((effect,)), NATIVE, windows) == verdicts


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        (0, within(COUNT, 2, None)),
        (2, within(COUNT, 2, None)),
        (3, refusal("TRANSACTIONS_USED_UP", "this session may send 3 transactions and has", remaining=0)),
    ],
)
def test_the_last_transaction_is_the_one_that_makes_the_count_full(sent: int, verdict: Named) -> None:
    """Another may go while fewer than the limit were sent, and none after."""
    assert judge_constraints(Constraints(maxTransactions=3), resolved((out(5),)), NATIVE, {COUNT: sent}) == [verdict]


@pytest.mark.parametrize(
    ("constraints", "effects", "verdict"),
    [
        (
            Constraints(types=(Kind.TOKEN_TRANSFER,)), (out(5),),
            refusal("TYPE_NOT_ALLOWED", "this session may not send TRANSFER"),
        ),
        (
            Constraints(recipients=("ALICE",)), (out(5), out(5, "ANNA"), out(5, "ADAM")),
            refusal("RECIPIENT_NOT_ALLOWED", "this session may not pay ANNA"),
        ),
        (
            Constraints(recipients=("ALICE",)), (Effect(what=What.APPROVE, asset=TOKEN, units=5, to="ANNA"),),
            refusal("RECIPIENT_NOT_ALLOWED", "this session may not pay ANNA"),
        ),
        (
            NOT_THE_TOKEN, (out(5), out(5, asset="other"), out(5, asset=TOKEN)),
            refusal("TOKEN_NOT_ALLOWED", f"this session may not move {TOKEN}"),
        ),
    ],
)  # fmt: skip
def test_what_is_on_no_list_is_named(constraints: Constraints, effects: tuple[Effect, ...], verdict: Named) -> None:
    """A kind, a recipient or a token that its list leaves out is refused under its own code, and the first of them told."""
    assert judge_constraints(constraints, resolved(effects), NATIVE, {}) == [verdict]


def test_every_constraint_that_is_broken_is_told() -> None:
    """One refusal does not hide another, and a token's limits do not replace the session's own."""
    constraints = Constraints(
        maxAmount="1", maxTransactions=1, types=(), recipients=(),
        tokens=(TokenConstraint(address=TOKEN, maxAmount="1"),),
    )  # fmt: skip
    effects = (out(2), out(2, asset=TOKEN), out(2, asset="other"))
    assert [
        (named.verdict.tier, named.verdict.code)
        for named in judge_constraints(constraints, resolved(effects), NATIVE, {COUNT: 1})
    ] == [
        (Tier.DENY, "TYPE_NOT_ALLOWED"),
        (Tier.DENY, "RECIPIENT_NOT_ALLOWED"),
        (Tier.DENY, "AMOUNT_ABOVE_MAX"),
        (Tier.DENY, "AMOUNT_ABOVE_MAX"),
        (Tier.DENY, "TOKEN_NOT_ALLOWED"),
        (Tier.DENY, "TRANSACTIONS_USED_UP"),
    ]


def test_addresses_become_canonical_and_all_else_stays() -> None:
    """With a reader every recipient and token has its one text; limits and lists that were not given are as they came."""
    document = {
        "maxAmount": "5", "maxTotal": "9", "maxTransactions": 3, "types": ["TRANSFER"], "recipients": ["alice", "Anna"],
        "tokens": [{"address": "Mint", "maxAmount": "1", "maxTotal": "2"}, {"address": "native"}], "signMessages": False,
    }  # fmt: skip
    assert read_constraints(document, Reader()) == Constraints(
        maxAmount="5", maxTotal="9", maxTransactions=3, types=(Kind.TRANSFER,), recipients=("ALICE", "ANNA"),
        tokens=(TokenConstraint(address=TOKEN, maxAmount="1", maxTotal="2"), TokenConstraint(address=NATIVE)),
        signMessages=False,
    )  # fmt: skip
    assert read_constraints({}, Reader()) == Constraints()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"maxAmount": 5, "unknown": 1}, "constraints.maxAmount: must be a text"),
        ({"unknown": 1}, "constraints.unknown: is unknown"),
        (
            {"tokens": [{"address": "a"}, {"address": 1}]},
            "constraints.tokens.1.address: must be a text",
        ),
    ],
)
def test_the_first_field_that_is_wrong_is_named(document: dict[str, Any], message: str) -> None:
    """The refusal tells the field's path, what was expected there, and where to read on."""
    with pytest.raises(BadRequest) as refused:
        read_constraints(document)
    assert (refused.value.code, refused.value.message, refused.value.hint) == (
        "MALFORMED", message, "see the session constraints in the documentation",
    )  # fmt: skip
