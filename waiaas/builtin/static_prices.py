"""``static``: prices that the operator wrote down. They never grow old by themselves: who writes them answers for them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from waiaas.errors import Malformed
from waiaas.interfaces.ids import is_asset_id
from waiaas.interfaces.money import micro_usd
from waiaas.interfaces.prices import Price, PriceSource


def _priced(text: str) -> str:
    try:
        is_some = micro_usd(text) > 0
    except Malformed:
        is_some = False
    if not is_some:
        raise ValueError('must be US dollars a whole unit, above zero, such as "142.5"')
    return text


class StaticSettings(BaseModel):
    """``[prices.static]``: each key is an asset's CAIP-19 id in quotes, each value what a whole unit of it costs."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[str, Field(strict=True), AfterValidator(_priced)]] = Field(init=False)

    @model_validator(mode="after")
    def _names_assets(self) -> "StaticSettings":
        for asset in self.__pydantic_extra__:
            if not is_asset_id(asset):
                raise ValueError(f"{asset!r} is no CAIP-19 id in quotes; `GET /v1/chains` shows those of native assets")
        return self


class StaticPrices(PriceSource):
    """Answers from the configuration alone."""

    name = "static"
    settings_model = StaticSettings

    def prices(self, assets: Sequence[str], now: int) -> dict[str, Price]:
        """All of them, of now."""
        return {asset: (usd, now) for asset, usd in (self.settings.model_extra or {}).items()}
