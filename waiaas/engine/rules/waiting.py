"""Why a payment cannot go on: every reason there is, in our words, for its agent and for the operator. Pure.

An agent is told no endpoint and no key of the configuration; the operator is told both, the endpoint masked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from waiaas.errors import (
    NodeFailure,
    NodeTrouble,
    NotReady,
    NotYet,
    StartRefused,
    Stopped,
    Trouble,
    Unavailable,
    WaiaasError,
)


class WaitCode(StrEnum):
    """Everything that a payment can wait for besides time and a person's approval, which ``dueAt`` and ``approval`` tell."""

    NODE_UNREACHABLE = "NODE_UNREACHABLE"
    NODE_LIMITED = "NODE_LIMITED"
    NODE_TURNED_AWAY = "NODE_TURNED_AWAY"
    NODE_FAILING = "NODE_FAILING"
    WRONG_CHAIN = "WRONG_CHAIN"
    PLUGIN_FAILED = "PLUGIN_FAILED"
    CHAIN_MISSING = "CHAIN_MISSING"
    SIGNER_LOCKED = "SIGNER_LOCKED"
    NOT_OPEN = "NOT_OPEN"
    KILL_SWITCH = "KILL_SWITCH"
    AGENT_SUSPENDED = "AGENT_SUSPENDED"
    ROW_TAMPERED = "ROW_TAMPERED"
    KEYSTORE_DAMAGED = "KEYSTORE_DAMAGED"
    FEE_ABOVE_CAP = "FEE_ABOVE_CAP"
    ACCOUNT_BUSY = "ACCOUNT_BUSY"
    CLAIM_HELD = "CLAIM_HELD"
    EARLIER_PAYMENT = "EARLIER_PAYMENT"
    NOT_TAKEN = "NOT_TAKEN"
    NOT_LANDED = "NOT_LANDED"
    ENDPOINTS_DISAGREE = "ENDPOINTS_DISAGREE"
    STORE_AWAY = "STORE_AWAY"
    FAILED_UNEXPECTEDLY = "FAILED_UNEXPECTEDLY"


MEANINGS: Mapping[WaitCode, str] = {
    WaitCode.NODE_UNREACHABLE: "no node of the network can be reached",
    WaitCode.NODE_LIMITED: "the nodes of the network are asked more often than they allow, or a plan is used up",
    WaitCode.NODE_TURNED_AWAY: "the nodes of the network turn the daemon away: a key is missing or wrong, or they have moved",
    WaitCode.NODE_FAILING: "the nodes of the network answer, but not with what was asked",
    WaitCode.WRONG_CHAIN: "a node of the network serves another chain, so that nothing is believed of it",
    WaitCode.PLUGIN_FAILED: "the chain's plugin failed in a way that it should not",
    WaitCode.CHAIN_MISSING: "no plugin serves the network; nothing is lost",
    WaitCode.SIGNER_LOCKED: "the signer is locked",
    WaitCode.NOT_OPEN: "the daemon has not found yet that its data directory is the one that it was",
    WaitCode.KILL_SWITCH: "signing is stopped by the kill switch",
    WaitCode.AGENT_SUSPENDED: "the wallet is suspended",
    WaitCode.ROW_TAMPERED: "what the database says of it was changed outside of the daemon",
    WaitCode.KEYSTORE_DAMAGED: "the wallet's key file cannot be read",
    WaitCode.FEE_ABOVE_CAP: "the network's fee is above the cap",
    WaitCode.ACCOUNT_BUSY: "the account is busy: other payments are under way, or another program uses it",
    WaitCode.CLAIM_HELD: "what it would spend is held by another payment of the wallet",
    WaitCode.EARLIER_PAYMENT: "an earlier payment of the wallet goes first",
    WaitCode.NOT_TAKEN: "no node has taken its bytes yet; they are handed over again and again",
    WaitCode.NOT_LANDED: "the network has its bytes, or had them, and no block does",
    WaitCode.ENDPOINTS_DISAGREE: "an endpoint says that it ended without paying, and not every other does; it counts as spent",
    WaitCode.STORE_AWAY: "nothing can be stored at present",
    WaitCode.FAILED_UNEXPECTEDLY: "the daemon met what it did not expect; its log says what",
}
"""One sentence for each; the documentation's table."""

