"""The board of prices: what sources said last, in memory. A judgement reads it and never waits; what is too old is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from waiaas.clock import Clock
from waiaas.engine.rules.prices import MOST_AHEAD_SECONDS
from waiaas.interfaces.chain import Asset

MOST_PRICES = 10_000
"""Of one source."""
_FORGOTTEN_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One price of one source.

    :param at: Unix second of which it is the price; :param age: how old it was when it was posted
    :param since: monotonic second at which it was posted
    """

    usd: str
    at: int
    age: int
    since: float


class PriceBoard:
    """Thread-safe: each source posts from one thread, anybody reads.

    :param sources: names, the one that counts first at the front
    :param max_age: seconds
    :param decimals: asset id to what its decimals are by the operator's word or the network's. Others are read from a node,
        which could make little of much by telling too many, so an asset that says otherwise has no price
    """

    def __init__(self, clock: Clock, sources: Sequence[str], max_age: int, decimals: Mapping[str, int]) -> None:
        self._clock = clock
        self.max_age = max_age
        self.decimals = decimals
        self._posted: dict[str, Mapping[str, Posted]] = {name: {} for name in sources}

    def post(self, source: str, prices: Mapping[str, tuple[str, int]]) -> None:
        """What a source says now, by canonical asset id, already read by :func:`read_price`."""
        now, since = self._clock.now(), self._clock.monotonic()
        kept = {asset: one for asset, one in self._posted[source].items() if self.age(one) < _FORGOTTEN_SECONDS}
        fresh = {
            asset: Posted(usd=usd, at=moment, age=max(0, now - moment), since=since)
            for asset, (usd, moment) in prices.items()
        }
        self._posted[source] = dict(
            [*fresh.items(), *((a, p) for a, p in kept.items() if a not in fresh)][:MOST_PRICES]
        )

    def fresh(self, assets: Sequence[Asset]) -> Mapping[str, tuple[str, int]]:
        """Prices of these assets that are young enough, from the first source that has one."""
        if not self._posted:
            return {}
        found = {}
        for asset in assets:
            if self.decimals.get(asset.id) != asset.decimals:
                continue
            known = (posted.get(asset.id) for posted in self._posted.values())
            price = next((one for one in known if one is not None and self.is_fresh(one)), None)
            if price is not None:
                found[asset.id] = (price.usd, price.at)
        return found

    def of(self, source: str) -> Iterator[tuple[str, Posted]]:
        """A source's prices by asset, also those that are too old."""
        return iter(sorted(self._posted.get(source, {}).items()))

    def age(self, price: Posted) -> int:
        """Seconds, by whichever clock says more: setting the machine's clock back makes nothing young again."""
        return max(self._clock.now() - price.at, price.age + int(self._clock.monotonic() - price.since))

    def is_fresh(self, price: Posted) -> bool:
        """Whether it is a price still."""
        return self.age(price) <= self.max_age and price.at <= self._clock.now() + MOST_AHEAD_SECONDS
