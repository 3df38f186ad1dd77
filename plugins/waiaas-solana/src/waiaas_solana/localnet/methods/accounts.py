"""Methods about accounts: balances, data, rent.

State is one for all commitments, the newest; only a lagging node answers getBalance from the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from ..accounts_json import Shape, account_json, read_shape
from ..node import Node, in_context
from ..params import argument, config, pubkey, slot_at, strings, whole
from ..slots import View
from ..token_layout import read_mint

_MAX_ACCOUNTS = 100


def get_balance(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """Lamports of an account, 0 for one that does not exist."""
    address = pubkey(argument(params, 0))
    slot = slot_at(view, config(params, 1))
    return in_context(slot, node.ledger.lamports(address, view.tip))


def get_account_info(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """An account, null for one that does not exist."""
    address = pubkey(argument(params, 0))
    options = config(params, 1)
    shape, slot = read_shape(options, "binary"), slot_at(view, options)
    return in_context(slot, shown(node, node.ledger.accounts([address])[0], shape))


def get_multiple_accounts(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """Up to 100 accounts at one moment."""
    addresses = [pubkey(address) for address in strings(argument(params, 0), _MAX_ACCOUNTS)]
    options = config(params, 1)
    shape, slot = read_shape(options, "base64"), slot_at(view, options)
    return in_context(slot, [shown(node, account, shape) for account in node.ledger.accounts(addresses)])


def get_minimum_balance_for_rent_exemption(node: Node, view: View, params: Sequence[Any]) -> int:
    """Lamports that exempt an account of a size from rent."""
    return node.ledger.rent_minimum(min(whole(params, 0), 10 * 2**20))


def shown(node: Node, account: Account | None, shape: Shape) -> dict[str, Any] | None:
    """An account as JSON, None where there is none."""
    return None if account is None else account_json(account, shape, lambda mint: decimals_of(node, mint))


def decimals_of(node: Node, mint: str) -> int:
    """The decimals of a mint, 0 where it is none."""
    account = node.ledger.accounts([Pubkey.from_string(mint)])[0]
    found = read_mint(str(account.owner), account.data) if account else None
    return found.decimals if found else 0
