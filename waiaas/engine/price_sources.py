"""Price sources at work: each asked on its own, what it says sifted, and the rest posted on the board.

A source is a stranger's code and a stranger's word. It can keep prices back, and it can lie within what looks like a price; it
cannot stop a judgement, name another asset than it says, or put a word of its own in front of anybody uncleaned.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.config.values import parse_urls
from waiaas.engine.chains import Chains
from waiaas.engine.journal import Journal
from waiaas.engine.live_channels import masked, secrets
from waiaas.engine.nodes import NodeHttp, within
from waiaas.engine.prices import MOST_PRICES, PriceBoard
from waiaas.engine.rules.prices import JUMP_SECONDS, is_jump, read_price
from waiaas.engine.rules.text import shown
from waiaas.errors import PluginError, Stopped, Unavailable
from waiaas.interfaces.ids import is_asset_id
from waiaas.interfaces.prices import PriceSource
from waiaas.registry import Registry
from waiaas.store.database import Store

_log = logging.getLogger("waiaas.prices")
_SECONDS = 10.0
_LONGEST_WAIT_SECONDS = 3600
_MOST_SHOWN = 200


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


exact_json = partial(json.loads, parse_float=str, parse_constant=_no_number)
"""JSON whose fractions stay the texts they were: no price passes through a float."""


class AssetIds:
    """What others call an asset, as this house calls it; each text is asked about once. Thread-safe."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._known: dict[str, str | None] = {}

    def canonical(self, text: object) -> str | None:
        """The asset's one id; None for what no installed chain reads."""
        if not isinstance(text, str) or not is_asset_id(text):
            return None
        if text not in self._known:
            if len(self._known) >= 2 * MOST_PRICES:
                self._known.clear()
            self._known[text] = self._read(text)
        return self._known[text]

    def natives(self) -> Mapping[str, int]:
        """Decimals of every network's native asset."""
        networks = [self._chains.network(*name)[1] for name in self._chains.names()]
        return {network.native.id: network.native.decimals for network in networks}

    def tokens(self) -> Sequence[str]:
        """Those that plugins know by themselves."""
        return [token for name in self._chains.names() for token in self._chains.network(*name)[1].tokens]

    def _read(self, text: str) -> str | None:
        for name in self._chains.names():
            network = self._chains.network(*name)[1]
            if text == network.native.id:
                return text
            if network.chain_id != text.partition("/")[0]:
                continue
            try:
                chain = self._chains.get(*name)
                return chain.call(chain.adapter.parse_asset, text)
            except (PluginError, Stopped):
                continue
        return None


