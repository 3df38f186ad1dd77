"""How verdicts combine: strictest wins, order never matters, restrictions never loosen (invariant 10)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.verdicts import Decision, Named, combine, unreadable, wire_verdict
from waiaas.interfaces.chain import Caution, Effect, Kind, What
from waiaas.interfaces.policy import RECIPIENTS_NAMED, Tier, Verdict

PAYMENT = (Effect(what=What.OUT, asset="a", units=5, to="x"),)

named = st.builds(
    lambda tier, grants, policy_id, priority, delay: Named(
        verdict=Verdict(tier=tier, code=tier.value, reason="r", grants=grants, delay_seconds=delay),
        type="T",
        policy_id=policy_id,
        priority=priority,
    ),
    st.sampled_from(list(Tier)),
    st.booleans(),
    st.uuids().map(str),
    st.integers(-5, 5),
    st.one_of(st.none(), st.integers(1, 1000)),
)


@given(st.lists(named, max_size=6), st.randoms(use_true_random=False))
def test_order_never_matters(verdicts: list[Named], chance: random.Random) -> None:
    """Any order of the same verdicts gives the same tier, named policy and delay."""
    shuffled = list(verdicts)
    chance.shuffle(shuffled)
    first, second = (combine(items, Kind.TRANSFER, PAYMENT, 300) for items in (verdicts, shuffled))
    assert (first.tier, first.named, first.delay_seconds) == (second.tier, second.named, second.delay_seconds)


@given(st.lists(named, max_size=5), named)
def test_a_restriction_never_loosens(verdicts: list[Named], more: Named) -> None:
    """One more verdict that does not grant leaves the tier as strict, or makes it stricter."""
    restriction = Named(
        verdict=Verdict(tier=more.verdict.tier, code="R", reason="r"), type="R", policy_id=more.policy_id
    )
    before = combine(verdicts, Kind.TRANSFER, PAYMENT, 300)
    after = combine([*verdicts, restriction], Kind.TRANSFER, PAYMENT, 300)
    assert after.tier.rank >= before.tier.rank


@given(st.lists(named, max_size=6))
def test_the_tier_is_the_strictest_of_all(verdicts: list[Named]) -> None:
    """No verdict is stricter than the decision."""
    decision = combine(verdicts, Kind.TRANSFER, PAYMENT, 300)
    assert decision.tier.rank == max(item.verdict.tier.rank for item in decision.verdicts)
    assert decision.named in decision.verdicts


def test_without_a_grant_a_transfer_needs_a_person_and_the_rest_is_denied() -> None:
    """The default is APPROVAL for a plain transfer and DENY for all else, but for a cancel that moves nothing."""
    for kind in Kind:
        expected = Tier.APPROVAL if kind is Kind.TRANSFER else Tier.DENY
        decision = combine([], kind, PAYMENT, 300)
        assert (decision.tier, decision.named.verdict.code) == (expected, "NO_GRANT")
    cancel = combine([], Kind.CANCEL, (), 300)
    assert (cancel.tier, cancel.named.verdict.code) == (Tier.INSTANT, "NOTHING_LEAVES")


def test_a_restriction_alone_grants_nothing() -> None:
    """An INSTANT verdict of a type that does not grant leaves the default in place."""
    mild = Named(verdict=Verdict(tier=Tier.INSTANT, code="OK", reason="r"), type="R", policy_id="p")
    assert combine([mild], Kind.TRANSFER, PAYMENT, 300).tier is Tier.APPROVAL


def test_effects_that_no_rule_understands_are_denied_in_spite_of_every_grant() -> None:
    """Authority changes, calls, unknown effects and unlimited allowances are denied."""
    grant = Named(verdict=Verdict(tier=Tier.INSTANT, code="OK", reason="r", grants=True), type="G", policy_id="p")
    strange = [
        Effect(what=What.AUTHORITY, method="assign"),
        Effect(what=What.UNKNOWN, data="00"),
        Effect(what=What.CALL, method="foo"),
        Effect(what=What.APPROVE, asset="a", units=None, to="x"),
        Effect(what=What.OUT, asset="a", units=-1, to="x"),
        Effect(what=What.OUT, asset=None, units=1, to="x"),
        Effect(what=What.LOCKED, asset="a", units=None, to="x"),
    ]
    assert combine([grant], Kind.TRANSFER, PAYMENT, 300).tier is Tier.INSTANT
    for effect in strange:
        assert combine([grant], Kind.TRANSFER, (*PAYMENT, effect), 300).tier is Tier.DENY


def test_the_longest_delay_counts() -> None:
    """A DELAY that names no length takes the configured one; the longest of all holds."""

    def delay(seconds: int | None) -> Named:
        return Named(
            verdict=Verdict(tier=Tier.DELAY, code="D", reason="r", delay_seconds=seconds, grants=True),
            type="T",
            policy_id="p",
        )

    assert combine([delay(10), delay(None)], Kind.TRANSFER, PAYMENT, 300).delay_seconds == 300
    assert combine([delay(10), delay(20)], Kind.TRANSFER, PAYMENT, 300).delay_seconds == 20


# --- grants narrow each other ------------------------------------------------------------------------------------------


@given(st.lists(named, max_size=5), named)
def test_every_further_verdict_only_narrows_once_there_is_a_grant(verdicts: list[Named], more: Named) -> None:
    """With one grant in force, another policy of a granting type makes the tier stricter or leaves it: all must allow it."""
    granted = [*verdicts, Named(verdict=Verdict(tier=Tier.INSTANT, code="OK", reason="r", grants=True), type="G")]
    before = combine(granted, Kind.TOKEN_TRANSFER, PAYMENT, 300)
    after = combine([*granted, more], Kind.TOKEN_TRANSFER, PAYMENT, 300)
    assert after.tier.rank >= max(before.tier.rank, more.verdict.tier.rank)


def test_a_token_needs_a_grant_and_one_is_enough() -> None:
    """Without a grant a token's transfer is denied, with one it goes, with one that denies it does not."""
    denial = Named(verdict=Verdict(tier=Tier.DENY, code="NO", reason="r"), type="G", policy_id="q")
    assert combine([], Kind.TOKEN_TRANSFER, PAYMENT, 300).tier is Tier.DENY
    assert combine([grant()], Kind.TOKEN_TRANSFER, PAYMENT, 300).tier is Tier.INSTANT
    assert combine([grant(), denial], Kind.TOKEN_TRANSFER, PAYMENT, 300).tier is Tier.DENY


