"""What a refused agent is told."""

from dataclasses import replace
from typing import Any

import pytest

from waiaas.engine.moments import shown_moment
from waiaas.engine.rules.denials import denial_details, denial_hint
from waiaas.engine.rules.verdicts import Decision, Named, combine
from waiaas.interfaces.chain import Kind
from waiaas.interfaces.policy import Tier, Verdict


def decided(*denials: dict[str, Any]) -> Decision:
    """Denied by each of these, the first of which is named."""
    mild = Named(verdict=Verdict(tier=Tier.INSTANT, code="FINE", reason="fine", grants=True), type="MILD")
    verdicts = [
        Named(
            verdict=Verdict(tier=Tier.DENY, code=f"NO_{n}", reason=f"no {n}", **given),
            type="STRICT",
            policy_id=f"p{n}",
            priority=-n,
        )
        for n, given in enumerate(denials)
    ]
    return combine([mild, *verdicts], Kind.TRANSFER, [], 300)


def test_everything_is_said_of_the_policy_that_decided() -> None:
    """Its id, type, code and reason, what it leaves and when, under the transaction's id."""
    assert denial_details(decided({"remaining": 5, "resets_at": 100}), "tx") == {
        "transactionId": "tx",
        "policyId": "p0",
        "type": "STRICT",
        "code": "NO_0",
        "reason": "no 0",
        "remaining": "5",
        "resetsAt": 100,
        "canRetry": True,
        "retryAt": 100,
    }


def test_what_no_policy_measures_is_null() -> None:
    """A denial without a figure or a moment tells neither, and none is made up for a row that does not exist."""
    assert denial_details(decided({}), None) == {
        "transactionId": None,
        "policyId": "p0",
        "type": "STRICT",
        "code": "NO_0",
        "reason": "no 0",
        "remaining": None,
        "resetsAt": None,
        "canRetry": False,
        "retryAt": None,
    }


@pytest.mark.parametrize(
    ("denials", "retry_at"),
    [
        ([{"resets_at": 100}], 100),
        ([{"resets_at": 100}, {"resets_at": 300}], 300),
        ([{"resets_at": 100}, {}], None),
        ([{}], None),
        ([{"resets_at": 100, "freeze": True}], None),
    ],
)
def test_the_same_passes_later_when_it_passes_every_policy(denials: list[dict[str, Any]], retry_at: int | None) -> None:
    """The last of all moments counts; one denial that no time lifts, or that stops the agent, is enough for a no."""
    details = denial_details(decided(*denials), None)
    assert (details["canRetry"], details["retryAt"]) == (retry_at is not None, retry_at)


@pytest.mark.parametrize(
    ("denials", "hint"),
    [
        ([{"remaining": 5, "resets_at": 0}], "send at most 5 base units, or try again at 1970-01-01 00:00:00 UTC"),
        ([{"remaining": 5}, {"remaining": 3}], "send at most 3 base units"),
        ([{"remaining": 5}, {}], "retrying will not help; ask the operator to change the policy"),
        ([{"remaining": 0, "resets_at": 60}], "try again at 1970-01-01 00:01:00 UTC"),
        ([{"remaining": 0}], "retrying will not help; ask the operator to change the policy"),
        (
            [{"resets_at": 60}, {"freeze": True}],
            "the agent is stopped; the operator finds out why, and lets it go on: `waiaas agent resume`",
        ),
    ],
)
def test_the_hint_says_what_passes_every_policy(denials: list[dict[str, Any]], hint: str) -> None:
    """Less, later, or nothing but a person: whatever helps against all denials together."""
    assert denial_hint(decided(*denials), shown_moment) == hint


def test_what_a_session_forbids_another_session_may_allow() -> None:
    """No policy has to change for it."""
    decision = decided({})
    hint = denial_hint(replace(decision, named=replace(decision.named, type="SESSION_CONSTRAINT")), shown_moment)
    assert hint == "retrying will not help; ask the operator for a session that allows it"


@pytest.mark.parametrize(
    ("code", "command"),
    [("POLICY_TAMPERED", "waiaas audit seals"), ("WINDOWS_UNRECONCILED", "waiaas agent resume --confirm-spent")],
)
def test_a_denial_that_no_policy_mends_names_the_command_that_does(code: str, command: str) -> None:
    """Less and later do not help, nor does another policy."""
    decision = decided({"remaining": 5, "resets_at": 60})
    named = replace(decision.named, verdict=Verdict(tier=Tier.DENY, code=code, reason="so it is"))
    assert command in denial_hint(replace(decision, named=named), shown_moment)
