"""Methods that take transactions: send, simulate, fee, airdrop.

A node's promise is small: the signature of sendTransaction says that the bytes were passed on, nothing more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from solders.message import from_bytes_versioned
from solders.signature import Signature
from solders.transaction import SanitizeError, VersionedTransaction

from .. import base58
from ..accounts_json import read_shape
from ..faults import LAND_LATER, SEND, SWALLOW
from ..ledger import is_supported
from ..machine import Outcome
from ..node import Node, in_context
from ..params import argument, commitment, config, flag, pubkey, slot_at, strings, text, whole
from ..rpc_errors import INTERNAL_ERROR, PREFLIGHT_FAILURE, SIGNATURE_FAILURE, RpcError, invalid_params
from ..slots import View
from ..transaction_errors import ALREADY_PROCESSED, BLOCKHASH_NOT_FOUND, error_text
from ..transactions_json import inner_instructions_json, return_data_json
from .accounts import shown
from .cluster import blockhash_json, check_health

_PACKET = 1232  # bytes (PACKET_DATA_SIZE)


def read_transaction(params: Sequence[Any]) -> VersionedTransaction:
    """The transaction that sendTransaction is given."""
    return _transaction(argument(params, 0), config(params, 1), "base58")


def send_transaction(node: Node, view: View, params: Sequence[Any]) -> str:
    """Check unless told not to, pass on, answer with the signature."""
    options = config(params, 1)
    transaction = read_transaction(params)
    skips = flag(options, "skipPreflight")
    wanted = "processed" if skips else commitment(options, key="preflightCommitment")
    slot = slot_at(view, options | {"commitment": wanted})
    is_signed = all(transaction.verify_with_results())
    if not skips:
        if not is_signed:
            raise _unsigned()
        check_health(node, view)
        _preflight(node, view, transaction, slot)
    _pass_on(node, transaction, is_signed)
    return str(transaction.signatures[0])


def _preflight(node: Node, view: View, transaction: VersionedTransaction, slot: int) -> None:
    error = _refusal(node, view, transaction, slot)
    outcome = None if error else node.ledger.simulate(transaction)
    error = outcome.error if outcome else error
    if error is not None:
        message = f"Transaction simulation failed: {error_text(error)}"
        raise RpcError(PREFLIGHT_FAILURE, message, _result(error, outcome))


def _pass_on(node: Node, transaction: VersionedTransaction, is_signed: bool) -> None:
    node.accepted.append(str(transaction.signatures[0]))
    if node.faults.take(SWALLOW, [SEND]) or not is_signed:
        return
    later = node.faults.take(LAND_LATER, [SEND])
    if later:
        node.ledger.submit_later(transaction, node.slots.now() + later.slots)
    else:
        node.ledger.submit(transaction)


def simulate_transaction(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """What a transaction would do; nothing stays."""
    options = config(params, 1)
    verifies, replaces = flag(options, "sigVerify"), flag(options, "replaceRecentBlockhash")
    if verifies and replaces:
        raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
    transaction = _transaction(argument(params, 0), options, "base58")
    slot = slot_at(view, options)
    if verifies and not all(transaction.verify_with_results()):
        raise _unsigned()
    error = None if replaces else _refusal(node, view, transaction, slot)
    outcome = None if error else node.ledger.simulate(transaction)
    result = _result(outcome.error if outcome else error, outcome)
    result["accounts"] = _accounts(node, transaction, options, outcome)
    if flag(options, "innerInstructions") and outcome:
        result["innerInstructions"] = inner_instructions_json(outcome.meta)
    if replaces:
        result["replacementBlockhash"] = blockhash_json(node, slot)
    return in_context(slot, result)


def get_fee_for_message(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """The fee of a message in lamports, null where its blockhash is not accepted."""
    try:
        message = from_bytes_versioned(_decoded(text(argument(params, 0)), "base64"))
    except ValueError as error:
        raise invalid_params(f"failed to deserialize solana_message::VersionedMessage: {error}") from error
    slot = slot_at(view, config(params, 1))
    if not node.hashes.is_valid(message.recent_blockhash, slot):
        return in_context(slot, None)
    unsigned = [Signature.default()] * message.header.num_required_signatures
    outcome = node.ledger.simulate(_sane(VersionedTransaction.populate(message, unsigned)))
    return in_context(slot, outcome.meta.fee())


def request_airdrop(node: Node, view: View, params: Sequence[Any]) -> str:
    """Pay from the faucet; the payment has landed when the answer comes."""
    address, lamports = pubkey(argument(params, 0)), whole(params, 1)
    try:
        return node.ledger.fund(address, lamports)
    except ValueError as error:
        raise RpcError(INTERNAL_ERROR, f"Internal error: {error}") from error


def _refusal(node: Node, view: View, transaction: VersionedTransaction, slot: int) -> str | None:
    """Why no block takes a transaction, as far as this node knows; the blockhash counts first, as in a bank."""
    if not node.hashes.is_valid(transaction.message.recent_blockhash, slot):
        return BLOCKHASH_NOT_FOUND
    landed = node.ledger.find(str(transaction.signatures[0]))
    return ALREADY_PROCESSED if landed and landed.slot <= view.tip else None


def _result(error: Any, outcome: Outcome | None) -> dict[str, Any]:
    return {
        "accounts": None,
        "err": error,
        "fee": outcome.meta.fee() if outcome else None,
        "innerInstructions": None,
        "logs": outcome.meta.logs() if outcome else [],
        "replacementBlockhash": None,
        "returnData": return_data_json(outcome.meta) if outcome else None,
        "unitsConsumed": outcome.meta.compute_units_consumed() if outcome else 0,
    }


def _accounts(
    node: Node, transaction: VersionedTransaction, options: dict[str, Any], outcome: Outcome | None
) -> list[Any] | None:
    wanted = options.get("accounts")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise invalid_params("Invalid params: accounts is not an object.")
    shape = read_shape(wanted, "base64")
    if shape.encoding not in ("base64", "jsonParsed"):
        raise invalid_params("base58 encoding not supported")
    addresses = [pubkey(one) for one in strings(wanted.get("addresses"), len(transaction.message.account_keys))]
    after = dict(outcome.after) if outcome else {}
    return [shown(node, after.get(address), shape) for address in addresses]


def _transaction(value: Any, options: dict[str, Any], default: str) -> VersionedTransaction:
    encoding = options.get("encoding") or default
    data = _decoded(text(value), encoding)
    if len(data) > _PACKET:
        raise invalid_params(f"decoded solana_transaction too large: {len(data)} bytes (max: {_PACKET} bytes)")
    try:
        return _sane(VersionedTransaction.from_bytes(data))
    except ValueError as error:
        message = f"failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"
        raise invalid_params(message) from error


def _sane(transaction: VersionedTransaction) -> VersionedTransaction:
    try:
        transaction.sanitize()
    except SanitizeError as error:
        raise invalid_params(f"invalid transaction: Transaction failed to sanitize: {error}") from error
    if not is_supported(transaction):
        raise invalid_params("invalid transaction: Transaction version is unsupported")
    return transaction


def _decoded(value: str, encoding: Any) -> bytes:
    if encoding not in ("base58", "base64"):
        raise invalid_params(f"unsupported encoding: {encoding}. Supported encodings: base58, base64")
    if len(value) > _PACKET * 2:
        raise invalid_params(f"{encoding} encoded solana_transaction too large: {len(value)} bytes")
    try:
        return base58.decode(value) if encoding == "base58" else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise invalid_params(f"invalid {encoding} encoding: {error}") from error


def _unsigned() -> RpcError:
    return RpcError(SIGNATURE_FAILURE, "Transaction signature verification failure")