# --- cautions ----------------------------------------------------------------------------------------------------------

ASSET = Caution(code="PERMANENT_DELEGATE", text="its issuer can take it back", about="asset")
RECIPIENT = Caution(code="OFF_CURVE", text="no key can sign for the recipient", about="recipient")
USE = Caution(code="TOKEN_ACCOUNT", text="the recipient is a token account", about="use")
cautions = st.lists(st.sampled_from([ASSET, RECIPIENT, USE]), max_size=3)


def grant(*marks: str) -> Named:
    verdict = Verdict(tier=Tier.INSTANT, code="OK", reason="r", grants=True, marks=frozenset(marks))
    return Named(verdict=verdict, type="G", policy_id="p")


def test_a_caution_about_the_asset_needs_a_person() -> None:
    """Power that somebody else has over the asset is at least APPROVAL, under its own code and words, whoever is named."""
    for marks in ((), (RECIPIENTS_NAMED,)):
        decision = combine([grant(*marks)], Kind.TOKEN_TRANSFER, PAYMENT, 300, [ASSET])
        assert (decision.tier, decision.named.verdict.code) == (Tier.APPROVAL, "PERMANENT_DELEGATE")
        assert decision.named.verdict.reason == ASSET.text


def test_a_caution_about_the_recipient_denies_unless_a_policy_names_it() -> None:
    """Nobody is paid who may be unable to spend it, but where an operator has named the recipient; a grant is needed still."""
    decision = combine([grant()], Kind.TOKEN_TRANSFER, PAYMENT, 300, [RECIPIENT])
    assert (decision.tier, decision.named.verdict.code) == (Tier.DENY, "OFF_CURVE")
    assert combine([grant(RECIPIENTS_NAMED)], Kind.TOKEN_TRANSFER, PAYMENT, 300, [RECIPIENT]).tier is Tier.INSTANT
    assert combine([grant("OTHER")], Kind.TOKEN_TRANSFER, PAYMENT, 300, [RECIPIENT]).tier is Tier.DENY
    mark = Verdict(tier=Tier.INSTANT, code="OK", reason="r", marks=frozenset({RECIPIENTS_NAMED}))
    assert combine([Named(verdict=mark, type="R")], Kind.TOKEN_TRANSFER, PAYMENT, 300, [RECIPIENT]).tier is Tier.DENY


