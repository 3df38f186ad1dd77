"""What the kit of policy types needs of a type, and the made-up payments and histories that it is tried with.

Numbers are drawn around those that stand in the rules themselves: what is wrong is mostly wrong by one, at a bound.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from pydantic import BaseModel

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Amount, Asset, Destination, Effect, Intent, Kind, Resolved, What
from waiaas.interfaces.policy import AssetReader, Facts, PolicyType, Window

NATIVE = "solana:kit/slip44:501"
TOKEN = "solana:kit/token:Mint"
AGENTS = tuple(f"00000000-0000-7000-8000-00000000000{number}" for number in range(3))
NOW = 1_800_000_000
HUGE = 10**30
ASSETS = (
    Asset(id=NATIVE, symbol="SOL", decimals=9, native=True),
    Asset(id=TOKEN, symbol="USD", decimals=2, native=False),
)
PRICES: tuple[Mapping[str, tuple[str, int]], ...] = (
    {},
    {NATIVE: ("1000", NOW - 5), TOKEN: ("0.0001", NOW - 5)},
    {NATIVE: ("3000", NOW - 5)},
)
"""None; such that a base unit of either is worth a millionth of a dollar; and of the coin alone."""
_TRIALS = 150
_FEES = (0, 1, 5000)


@dataclass(frozen=True, kw_only=True)
class PolicyBench:
    """A policy type, and rules to try it with.

    :param rules: normalised, at least two that differ, about :data:`NATIVE`, :data:`TOKEN` and :data:`AGENTS`; small numbers
        find more
    :param make: a new instance
    :param is_monotone: whether a larger amount is never judged milder; for a type whose operators may write anything, False
    """

    policy: PolicyType[Any]
    rules: tuple[BaseModel, ...]
    make: Callable[[], PolicyType[Any]]
    is_monotone: bool = True

    def numbers(self) -> Sequence[int]:
        """Around every number of the rules, and a few others; from the smallest."""
        text = " ".join(rules.model_dump_json() for rules in self.rules)
        found = [int(digits.replace(".", "")) for digits in re.findall(r"\d[\d.]*\d|\d", text) if len(digits) < 20]
        near = {number + step for number in found for step in (-1, 0, 1) if number + step >= 0}
        return sorted({0, 1, 2, *near, HUGE - 1, HUGE})

    def trials(self) -> "Iterator[Trial]":
        """The same ones each time."""
        chance, numbers, seconds = Random(7), self.numbers(), self._seconds()  # noqa: S311 - it has to repeat
        small = [number for number in numbers if number < HUGE - 1] or [0]
        for _ in range(_TRIALS):
            events = tuple(
                Event(
                    agent=chance.choice(AGENTS),
                    seconds_ago=chance.choice(seconds),
                    units=chance.choice(small),
                    what=chance.choice((NATIVE, TOKEN, "other")),
                )
                for _ in range(chance.choice((0, 1, 1, 2, 3)))
            )
            yield Trial(
                agent=chance.choice(AGENTS),
                now=NOW + chance.randrange(604_800),
                asset=chance.choice((NATIVE, NATIVE, TOKEN)),
                units=chance.choice(numbers),
                fee=chance.choice(_FEES),
                prices=chance.choice(PRICES),
                events=events,
                held_seconds=chance.choice((0, 0, 60)),
            )

    def _seconds(self) -> Sequence[int]:
        """On either side of every window's end."""
        asked = [
            window.seconds
            for rules in self.rules
            for window in self.policy.windows(rules, resolved((out(NATIVE, 1), out(TOKEN, 1))))
            if window.seconds is not None
        ]
        return sorted({1, *(seconds + step for seconds in asked for step in (-1, 1)), 10**9})


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened before: so many units of something, some time ago."""

    agent: str
    seconds_ago: int
    units: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One payment with its past. A window's value comes from the past alone, so that windows of several rules agree."""

    agent: str
    now: int
    asset: str
    units: int
    fee: int
    prices: Mapping[str, tuple[str, int]]
    events: tuple[Event, ...] = ()
    held_seconds: int = 0
    odd: tuple[Effect, ...] | None = None
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What the payment does: what leaves, or something odd in its place."""
        return (out(self.asset, self.units),) if self.odd is None else self.odd

    def facts(self, windows: Sequence[Window]) -> Facts:
        """What a judge is told; ``values`` go before what the past says."""
        values = {window.name: self.values.get(window.name, self._value(window)) for window in windows}
        oldest = {window.name: self.now + 60 for window in windows if window.scope != "all" and values[window.name]}
        return Facts(
            now=self.now,
            agent=self.agent,
            session="session",
            chain="solana",
            network="kit",
            native=NATIVE,
            kind=Kind.TRANSFER,
            effects=self.effects,
            fee=Amount(asset=NATIVE, units=self.fee),
            resolved=resolved(self.effects),
            windows=values,
            oldest=oldest,
            prices=self.prices,
            held_seconds=self.held_seconds,
        )

    def with_(self, **changes: Any) -> "Trial":
        """The same with changes."""
        return replace(self, **changes)

    def _value(self, window: Window) -> int:
        agents = window.where.get("agents", ",".join(AGENTS)).split(",") if window.scope == "all" else [self.agent]
        mine = [one for one in self.events if one.agent in agents and one.seconds_ago <= (window.seconds or 10**10)]
        if window.measure != "spent":
            return len(mine)
        asset = window.where["asset"]
        what = asset if asset in (NATIVE, TOKEN) and "kinds" not in window.where else "other"
        return sum(one.units for one in mine if one.what == what)


def out(asset: str, units: int | None) -> Effect:
    """Value that leaves."""
    return Effect(what=What.OUT, asset=asset, units=units, to="A" * 32)


def resolved(effects: tuple[Effect, ...]) -> Resolved:
    """An intent with these effects."""
    intent = Intent(kind=Kind.TRANSFER, to=Destination(address="A" * 32), amount=Amount(asset=NATIVE, units=1))
    return Resolved(intent=intent, effects=effects, assets=ASSETS, likely_fee=Amount(asset=NATIVE, units=1))


def odd_effects() -> Iterator[tuple[Effect, ...]]:
    """Whatever may stand in a transaction, negative amounts apart: those the host refuses."""
    yield ()
    for what in What:
        for asset in (None, NATIVE, TOKEN, "solana:kit/token:Strange"):
            for units in (None, 0, 1, HUGE):
                odd = Effect(what=what, asset=asset, units=units, to=None, method="\u202e", data="00")
                yield (odd,)
                yield (out(NATIVE, 1), odd, out(TOKEN, 1))


class SpellingReader(AssetReader):
    """Reads the bench's assets and its recipient in any case of their letters, as chains with checksums do."""

    spellings = ("A" * 32, NATIVE, TOKEN)

    def asset(self, text: str | None) -> str:
        """The native one for None."""
        return NATIVE if text in (None, "native") else self._one(text or "")

    def address(self, text: str) -> str:
        """The recipient."""
        return self._one(text)

    def _one(self, text: str) -> str:
        for right in self.spellings:
            if right.casefold() == text.casefold():
                return right
        raise Malformed(f"no chain reads {text!r}")


def misspelt(rules: BaseModel) -> str | None:
    """The rules as JSON with every address and asset in another case; None where they name none."""
    written = rules.model_dump_json(exclude_none=True)
    other = written
    for right in SpellingReader.spellings:
        other = other.replace(right, right.swapcase())
    return None if other == written else other


def with_a_stranger(rules: BaseModel) -> str:
    """The rules as JSON, with a key that nobody knows."""
    return json.dumps({**json.loads(rules.model_dump_json(exclude_none=True)), "unheard_of": 1})
