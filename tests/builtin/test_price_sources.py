"""The shipped price sources, asked through the house's own client over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.harness.price_service import PriceService, price_service
from waiaas.builtin.http_prices import HttpPrices, HttpSettings, at, plain, seconds
from waiaas.builtin.static_prices import StaticPrices, StaticSettings
from waiaas.engine.nodes import NodeHttp, within
from waiaas.engine.price_sources import exact_json
from waiaas.errors import Unavailable
from waiaas.interfaces.money import micro_usd

NOW = 1_700_000_000
SOL, ETH = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501", "eip155:1/slip44:60"


@pytest.fixture
def service() -> Iterator[PriceService]:
    """Somebody who sells prices."""
    with price_service() as running:
        yield running


@contextmanager
def source(url: str, **more: Any) -> Iterator[HttpPrices]:
    """The source as the daemon makes it."""
    table = HttpSettings.model_validate({"url": url, "assets": {SOL: "sol", ETH: "eth"}, **more})
    http = NodeHttp(HttpPrices.urls(table), exact_json)
    yield HttpPrices(table, http)
    http.close()


def test_one_question_prices_every_asset(service: PriceService) -> None:
    """Each asset's word leads to its price in one answer; digits stay what they were, though JSON calls them a number."""
    service.answer = b'{"sol": {"usd": 142.500000000000000001}, "eth": {"usd": 3512}, "btc": {"usd": 1}}'
    with source(service.url + "/v1/simple?ids=sol,eth&vs=usd", path="{key}.usd") as made:
        assert made.prices((), NOW) == {SOL: ("142.500000000000000001", NOW), ETH: ("3512", NOW)}
    assert service.asked == ["/v1/simple?ids=sol,eth&vs=usd"]


def test_an_address_with_a_key_is_asked_for_each_asset(service: PriceService) -> None:
    """The word stands in path or query, escaped; one asset's failure leaves the others their price."""
    service.answer = {"data": [{"amount": "9.10"}]}
    with source(
        service.url + "/p?of={key}&key=s%2Fcret", path="data.0.amount", assets={SOL: "a/b&c", ETH: "eth"}
    ) as made:
        assert made.prices((), NOW) == {SOL: ("9.1", NOW), ETH: ("9.1", NOW)}
    assert service.asked == ["/p?of=a%2Fb%26c&key=s%2Fcret", "/p?of=eth&key=s%2Fcret"]


@pytest.mark.parametrize(
    "said",
    [NOW - 5, str(NOW - 5), f"{NOW - 5}.75", (NOW - 5) * 1000, "2023-11-14T22:13:15Z", "2023-11-14T23:13:15.9+01:00"],
)
def test_the_services_own_time_counts_where_it_is_configured(service: PriceService, said: Any) -> None:
    """Seconds, milliseconds or ISO 8601; a price without such a time is none."""
    service.answer = {"sol": {"usd": "1", "time": said}, "eth": {"usd": "2"}}
    with source(service.url, path="{key}.usd", time_path="{key}.time") as made:
        assert made.prices((), NOW) == {SOL: ("1", NOW - 5)}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"null", b'"142.5"', b"{}", b'{"sol": null}', b'{"sol": {"usd": null}}',
        b'{"sol": {"usd": true}}', b'{"sol": {"usd": {}}}', b'{"sol": {"usd": "soon"}}',
        b'{"sol": {"usd": -1}}', b'{"sol": {"usd": NaN}}',
        b'{"sol": {"usd": Infinity}}', b'{"sol": {"usd": 1e99}}', b'{"sol": {"usd": "0x10"}}', b'{"sol": {"usd": "1,5"}}',
        b'{"sol": {"usd": "1 "}}', b'{"sol": {"usd": ' + b"9" * 5000 + b"}}", b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_price_is_left_out(service: PriceService, body: bytes) -> None:
    """Whatever a service answers, the source says a plain decimal or nothing, and raises nothing else than Unavailable."""
    service.answer = body
    with source(service.url, path="{key}.usd") as made, suppress(Unavailable):
        assert made.prices((), NOW) == {}