def test_a_caution_about_the_use_needs_a_person_unless_a_policy_names_the_recipient() -> None:
    """Money for what is no plain wallet waits for a person; an operator who names the recipient has decided."""
    decision = combine([grant()], Kind.TRANSFER, PAYMENT, 300, [USE])
    assert (decision.tier, decision.named.verdict.code) == (Tier.APPROVAL, "TOKEN_ACCOUNT")
    assert decision.named.verdict.reason == USE.text
    assert combine([grant(RECIPIENTS_NAMED)], Kind.TRANSFER, PAYMENT, 300, [USE]).tier is Tier.INSTANT
    assert combine([grant("OTHER")], Kind.TRANSFER, PAYMENT, 300, [USE]).tier is Tier.APPROVAL


@given(st.lists(named, max_size=5), cautions, cautions)
def test_a_caution_never_loosens(verdicts: list[Named], some: list[Caution], more: list[Caution]) -> None:
    """Whatever the chain says besides, the tier stays or becomes stricter, and the order of cautions does not matter."""
    bare = combine(verdicts, Kind.TRANSFER, PAYMENT, 300)
    before = combine(verdicts, Kind.TRANSFER, PAYMENT, 300, some)
    after = combine(verdicts, Kind.TRANSFER, PAYMENT, 300, [*some, *more])
    assert bare.tier.rank <= before.tier.rank <= after.tier.rank
    assert combine(verdicts, Kind.TRANSFER, PAYMENT, 300, [*more, *some]).tier is after.tier


# --- to the letter -----------------------------------------------------------------------------------------------------


def said(type_: str, tier: Tier, code: str, reason: str) -> Named:
    """What a rule of the house says: it is no policy's, grants nothing and tells no figures."""
    return Named(verdict=Verdict(tier=tier, code=code, reason=reason), type=type_)


AUTHORITY = said("EFFECTS", Tier.DENY, "AUTHORITY_CHANGE", "it would hand control of the account to somebody")
STRANGE = said("EFFECTS", Tier.DENY, "UNKNOWN_EFFECT", "it does something that no policy understands")
NAMELESS = said("EFFECTS", Tier.DENY, "UNKNOWN_EFFECT", "it moves something that has no name or amount")
UNLIMITED = said("EFFECTS", Tier.DENY, "UNBOUNDED", "it would let somebody take an unlimited amount")


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect(what=What.AUTHORITY, asset="a", units=0), AUTHORITY),
        (Effect(what=What.UNKNOWN, asset="a", units=0), STRANGE),
        (Effect(what=What.CALL, asset="a", units=0), STRANGE),
        (Effect(what=What.OUT, asset=None, units=1), NAMELESS),
        (Effect(what=What.OUT, asset="a", units=-1), NAMELESS),
        (Effect(what=What.APPROVE, asset="a", units=None), UNLIMITED),
    ],
)
def test_each_effect_that_nobody_can_judge_is_denied_in_words(effect: Effect, verdict: Named) -> None:
    """Beside effects that move something or nothing, the one that cannot be judged has one denial, and it decides."""
    nothing = Effect(what=What.APPROVE, asset="a", units=0, to="x")
    assert combine([grant()], Kind.TRANSFER, (*PAYMENT, nothing, effect), 300) == Decision(
        tier=Tier.DENY, named=verdict, verdicts=(grant(), verdict), delay_seconds=300
    )


