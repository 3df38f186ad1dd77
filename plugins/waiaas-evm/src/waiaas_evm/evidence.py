"""What stands beside the bytes as evidence: when they were made, and what the chain below may take for their data. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from waiaas.errors import Malformed

_WHOLE = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a node said when the bytes were made.

    :param height: the newest block then: the bytes are in no block up to it
    :param made: when that was by the machine's clock, Unix seconds; None in what was stored before it was kept
    :param data_fee: wei that a rollup's first layer may take besides the gas; None where gas is all that is paid
    """

    height: int
    made: int | None = None
    data_fee: int | None = None

    def to_strings(self) -> Mapping[str, str]:
        """As evidence of Unsigned and Signed."""
        numbers = {"height": self.height, "made": self.made, "data_fee": self.data_fee}
        return {name: str(number) for name, number in numbers.items() if number is not None}


def read_evidence(strings: Mapping[str, str], *, has_data_fee: bool) -> Evidence:
    """What :meth:`Evidence.to_strings` wrote.

    :param has_data_fee: whether the network is a rollup that charges for data apart from gas
    :raises Malformed: when it is something else, a data fee that is missing or not charged there included
    """
    expected = {"height", "data_fee"} if has_data_fee else {"height"}
    if set(strings) - {"made"} != expected or not all(_WHOLE.fullmatch(text) for text in strings.values()):
        raise Malformed("the evidence does not say when the bytes were made and what their data may cost")
    data_fee = int(strings["data_fee"]) if has_data_fee else None
    made = int(strings["made"]) if "made" in strings else None
    return Evidence(height=int(strings["height"]), made=made, data_fee=data_fee)
