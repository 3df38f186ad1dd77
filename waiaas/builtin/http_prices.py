"""``http``: prices from a service that answers in JSON; where it is, and where in its answer they stand, is configured.

One question for all assets, or, where the address holds ``{key}``, one for each. The house keeps what was answered until it is
too old, so a service that is away for a while is not missed at once.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http
from waiaas.interfaces.ids import is_asset_id
from waiaas.interfaces.prices import Price, PriceSource

KEY = "{key}"
_NUMBER = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_PLACES = Decimal(1).scaleb(-24)
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECONDS = 10**11
"""Unix times from here on are milliseconds: as seconds they would be in the year 5138."""


class HttpSettings(BaseModel):
    """``[prices.http]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr = Field(
        default=SecretStr(""),
        description="where to ask: https, or http on loopback; {key} in its path or query stands for an asset's word below",
    )
    path: str = Field(
        default=KEY, min_length=1, description="where the price stands in the answer: names and numbers joined by dots"
    )
    time_path: str = Field(
        default="",
        description="where its time stands: Unix seconds or milliseconds, or ISO 8601; empty: the answer's own",
    )
    assets: dict[str, str] = Field(default_factory=dict, description="CAIP-19 id to the word that {key} becomes for it")

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        parts = urlsplit(text)
        is_plain = not _UNPRINTABLE.search(text) and not parts.fragment and "@" not in parts.netloc
        is_known = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
        if text and not (is_plain and is_known and parts.hostname and KEY not in parts.netloc):
            raise ValueError("must be an https address, or http on loopback, without a user")
        return url

    @field_validator("assets")
    @classmethod
    def _names_assets(cls, assets: dict[str, str]) -> dict[str, str]:
        for asset, key in assets.items():
            if not is_asset_id(asset):
                raise ValueError(f"{asset!r} is no CAIP-19 id in quotes; `GET /v1/chains` shows those of native assets")
            if not key or _UNPRINTABLE.search(key):
                raise ValueError(f"the word for {asset} is empty, or holds spaces or control characters")
        return assets


class HttpPrices(PriceSource):
    """See the module."""

    name = "http"
    settings_model = HttpSettings

    def __init__(self, settings: BaseModel, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, HttpSettings)
        self._settings = settings
        parts = urlsplit(settings.url.get_secret_value())
        self._target = parts.path + (f"?{parts.query}" if parts.query else "")

    @classmethod
    def urls(cls, settings: BaseModel) -> Sequence[str]:
        """The service's own address; path and query go into each question."""
        assert isinstance(settings, HttpSettings)
        parts = urlsplit(settings.url.get_secret_value())
        return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []

    def prices(self, assets: Sequence[str], now: int) -> dict[str, Price]:
        """What is configured, whatever the house asks for. What one question of several did not answer is left out."""
        found: dict[str, Price] = {}
        problem: Unavailable | None = None
        for target, wanted in self._questions().items():
            try:
                document = self.http.json("GET", target)
            except Unavailable as away:
                problem = away
                continue
            read = {asset: self._price(document, key, now) for asset, key in wanted.items()}
            found |= {asset: price for asset, price in read.items() if price is not None}
        if problem is not None and not found:
            raise problem
        return found

    def _questions(self) -> Mapping[str, Mapping[str, str]]:
        """Paths to ask for, each with the assets and words that its answer is about."""
        questions: dict[str, dict[str, str]] = {}
        for asset, key in self._settings.assets.items():
            questions.setdefault(self._target.replace(KEY, quote(key, safe="")), {})[asset] = key
        return questions

    def _price(self, document: Any, key: str, now: int) -> Price | None:
        usd = plain(at(document, self._settings.path.replace(KEY, key)))
        moment: int | None = now
        if self._settings.time_path:
            moment = seconds(at(document, self._settings.time_path.replace(KEY, key)))
        return None if usd is None or moment is None else (usd, moment)


def at(document: Any, path: str) -> Any:
    """Pure. What stands at a path of names and numbers; None where nothing does."""
    for part in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isascii() and part.isdecimal() and int(part[:9]) < len(document):
            document = document[int(part[:9])]
        else:
            return None
    return document


def plain(value: Any) -> str | None:
    """Pure. A number as a plain decimal string, rounded up at 24 places; None for what is none. Never a float."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if not -40 < number.adjusted() < 28:
        return None
    if number != number.to_integral_value() and -int(number.as_tuple().exponent) > 24:
        number = number.quantize(_PLACES, rounding=ROUND_UP)
    whole, _, part = format(number, "f").partition(".")
    part = part.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{part}" if part else whole


def seconds(value: Any) -> int | None:
    """Pure. A time in Unix seconds; None for what is none."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or len(text) > 40:
        return None
    whole = text.partition(".")[0]
    if whole.isascii() and whole.isdecimal():
        return int(whole) // 1000 if int(whole) >= _MILLISECONDS else int(whole)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1) if moment.tzinfo else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