@pytest.mark.parametrize("kind", Kind)
def test_a_missing_grant_is_told_with_what_follows(kind: Kind) -> None:
    """The default names the kind and says whether a person can still let it pass."""
    tier, what = Tier.DENY, "it is denied"
    if kind is Kind.TRANSFER:
        tier, what = Tier.APPROVAL, "a person must approve it"
    default = said("DEFAULT", tier, "NO_GRANT", f"no policy speaks for this {kind.value}, so {what}")
    assert combine([], kind, PAYMENT, 300) == Decision(tier=tier, named=default, verdicts=(default,), delay_seconds=300)


def test_a_cancel_that_moves_nothing_is_told_so() -> None:
    """It passes without any policy, in words of its own."""
    passed = said("DEFAULT", Tier.INSTANT, "NOTHING_LEAVES", "it takes another's place and nothing but a fee leaves")
    assert combine([], Kind.CANCEL, (), 300) == Decision(
        tier=Tier.INSTANT, named=passed, verdicts=(passed,), delay_seconds=300
    )


def test_each_caution_is_told_in_the_chains_words() -> None:
    """Under the chain's own code; of a recipient's it is said besides what an operator can do about it."""
    about_asset = said("CAUTION", Tier.APPROVAL, "PERMANENT_DELEGATE", "its issuer can take it back")
    about_recipient = said(
        "CAUTION", Tier.DENY, "OFF_CURVE",
        "no key can sign for the recipient; a policy of the type ALLOWED_ADDRESSES has to name the recipient",
    )  # fmt: skip
    assert combine([grant()], Kind.TOKEN_TRANSFER, PAYMENT, 300, [ASSET, RECIPIENT]) == Decision(
        tier=Tier.DENY, named=about_recipient, verdicts=(grant(), about_asset, about_recipient), delay_seconds=300
    )


def test_a_policy_is_named_before_a_rule_of_the_house_that_is_as_strict() -> None:
    """Of two denials of one priority the agent is told the one that an operator wrote, whatever its id."""
    denial = unreadable("0", "A", "r")
    assert combine([denial], Kind.TOKEN_TRANSFER, PAYMENT, 300).named == denial


def test_what_cannot_be_read_denies_in_the_policys_name() -> None:
    """The denial carries the policy's id and type and the reason, under a general code where no other is given."""
    verdict = Verdict(tier=Tier.DENY, code="POLICY_UNREADABLE", reason="why")
    assert unreadable("p", "T", "why") == Named(verdict=verdict, type="T", policy_id="p")
    special = Verdict(tier=Tier.DENY, code="POLICY_TYPE_MISSING", reason="why")
    assert unreadable("p", "T", "why", "POLICY_TYPE_MISSING") == Named(verdict=special, type="T", policy_id="p")


@pytest.mark.parametrize(("remaining", "shown"), [(None, None), (0, "0"), (10**30, "1" + 30 * "0")])
def test_a_verdict_goes_over_the_wire_without_what_is_the_houses_business(
    remaining: int | None, shown: str | None
) -> None:
    """Agents see who said what and when more is possible, amounts as strings; bounds, marks and grants they do not see."""
    verdict = Verdict(
        tier=Tier.DELAY, code="C", reason="r", remaining=remaining, resets_at=1700, delay_seconds=5, grants=True,
        marks=frozenset({"M"}), valid_while={"w": 1},
    )  # fmt: skip
    assert wire_verdict(Named(verdict=verdict, type="T", policy_id="p", priority=3)) == {
        "policyId": "p",
        "type": "T",
        "tier": "DELAY",
        "code": "C",
        "reason": "r",
        "remaining": shown,
        "resetsAt": 1700,
    }
