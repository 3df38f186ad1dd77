"""The calls that several parts ask, each with the reading of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.interfaces.chain import Account
from waiaas_solana.rpc import Call, as_list, as_object, as_text, as_whole, in_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One account as the node describes it.

    :param owner: the program it belongs to
    """

    lamports: int
    owner: str
    is_executable: bool


def balance_call(account: Account, commitment: str) -> Call:
    """Ask for an account's lamports."""
    return "getBalance", [account.address, {"commitment": commitment}]


def holders_call(addresses: Sequence[str], commitment: str) -> Call:
    """Ask for accounts without their data."""
    options = {"encoding": "base64", "commitment": commitment, "dataSlice": {"offset": 0, "length": 0}}
    return "getMultipleAccounts", [list(addresses), options]


def rent_call() -> Call:
    """Ask for the least that an account without data must hold."""
    return "getMinimumBalanceForRentExemption", [0]


def prices_call(addresses: Sequence[str]) -> Call:
    """Ask what the last 150 blocks took for a compute unit of transactions that write to these accounts."""
    return "getRecentPrioritizationFees", [list(addresses)]


def read_holders(answer: Any, count: int) -> list[Holder | None]:
    """Accounts in the order asked; None for those that do not exist. :raises Unavailable: when the answer cannot be read"""
    values = as_list(in_context(answer))
    return [_holder(value) for value in (*values, *[None] * count)[:count]]


def read_prices(answer: Any) -> list[int]:
    """Micro-lamports a unit, one for each recent block. :raises Unavailable: when the answer cannot be read"""
    return [as_whole(as_object(item).get("prioritizationFee")) for item in as_list(answer)]


def _holder(value: Any) -> Holder | None:
    if value is None:
        return None
    account: Mapping[str, Any] = as_object(value)
    return Holder(
        lamports=as_whole(account.get("lamports")),
        owner=as_text(account.get("owner")),
        is_executable=account.get("executable") is True,
    )
