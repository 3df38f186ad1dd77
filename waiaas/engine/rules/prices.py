"""What is taken for a price of what a source says. Pure; whatever is not plainly right is no price."""

from fractions import Fraction

from waiaas.errors import Malformed
from waiaas.interfaces.money import micro_usd

MOST_AHEAD_SECONDS = 60
"""Clocks differ a little; a price from further ahead is none, and none counts as younger than now."""
JUMP = 10
JUMP_SECONDS = 3600
_LEAST, _MOST = Fraction(1, 10**18), Fraction(10**12)


def read_price(given: object, now: int, max_age: int) -> tuple[str, int]:
    """The price as it is kept.

    :raises ValueError: saying why it is none
    """
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError("a price is its text and its time")
    usd, moment = given
    if not isinstance(usd, str) or not _is_plain(usd):
        raise ValueError("its text is no plain decimal")
    if not _LEAST <= Fraction(usd) <= _MOST:
        raise ValueError("it is zero or absurd")
    if type(moment) is not int or moment > now + MOST_AHEAD_SECONDS:
        raise ValueError("its time is none, or ahead")
    if now - moment > max_age:
        raise ValueError("it is too old")
    return usd, min(moment, now)


def is_jump(before: str, usd: str) -> bool:
    """Whether one price is more than tenfold the other."""
    low, high = sorted((Fraction(before), Fraction(usd)))
    return high > low * JUMP


def _is_plain(text: str) -> bool:
    try:
        micro_usd(text)
    except Malformed:
        return False
    return True
