"""Foreign text never makes a line, hides a letter or turns a sentence round (invariant 13)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.text import clean, shown


@given(st.text())
def test_nothing_invisible_survives(text: str) -> None:
    """No control, format, surrogate or private character is left, and cleaning twice changes nothing."""
    tidy = clean(text)
    assert not any(unicodedata.category(char)[0] == "C" for char in tidy)
    assert clean(tidy) == tidy


def test_known_tricks_are_gone() -> None:
    """Line breaks become spaces; bidi overrides, zero-width joiners and escapes disappear; letters stay."""
    assert clean("pay\nAPPROVED: yes") == "pay APPROVED: yes"
    assert clean("abc\u202egpj.exe") == "abcgpj.exe"
    assert clean("a\u200bd\u2066m\u2069in\x1b[31m") == "admin[31m"
    assert clean("Zoë 東京") == "Zoë 東京"


@pytest.mark.parametrize(
    "hidden",
    [*"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufe00\ufe0f\U000e0100\U000e01ef"],
)
def test_a_letter_that_shows_nothing_is_gone(hidden: str) -> None:
    """Fillers, blanks and variation selectors are dropped although Unicode calls them letters, marks or symbols."""
    assert clean(f"pay{hidden}ee") == "payee"


@pytest.mark.parametrize(
    "seen",
    [*"\u034e\u0350\u115e\u1161\u17b3\u17b6\u180a\u1810\u27ff\u2801\u3163\u3165\uff9f\uffa1\ufdff\ufe10"],
)
def test_the_neighbours_of_what_shows_nothing_stay(seen: str) -> None:
    """The letters just before and after those that are dropped are letters like others."""
    assert clean(f"pay{seen}ee") == f"pay{seen}ee"


@pytest.mark.parametrize("broken", ["\t", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_line_break_is_one_space(broken: str) -> None:
    """Whatever a screen may take for a new line or a gap is a space, at the ends nothing; other letters are untouched."""
    assert clean(f"{broken}EXTRA{broken}東京{broken}") == "EXTRA 東京"


def test_a_line_of_256_letters_is_whole_and_one_more_ends_in_dots() -> None:
    """A cut line shows that it was cut, and is no longer than the longest that was not; what is hidden does not count."""
    assert shown("pay") == "pay"
    assert shown("a" * 256 + "\u200b") == "a" * 256
    assert shown("a" * 257) == "a" * 255 + "…"


@given(st.text(max_size=2000))
def test_a_shown_line_is_short(text: str) -> None:
    """What a person reads is one line of bounded length."""
    assert len(shown(text)) <= 256
    assert "\n" not in shown(text)
