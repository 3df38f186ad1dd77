"""Amounts as people write them: base units (``10000000``), or display units with the symbol (``0.01SOL``, ``0.01 SOL``).

Integers only, ASCII only. What a symbol stands for is not known here.
"""

import re
from dataclasses import dataclass

from waiaas.errors import Malformed

BASE_UNITS = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
"""An amount on the wire; where zero makes no sense, whoever reads it says so."""
_SYMBOL = r"[A-Za-z$][A-Za-z0-9$._+-]{0,15}"
_DISPLAY = re.compile(
    rf"(?P<whole>0|[1-9][0-9]{{0,77}})(?:\.(?P<fraction>[0-9]{{1,255}}))?"
    rf"(?: ?(?P<symbol>{_SYMBOL})| (?P<spaced>[0-9]{{1,8}}[A-Za-z][A-Za-z0-9$._+-]{{0,7}}))",
    re.ASCII,
)
_MOST = 10**78


@dataclass(frozen=True, slots=True)
class Written:
    """Display units as somebody wrote them. :param whole: digits; :param fraction: digits after the point, or empty"""

    whole: str
    fraction: str
    symbol: str

    @property
    def number(self) -> str:
        """Without the symbol: ``0.01``."""
        return f"{self.whole}.{self.fraction}" if self.fraction else self.whole

    def units(self, decimals: int) -> int:
        """Base units, exactly; zeros that say nothing are let pass.

        :param decimals: of the asset, 0 to 255
        :raises Malformed: for more digits than the asset has, and for more than an amount can hold
        """
        fraction = self.fraction.rstrip("0")
        if len(fraction) > decimals:
            smallest = f"0.{'0' * (decimals - 1)}1" if decimals else "1"
            raise Malformed(
                f"{self.symbol} has {decimals} decimals, and {self.number} has more",
                hint=f"the smallest amount is {smallest}{self.symbol}",
            )
        scale: int = 10**decimals
        units = int(self.whole) * scale + int(fraction.ljust(decimals, "0") or "0")
        if units >= _MOST:
            raise Malformed("an amount has at most 78 digits in base units", hint="write a smaller amount")
        return units


def is_symbol(text: str) -> bool:
    """Pure. Whether amounts can be written with this symbol: ASCII letters, digits and a few signs, at most 16."""
    return _DISPLAY.fullmatch(f"1 {text}") is not None


def read_display(text: str) -> Written | None:
    """Pure. Display units with their symbol; None for what is not written so.

    A symbol that begins with a digit needs the space before it: ``5 1INCH``.
    """
    found = _DISPLAY.fullmatch(text)
    if found is None:
        return None
    return Written(
        whole=found["whole"], fraction=found["fraction"] or "", symbol=found["symbol"] or found["spaced"] or ""
    )
