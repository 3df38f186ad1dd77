"""Text from outside loses what could deceive a reader."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.text import clean

from .conftest import AS_OPERATOR, House


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("  two  words ", "two  words"),
        ("Grüße 你好 مرحبا", "Grüße 你好 مرحبا"),
        ("👍", "👍"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("one\r\ntwo\tthree", "one  two three"),
        ("line\u2028sep\u2029par\x85nel", "line sep par nel"),
        ("\u202etxt.exe\u202c", "txt.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", "a"),
        ("z\u200be\u200cr\u200do\ufeff\u2060", "zero"),
        ("a\u00adb\u034fc\u115fd\u3164e\uffa0f\u180eg\u2800h", "abcdefgh"),
        ("a\ufe0fb\U000e0101c\U000e0041d", "abcd"),
        ("\ue000\U0010ffff\ud800", ""),
    ],
)
def test_hidden_characters_go_and_words_stay(text: str, expected: str) -> None:
    """Control, bidi, zero-width, filler, tag, private and surrogate characters are gone, everything readable is there."""
    assert clean(text) == expected


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """The result is clean, one line, and no longer than the text."""
    tidy = clean(text)
    assert clean(tidy) == tidy
    assert len(tidy) <= len(text)
    assert not {unicodedata.category(character) for character in tidy} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize("name", ["", " ", "\u200b\u202e", "x" * 65, 5, None])
def test_a_name_has_something_to_see(house: House, name: object) -> None:
    """A name that shows nothing, is too long, or is no text is a 400."""
    body = {"name": name, "chain": "solana", "network": "localnet"}
    assert house.http.post("/v1/agents", json=body, headers=AS_OPERATOR).status_code == 400


def test_a_name_reaches_the_engine_clean(house: House) -> None:
    """What hides in a name is gone before anything is stored."""
    body = {"name": "al\u202eice\u200b", "chain": "solana", "network": "localnet"}
    assert house.http.post("/v1/agents", json=body, headers=AS_OPERATOR).status_code == 201
    assert house.engine.agents.log[-1][1]["name"] == "alice"
