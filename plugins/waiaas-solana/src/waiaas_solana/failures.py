"""Why a transaction failed, in our words: a node's own words reach nobody. Pure."""

import re
from typing import Any

_NAME = re.compile(r"[A-Z][A-Za-z]{0,63}", re.ASCII)

_SENTENCES = {
    "AccountNotFound": "the account has no SOL yet and cannot pay the fee",
    "InsufficientFundsForFee": "the account cannot pay the fee",
    "InsufficientFundsForRent": "an account would be left with less than the rent-exempt minimum",
    "InvalidAccountForFee": "the account cannot pay fees: it is not a plain wallet",
    "InvalidRentPayingAccount": "an account would be left with less than the rent-exempt minimum",
    "BlockhashNotFound": "the blockhash is unknown or too old",
    "AlreadyProcessed": "the transaction has landed before",
    "MaxLoadedAccountsDataSizeExceeded": "the accounts hold more data than the transaction may load",
    "ComputationalBudgetExceeded": "the transaction ran out of compute units",
    "ProgramFailedToComplete": "a program ran out of compute units or crashed",
    "ReadonlyLamportChange": "the recipient is reserved by the network and cannot be paid",
}
_PROGRAM_ERRORS = {
    0: "the account exists already, or would hold less than its rent",
    1: "the account holds less than the amount",
    4: "the token account belongs to somebody else",
    17: "a token account is frozen",
    18: "the token has other decimals",
    32: "the token takes another fee",
    36: "the recipient takes this token only with a memo",
    37: "this token cannot be transferred",
}
"""Custom errors of the System program and the token programs (``SystemError``, ``TokenError``); the first two mean the same."""


def error_name(error: Any) -> str:
    """The name of a ``TransactionError`` as JSON; ``UnknownError`` for what is none."""
    if isinstance(error, dict) and len(error) == 1:
        error = next(iter(error))
    return error if isinstance(error, str) and _NAME.fullmatch(error) else "UnknownError"


def describe(error: Any) -> str:
    """One sentence for a ``TransactionError`` as JSON."""
    name = error_name(error)
    if name == "InstructionError":
        return _instruction_sentence(error)
    return _SENTENCES.get(name, f"the network refused the transaction ({name})")


def _instruction_sentence(error: Any) -> str:
    detail = error.get("InstructionError") if isinstance(error, dict) else None
    if not isinstance(detail, list) or len(detail) != 2:
        return "an instruction failed"
    reason = detail[1]
    if isinstance(reason, dict) and type(reason.get("Custom")) is int:
        code = reason["Custom"]
        return _PROGRAM_ERRORS.get(code, f"an instruction failed with the program's own error {code}")
    name = error_name(reason)
    return _SENTENCES.get(name, f"an instruction failed ({name})")
