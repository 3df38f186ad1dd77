"""What a person reads: everything that matters, whole; nothing that anybody else could have made of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from waiaas_notify_telegram.message import LONGEST, messages
from waiaas_notify_telegram.stand_in.chats import Message, read
from waiaas_notify_telegram.stand_in.markup import units
from waiaas_notify_telegram.words import code, shortened, tidy

from waiaas.interfaces.notify import Button, Notification

from .notices import AMOUNT, HOSTILE, RECIPIENT, notice, notices


def got(told: Notification) -> list[Message]:
    """As the service takes it, without its clock."""
    return [read(body) for body in messages(told)]


def text_of(told: Notification) -> str:
    return "\n".join(message.text for message in got(told))


@given(notices)
@settings(max_examples=300, deadline=None)
def test_whatever_is_told_the_service_takes_it(told: Notification) -> None:
    """Any notification becomes messages within the limits, nothing in them clickable, every amount and recipient whole."""
    found = got(told)
    assert found
    for message in found:
        assert units(message.text) <= LONGEST
        assert {entity.type for entity in message.entities} <= {"bold", "code"}
        assert not message.previews
    text = "\n".join(message.text for message in found)
    for label, value in told.lines:
        if label in ("Amount", "Recipient"):
            assert f"{label}: {value}" in text.split("\n")
    assert [label for label, _ in found[-1].buttons] == [shortened(tidy(b.label), 64) or "-" for b in told.buttons]
    assert [data for _, data in found[-1].buttons] == [button.token for button in told.buttons]


@given(notices)
def test_rendering_is_pure(told: Notification) -> None:
    """The same notification gives the same messages, and they survive JSON."""
    once = messages(told)
    assert once == messages(told) == json.loads(json.dumps(once))


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("where", ["title", "label", "value", "quote", "button"])
def test_foreign_words_make_nothing_anywhere(where: str, words: str) -> None:
    """In no place does foreign text add a line, a style, a link, a mention or a command (invariant 13)."""
    places: dict[str, dict[str, Any]] = {
        "title": {"title": words},
        "label": {"lines": ((words, "1 SOL"),)},
        "value": {"lines": (("Amount", words),)},
        "quote": {"quoted": (("Note", words),)},
        "button": {"buttons": (Button(label=words, token="t"),)},
    }
    changes = places[where]
    (message,) = got(notice(**changes))
    assert {entity.type for entity in message.entities} <= {"bold", "code"}
    assert "\u202e" not in message.text
    harmless = {name: _harmless(value) for name, value in changes.items()}
    (usual,) = got(notice(**harmless))
    assert message.text.count("\n") == usual.text.count("\n")
    assert len(message.of_type("bold")) in (len(usual.of_type("bold")), len(usual.of_type("bold")) - 1)


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return "words"
    if isinstance(value, tuple):
        return tuple(
            Button(label="words", token="t") if isinstance(one, Button) else ("Words", "words") for one in value
        )
    return value


def test_foreign_words_are_read_as_they_were_written() -> None:
    """Markup of others is shown, not obeyed and not dropped."""
    (message,) = got(notice(quoted=(("Note", '<b>&amp; @you "x"</b>'),)))
    assert message.text.endswith('Said by others, not checked:\nNote: <b>&amp; @you "x"</b>')


def test_quotes_are_shortened_first() -> None:
    """Endless quotes are cut to what room is left; the facts stand whole in the one message."""
    lines = tuple((label, value) for label, value in (("Amount", AMOUNT), ("Recipient", RECIPIENT)) for _ in range(8))
    quoted = tuple((f"Quote {number}", "🦊" * 5000) for number in range(6))
    (message,) = got(notice(lines=lines, quoted=quoted))
    assert message.text.count(AMOUNT) == message.text.count(RECIPIENT) == 8
    assert units(message.text) <= LONGEST
    assert units(message.text) > LONGEST - 50, "the room is used"
    assert all(f"Quote {number}: 🦊" in message.text for number in range(6))
    assert message.text.count("…") == 6


def test_a_short_quote_leaves_its_room_to_a_long_one() -> None:
    """Room that one quote does not need is given to the next."""
    (message,) = got(notice(quoted=(("Short", "x"), ("Long", "y" * 9000))))
    assert message.text.count("y") > 3500


def test_facts_that_do_not_fit_go_on_in_another_message() -> None:
    """A batch of twenty payments of the longest kind is told in several messages, in order, with the buttons on the last."""
    lines = tuple(
        (label, value)
        for number in range(20)
        for label, value in ((f"Amount {number}", AMOUNT), (f"Recipient {number}", RECIPIENT))
    )
    found = got(notice(lines=lines, quoted=(("Note", "z" * 500),), buttons=(Button(label="Reject", token="r"),)))
    assert len(found) > 1
    told = [line for message in found for line in message.text.split("\n")]
    assert [line for line in told if ": " in line and line.startswith(("Amount", "Recipient"))] == [
        f"{label}: {value}" for label, value in lines
    ]
    assert [len(message.buttons) for message in found] == [0] * (len(found) - 1) + [1]
    assert "zzz" in found[-1].text


def test_protection_does_not_run_out() -> None:
    """A message has fewer entities than the service keeps, so that no line loses its shield."""
    found = got(notice(lines=tuple((f"l{n}", "evil.example @you") for n in range(300))))
    assert all(len(message.entities) < 100 for message in found)
    assert {entity.type for message in found for entity in message.entities} == {"bold", "code"}


def test_an_empty_notification_is_still_a_message() -> None:
    """Without any words there is something to send."""
    assert text_of(notice(title="", event="", lines=())) == "Notification"
    assert text_of(notice(title="\u200b", lines=(("", ""),))) == "transaction.approval_requested\n-: -"


def test_gravity_is_said() -> None:
    """A critical notice says so first."""
    assert text_of(notice(severity="critical")).startswith("CRITICAL - Payment waits")


def test_a_token_too_long_for_a_button_makes_none() -> None:
    """What the service would refuse is not sent."""
    assert got(notice(buttons=(Button(label="x", token="t" * 65),)))[0].buttons == ()


@pytest.mark.parametrize(
    ("text", "limit", "short"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("🦊🦊", 3, "🦊…"), ("ab", 1, "…")]
)
def test_lengths_are_counted_in_utf_16(text: str, limit: int, short: str) -> None:
    """A character beyond the basic plane counts twice, and is never cut in half."""
    assert shortened(text, limit) == short


def test_no_code_around_nothing() -> None:
    """Empty text has no markup."""
    assert code("") == ""
