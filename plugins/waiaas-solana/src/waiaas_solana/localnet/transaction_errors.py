"""Transaction errors as a node's JSON and as its English (solana-transaction-error, solana-instruction-error)."""

from __future__ import annotations

import json
from typing import Any

from solders.transaction_status import TransactionErrorType, TransactionStatus

BLOCKHASH_NOT_FOUND = "BlockhashNotFound"
ALREADY_PROCESSED = "AlreadyProcessed"

_TRANSACTION_TEXTS = {
    "AccountInUse": "Account in use",
    "AccountLoadedTwice": "Account loaded twice",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "CallChainTooDeep": "Loader call chain is too deep",
    "MissingSignatureForFee": "Transaction requires a fee but has no signature present",
    "InvalidAccountIndex": "Transaction contains an invalid account reference",
    "SignatureFailure": "Transaction did not pass signature verification",
    "InvalidProgramForExecution": "This program may not be used for executing instructions",
    "SanitizeFailure": "Transaction failed to sanitize accounts offsets correctly",
    "UnsupportedVersion": "Transaction version is unsupported",
    "InvalidWritableAccount": "Transaction loads a writable account that cannot be written",
    "TooManyAccountLocks": "Transaction locked too many accounts",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
    "InvalidAddressLookupTableIndex": "Transaction address table lookup uses an invalid index",
    "MaxLoadedAccountsDataSizeExceeded": "Transaction exceeded max loaded accounts data size cap",
    "UnbalancedTransaction": "Sum of account balances before and after transaction do not match",
}

_INSTRUCTION_TEXTS = {
    "GenericError": "generic instruction error",
    "InvalidArgument": "invalid program argument",
    "InvalidInstructionData": "invalid instruction data",
    "InvalidAccountData": "invalid account data for instruction",
    "AccountDataTooSmall": "account data too small for instruction",
    "InsufficientFunds": "insufficient funds for instruction",
    "IncorrectProgramId": "incorrect program id for instruction",
    "MissingRequiredSignature": "missing required signature for instruction",
    "AccountAlreadyInitialized": "instruction requires an uninitialized account",
    "UninitializedAccount": "instruction requires an initialized account",
    "MissingAccount": "insufficient account keys for instruction",
    "ExternalAccountLamportSpend": "instruction spent from the balance of an account it does not own",
    "ReadonlyLamportChange": "instruction changed the balance of a read-only account",
    "PrivilegeEscalation": "Cross-program invocation with unauthorized signer or writable account",
    "ProgramFailedToComplete": "Program failed to complete",
    "ComputationalBudgetExceeded": "Computational budget exceeded",
    "UnsupportedProgramId": "Unsupported program id",
}


def error_json(error: TransactionErrorType) -> Any:
    """The error as a node writes it, such as `{"InstructionError": [0, {"Custom": 1}]}`.

    :param error: LiteSVM's.
    """
    status = TransactionStatus(slot=0, confirmations=None, status=None, err=error, confirmation_status=None)
    return json.loads(status.to_json())["err"]


def error_text(error: Any) -> str:
    """The error as a node says it in `Transaction simulation failed: ...`.

    :param error: what `error_json` gave.
    """
    if isinstance(error, str):
        return _TRANSACTION_TEXTS.get(error, error)
    name, detail = next(iter(error.items()))
    if name == "InstructionError":
        return f"Error processing Instruction {detail[0]}: {_instruction_text(detail[1])}"
    if name == "InsufficientFundsForRent":
        return f"Transaction results in an account ({detail['account_index']}) with insufficient funds for rent"
    return f"{name}: {detail}"


def _instruction_text(error: Any) -> str:
    if isinstance(error, dict) and "Custom" in error:
        return f"custom program error: {error['Custom']:#x}"
    return _INSTRUCTION_TEXTS.get(error, str(error)) if isinstance(error, str) else json.dumps(error)
