"""The JSON-RPC methods by name.

Each takes the node, the chain as this call sees it, and the parameters; it answers with JSON or raises RpcError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..node import Node
from ..slots import View
from . import accounts, cluster, history, sending, tokens

Method = Callable[[Node, View, Sequence[Any]], Any]

METHODS: dict[str, Method] = {
    "getAccountInfo": accounts.get_account_info,
    "getBalance": accounts.get_balance,
    "getBlock": history.get_block,
    "getBlockHeight": cluster.get_block_height,
    "getBlockTime": history.get_block_time,
    "getBlocks": history.get_blocks,
    "getEpochInfo": cluster.get_epoch_info,
    "getEpochSchedule": cluster.get_epoch_schedule,
    "getFeeForMessage": sending.get_fee_for_message,
    "getFirstAvailableBlock": cluster.get_first_available_block,
    "getGenesisHash": cluster.get_genesis_hash,
    "getHealth": cluster.get_health,
    "getIdentity": cluster.get_identity,
    "getLatestBlockhash": cluster.get_latest_blockhash,
    "getMinimumBalanceForRentExemption": accounts.get_minimum_balance_for_rent_exemption,
    "getMultipleAccounts": accounts.get_multiple_accounts,
    "getRecentPrioritizationFees": cluster.get_recent_prioritization_fees,
    "getSignatureStatuses": history.get_signature_statuses,
    "getSignaturesForAddress": history.get_signatures_for_address,
    "getSlot": cluster.get_slot,
    "getTokenAccountBalance": tokens.get_token_account_balance,
    "getTokenAccountsByOwner": tokens.get_token_accounts_by_owner,
    "getTokenSupply": tokens.get_token_supply,
    "getTransaction": history.get_transaction,
    "getTransactionCount": cluster.get_transaction_count,
    "getVersion": cluster.get_version,
    "isBlockhashValid": cluster.is_blockhash_valid,
    "minimumLedgerSlot": cluster.get_first_available_block,
    "requestAirdrop": sending.request_airdrop,
    "sendTransaction": sending.send_transaction,
    "simulateTransaction": sending.simulate_transaction,
}
