"""Transactions on the wire."""

from typing import Any

from pydantic import Field

from waiaas.api.models.wire import (
    Amount,
    AmountOrZero,
    Answered,
    Asked,
    Count,
    PageAsked,
    PageOf,
    Reference,
    UnixSeconds,
    Word,
)


class TransactionsAsked(PageAsked):
    """Which transactions to list."""

    status: Word | None = None
    agent_id: Reference | None = None
    wallet_id: Reference | None = None


class Decide(Asked):
    """The operator's decision needs no fields; where an owner is proved, it is the owner's to take."""


class Replace(Asked):
    """What a further variant of signed bytes may cost.

    :param max_fee: the most that the network may take, native base units; left out, twice the dearest so far within the
        configured maximum
    """

    max_fee: Amount | None = None


class VariantItem(Answered):
    """One set of signed bytes of a payment; of all of them at most one lands.

    :param n: 1 for the first, then counting up
    :param kind: original, speed_up (the same payment, dearer) or cancel (gives it up)
    :param fee_cap: the most that the network can take if these bytes land
    :param last_status: unseen, pool, included, final or dead
    :param proof: why they can never land, where they are dead, in the words of the chain's plugin
    """

    n: Count
    kind: str
    tx_hash: str
    fee_cap: AmountOrZero
    last_status: str
    created_at: UnixSeconds
    proof: str | None = None


class WaitingItem(Answered):
    """Why a payment cannot go on.

    :param code: NODE_UNREACHABLE, SIGNER_LOCKED, KILL_SWITCH, EARLIER_PAYMENT, ...; the documentation has them all
    :param reason: one sentence; for the operator with the endpoint, masked
    :param since: when it was first met, by this daemon since its start
    :param hint: what helps
    """

    code: str
    reason: str
    since: UnixSeconds
    hint: str


class TransactionItem(Answered):
    """One transaction as it is now.

    :param wallet_id: the agent's id
    :param tier: INSTANT, NOTIFY, DELAY, APPROVAL, or DENY for a refused one
    :param display: the amount in display units; a token's symbol is its issuer's word and stands in quotes
    :param warnings: what a person should know; not judged
    :param cautions: [{code, text, about}], what the chain says of the asset or the recipient; judged
    :param note: the agent's own words, for whoever approves; not to be trusted
    :param tx_hash: of the bytes that landed; until then of those that were signed last
    :param variants: all signed bytes of it, in the order they were signed
    :param accounting: how its amounts count in the limits: reserved, spent or released
    :param decision: which policy decided, and why
    :param due_at: when a delayed one goes on
    :param approval: what an approval waits for
    :param waiting: why it cannot go on; null where it can, is final, or waits for its time or a person alone
    """

    id: str
    wallet_id: str
    type: str
    status: str
    tier: str | None
    chain: str
    network: str
    to_address: str | None
    amount: AmountOrZero | None
    asset: str | None
    tx_hash: str | None
    error: str | None
    error_code: str | None
    created_at: UnixSeconds
    session_id: str | None = None
    display: str | None = None
    warnings: list[str] = Field(default_factory=list)
    cautions: list[dict[str, str]] = Field(default_factory=list)
    memo: str | None = None
    note: str | None = None
    explorer_url: str | None = None
    variants: list[VariantItem] = Field(default_factory=list)
    accounting: str | None = None
    updated_at: UnixSeconds | None = None
    broadcast_at: UnixSeconds | None = None
    executed_at: UnixSeconds | None = None
    due_at: UnixSeconds | None = None
    decision: dict[str, Any] | None = None
    approval: dict[str, Any] | None = None
    waiting: WaitingItem | None = None


class FailedTransaction(TransactionItem):
    """A transaction that failed while its sender waited, with the fields of an error beside its own.

    :param code: the transaction's ``errorCode``; :param retryable: always false: the same payment will not do better
    :param hint: what to do next; :param request_id: also the X-Request-Id header
    """

    code: str
    message: str
    retryable: bool = False
    hint: str
    request_id: str


class TransactionPage(PageOf[TransactionItem]):
    """One page of transactions, newest first."""
