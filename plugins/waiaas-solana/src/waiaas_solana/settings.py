"""The plugin's table of configuration, ``[plugins.waiaas-solana]``: how compute units are priced, how fresh reads are."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Commitment = Literal["processed", "confirmed", "finalized"]


class SolanaSettings(BaseModel):
    """Every key has a default; unknown ones are refused.

    Prices are micro-lamports for one compute unit. The price of a payment is a percentile of what the last 150 blocks took
    for the accounts it writes to, held between floor and cap; the host's own fee cap stands above both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    price_percentile: int = Field(default=75, ge=0, le=100)
    price_floor: int = Field(default=5_000, ge=0, le=10_000_000)
    price_cap: int = Field(default=1_000_000, ge=0, le=100_000_000)
    read_commitment: Commitment = "confirmed"

    @model_validator(mode="after")
    def _floor_under_cap(self) -> "SolanaSettings":
        if self.price_floor > self.price_cap:
            raise ValueError(f"price_floor {self.price_floor} is above price_cap {self.price_cap}")
        return self
