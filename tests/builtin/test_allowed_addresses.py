from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, Reader, facts, out, resolved
from waiaas.builtin.allowed_addresses import AddressRules, AllowedAddresses
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.policy import RECIPIENTS_NAMED, Tier

POLICY = AllowedAddresses()
PEOPLE = ["ALICE", "ANN", "ART"]
documents = st.builds(
    AddressRules,
    addresses=st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True),
    otherwise=st.sampled_from(["deny", "approval"]),
)
effects = st.builds(
    Effect,
    what=st.sampled_from(list(What)),
    asset=st.just(NATIVE),
    units=st.none() | st.integers(0, 9),
    to=st.none() | st.sampled_from([*PEOPLE, "ALIEN"]),
)


def rules(*addresses: str, **more: Any) -> AddressRules:
    return POLICY.normalise(AddressRules(addresses=addresses, **more), Reader())


def tier(document: AddressRules, *given_effects: Effect) -> Tier | None:
    verdict = POLICY.judge(document, facts(*given_effects))
    assert verdict is None or not verdict.grants
    return verdict.tier if verdict else None


def test_only_the_listed_receive_value() -> None:
    """A listed recipient passes, everybody else is denied, or needs approval where the rules say so."""
    assert tier(rules("alice"), out(1, "ALICE")) is Tier.INSTANT
    assert tier(rules("alice"), out(1, "ANN")) is Tier.DENY
    assert tier(rules("alice", otherwise="approval"), out(1, "ANN")) is Tier.APPROVAL


def test_only_where_every_recipient_is_listed_they_are_named() -> None:
    """The mark that lets a doubtful recipient pass is set when all are on the list, and never beside a stranger."""

    def marks(*given_effects: Effect) -> frozenset[str]:
        verdict = POLICY.judge(rules("alice", otherwise="approval"), facts(*given_effects))
        return verdict.marks if verdict else frozenset()

    assert marks(out(1, "ALICE"), out(1, "ALICE")) == {RECIPIENTS_NAMED}
    assert marks(out(1, "ALICE"), out(1, "ANN")) == frozenset()
    assert marks(out(1, "ALICE"), out(1, None)) == frozenset()
    assert marks(Effect(what=What.LOCKED, asset=NATIVE, units=5)) == frozenset()


def test_one_stranger_among_many_recipients_decides() -> None:
    """Every outflow is judged, not the first."""
    assert tier(rules("alice", "ann"), out(1, "ALICE"), out(1, "ANN")) is Tier.INSTANT
    assert tier(rules("alice", "ann"), out(1, "ALICE"), out(1, "ANN"), out(0, "ART")) is Tier.DENY


@pytest.mark.parametrize("what", [What.OUT, What.APPROVE, What.AUTHORITY, What.UNKNOWN])
def test_who_gains_must_be_known(what: What) -> None:
    """Spenders, new authorities and unread effects are judged like recipients, and naming nobody is not being listed."""
    assert tier(rules("alice"), Effect(what=what, to="ALICE")) is Tier.INSTANT
    assert tier(rules("alice"), Effect(what=what, to="ANN")) is Tier.DENY
    assert tier(rules("alice"), out(1, "ALICE"), Effect(what=what)) is Tier.DENY


def test_rent_and_calls_have_no_recipient_of_their_own() -> None:
    """Locked value and named calls alone get no verdict."""
    assert tier(rules("alice"), Effect(what=What.LOCKED, asset=NATIVE, units=5)) is None
    assert tier(rules("alice"), Effect(what=What.CALL, to="ART", method="stake")) is None
    assert tier(rules("alice")) is None


def test_addresses_are_stored_in_their_one_spelling() -> None:
    """Other spellings of one account are one entry, and what no chain reads is refused."""
    assert rules("alice", "ALICE", "ann").addresses == ("ALICE", "ANN")
    with pytest.raises(Malformed):
        rules("bob")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"addresses": []},
        {"addresses": "alice"},
        {"addresses": [""]},
        {"addresses": [1]},
        {"addresses": ["a"] * 1001},
        {"addresses": ["a"], "otherwise": "instant"},
        {"addresses": ["a"], "other": 1},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """An empty list, other types and unknown keys are refused."""
    with pytest.raises(ValidationError):
        AddressRules(**document)


def test_a_rules_document_reads_back_from_json() -> None:
    """What is stored is what was meant."""
    document = rules("alice", otherwise="approval")
    assert AddressRules.model_validate_json(document.model_dump_json()) == document


def test_the_past_does_not_matter() -> None:
    """No window is asked for."""
    assert POLICY.windows(rules("alice"), resolved((out(1),))) == ()


@given(old=documents, new=documents)
def test_tighter_is_what_trying_everyone_says(old: AddressRules, new: AddressRules) -> None:
    """The answer agrees with every recipient tried."""
    tries = [(tier(old, out(1, to)), tier(new, out(1, to))) for to in [*PEOPLE, "ALIEN", None]]
    milder = any(before and after and after.rank < before.rank for before, after in tries)
    assert POLICY.is_tighter(old, new) is not milder


@given(document=documents, some=st.lists(effects, max_size=4), more=st.lists(effects, max_size=2))
def test_more_effects_are_never_judged_milder(document: AddressRules, some: list[Effect], more: list[Effect]) -> None:
    """Adding effects only makes a verdict stricter, in whatever order they come."""
    before, after, reordered = tier(document, *some), tier(document, *some, *more), tier(document, *more, *some)
    assert after == reordered
    if before is not None:
        assert after is not None
        assert before.rank <= after.rank
