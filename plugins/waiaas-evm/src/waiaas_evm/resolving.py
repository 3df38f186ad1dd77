"""An intent completed with facts from the chain. Network, one request."""

from collections.abc import Mapping
from typing import Any

from waiaas.interfaces.chain import Account, Intent, Network, Resolved
from waiaas_evm.arriving import arrival_call, arrival_warning
from waiaas_evm.erc20 import read_number
from waiaas_evm.errand import Errand
from waiaas_evm.payment import contract_warning, payable, resolved
from waiaas_evm.questions import ask, balance_call, code_call, read_token_balance, token_balance_call
from waiaas_evm.quoting import likely_fee, quote_calls, read_quote
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data, as_quantity, required
from waiaas_evm.settings import EvmSettings
from waiaas_evm.tokens import Tokens
from waiaas_evm.traits import Traits


class Resolver:
    """What resolving takes, for one network."""

    def __init__(self, rpc: Rpc, network: Network, traits: Traits, settings: EvmSettings, tokens: Tokens) -> None:
        self._rpc = rpc
        self._network = network
        self._traits = traits
        self._settings = settings
        self._tokens = tokens

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        """Balances, the likely fee, the token's words, and whether the recipient is a contract.

        :raises Refused: TOKEN_REFUSED, RECIPIENT_REFUSED, ASSET_UNKNOWN, or the intent itself cannot be built
        """
        errand = payable(intent, account, self._network)
        if errand.token is not None:
            self._tokens.prepare(self._rpc, [errand.token])
        answers = ask(self._rpc, self._calls(errand, account.address))
        token = None if errand.token is None else self._tokens.read(errand.token, answers)
        holds, money = self._holdings(errand, answers)
        is_funded = holds >= errand.units
        quote = read_quote(answers, errand, self._traits, self._settings, is_funded=is_funded)
        fee = likely_fee(quote, self._settings, self._traits.priority_floor)
        warnings = self._funds_warnings(errand, holds, money, fee)
        if errand.recipient == account.address:
            warnings.append("the account pays itself: nothing but the fee will change")
        else:
            warnings += _recipient_warnings(errand, answers)
        pays_token = errand.token is None and _is_token(answers["counts"])
        return resolved(intent, account, self._network, fee, token, warnings, pays_token=pays_token)

    def _calls(self, errand: Errand, sender: str) -> dict[str, Call]:
        calls = {
            "money": balance_call(sender),
            "code": code_call(errand.recipient),
            **quote_calls(errand, sender, self._traits, self._settings),
        }
        if errand.token is None:
            # only a token's contract tells what an address holds
            calls["counts"] = token_balance_call(errand.recipient, sender)
        else:
            calls["holds"] = token_balance_call(errand.token, sender)
            calls["arrives"] = arrival_call(errand, sender)
            calls |= self._tokens.calls(errand.token)
        return calls

    def _holdings(self, errand: Errand, answers: Mapping[str, Any]) -> tuple[int, int]:
        """Base units of what is paid, and wei."""
        money = as_quantity(required(answers["money"], "eth_getBalance"))
        return (money if errand.token is None else read_token_balance(answers["holds"])), money

    def _funds_warnings(self, errand: Errand, holds: int, money: int, fee: int) -> list[str]:
        """What ``build`` would refuse: the account may be funded before the payment is made."""
        warnings = []
        if errand.token is not None and holds < errand.units:
            warnings.append(f"the account has {holds} base units of the token; {errand.units} are needed")
        wei = fee + errand.value
        if money < wei:
            warnings.append(f"the account has {money} wei; {errand.value} and a fee of up to {fee} are needed")
        return warnings


def _is_token(answer: Any) -> bool:
    """:raises Unavailable: when the node did not ask the recipient"""
    if isinstance(answer, RpcError):
        if answer.is_own:
            return False
        raise answer.failure("eth_call")
    return read_number(as_data(answer)) is not None


def _recipient_warnings(errand: Errand, answers: Mapping[str, Any]) -> list[str]:
    warnings = contract_warning(as_data(required(answers["code"], "eth_getCode")))
    arrives = answers.get("arrives")
    if arrives is not None and not isinstance(arrives, RpcError):
        warnings += arrival_warning(arrives, errand)
    return warnings
