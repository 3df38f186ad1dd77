"""The calls that several parts ask, each with the reading of its answer."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Account
from waiaas_solana.rpc import Call, as_list, as_object, as_text, as_whole, in_context

_LONGEST = 64 * 1024
"""Characters of an account's data in base64, more than any slice that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One account as the node describes it.

    :param owner: the program it belongs to
    :param data: as much of it as was asked for
    """

    lamports: int
    owner: str
    is_executable: bool
    data: bytes = b""

    @property
    def program(self) -> Pubkey:
        """The program it belongs to, as a key. :raises Unavailable: when the node's text is none"""
        try:
            return Pubkey.from_string(self.owner)
        except ValueError:
            raise Unavailable("the node names an owner that is no address") from None


def balance_call(account: Account, commitment: str) -> Call:
    """Ask for an account's lamports."""
    return "getBalance", [account.address, {"commitment": commitment}]


def accounts_call(addresses: Sequence[str], commitment: str, length: int = 0) -> Call:
    """Ask for accounts with the first bytes of their data. :param length: how many bytes"""
    options = {"encoding": "base64", "commitment": commitment, "dataSlice": {"offset": 0, "length": length}}
    return "getMultipleAccounts", [list(addresses), options]


def rent_call(length: int) -> Call:
    """Ask for the least that an account with so many bytes of data must hold."""
    return "getMinimumBalanceForRentExemption", [length]


def prices_call(addresses: Sequence[str]) -> Call:
    """Ask what the last 150 blocks took for a compute unit of transactions that write to these accounts."""
    return "getRecentPrioritizationFees", [list(addresses)]


def read_accounts(answer: Any, count: int) -> list[Holder | None]:
    """Accounts in the order asked; None for those that do not exist. :raises Unavailable: when the answer cannot be read"""
    return [read_account(value) for value in read_values(answer, count)]


def read_values(answer: Any, count: int) -> list[Any]:
    """The same, each for :func:`read_account` to read. :raises Unavailable: when the answer cannot be read"""
    return [*as_list(in_context(answer)), *[None] * count][:count]


def read_account(value: Any) -> Holder | None:
    """One account, None where there is none. :raises Unavailable: when it cannot be read"""
    if value is None:
        return None
    account: Mapping[str, Any] = as_object(value)
    return Holder(
        lamports=as_whole(account.get("lamports")),
        owner=as_text(account.get("owner")),
        is_executable=account.get("executable") is True,
        data=_data(account.get("data")),
    )


def read_prices(answer: Any) -> list[int]:
    """Micro-lamports a unit, one for each recent block. :raises Unavailable: when the answer cannot be read"""
    prices = [item.get("prioritizationFee") if isinstance(item, dict) else None for item in as_list(answer)]
    return [as_whole(price) for price in prices]


def _data(value: Any) -> bytes:
    parts = as_list(value)
    if not parts or not isinstance(parts[0], str) or len(parts[0]) > _LONGEST:
        raise Unavailable("the node's answer cannot be read")
    try:
        return base64.b64decode(parts[0], validate=True)
    except ValueError:
        raise Unavailable("the node's answer cannot be read") from None
