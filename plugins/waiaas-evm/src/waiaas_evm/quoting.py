"""What a payment takes besides its amount: gas, its price, and a rollup's fee for data, read from one answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Refused, Unavailable
from waiaas_evm.erc20 import is_refusal
from waiaas_evm.errand import Errand
from waiaas_evm.fees import TRANSFER_GAS, Market, likely_price, with_margin
from waiaas_evm.questions import estimate_call, market_calls, read_market, view_call
from waiaas_evm.reverts import describe_revert, revert_data
from waiaas_evm.rollup import data_fee_calls, read_data_fee
from waiaas_evm.rpc import Call, RpcError, as_data, as_quantity
from waiaas_evm.settings import EvmSettings
from waiaas_evm.traits import Traits

_UNKNOWN_GAS = 100_000
"""For a token's transfer that cannot be estimated, since the account does not hold the amount yet."""
_MOST_GAS = 1 << 40

TOKEN_REFUSED, RECIPIENT_REFUSED = "TOKEN_REFUSED", "RECIPIENT_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """:param gas: the limit, with its margin; :param data_fee: wei at most, None where there is none"""

    gas: int
    market: Market
    data_fee: int | None


def quote_calls(errand: Errand, sender: str, traits: Traits, settings: EvmSettings) -> dict[str, Call]:
    """What to ask; a token is also asked whether it would pay, since some say no without reverting."""
    calls = {
        **market_calls(settings),
        "gas": estimate_call(errand, sender),
        **data_fee_calls(traits, errand.data),
    }
    if errand.token is not None:
        calls["paid"] = view_call(errand.to, errand.data, sender)
    return calls


def read_quote(
    answers: Mapping[str, Any], errand: Errand, traits: Traits, settings: EvmSettings, *, is_funded: bool
) -> Quote:
    """:param is_funded: whether the account holds the amount; where it does not, nothing can be estimated yet

    :raises Refused: TOKEN_REFUSED, RECIPIENT_REFUSED with the reason
    :raises Unavailable: when the node does not say
    """
    estimate = answers["gas"]
    if not is_funded:
        gas = TRANSFER_GAS if errand.token is None else _UNKNOWN_GAS
    elif isinstance(estimate, RpcError):
        raise _refusal(estimate, errand)
    else:
        _require_paid(answers.get("paid"))
        gas = as_quantity(estimate)
    if not TRANSFER_GAS <= gas < _MOST_GAS:
        raise Unavailable("the node's estimate cannot be right")
    return Quote(
        gas=with_margin(gas, settings),
        market=read_market(answers),
        data_fee=read_data_fee(answers, traits, settings),
    )


def likely_fee(quote: Quote, settings: EvmSettings, floor: int) -> int:
    """Wei that the payment will probably cost, and for which it can be built as things are."""
    return quote.gas * likely_price(quote.market, settings, floor) + (quote.data_fee or 0)


def _refusal(error: RpcError, errand: Errand) -> Exception:
    data = revert_data(error)
    if data is None:
        return error.failure("eth_estimateGas")
    if errand.token is not None:
        return Refused(TOKEN_REFUSED, f"the token would not pay: {describe_revert(data)}")
    return Refused(RECIPIENT_REFUSED, f"the recipient does not take money: {describe_revert(data)}")


def _require_paid(answer: Any) -> None:
    if answer is None:
        return
    if isinstance(answer, RpcError):
        data = revert_data(answer)
        if data is None:
            raise answer.failure("eth_call")
        raise Refused(TOKEN_REFUSED, f"the token would not pay: {describe_revert(data)}")
    if is_refusal(as_data(answer)):
        raise Refused(TOKEN_REFUSED, "the token answers that it would not pay")
