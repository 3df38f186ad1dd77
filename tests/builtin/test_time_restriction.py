import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import facts, out, resolved
from waiaas.builtin.opening_hours import DAYS
from waiaas.builtin.time_restriction import HoursRules, TimeRestriction
from waiaas.interfaces.chain import Kind
from waiaas.interfaces.policy import Tier, Verdict

POLICY = TimeRestriction()
BERLIN = "Europe/Berlin"
OFFICE: Mapping[str, Any] = {
    "days": ("mon", "tue", "wed", "thu", "fri"),
    "start": "09:00",
    "end": "17:00",
    "timezone": BERLIN,
}
ZONES = ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia")


def rules(**document: Any) -> HoursRules:
    return HoursRules(**document)


def moment(text: str, zone: str = BERLIN, fold: Literal[0, 1] = 0) -> int:
    """``2026-03-29 01:59`` as a clock in a zone shows it."""
    local = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(local.timestamp())


def judged(document: HoursRules, now: int, held_seconds: int = 0) -> Verdict:
    verdict = POLICY.judge(document, replace(facts(out(1)), now=now, held_seconds=held_seconds))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-27 08:59", False),
        ("2026-11-27 09:00", True),
        ("2026-11-27 16:59", True),
        ("2026-11-27 17:00", False),
        ("2026-11-28 12:00", False),
    ],
)
def test_hours_begin_with_their_start_and_end_before_their_end(when: str, is_open: bool) -> None:
    """The start belongs to the hours, the end does not; other days do not."""
    assert (judged(rules(**OFFICE), moment(when)).tier is Tier.INSTANT) == is_open


def test_a_denial_says_when_it_opens() -> None:
    """On a Saturday the next opening is Monday's start; the sentence says what the clock shows and when payments are made."""
    verdict = judged(rules(**OFFICE), moment("2026-11-28 12:34"))
    assert (verdict.tier, verdict.code) == (Tier.DENY, "OUTSIDE_HOURS")
    assert verdict.resets_at == moment("2026-11-30 09:00")
    assert verdict.reason == (
        "it is Sat 12:34 in Europe/Berlin, and payments are made Mon, Tue, Wed, Thu, Fri from 09:00 to 17:00"
    )


@pytest.mark.parametrize(("outside", "tier"), [("deny", Tier.DENY), ("approval", Tier.APPROVAL), ("delay", Tier.DELAY)])
def test_the_rules_say_what_becomes_of_the_rest(outside: str, tier: Tier) -> None:
    """Outside the hours a payment is denied, asked about, or delayed until the opening; within them nothing happens to it."""
    document = rules(**OFFICE, outside=outside)
    verdict = judged(document, moment("2026-11-27 08:00"))
    assert (verdict.tier, verdict.resets_at) == (tier, moment("2026-11-27 09:00"))
    assert verdict.delay_seconds == (3600 if tier is Tier.DELAY else None)
    assert judged(document, moment("2026-11-27 10:00")).tier is Tier.INSTANT


def test_a_delay_is_a_day_at_most_at_once_and_counts_what_was_waited() -> None:
    """Over a weekend it is a day, and then what is left besides the day that was waited."""
    document = rules(**OFFICE, outside="delay")
    friday = moment("2026-11-27 18:00")
    assert judged(document, friday).delay_seconds == 86_400
    assert judged(document, friday + 86_400, held_seconds=86_400).delay_seconds == 2 * 86_400
    assert judged(document, friday + 2 * 86_400, held_seconds=2 * 86_400).delay_seconds == 63 * 3600
    assert judged(document, friday + 63 * 3600, held_seconds=63 * 3600).tier is Tier.INSTANT


def test_hours_across_midnight_belong_to_the_day_on_which_they_begin() -> None:
    """Friday from 22:00 to 02:00 is open on Saturday at 01:00, and not on Friday at 01:00."""
    document = rules(days=("fri",), start="22:00", end="02:00", timezone=BERLIN)
    assert judged(document, moment("2026-11-28 01:00")).tier is Tier.INSTANT
    assert judged(document, moment("2026-11-27 01:00")).tier is Tier.DENY
    assert judged(document, moment("2026-11-28 02:00")).resets_at == moment("2026-12-04 22:00")


