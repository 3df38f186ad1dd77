"""Speeding up and giving up what is signed: the body of such a wish."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from waiaas_sdk.payment import Units, read_body


class _Replace(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    max_fee: Units | None = None


def replace_body(max_fee: int | None) -> dict[str, Any]:
    """The JSON body. :raises InvalidAmount: for a fee that is not an ``int`` of 0 or more"""
    return read_body(_Replace, {"maxFee": max_fee})