@dataclass(slots=True, kw_only=True)
class LiveSource:
    """One source that ``prices.sources`` names. Asked from one thread.

    :param source: None for one that no plugin brings, or that could not be made
    :param secret_words: texts of its settings that leave it nowhere
    :ivar answered_at: when it last answered, Unix seconds; :ivar error: why it did not the last time
    """

    name: str
    source: PriceSource | None
    http: NodeHttp = field(default_factory=lambda: NodeHttp(()))
    secret_words: tuple[str, ...] = ()
    answered_at: int | None = None
    error: str | None = None
    references: dict[str, tuple[str, float]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def fail(self, text: str) -> None:
        """Keep why it did not answer, fit to be shown."""
        self.error = shown(masked(text, self.secret_words)) or "it did not say why"


class PriceSources:
    """Asks them. Each source from a thread of its own, the others' faults notwithstanding."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        clock: Clock,
        board: PriceBoard,
        ids: AssetIds,
        live: Sequence[LiveSource],
        refresh_seconds: int,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._board = board
        self._ids = ids
        self.live = tuple(live)
        self._refresh_seconds = refresh_seconds

    def refresh(self, one: LiveSource) -> float:
        """Ask one source and post what it says. Network. Returns the seconds until it should be asked again."""
        if one.source is None:
            return float(_LONGEST_WAIT_SECONDS)
        now, wait, wanted = self._clock.now(), self._refresh_seconds, self._wanted()
        try:
            with within(_SECONDS):
                answer = one.source.prices(wanted, now)
            prices = self._sifted(one, answer)
        except PluginError as problem:
            one.fail(problem.message)
            asked = problem.retry_after if type(problem.retry_after) is int else 0
            return float(min(max(wait, asked or 0), _LONGEST_WAIT_SECONDS))
        except Exception as problem:  # noqa: BLE001 - a fault of the plugin
            one.fail(f"a fault of its plugin ({type(problem).__name__})")
            _log.error("the price source %s failed: %s", one.name, masked(repr(problem), one.secret_words))
            return float(wait)
        calm, jumps = self._parted(one, prices)
        self._board.post(one.name, calm)
        one.answered_at, one.error = now, None
        self._tell(one, jumps)
        return float(wait)

    def report(self) -> dict[str, Any]:
        """What the operator may know of it: sources in their order, prices with their ages."""
        return {"maxAgeSeconds": self._board.max_age, "sources": [self._described(one) for one in self.live]}

    def ages(self) -> Mapping[tuple[str, str], int]:
        """Seconds, by source and asset."""
        return {
            (one.name, asset): self._board.age(price)
            for one in self.live
            for asset, price in list(self._board.of(one.name))[:_MOST_SHOWN]
        }

    def close(self) -> None:
        """Let go of connections."""
        for one in self.live:
            one.http.close()
            try:
                if one.source is not None:
                    one.source.close()
            except Exception:  # noqa: BLE001 - a fault of the plugin, and the last that is heard of it
                _log.exception("the price source %s did not close", one.name)

    def _wanted(self) -> Sequence[str]:
        with self._store.read() as unit:
            added = [token.asset for token in unit.tokens.list()]
        return list(dict.fromkeys([*self._ids.natives(), *self._ids.tokens(), *added]))

    def _sifted(self, one: LiveSource, answer: object) -> dict[str, tuple[str, int]]:
        """What of an answer is a price, by canonical ids."""
        if not isinstance(answer, Mapping):
            raise Unavailable("it answered something else than prices by asset")
        found, refused, now = dict[str, tuple[str, int]](), 0, self._clock.now()
        for text, given in list(answer.items())[:MOST_PRICES]:
            asset = self._ids.canonical(text)
            try:
                if asset is None:
                    raise ValueError("no installed chain knows the asset")
                found[asset] = read_price(given, now, self._board.max_age)
            except ValueError as problem:
                refused += 1
                _log.debug("%s: no price of %s: %s", one.name, shown(str(text)), problem)
        if refused and not found:
            raise Unavailable("nothing that it answered is a price of today")
        return found

    def _parted(
        self, one: LiveSource, prices: Mapping[str, tuple[str, int]]
    ) -> tuple[dict[str, tuple[str, int]], dict[str, tuple[str, str]]]:
        """Prices to post; and those to hold back, by asset, each after the one that it is compared with.

        The one to compare with is kept for an hour, so that a price cannot be led astray in small steps any faster.
        """
        calm, jumps, now = dict[str, tuple[str, int]](), dict[str, tuple[str, str]](), self._clock.monotonic()
        for asset, price in prices.items():
            reference = one.references.get(asset)
            if reference is not None and now - reference[1] >= JUMP_SECONDS:
                reference = None
            if reference is not None and is_jump(reference[0], price[0]):
                jumps[asset] = (reference[0], price[0])
                continue
            if reference is None:
                one.references[asset] = (price[0], now)
            calm[asset] = price
        return calm, jumps

    def _tell(self, one: LiveSource, jumps: Mapping[str, tuple[str, str]]) -> None:
        """A person hears once of each asset whose price is held back."""
        fresh = {asset: jump for asset, jump in jumps.items() if asset not in one.held}
        if fresh:
            with self._store.write() as unit:
                for asset, (before, usd) in fresh.items():
                    reason = f"{one.name} says {usd} US dollars for {asset}, after {before} within the hour"
                    details = {"source": one.name, "asset": asset, "usd": usd, "before": before, "reason": reason}
                    self._journal.record(unit, "price.held_back", actor="system", details=details)
        one.held = set(jumps)

    def _described(self, one: LiveSource) -> dict[str, Any]:
        state = "ok" if one.error is None else "failing"
        if one.source is not None and one.error is None and one.answered_at is None:
            state = "waiting"
        prices = [
            {
                "assetId": asset,
                "usd": price.usd,
                "at": price.at,
                "ageSeconds": self._board.age(price),
                "isFresh": self._board.is_fresh(price),
                "decimals": self._board.decimals.get(asset),
                "isHeldBack": asset in one.held,
            }
            for asset, price in self._board.of(one.name)
        ]
        about = {"name": one.name, "state": state, "answeredAt": one.answered_at, "error": one.error}
        return {**about, "count": len(prices), "prices": prices[:_MOST_SHOWN]}


def board_of(settings: Settings, ids: AssetIds, clock: Clock) -> PriceBoard:
    """The board for what is configured; an empty one where no source is.

    :raises StartRefused: CONFIG_INVALID for wrong decimals
    """
    decimals = dict[str, int]()
    for text, number in settings.decimals().items():
        asset = ids.canonical(text)
        if asset is None:
            _log.warning("prices.decimals names %s, which no installed chain knows as an asset", shown(text))
        else:
            decimals[asset] = number
    decimals |= ids.natives()
    return PriceBoard(clock, settings.prices.sources, settings.prices.max_age_seconds, decimals)


def live_sources(settings: Settings, registry: Registry) -> Sequence[LiveSource]:
    """Those that ``prices.sources`` names, in its order.

    :raises StartRefused: CONFIG_INVALID for a wrong key in a source's table
    """
    return [_made(name, settings, registry) for name in dict.fromkeys(settings.prices.sources)]


def _made(name: str, settings: Settings, registry: Registry) -> LiveSource:
    kind = registry.price_sources.get(name)
    if kind is None:
        return LiveSource(name=name, source=None, error="no loaded plugin brings it")
    table = settings.price_table(name, kind.settings_model)
    words = tuple(sorted(secrets(table), key=len)[::-1])
    try:
        urls = kind.urls(table)
        http = NodeHttp(parse_urls(list(urls)) if urls else (), exact_json)
        return LiveSource(name=name, source=kind(table, http), http=http, secret_words=words)
    except Exception as problem:  # noqa: BLE001 - a fault of the plugin: its prices are missing, all else goes on
        _log.error("the price source %s cannot be made: %s", name, masked(repr(problem), words))
        return LiveSource(name=name, source=None, error=f"a fault of its plugin ({type(problem).__name__})")
