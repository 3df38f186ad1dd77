"""What an account holds, and what of it a payment could use now. Network, one request."""

from collections.abc import Mapping, Sequence
from typing import Any

from waiaas.interfaces.chain import Account, Balance, Network, Signed
from waiaas_evm.funds import most_taken, under_way
from waiaas_evm.names import parse_asset, token_address
from waiaas_evm.questions import ask, balance_call, count_call, read_token_balance, token_balance_call
from waiaas_evm.rpc import Call, Rpc, as_quantity, required
from waiaas_evm.tokens import Tokens


def read_balances(
    rpc: Rpc, network: Network, tokens: Tokens, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]
) -> Sequence[Balance]:
    """Each asset's, in order; none named is native money alone: a chain of this family lists no account's tokens.

    Spendable leaves out what transactions take that the balance does not show yet.

    :raises Malformed: for an asset of another network
    :raises Refused: ASSET_UNKNOWN
    """
    wanted = [parse_asset(asset, network) for asset in assets] or [network.native.id]
    contracts = [token_address(asset) for asset in wanted if asset != network.native.id]
    tokens.prepare(rpc, contracts)
    answers = ask(rpc, _calls(tokens, account.address, contracts))
    pending = under_way(in_flight, as_quantity(required(answers["count"], "eth_getTransactionCount")))
    money = as_quantity(required(answers["money"], "eth_getBalance"))
    native = Balance(asset=network.native, total=money, spendable=max(0, money - most_taken(pending)))
    read = {contract: _token_balance(tokens, answers, contract, pending) for contract in contracts}
    return tuple(native if asset == network.native.id else read[token_address(asset)] for asset in wanted)


def _calls(tokens: Tokens, holder: str, contracts: Sequence[str]) -> dict[str, Call]:
    calls = {"money": balance_call(holder), "count": count_call(holder)}
    for contract in contracts:
        calls[f"account holds {contract}"] = token_balance_call(contract, holder)
        calls |= tokens.calls(contract)
    return calls


def _token_balance(tokens: Tokens, answers: Mapping[str, Any], contract: str, pending: Sequence[Signed]) -> Balance:
    asset = tokens.read(contract, answers).asset
    total = read_token_balance(answers[f"account holds {contract}"])
    return Balance(asset=asset, total=total, spendable=max(0, total - most_taken(pending, contract)))
