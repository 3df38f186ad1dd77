"""What gas costs, and what to offer for it. Pure integer arithmetic; no floats near money."""

from collections.abc import Sequence
from dataclasses import dataclass

from waiaas_evm.settings import EvmSettings
from waiaas_evm.transaction import Transaction

TRANSFER_GAS = 21_000
"""What money to an account without code takes; no less is ever taken."""

_HUNDRED = 100
_BUMP_NUMERATOR, _BUMP_DENOMINATOR = 9, 8
"""A replacement offers an eighth more: pools ask for 10 percent, and some round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What gas goes for, in wei for one unit.

    :param height: the newest block
    :param base: the next block's base fee; None where the chain has none
    :param tips: what recent blocks took on top, in any order
    :param gas_price: what the node would offer where there is no base fee
    """

    height: int
    base: int | None
    tips: tuple[int, ...]
    gas_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What is offered for one unit of gas: the most, and the tip in it. Both are the price where ``is_legacy``."""

    max_fee: int
    tip: int
    is_legacy: bool


def likely_price(market: Market, settings: EvmSettings, floor: int) -> int:
    """What one unit of gas will probably cost."""
    if market.base is None:
        return max(market.gas_price, floor, 1)
    return market.base + _going_tip(market, settings, floor)


def wanted_price(market: Market, settings: EvmSettings, floor: int) -> Price:
    """What is best offered: room for the base fee to rise, and the going tip."""
    if market.base is None:
        price = likely_price(market, settings, floor)
        return Price(max_fee=price, tip=price, is_legacy=True)
    tip = _going_tip(market, settings, floor)
    room = market.base * settings.base_fee_headroom // _HUNDRED
    return Price(max_fee=max(1, market.base + room + tip), tip=tip, is_legacy=False)


def least_price(market: Market, settings: EvmSettings, floor: int) -> int:
    """Below this, no block would take it as things are."""
    if market.base is None:
        return likely_price(market, settings, floor)
    return max(1, market.base + floor)


def raised(price: Price, replaces: Sequence[Transaction]) -> Price:
    """The price, lifted as far above every earlier variant as pools ask before they replace it."""
    max_fee = max([price.max_fee, *(_bumped(tx.max_fee) for tx in replaces)])
    tip = max([price.tip, *(_bumped(tx.tip) for tx in replaces)])
    most = max(max_fee, tip)
    return Price(max_fee=most, tip=most if price.is_legacy else tip, is_legacy=price.is_legacy)


def lowest_raised(least: int, replaces: Sequence[Transaction]) -> int:
    """The least that a variant after these may offer at most."""
    return max([least, *(_bumped(tx.max_fee) for tx in replaces)])


def price_within(price: Price, gas: int, wei: int) -> Price:
    """The price, lowered until so much gas costs at most ``wei``; 0 where nothing is left."""
    most = min(price.max_fee, max(0, wei) // gas)
    return Price(max_fee=most, tip=most if price.is_legacy else min(price.tip, most), is_legacy=price.is_legacy)


def with_margin(gas: int, settings: EvmSettings) -> int:
    """A gas limit for an estimate: state may change before the block comes. Plain money takes the same everywhere."""
    return gas if gas == TRANSFER_GAS else gas + gas * settings.gas_margin // _HUNDRED


def _going_tip(market: Market, settings: EvmSettings, floor: int) -> int:
    ordered = sorted(market.tips)
    tip = ordered[(len(ordered) - 1) // 2] if ordered else 0
    return max(tip, floor)


def _bumped(price: int) -> int:
    return max(price + 1, -(-price * _BUMP_NUMERATOR // _BUMP_DENOMINATOR))
