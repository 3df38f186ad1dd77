"""Methods about SPL tokens, of both token programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from ..accounts_json import amount_json, read_shape
from ..node import Node, in_context
from ..params import argument, config, pubkey, slot_at
from ..rpc_errors import invalid_params
from ..slots import View
from ..token_layout import TOKEN_PROGRAMS, TokenAccount, read_mint, read_token_account
from .accounts import decimals_of, shown


def get_token_account_balance(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """What a token account holds."""
    account = _existing(node, pubkey(argument(params, 0)))
    slot = slot_at(view, config(params, 1))
    held = read_token_account(str(account.owner), account.data)
    if held is None:
        raise invalid_params("Invalid param: not a Token account")
    return in_context(slot, amount_json(held.units, decimals_of(node, held.mint)))


def get_token_supply(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """How much of a token there is."""
    account = _existing(node, pubkey(argument(params, 0)))
    slot = slot_at(view, config(params, 1))
    mint = read_mint(str(account.owner), account.data)
    if mint is None:
        raise invalid_params("Invalid param: not a Token mint")
    return in_context(slot, amount_json(mint.supply, mint.decimals))


def get_token_accounts_by_owner(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """The token accounts of an owner, for one mint or one token program."""
    owner = str(pubkey(argument(params, 0)))
    program, mint = _filter(node, argument(params, 1))
    options = config(params, 2)
    shape, slot = read_shape(options, "binary"), slot_at(view, options)
    found = [
        {"pubkey": str(address), "account": shown(node, account, shape)}
        for address, account in node.ledger.owned_by(program)
        if _matches(read_token_account(str(program), account.data), owner, mint)
    ]
    return in_context(slot, sorted(found, key=lambda row: str(row["pubkey"])))


def _filter(node: Node, value: Any) -> tuple[Pubkey, str | None]:
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"mint", "programId"}:
        raise invalid_params("Invalid params: expected an object with either mint or programId.")
    if "programId" in value:
        program = pubkey(value["programId"])
        if str(program) not in TOKEN_PROGRAMS:
            raise invalid_params("Invalid param: unrecognized Token program id")
        return program, None
    address = pubkey(value["mint"])
    account = node.ledger.accounts([address])[0]
    if account is None or read_mint(str(account.owner), account.data) is None:
        raise invalid_params("Invalid param: could not find mint")
    return account.owner, str(address)


def _matches(held: TokenAccount | None, owner: str, mint: str | None) -> bool:
    return held is not None and held.owner == owner and mint in (None, held.mint)


def _existing(node: Node, address: Pubkey) -> Account:
    account = node.ledger.accounts([address])[0]
    if account is None:
        raise invalid_params("Invalid param: could not find account")
    return account
