"""Foreign text never makes a line, hides a letter or turns a sentence round (invariant 13)."""

import unicodedata

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


@given(st.text(max_size=2000))
def test_a_shown_line_is_short(text: str) -> None:
    """What a person reads is one line of bounded length."""
    assert len(shown(text)) <= 256
    assert "\n" not in shown(text)
