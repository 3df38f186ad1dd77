"""The plugin's table of configuration, ``[plugins.waiaas-evm]``: how fees are offered, and networks that are not built in."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from waiaas_evm.networks import BUILT_IN

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_WEI = 10**30


def _from_digits(value: object) -> object:
    """TOML's integers end at 64 bits: larger ones are written as text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _from_one(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Wei = Annotated[int, BeforeValidator(_from_digits), Field(strict=True, ge=0, le=_MOST_WEI)]
Urls = Annotated[tuple[str, ...], BeforeValidator(_from_one), Field(min_length=1, max_length=16)]


class NetworkTable(BaseModel):
    """``[plugins.waiaas-evm.networks.<name>]``: another EVM chain, by configuration alone.

    Exactly one of ``finality_tag`` and ``finality_depth`` is given; depth 0 takes a block for final as soon as it is there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    chain_id: int = Field(ge=1, lt=1 << 53)
    symbol: str = Field(pattern=r"^[A-Za-z0-9.]{1,16}$")
    decimals: int = Field(default=18, ge=0, le=36)
    coin_type: int = Field(default=60, ge=0, lt=1 << 31)
    rpc: Urls
    finality_tag: Literal["finalized", "safe"] | None = None
    finality_depth: int | None = Field(default=None, ge=0, le=10_000)
    fee_max: Wei = Field(gt=0)
    priority_floor: Wei = 0
    block_milliseconds: int = Field(default=2_000, ge=50, le=600_000)
    explorer: str = Field(default="", max_length=256)
    rollup: Literal["none", "op-stack"] = "none"
    max_in_flight: int = Field(default=16, ge=1, le=1_000)
    is_test: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.finality_tag is None) == (self.finality_depth is None):
            raise ValueError("give one of finality_tag and finality_depth")
        if self.explorer and (not self.explorer.startswith("https://") or "{tx}" not in self.explorer):
            raise ValueError("explorer is an https address with {tx} in it")
        for url in self.rpc:
            _check_url(url)
        return self


class EvmSettings(BaseModel):
    """Every key has a default; unknown ones are refused. Percentages are whole numbers: no floats near money.

    The tip is a percentile of what recent blocks took, at least the network's floor. The most that is offered for gas leaves
    room for the base fee to rise by ``base_fee_headroom`` percent; the host's own fee cap stands above both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tip_percentile: int = Field(default=50, ge=0, le=100)
    tip_blocks: int = Field(default=10, ge=1, le=100)
    base_fee_headroom: int = Field(default=100, ge=0, le=1_000)
    gas_margin: int = Field(default=25, ge=0, le=400)
    data_fee_margin: int = Field(default=100, ge=0, le=1_000)
    networks: Mapping[str, NetworkTable] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _networks_are_new(self) -> Self:
        taken = {known.traits.number: known.network.name for known in BUILT_IN}
        names = set(taken.values())
        for name, table in self.networks.items():
            if not _NAME.fullmatch(name) or name in names:
                raise ValueError(f"networks.{name}: a name is small letters, digits and dashes, and not a built-in one")
            if table.chain_id in taken:
                raise ValueError(f"networks.{name}: chain id {table.chain_id} is that of {taken[table.chain_id]}")
            taken[table.chain_id] = name
        return self


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("rpc takes https addresses, and http on loopback")
