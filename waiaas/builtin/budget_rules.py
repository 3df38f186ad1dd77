"""The rules document of BUDGET, and when one allows nothing that another did not."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from waiaas.builtin.dollars import PositiveDollars
from waiaas.interfaces.money import micro_usd
from waiaas.interfaces.policy import BaseUnits

EVERYBODY = "*"
AgentId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class BudgetRules(BaseModel):
    """One of ``limit`` and ``limit_usd``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(min_length=1, max_length=64, description="what the budget is called where it is told of")
    agents: Literal["*"] | Annotated[tuple[AgentId, ...], Field(min_length=1, max_length=100)] = Field(
        description="ids of the agents that share it, or * for every agent"
    )
    limit: BaseUnits | None = Field(
        default=None, description="base units of the asset that all of them may spend together"
    )
    limit_usd: PositiveDollars | None = Field(
        default=None, description="the same in dollars, as a decimal string; without a price: APPROVAL"
    )
    asset: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="native, a token's address, or CAIP-19 (a global policy takes CAIP-19 alone); left out: with limit the "
        "agent's native asset, with limit_usd every asset of every chain together",
    )
    window_seconds: int | None = Field(
        default=None, ge=1, le=31_536_000, description="length of the rolling window; left out, all that was ever spent"
    )
    on_breach: Literal["deny", "freeze"] = Field(
        default="deny", description="deny: the payment is denied; freeze: the agents that share it are suspended too"
    )

    @field_validator("agents", mode="before")
    @classmethod
    def _is_everybody(cls, agents: object) -> object:
        """A list of ``*`` alone is ``*``."""
        listed = tuple(agents) if isinstance(agents, list) else agents
        return EVERYBODY if listed == (EVERYBODY,) else listed

    @model_validator(mode="after")
    def _is_sensible(self) -> "BudgetRules":
        if (self.limit is None) is (self.limit_usd is None):
            raise ValueError("a budget has either limit or limit_usd")
        return self

    def covers(self, agent: str) -> bool:
        """Whether an agent shares the budget."""
        return self.agents == EVERYBODY or agent in self.agents


def is_tighter(old: BudgetRules, new: BudgetRules) -> bool:
    """Whether ``new`` holds whomever ``old`` held, to no more of the same, over no shorter a time, and lets nobody off.

    Exact.
    """
    is_nobody_left_out = new.agents in (old.agents, EVERYBODY) or (
        old.agents != EVERYBODY and set(new.agents) >= set(old.agents)
    )
    is_let_off = old.on_breach == "freeze" and new.on_breach == "deny"
    is_no_more = _measure(old) == _measure(new) and _amount(new) <= _amount(old)
    return is_no_more and is_nobody_left_out and _lasts(old.window_seconds, new.window_seconds) and not is_let_off


def _lasts(old: int | None, new: int | None) -> bool:
    """None is all of history."""
    return new is None or (old is not None and new >= old)


def _measure(rules: BudgetRules) -> tuple[str | None, bool]:
    return rules.asset, rules.limit is None


def _amount(rules: BudgetRules) -> int:
    return int(rules.limit) if rules.limit is not None else micro_usd(rules.limit_usd or "")