BY_ITSELF = "nothing needs to be done: it goes on by itself, or expires unpaid"
AS_SIGNED = "nothing needs to be done: it is signed, counts as spent, and goes on by itself"
_HINTS: Mapping[WaitCode, str] = {
    WaitCode.CHAIN_MISSING: "see `waiaas plugins list`",
    WaitCode.PLUGIN_FAILED: "see the daemon's log; a newer version of the plugin may help",
    WaitCode.SIGNER_LOCKED: "run `waiaas unlock`",
    WaitCode.NOT_OPEN: "see `waiaas status`",
    WaitCode.KILL_SWITCH: "a person lifts it: `waiaas kill-switch recover`",
    WaitCode.AGENT_SUSPENDED: "a person can resume it: `waiaas agent resume`",
    WaitCode.ROW_TAMPERED: "see `waiaas audit seals`",
    WaitCode.KEYSTORE_DAMAGED: "put the key file back from a backup",
    WaitCode.STORE_AWAY: "make room on the disk; see `waiaas doctor`",
    WaitCode.FAILED_UNEXPECTEDLY: "see the daemon's log",
}
_OF_TROUBLE: Mapping[Trouble, WaitCode] = {
    Trouble.UNREACHABLE: WaitCode.NODE_UNREACHABLE,
    Trouble.LIMITED: WaitCode.NODE_LIMITED,
    Trouble.TURNED_AWAY: WaitCode.NODE_TURNED_AWAY,
    Trouble.MOVED: WaitCode.NODE_TURNED_AWAY,
    Trouble.WRONG_CHAIN: WaitCode.WRONG_CHAIN,
}
_OF_CODE: Mapping[str, WaitCode] = {code.value: code for code in WaitCode} | {"STORE_FULL": WaitCode.STORE_AWAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why one payment, or all of a network, cannot go on.

    :param reason: one sentence for an agent: no endpoint, no path, no word of a node
    :param hint: what helps, for an agent
    :param troubles: what is wrong with each endpoint that was asked, for the operator
    :param holder: the payment that goes first, where there is one
    """

    code: WaitCode
    reason: str
    hint: str = BY_ITSELF
    troubles: tuple[NodeTrouble, ...] = ()
    holder: str | None = None


def wait_for(code: WaitCode, reason: str = "", *, holder: str | None = None, hint: str = "") -> Wait:
    """The reason with its usual words, where no others are given."""
    return Wait(code=code, reason=reason or MEANINGS[code], hint=hint or _HINTS.get(code, BY_ITSELF), holder=holder)


def wait_of(problem: WaiaasError) -> Wait:
    """What an error that holds a payment up means for it. Nothing of the error's own words is told but by way of codes."""
    if isinstance(problem, NodeFailure) and problem.troubles:
        return _of_nodes(problem)
    known, holder = _OF_CODE.get(problem.code), problem.details.get("holder")
    if isinstance(problem, NotYet) and isinstance(holder, str):
        return _held_by(holder)
    if known is not None:
        return wait_for(known)
    if isinstance(problem, Unavailable):
        return wait_for(WaitCode.NODE_FAILING)
    fits = isinstance(problem, NotReady | Stopped | StartRefused)
    return wait_for(WaitCode.STORE_AWAY if fits else WaitCode.FAILED_UNEXPECTEDLY)


def behind(holder: str, head: Wait) -> Wait:
    """What waits behind another payment of the same wallet, which itself waits."""
    why = head.reason if head.holder is None else MEANINGS[head.code]
    reason = f"payment {holder} of the same wallet goes first, and it waits: {why}"
    return Wait(code=WaitCode.EARLIER_PAYMENT, reason=reason, hint=head.hint, troubles=head.troubles, holder=holder)


def to_wire(wait: Wait, since: int, *, setting: str = "") -> dict[str, Any]:
    """As the item has it.

    :param since: Unix seconds
    :param setting: for the operator alone: the key of the configuration that names the network's nodes
    """
    reason, hint = wait.reason, wait.hint
    if setting and wait.troubles:
        reason = f"{reason} ({told(wait.troubles)})"
        hint = f"mend the node, or set another: {setting}; `waiaas doctor --network` asks every endpoint"
    return {"code": wait.code.value, "reason": reason, "since": since, "hint": hint}


def setting_of(chain: str, network: str) -> str:
    """The key of the configuration that names a network's nodes."""
    return f"rpc.{chain}.{network}"


def told(troubles: tuple[NodeTrouble, ...]) -> str:
    """What is wrong with each endpoint, for the operator, on one line."""
    return "; ".join(f"{_named(one)}: {one.words}" for one in troubles)


def _of_nodes(failure: NodeFailure) -> Wait:
    """All endpoints failed: of their troubles the first is told."""
    first = failure.troubles[0]
    code = _OF_TROUBLE.get(first.kind, WaitCode.NODE_FAILING)
    return Wait(code=code, reason=f"{MEANINGS[code]}: {first.words}", troubles=failure.troubles)


def _held_by(holder: str) -> Wait:
    words = f"what it would spend is held by payment {holder} of the same wallet"
    return wait_for(WaitCode.CLAIM_HELD, words, holder=holder)


def _named(trouble: NodeTrouble) -> str:
    place = f"endpoint {trouble.position}" if trouble.position else "an endpoint"
    return f"{place}, {trouble.endpoint}" if trouble.endpoint else place