def test_what_is_left_out_does_not_limit() -> None:
    """Without days every day, without hours the whole day; equal start and end are a whole day from there; UTC is the zone."""
    assert judged(rules(days=("sat",)), moment("2026-11-28 23:59", "UTC")).tier is Tier.INSTANT
    assert judged(rules(days=("sat",)), moment("2026-11-29 00:00", "UTC")).tier is Tier.DENY
    assert judged(rules(start="09:00"), moment("2026-11-28 23:59", "UTC")).tier is Tier.INSTANT
    assert judged(rules(end="09:00"), moment("2026-11-28 09:00", "UTC")).tier is Tier.DENY
    around = rules(days=("sat",), start="09:00", end="09:00")
    assert judged(around, moment("2026-11-29 08:59", "UTC")).tier is Tier.INSTANT
    assert judged(around, moment("2026-11-29 09:00", "UTC")).tier is Tier.DENY


def test_hours_that_the_clock_jumps_into_begin_with_the_jump() -> None:
    """On the day on which 02:00 becomes 03:00, hours from 02:30 to 05:00 begin at the jump, to the second."""
    document = rules(start="02:30", end="05:00", timezone=BERLIN)
    jump = moment("2026-03-29 01:59") + 60
    assert judged(document, jump - 1).tier is Tier.DENY
    assert judged(document, jump - 1).resets_at == jump
    assert judged(document, jump).tier is Tier.INSTANT
    assert judged(document, moment("2026-03-28 12:00")).resets_at == jump


def test_hours_that_the_clock_jumps_over_are_not() -> None:
    """Hours from 02:10 to 02:50 do not come on that day; a week later they do."""
    document = rules(days=("sun",), start="02:10", end="02:50", timezone=BERLIN)
    assert judged(document, moment("2026-03-29 00:00")).resets_at == moment("2026-04-05 02:10")


def test_hours_that_the_clock_shows_twice_are_there_twice() -> None:
    """On the day on which 03:00 becomes 02:00, hours from 02:00 to 02:30 come, go, and come again with the jump back."""
    document = rules(start="02:00", end="02:30", timezone=BERLIN)
    first, second = moment("2026-10-25 02:00"), moment("2026-10-25 02:00", fold=1)
    assert second - first == 3600
    assert [judged(document, at).tier is Tier.INSTANT for at in (first, first + 1799, first + 1800, second)] == [
        True,
        True,
        False,
        True,
    ]
    assert judged(document, first + 1800).resets_at == second


def test_an_opening_follows_the_clock_over_a_change() -> None:
    """From Saturday noon to Monday's start there is an hour less in spring and an hour more in autumn."""
    for saturday, hours in (("2026-03-28 12:00", 44), ("2026-10-24 12:00", 46), ("2026-11-28 12:00", 45)):
        at = moment(saturday)
        assert judged(rules(**OFFICE), at).resets_at == at + hours * 3600


def test_it_only_restricts_and_asks_for_nothing() -> None:
    """No verdict of it speaks for a transaction, and the past does not matter."""
    assert not POLICY.grants
    assert POLICY.windows(rules(**OFFICE), resolved((out(1),))) == ()
    assert judged(rules(**OFFICE), moment("2026-11-27 10:00")).valid_while == {}


def test_what_gives_a_payment_up_may_come_at_night() -> None:
    """Bytes that move nothing and take another's place are not held up."""
    told = replace(facts(), kind=Kind.CANCEL, now=moment("2026-11-28 12:00"))
    assert POLICY.judge(rules(**OFFICE), told) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"timezone": BERLIN},
        {"days": []},
        {"days": ["monday"]},
        {"days": ["Mon"]},
        {"days": ["mon", "mon"]},
        {"start": "9:00"},
        {"start": "24:00"},
        {"start": "09:60"},
        {"start": "09:00\n"},
        {"start": "０９:00"},
        {"end": "24:01"},
        {"start": "09:00", "timezone": "Berlin"},
        {"start": "09:00", "timezone": "../UTC"},
        {"start": "09:00", "timezone": "Europe"},
        {"start": "09:00", "timezone": ""},
        {"start": "09:00", "outside": "notify"},
        {"start": "09:00", "holidays": []},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: Mapping[str, Any]) -> None:
    """Unknown keys, days, hours and zones, and rules that restrict nothing."""
    with pytest.raises(ValidationError):
        HoursRules.model_validate_json(json.dumps(document))


