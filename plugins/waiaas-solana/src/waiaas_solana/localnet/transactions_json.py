"""Transactions as a node's JSON (Agave's transaction-status)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from solders.instruction import CompiledInstruction
from solders.message import Message, MessageV0
from solders.transaction_metadata import TransactionMetadata

from . import base58
from .accounts_json import amount_json
from .landed import MEMO_PROGRAMS, SYSTEM_PROGRAM, Balances, Landed, executed
from .rpc_errors import UNSUPPORTED_VERSION, RpcError, invalid_params

ENCODINGS = ("json", "jsonParsed", "base58", "base64")


def landed_json(landed: Landed, encoding: str, max_version: int | None) -> dict[str, Any]:
    """A transaction of a block with its meta and version.

    :param encoding: one of ENCODINGS.
    :param max_version: the newest version the client can read, None for legacy only.
    :raises RpcError: a newer version (-32015), an unknown encoding.
    """
    version = 0 if isinstance(landed.transaction.message, MessageV0) else "legacy"
    if version == 0 and max_version is None:
        raise _unsupported_version()
    body: dict[str, Any] = {"transaction": _transaction(landed, encoding), "meta": meta_json(landed)}
    if max_version is not None:
        body["version"] = version
    return body


def meta_json(landed: Landed) -> dict[str, Any]:
    """What the transaction did: fee, balances, logs."""
    own = len(landed.accounts) - sum(landed.loaded)
    middle = own + landed.loaded[0]
    return {
        "computeUnitsConsumed": landed.meta.compute_units_consumed(),
        "err": landed.error,
        "fee": landed.fee,
        "innerInstructions": inner_instructions_json(landed.meta),
        "loadedAddresses": {"writable": landed.accounts[own:middle], "readonly": landed.accounts[middle:]},
        "logMessages": landed.meta.logs(),
        "postBalances": landed.after.lamports,
        "postTokenBalances": _token_balances(landed.after),
        "preBalances": landed.before.lamports,
        "preTokenBalances": _token_balances(landed.before),
        "rewards": [],
        "status": {"Ok": None} if landed.error is None else {"Err": landed.error},
    } | _return_data(landed.meta)


def return_data_json(meta: TransactionMetadata) -> dict[str, Any] | None:
    """What the last program gave back, None where there is nothing."""
    returned = meta.return_data()
    if not returned.data:
        return None
    return {"programId": str(returned.program_id), "data": [base64.b64encode(returned.data).decode(), "base64"]}


def inner_instructions_json(meta: TransactionMetadata) -> list[dict[str, Any]]:
    """What programs called in turn, by the index of the instruction that started it."""
    return [
        {"index": index, "instructions": [_compiled(one.instruction(), one.stack_height()) for one in inner]}
        for index, inner in enumerate(meta.inner_instructions())
        if inner
    ]


def _return_data(meta: TransactionMetadata) -> dict[str, Any]:
    returned = return_data_json(meta)
    return {"returnData": returned} if returned else {}


def _token_balances(balances: Balances) -> list[dict[str, Any]]:
    return [
        {
            "accountIndex": token.index,
            "mint": token.mint,
            "owner": token.owner,
            "programId": token.program,
            "uiTokenAmount": amount_json(token.units, token.decimals),
        }
        for token in balances.tokens
    ]


def _transaction(landed: Landed, encoding: str) -> Any:
    if encoding == "base64":
        return [base64.b64encode(bytes(landed.transaction)).decode(), "base64"]
    if encoding == "base58":
        return [base58.encode(bytes(landed.transaction)), "base58"]
    if encoding not in ENCODINGS:
        raise invalid_params(f"Invalid params: unknown variant `{encoding}`, expected one of {', '.join(ENCODINGS)}.")
    message = landed.transaction.message
    assert isinstance(message, Message | MessageV0)  # the ledger lets nothing else in
    parsed = encoding == "jsonParsed"
    body = _parsed_message(landed, message) if parsed else _raw_message(landed, message)
    if isinstance(message, MessageV0):
        body["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "writableIndexes": list(lookup.writable_indexes),
                "readonlyIndexes": list(lookup.readonly_indexes),
            }
            for lookup in message.address_table_lookups
        ]
    return {"signatures": [str(one) for one in landed.transaction.signatures], "message": body}


def _raw_message(landed: Landed, message: Message | MessageV0) -> dict[str, Any]:
    header = message.header
    return {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": landed.accounts[: len(message.account_keys)],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_compiled(one, 1) for one in message.instructions],
    }


def _parsed_message(landed: Landed, message: Message | MessageV0) -> dict[str, Any]:
    own = len(message.account_keys)
    keys = [
        {
            "pubkey": address,
            "signer": index < own and message.is_signer(index),
            "writable": _is_writable(message, index) if index < own else index < own + landed.loaded[0],
            "source": "transaction" if index < own else "lookupTable",
        }
        for index, address in enumerate(landed.accounts)
    ]
    transfers = iter(executed(landed).transfers)
    return {
        "accountKeys": keys,
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_parsed(landed.accounts, one, transfers) for one in message.instructions],
    }


def _is_writable(message: Message | MessageV0, index: int) -> bool:
    header, signers = message.header, message.header.num_required_signatures
    if index < signers:
        return index < signers - header.num_readonly_signed_accounts
    return index < len(message.account_keys) - header.num_readonly_unsigned_accounts


def _parsed(accounts: Sequence[str], one: CompiledInstruction, transfers: Any) -> dict[str, Any]:
    program, data = accounts[one.program_id_index], bytes(one.data)
    if program in MEMO_PROGRAMS:
        memo = data.decode("utf-8", "replace")
        return {"program": "spl-memo", "programId": program, "parsed": memo, "stackHeight": 1}
    if program == SYSTEM_PROGRAM and data[:4] == b"\x02\0\0\0" and len(one.accounts) >= 2:
        paid = next(transfers)
        info = {"source": paid.sender, "destination": paid.recipient, "lamports": paid.lamports}
        parsed = {"type": "transfer", "info": info}
        return {"program": "system", "programId": program, "parsed": parsed, "stackHeight": 1}
    named = [accounts[index] for index in one.accounts]
    return {"programId": program, "accounts": named, "data": base58.encode(data), "stackHeight": 1}


def _compiled(one: CompiledInstruction, stack_height: int | None) -> dict[str, Any]:
    return {
        "programIdIndex": one.program_id_index,
        "accounts": list(one.accounts),
        "data": base58.encode(bytes(one.data)),
        "stackHeight": stack_height,
    }


def _unsupported_version() -> RpcError:
    message = (
        "Transaction version (0) is not supported by the requesting client. Please try the request again with the "
        'following configuration parameter: "maxSupportedTransactionVersion": 0'
    )
    return RpcError(UNSUPPORTED_VERSION, message)
