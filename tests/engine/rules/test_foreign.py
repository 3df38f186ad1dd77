"""Foreign words of assets: nothing in them can pass for words of ours (invariant 13)."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waiaas.engine.rules.foreign import amount_text, quoted, tidy, tidy_asset
from waiaas.engine.rules.text import clean
from waiaas.interfaces.chain import Amount, Asset, Caution, Effect, Intent, Kind, Resolved, What

COIN = Asset(id="c/slip44:1", symbol="COIN", decimals=9, native=True)
words = st.text(max_size=80)
assets = st.builds(
    Asset, id=st.text("abc/:", min_size=1), symbol=words, decimals=st.integers(0, 255), native=st.booleans(), name=words
)


@given(words)
def test_a_quoted_word_is_one_short_ascii_string(text: str) -> None:
    """Whatever the word, it becomes one JSON string in ASCII of a bounded length, without a line break."""
    found = quoted(text)
    assert found.isascii()
    assert found.isprintable()
    assert found[0] == found[-1] == '"'
    assert len(json.loads(found)) <= 64
    assert json.loads(found) == clean(text)[:64]


@given(assets)
def test_a_tidied_asset_is_plain_and_short(asset: Asset) -> None:
    """Symbol and name are clean and cut, and native is only what the network says is; doing it twice changes nothing."""
    found = tidy_asset(asset, COIN.id)
    assert len(found.symbol) <= 16
    assert len(found.name) <= 64
    assert (clean(found.symbol), clean(found.name)) == (found.symbol, found.name)
    assert found.native is (asset.id == COIN.id)
    assert (found.id, found.decimals) == (asset.id, asset.decimals)
    assert tidy_asset(found, COIN.id) == found


@pytest.mark.parametrize("decimals", [-1, 256, 10**9])
def test_an_asset_has_0_to_255_decimals(decimals: int) -> None:
    """Other numbers of decimals are no asset's: dividing by them would cost the daemon dear."""
    with pytest.raises(ValueError, match=f"^c/slip44:1 claims {decimals} decimals$"):
        tidy_asset(replace(COIN, decimals=decimals), COIN.id)
    for least_or_most in (0, 255):
        assert tidy_asset(replace(COIN, decimals=least_or_most), COIN.id).decimals == least_or_most


@given(st.lists(words, max_size=40), words, words)
@example([], "A" * 63 + " B", "")
def test_tidying_touches_words_alone(warnings: list[str], code: str, text: str) -> None:
    """Intent, effects and fee are what they were; warnings and cautions are clean and bounded, and none is lost."""
    resolved = Resolved(
        intent=Intent(kind=Kind.TRANSFER, amount=Amount(asset=COIN.id, units=5)),
        effects=(Effect(what=What.OUT, asset=COIN.id, units=5, to="x"),),
        assets=(COIN,),
        likely_fee=Amount(asset=COIN.id, units=1),
        warnings=tuple(warnings),
        cautions=(Caution(code=code, text=text, about="asset"),),
    )
    found = tidy(resolved, COIN.id)
    assert replace(found, warnings=resolved.warnings, cautions=resolved.cautions) == resolved
    (caution,) = found.cautions
    assert caution.code
    assert caution.about == "asset"
    for sentence in (*found.warnings, caution.text, caution.code):
        assert len(sentence) <= 256
        assert clean(sentence) == sentence


def test_every_foreign_word_of_a_payment_is_tidied() -> None:
    """Assets, the first 32 warnings and all cautions come out clean; a code of nothing visible is CAUTION."""
    resolved = Resolved(
        intent=Intent(kind=Kind.TRANSFER),
        effects=(),
        assets=(Asset(id="c/token:t", symbol="US\u202eD", decimals=6, native=True, name="Dollar\n"),),
        likely_fee=Amount(asset=COIN.id, units=1),
        warnings=tuple(f"line\n{n}" for n in range(33)),
        cautions=(
            Caution(code="\u200b", text="a\tb", about="asset"),
            Caution(code="C" * 65, text="", about="recipient"),
        ),
    )
    assert tidy(resolved, COIN.id) == replace(
        resolved,
        assets=(Asset(id="c/token:t", symbol="USD", decimals=6, native=False, name="Dollar"),),
        warnings=tuple(f"line {n}" for n in range(32)),
        cautions=(
            Caution(code="CAUTION", text="a b", about="asset"),
            Caution(code="C" * 64, text="", about="recipient"),
        ),
    )


def test_amounts_are_told_in_display_units() -> None:
    """The native symbol stands as it is, a token's in quotes, and where nothing is known base units stand."""
    token = Asset(id="c/token:t", symbol='U"S', decimals=6, native=False)
    assert amount_text(1_500_000_000, COIN) == "1.5 COIN"
    assert amount_text(1_500_000, token) == '1.5 "U\\"S"'
    assert amount_text(7, replace(token, symbol="")) == "0.000007 units of a token without a symbol"
    assert amount_text(7, None) == "7 base units"
