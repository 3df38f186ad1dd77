"""One instruction read: a budget setting, a transfer, an account opened, a memo, or something strange that is named. Pure."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from solders.compute_budget import ID as BUDGET_PROGRAM
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

from waiaas.interfaces.chain import Effect, What
from waiaas_solana.message import (
    CREATE_IDEMPOTENT,
    MEMO_PROGRAM,
    TRANSFER_CHECKED,
    TRANSFER_CHECKED_WITH_FEE,
    Opening,
    TokenTransfer,
    Transfer,
)
from waiaas_solana.token_programs import DERIVING_PROGRAM, TOKEN_PROGRAMS, derived_account

UNIT_LIMIT, UNIT_PRICE, DATA_LIMIT = 2, 3, 4
"""Tags of the compute budget program (``ComputeBudgetInstruction`` in ``solana-compute-budget-interface``)."""
_BUDGET_LENGTHS = {UNIT_LIMIT: 5, UNIT_PRICE: 9, DATA_LIMIT: 5}

_TRANSFER = 2
_TRANSFER_LENGTH = 12

_TOKEN_LENGTHS = {TRANSFER_CHECKED: 10, TRANSFER_CHECKED_WITH_FEE: 19}

_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
_STAKE = Pubkey.from_string("Stake11111111111111111111111111111111111111")

# Instructions by which somebody else comes to control an account, its code, or bytes that never expire.
_SYSTEM_AUTHORITY = {
    0: "create account",
    1: "assign",
    3: "create account at a derived address",
    4: "advance nonce",
    5: "withdraw nonce",
    6: "initialize nonce",
    7: "authorize nonce",
    8: "allocate",
    9: "allocate at a derived address",
    10: "assign at a derived address",
    12: "upgrade nonce",
}
_TOKEN_AUTHORITY = {6: "set authority", 9: "close account"}
_LOADER_AUTHORITY = {3: "upgrade code", 4: "set authority", 5: "close account", 7: "set authority"}
_STAKE_AUTHORITY = {
    1: "authorize",
    8: "authorize at a derived address",
    10: "authorize",
    11: "authorize at a derived address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A setting of the compute budget. :param tag: UNIT_LIMIT, UNIT_PRICE or DATA_LIMIT"""

    tag: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """Text that the transaction carries."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """An instruction that was not read."""

    effect: Effect


Step = Budget | Transfer | Opening | TokenTransfer | Memo | Strange


def read_instruction(program: Pubkey, accounts: Sequence[Pubkey], data: bytes, payer: Pubkey) -> Step:
    """Total: what is not one of our forms comes back as :class:`Strange`, never as an error.

    :param accounts: the accounts that it names, in order
    """
    found: Step | None = None
    if program == BUDGET_PROGRAM:
        found = _read_budget(data)
    elif program == SYSTEM_PROGRAM:
        found = _read_transfer(accounts, data, payer)
    elif program == MEMO_PROGRAM:
        found = _read_memo(data)
    elif program == DERIVING_PROGRAM:
        found = _read_opening(accounts, data, payer)
    elif program in TOKEN_PROGRAMS:
        found = _read_token_transfer(program, accounts, data, payer)
    return found or Strange(effect=_strange(program, data))


def _read_budget(data: bytes) -> Budget | None:
    if not data or _BUDGET_LENGTHS.get(data[0]) != len(data):
        return None
    return Budget(tag=data[0], value=int.from_bytes(data[1:], "little"))


def _read_transfer(accounts: Sequence[Pubkey], data: bytes, payer: Pubkey) -> Transfer | None:
    is_transfer = len(data) == _TRANSFER_LENGTH and int.from_bytes(data[:4], "little") == _TRANSFER
    if not is_transfer or len(accounts) != 2 or accounts[0] != payer:
        return None
    return Transfer(to=accounts[1], lamports=int.from_bytes(data[4:], "little"))


def _read_opening(accounts: Sequence[Pubkey], data: bytes, payer: Pubkey) -> Opening | None:
    if data != CREATE_IDEMPOTENT or len(accounts) != 6:
        return None
    funder, account, owner, mint, system, program = accounts
    found = Opening(owner=owner, mint=mint, program=program)
    is_ours = funder == payer and system == SYSTEM_PROGRAM and program in TOKEN_PROGRAMS
    return found if is_ours and account == found.account else None


def _read_token_transfer(
    program: Pubkey, accounts: Sequence[Pubkey], data: bytes, payer: Pubkey
) -> TokenTransfer | None:
    tag = next((one for one, length in _TOKEN_LENGTHS.items() if data.startswith(one) and len(data) == length), None)
    if tag is None or len(accounts) != 4:
        return None
    source, mint, to, authority = accounts
    if authority != payer or source != derived_account(payer, mint, program):
        return None
    at = len(tag)
    return TokenTransfer(
        program=program,
        mint=mint,
        to=to,
        units=int.from_bytes(data[at : at + 8], "little"),
        decimals=data[at + 8],
        fee=None if tag == TRANSFER_CHECKED else int.from_bytes(data[at + 9 :], "little"),
    )


def _read_memo(data: bytes) -> Memo | None:
    try:
        return Memo(text=data.decode())
    except UnicodeDecodeError:
        return None


def _strange(program: Pubkey, data: bytes) -> Effect:
    method = _authority_method(program, data)
    return Effect(
        what=What.UNKNOWN if method is None else What.AUTHORITY,
        to=str(program),
        method=method,
        data=base64.b64encode(data).decode(),
    )


def _authority_method(program: Pubkey, data: bytes) -> str | None:
    tag = int.from_bytes(data[:4], "little")
    if program == SYSTEM_PROGRAM:
        return _SYSTEM_AUTHORITY.get(tag)
    if program in TOKEN_PROGRAMS:
        return _TOKEN_AUTHORITY.get(data[0]) if data else None
    if program == _LOADER:
        return _LOADER_AUTHORITY.get(tag)
    return _STAKE_AUTHORITY.get(tag) if program == _STAKE else None
