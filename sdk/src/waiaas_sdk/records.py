"""What every answer of the daemon is made of: frozen records, amounts, pages.

On the wire names are camelCase and amounts are decimal strings of base units; here names are snake_case and amounts are
``int``. Fields that a newer daemon adds are kept: they are in ``model_extra``.
"""

import re
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

_DIGITS = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)


def _read_units(value: object) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{value!r} is not a whole number of base units")


BaseUnits = Annotated[int, BeforeValidator(_read_units), PlainSerializer(str, return_type=str)]
"""An amount in base units (lamports, wei): an ``int`` here, a decimal string on the wire."""


class Record(BaseModel):
    """What every answer is."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True, defer_build=True
    )


T = TypeVar("T")


class Page(Record, Generic[T]):
    """One page of a list, newest first.

    ``cursor`` asks for the next page while ``has_more`` holds.
    """

    items: list[T]
    cursor: str | None = None
    has_more: bool = False