def test_a_service_that_is_away_is_unavailable(service: PriceService) -> None:
    """An error with its wish for patience, a hang beyond the time for it, and nobody at the address."""
    with source(service.url, path="{key}.usd") as made:
        service.status, service.headers = 503, {"Retry-After": "7"}
        with pytest.raises(Unavailable) as away:
            made.prices((), NOW)
        assert "127.0.0.1" not in str(away.value)
        service.hangs.set()
        with within(0.2), pytest.raises(Unavailable):
            made.prices((), NOW)
    with source("http://127.0.0.1:9/", path="{key}.usd") as made, pytest.raises(Unavailable):
        made.prices((), NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://prices.example/", "ftp://127.0.0.1/", "https://user:word@prices.example/", "https://{key}.example/", "prices",
        "https://prices.example/#x", "https://prices.example/a b", "https:///x", "http://127.0.0.1.example/", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_only_safe_addresses_are_taken(url: str) -> None:
    """https, or http on loopback; no user, no fragment, and the host is not an agent's or an asset's to choose."""
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": url})


def test_safe_addresses_are_taken_and_hidden() -> None:
    """They may hold a key to the service, so they are secrets."""
    for url in ("https://prices.example/v1?key={key}", "http://127.0.0.1:3000/", "http://[::1]/", "http://localhost/"):
        assert url not in repr(HttpSettings.model_validate({"url": url}))


@pytest.mark.parametrize("assets", [{"sol": "sol"}, {SOL: ""}, {SOL: "a b"}, {SOL: 1}])
def test_assets_are_named_in_full(assets: dict[str, Any]) -> None:
    """An id that is no CAIP-19 and a word that cannot be asked for are refused."""
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"assets": assets})


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=Decimal(10) ** 25, allow_nan=False, places=12))
def test_a_number_becomes_its_plain_decimal(number: Decimal) -> None:
    """With or without an exponent it is the same number, in digits that a price may have."""
    for text in (f"{number:f}", f"{number:e}"):
        made = plain(text)
        assert made is not None
        assert Decimal(made) == number
        micro_usd(made)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=50), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.integers())))
def test_everything_else_becomes_nothing_or_something_plain(value: Any) -> None:
    """No value of an answer makes anything but a plain decimal or None; a float is none."""
    made = plain(value)
    if made is not None:
        assert not isinstance(value, bool | float)
        micro_usd(made)
    assert seconds(value) is None or isinstance(value, str | int)


def test_digits_beyond_what_a_price_has_are_rounded_up() -> None:
    """A price too fine is never made smaller."""
    assert plain("0." + "0" * 29 + "1") == "0." + "0" * 23 + "1"
    assert plain("1e-50") is None


def test_paths_lead_through_objects_and_lists() -> None:
    """Names and numbers; anything else leads nowhere."""
    document = {"a": [{"b": 1}], "0": 2}
    assert [at(document, path) for path in ("a.0.b", "0", "a.1.b", "a.-1", "a.b", "x", "a.0.b.c", "")] == [
        1, 2, None, None, None, None, None, None,
    ]  # fmt: skip


def test_static_prices_are_of_now() -> None:
    """What the operator wrote is the price whenever it is asked for."""
    table = StaticSettings.model_validate({SOL: "142.5", ETH: "3500"})
    made = StaticPrices(table, NodeHttp(()))
    assert made.prices((), NOW) == {SOL: ("142.5", NOW), ETH: ("3500", NOW)}
    assert StaticPrices.urls(table) == ()


@pytest.mark.parametrize(
    "table",
    [{SOL: 142.5}, {SOL: 142}, {SOL: "0"}, {SOL: "-1"}, {SOL: "1e3"}, {SOL: ""}, {"sol": "1"}, {SOL: {"a": "1"}}],
)
def test_a_static_price_is_text_above_zero_of_an_asset(table: dict[str, Any]) -> None:
    """Numbers, zero, and names that are no ids are refused when they are read."""
    with pytest.raises(ValidationError):
        StaticSettings.model_validate(table)
