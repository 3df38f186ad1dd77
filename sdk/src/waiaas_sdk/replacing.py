"""Speeding up and giving up what is signed: the body of such a wish."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from waiaas_sdk.payment import Units


class _Replace(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    max_fee: Units | None = None


def replace_body(max_fee: int | None) -> dict[str, Any]:
    """The JSON body. :raises pydantic.ValidationError: for a fee that is not an ``int`` of 0 or more"""
    return _Replace(max_fee=max_fee).model_dump(by_alias=True, exclude_none=True)