# --- against a clock that is read minute by minute ------------------------------------------------------------------------


def shows(document: HoursRules, at: int) -> bool:
    """Whether the clock shows a time within the hours, by the words of the rules alone."""
    local = datetime.fromtimestamp(at, ZoneInfo(document.timezone))
    days, text = document.days or DAYS, local.strftime("%H:%M")
    today, yesterday = DAYS[local.weekday()], DAYS[(local.weekday() - 1) % 7]
    start, end = document.start or "00:00", document.end or "24:00"
    if start < end:
        return today in days and start <= text < end
    return (today in days and text >= start) or (yesterday in days and text < end)


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from((0, 10, 30, 59)))
day_sets = st.none() | st.sets(st.sampled_from(DAYS), min_size=1).map(tuple)


@st.composite
def documents(draw: st.DrawFn, zones: tuple[str, ...] = ZONES) -> HoursRules:
    """Any rules."""
    days, start, end = draw(day_sets), draw(st.none() | times), draw(st.none() | times | st.just("24:00"))
    if days is None and start is None and end is None:
        start = "02:30"
    outside = draw(st.sampled_from(("deny", "approval", "delay")))
    zone = draw(st.sampled_from(zones))
    return rules(days=days, start=start, end=end, timezone=zone, outside=outside)


CHANGES = (
    "2026-03-08",
    "2026-03-29",
    "2026-04-05",
    "2026-09-06",
    "2026-10-04",
    "2026-10-25",
    "2026-11-01",
    "2011-12-30",
)
"""Days on which the clocks of these zones are changed (and the one that Apia left out)."""


@settings(deadline=None, max_examples=150)
@given(
    document=documents(),
    day=st.sampled_from(CHANGES),
    minutes=st.integers(-2 * 1440, 2 * 1440),
)
def test_openings_are_what_reading_the_clock_every_minute_says(document: HoursRules, day: str, minutes: int) -> None:
    """Around changes of the clock, whether it is open and when it opens next agree with looking at the clock each minute."""
    now = int((datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("UTC")) + timedelta(minutes=minutes)).timestamp())
    verdict = judged(document, now)
    assert (verdict.tier is Tier.INSTANT) == shows(document, now)
    if verdict.tier is not Tier.INSTANT:
        opening = next(at for at in range(now, now + 15 * 86_400, 60) if shows(document, at))
        assert verdict.resets_at == opening


WEEK = [moment("2026-06-01 00:00") + minute * 60 for minute in range(0, 7 * 1440, 10)] + [
    moment("2026-06-01 00:59") + minute * 60 for minute in range(0, 7 * 1440, 60)
]


def brute_is_tighter(old: HoursRules, new: HoursRules) -> bool:
    """Whether at no moment of a week ``new`` is milder than ``old``."""
    return all(judged(new, at).tier.rank >= judged(old, at).tier.rank for at in WEEK)


@settings(deadline=None, max_examples=60)
@given(old=documents((BERLIN,)), new=documents((BERLIN,)))
def test_tighter_is_what_trying_everything_says(old: HoursRules, new: HoursRules) -> None:
    """Within a zone the answer agrees with every moment tried."""
    assert POLICY.is_tighter(old, new) == brute_is_tighter(old, new)


@settings(deadline=None, max_examples=60)
@given(old=documents(), new=documents(), days=st.sets(st.sampled_from(DAYS)))
def test_tighter_is_never_said_of_what_is_milder(old: HoursRules, new: HoursRules, days: set[str]) -> None:
    """Also between zones: where it is said, no moment is milder; fewer days are always tighter."""
    if POLICY.is_tighter(old, new):
        assert brute_is_tighter(old, new)
    fewer = tuple(day for day in old.days or DAYS if day in days)
    if fewer:
        assert POLICY.is_tighter(old, old.model_copy(update={"days": fewer}))


def test_hours_of_another_zone_are_tighter_only_than_hours_that_never_close() -> None:
    """Nothing is compared between zones, but whoever is always open can only be narrowed."""
    always = rules(start="00:00", timezone="UTC")
    assert POLICY.is_tighter(always, rules(**OFFICE))
    assert not POLICY.is_tighter(rules(**OFFICE), rules(**{**OFFICE, "timezone": "Europe/Paris"}))
