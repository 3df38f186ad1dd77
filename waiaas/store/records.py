"""What comes out of the store: frozen values without a connection, safe to keep, hand to a thread, or compare.

Ids are UUID v7 as text, made by the caller. Times are whole Unix seconds, UTC. Amounts are ``int`` base units here and text
in SQL. A field that holds JSON is a ``str`` in canonical form (RFC 8785), made by the caller and returned byte for byte,
because some of it is hashed or signed. A ``mac`` is hex, made under a subkey of the signer; None is a row that nobody sealed.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a listing.

    :param cursor: opaque; hand it back for the next page; None at the end
    """

    items: tuple[T, ...]
    cursor: str | None = None
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent's wallet: one key, one chain, one network.

    :param status: CREATING, ACTIVE, SUSPENDED, TERMINATING or TERMINATED
    :param form: the address form, a word of the chain's adapter
    :param public_key: hex; unique within chain and network
    :param key_scheme: the signature scheme's wire name, such as ``ed25519``
    :param resumed_after: the last row of ``activity`` when a person last let the agent go on; 0 where nobody had to
    """

    id: str
    created_at: int
    name: str
    chain: str
    network: str
    form: str
    key_scheme: str
    public_key: str
    address: str
    status: str
    updated_at: int
    owner_address: str | None = None
    owner_chain: str | None = None
    owner_verified: bool = False
    suspended_at: int | None = None
    suspension_reason: str | None = None
    resumed_after: int = 0
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A revocable, expiring token by which a program acts as one agent.

    :param token_hash: SHA-256 of the token, hex; the token itself is stored nowhere
    :param expires_at: first second at which it no longer holds
    :param absolute_expires_at: the end that no renewal moves
    :param constraints: JSON, as on the wire
    :param usage_stats: JSON, ``{"transactions": n}``
    :param stopped_at: since when nothing is admitted or signed for it, until a person lets it go on
    """

    id: str
    created_at: int
    agent_id: str
    token_hash: str
    expires_at: int
    absolute_expires_at: int
    constraints: str = "{}"
    usage_stats: str = "{}"
    renewal_count: int = 0
    max_renewals: int = 0
    last_renewed_at: int | None = None
    revoked_at: int | None = None
    stopped_at: int | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One thing an agent asked for, and what became of it.

    :param status: see the table of states; the store compares and sets it, the engine knows what is allowed
    :param tier: INSTANT, NOTIFY, DELAY, APPROVAL, or DENY for a refused row
    :param asset: the asset of ``amount``
    :param amount: base units; None where the request names none
    :param intent: JSON of what is to be done, as judged
    :param decision: JSON of who decided and why
    :param request_hash: SHA-256 of the normalised request body, hex
    :param due_at: when a delayed row is released; None while it waits for a person
    """

    id: str
    created_at: int
    agent_id: str
    chain: str
    network: str
    type: str
    status: str
    tier: str
    intent: str
    updated_at: int
    session_id: str | None = None
    asset: str | None = None
    amount: int | None = None
    to_address: str | None = None
    decision: str = "{}"
    idempotency_key: str | None = None
    request_hash: str | None = None
    tx_hash: str | None = None
    broadcast_at: int | None = None
    queued_at: int | None = None
    due_at: int | None = None
    executed_at: int | None = None
    approved_at: int | None = None
    error: str | None = None
    error_code: str | None = None
    metadata: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One set of signed bytes of a transaction; written once, before the first byte leaves.

    :param n: 0 for the original, then counting up
    :param kind: original, speed_up or cancel
    :param signed_raw: hex
    :param evidence: JSON object of what decoding needed
    :param chain_tx_id: the chain's own id where it differs from the hash
    :param fee_cap: the most the network can take if these bytes land, base units
    :param claims: JSON list
    :param proof: why these bytes can never land, once that is known
    """

    tx_id: str
    chain: str
    network: str
    n: int
    kind: str
    signed_raw: str
    tx_hash: str
    fee_cap: int
    created_at: int
    evidence: str = "{}"
    chain_tx_id: str | None = None
    valid_until: str | None = None
    claims: str = "[]"
    first_broadcast_at: int | None = None
    last_status: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What an unfinished transaction may still take.

    :param kind: amount, fee, rent or allowance
    :param state: reserved; signed once bytes exist that can take it
    :param id: given by the store
    """

    tx_id: str
    agent_id: str
    asset: str
    kind: str
    amount: int
    created_at: int
    session_id: str | None = None
    state: str = "reserved"
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What was finally taken.

    :param at: as asked; the store moves it up to the last entry's, so that it never goes back
    :param id: given by the store
    """

    agent_id: str
    tx_id: str
    asset: str
    kind: str
    amount: int
    at: int
    session_id: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that is counted.

    :param what: admitted, denied, failed, paid or near_limit
    :param likeness: a digest of a transaction's effects, by which equal ones are found
    :param times: how many this one row stands for; of the first row in a window only one counts
    :param at: as asked; the store moves it up to the last one's, so that it never goes back
    """

    agent_id: str
    tx_id: str
    what: str
    at: int
    session_id: str | None = None
    likeness: str | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """The enabled policies of one agent as one sealed version. :param scope: the agent's id, or empty for the global ones"""

    scope: str
    version: int
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An operator's rule. :param agent_id: None is global; :param rules: JSON; :param version: 1, then counting up"""

    id: str
    created_at: int
    type: str
    rules: str
    updated_at: int
    agent_id: str | None = None
    priority: int = 0
    enabled: bool = True
    version: int = 1
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One link of the audit chain. :param details: JSON; :param prev_hash: the ``hash`` of the row before, 64 zeros at first"""

    id: int
    timestamp: int
    event_type: str
    actor: str
    agent_id: str | None
    session_id: str | None
    tx_id: str | None
    details: str
    severity: str
    ip_address: str | None
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signature over one row of the audit log, by which a cut or a log written again is found.

    :param audit_hash: that row's ``hash``; :param public_key: hex, 32 bytes; :param signature: hex, 64 bytes
    """

    created_at: int
    audit_id: int
    audit_hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A decision that is waited for; open until ``approved_at`` or ``rejected_at`` is set.

    :param subject_type: what it is about, such as ``transaction``
    :param digest: of what is approved, hex
    :param required_by: JSON of the policies that ask for it
    """

    id: str
    created_at: int
    subject_type: str
    subject_id: str
    digest: str
    nonce: str
    expires_at: int
    required_approvals: int = 1
    required_by: str = "[]"
    approved_at: int | None = None
    rejected_at: int | None = None
    owner_signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where notifications go. :param config: encrypted JSON; opaque here"""

    id: str
    created_at: int
    type: str
    config: str
    priority: int = 0
    enabled: bool = True
    last_success_at: int | None = None
    last_failure_at: int | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry:
    """What the daemon itself remembers under one key."""

    key: str
    value: str
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that wallets of a network show. :param asset: CAIP-19; the rest is what the chain said of it, cleaned

    :param id: given by the store
    """

    created_at: int
    chain: str
    network: str
    asset: str
    symbol: str
    decimals: int
    name: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One notification on its way to one channel.

    :param payload: JSON of the notification, not yet rendered
    :param attempts: deliveries tried so far
    :param next_at: not to be tried before
    :param failed_at: when it was given up
    :param precedence: 0 to 4; the highest is delivered first
    :param alike: what equal notices have in common, so that they become one; None for one of its own
    :param times: how often it happened
    """

    id: int
    created_at: int
    channel_id: str
    event: str
    payload: str
    attempts: int
    next_at: int
    delivered_at: int | None = None
    failed_at: int | None = None
    error: str | None = None
    precedence: int = 0
    alike: str | None = None
    times: int = 1
