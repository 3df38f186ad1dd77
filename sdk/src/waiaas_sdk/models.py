"""The daemon's answers as frozen records."""

from typing import Any

from pydantic import Field

from waiaas_sdk.records import BaseUnits, Page, Record

__all__ = ["BaseUnits", "Page", "Record"]

FINAL_STATUSES = frozenset({"CONFIRMED", "FAILED", "CANCELLED", "EXPIRED", "SIGNED"})
"""Where a transaction rests. (A FAILED one that lands after all becomes CONFIRMED; a person is told.)"""


class Health(Record):
    """Whether the daemon is up. ``ready``: it would take a payment now. ``uptime`` in seconds.

    ``degraded``: something does not work all the same: so many plugins are not loaded, chains not served, networks without a
    node that answers. ``waiaas status --details`` names them.
    """

    status: str
    version: str
    uptime: int | float
    schema_version: int
    ready: bool
    degraded: bool = False
    plugins_not_loaded: int = 0
    chains_not_served: int = 0
    networks_in_trouble: int = 0


class OperatorToken(Record):
    """A short-lived operator's token. ``expires_at`` in Unix seconds."""

    token: str = Field(repr=False)
    expires_at: int


class Agent(Record):
    """One agent's wallet. ``chain_id`` is CAIP-2; ``owner_state`` NONE, GRACE or LOCKED.

    ``is_test``: whether its network's money is worth nothing; None where the daemon cannot say.
    """

    id: str
    name: str
    chain: str
    network: str
    chain_id: str | None = None
    public_key: str | None = None
    address: str | None = None
    status: str
    owner_state: str | None = None
    is_test: bool | None = None
    created_at: int | None = None
    suspended_at: int | None = None
    suspension_reason: str | None = None


class IssuedSession(Record):
    """A session just issued or renewed. ``token`` is shown this once; the daemon keeps only its hash."""

    id: str
    token: str = Field(repr=False)
    expires_at: int
    renewal_count: int | None = None


class Session(Record):
    """A session as the operator sees it, without its token. Times in Unix seconds.

    ``display`` has the amounts of ``constraints`` in display units by their paths (``maxAmount``).
    """

    id: str
    agent_id: str
    expires_at: int
    absolute_expires_at: int | None = None
    created_at: int | None = None
    revoked_at: int | None = None
    stopped_at: int | None = None
    renewal_count: int = 0
    max_renewals: int | None = None
    constraints: dict[str, Any] | None = None
    display: dict[str, str] = Field(default_factory=dict)
    usage_stats: dict[str, Any] | None = None


class CheckedConstraints(Record):
    """A session's constraints as they would be stored, amounts in base units; ``display`` as of :class:`Session`."""

    agent_id: str
    constraints: dict[str, Any]
    display: dict[str, str] = Field(default_factory=dict)


class Address(Record):
    """Where the agent's wallet is. ``wallet_id`` is the agent's id."""

    wallet_id: str
    chain: str
    network: str
    address: str


class Balance(Address):
    """What the wallet holds of one asset, in base units. ``asset_id`` is CAIP-19; a token's ``symbol`` is its issuer's word."""

    balance: BaseUnits
    spendable: BaseUnits | None = None
    decimals: int
    symbol: str
    asset_id: str | None = None


class Asset(Record):
    """What the wallet holds of one asset, in base units.

    ``mint`` is ``native``, or the token's address as ``token`` of a payment takes it. A token's ``symbol`` and ``name`` are its
    issuer's words: anybody can issue a token that calls itself by a known one. ``is_listed``: the network's list has it.
    """

    mint: str
    symbol: str
    name: str
    balance: BaseUnits
    decimals: int
    is_native: bool
    spendable: BaseUnits | None = None
    asset_id: str | None = None
    is_listed: bool = True


class Assets(Address):
    """What the wallet holds: the native asset first, then the tokens of its network's list, then what else the chain lists."""

    assets: list[Asset]


class Token(Record):
    """A token that wallets of a network show. ``id`` None: the chain's plugin knows it by itself."""

    id: str | None = None
    chain: str
    network: str
    asset_id: str
    address: str
    symbol: str | None = None
    name: str | None = None
    decimals: int | None = None
    created_at: int | None = None


class ConnectInfo(Record):
    """What an agent program needs to begin: its session, wallet, policies, what remains of its limits, and a prompt."""

    session: dict[str, Any]
    wallets: list[dict[str, Any]]
    policies: dict[str, Any] = Field(default_factory=dict)
    capabilities: Any = None
    limits: Any = None
    daemon: dict[str, Any] = Field(default_factory=dict)
    prompt: str = ""


class Variant(Record):
    """One set of signed bytes of a transaction; of all of them at most one lands.

    ``kind`` is original, speed_up or cancel; ``last_status`` unseen, pool, included, final or dead; ``proof`` why dead bytes
    can never land, in the words of the chain's plugin.
    """

    n: int
    kind: str
    tx_hash: str
    fee_cap: BaseUnits
    last_status: str
    created_at: int | None = None
    proof: str | None = None


class Waiting(Record):
    """Why a payment cannot go on: ``code`` for programs, ``reason`` and ``hint`` for people, ``since`` in Unix seconds."""

    code: str
    reason: str
    since: int
    hint: str = ""


class Transaction(Record):
    """A transaction's row as it is now.

    ``display`` is the amount in display units (a token's symbol stands in quotes); ``memo`` (goes on chain) and ``note`` (for
    the approver) are the agent's own words, which nobody checked; ``warnings`` and ``cautions`` are what a
    person should know; ``explorer_url`` is a page about ``tx_hash``, None where the network has no explorer. ``tier`` is
    INSTANT, NOTIFY, DELAY, APPROVAL or DENY; ``due_at`` (Unix seconds) says when a delayed one goes on; ``approval`` what an
    approval waits for; ``decision`` which policy decided and why; ``waiting`` why it cannot go on, None where it can.
    """

    id: str
    wallet_id: str
    type: str
    status: str
    tier: str | None = None
    chain: str
    network: str
    to_address: str | None = None
    amount: BaseUnits | None = None
    asset: str | None = None
    display: str | None = None
    memo: str | None = None
    note: str | None = None
    warnings: list[str] = Field(default_factory=list)
    cautions: list[dict[str, Any]] = Field(default_factory=list)
    tx_hash: str | None = None
    explorer_url: str | None = None
    variants: list[Variant] = Field(default_factory=list)
    error: str | None = None
    error_code: str | None = None
    created_at: int
    updated_at: int | None = None
    due_at: int | None = None
    decision: dict[str, Any] | None = None
    approval: dict[str, Any] | None = None
    waiting: Waiting | None = None
    replayed: bool = Field(default=False, exclude=True)
    """Whether the answer is of an earlier send with the same idempotency key."""

    @property
    def is_final(self) -> bool:
        """Whether it rests."""
        return self.status in FINAL_STATUSES


class Simulation(Record):
    """What a send would be told. ``tier`` is DENY where it would be refused; nothing was stored."""

    tier: str
    verdicts: list[dict[str, Any]] = Field(default_factory=list)
    effects: Any = None
    fee: Any = None
    remaining: Any = None
    resets_at: Any = None
    warnings: list[str] = Field(default_factory=list)
    cautions: list[dict[str, Any]] = Field(default_factory=list)


class NativeAsset(Record):
    """What a network's fees are paid in. :param decimals: display only"""

    id: str
    symbol: str
    decimals: int


class Chain(Record):
    """One network of an installed chain. ``chain_id`` is CAIP-2."""

    chain: str
    network: str
    chain_id: str
    native: NativeAsset
    is_test: bool = False
    degraded: bool = False


class Plugin(Record):
    """An installed plugin: ``status`` is loaded, untrusted, disabled, failed or missing.

    :param channel_schemas: the JSON Schema of the configuration of each channel type that it brings
    """

    name: str
    version: str | None = None
    distribution: str | None = None
    api_version: int | None = None
    status: str
    error: str | None = None
    registers: dict[str, Any] | None = None
    channel_schemas: dict[str, Any] = Field(default_factory=dict)


class Channel(Record):
    """A notification channel.

    :param config: secrets are masked; None while it cannot be read
    :param waiting: notices not delivered yet; :param trouble: what kept the last of them that was tried
    :param same_as: another channel of the same type and configuration: everything is told twice
    """

    id: str
    type: str
    config: dict[str, Any] | None = None
    priority: int = 0
    enabled: bool = True
    created_at: int | None = None
    last_success_at: int | None = None
    last_failure_at: int | None = None
    waiting: int = 0
    trouble: str | None = None
    same_as: str | None = None


class ChannelTest(Record):
    """What became of a test notice. :param code: why it did not go out; :param reference: the service's own of the message"""

    delivered: bool
    reference: str | None = None
    health: str | None = None
    code: str | None = None
    message: str | None = None
    hint: str = ""


class AuditRow(Record):
    """One row of the audit trail."""

    id: int
    timestamp: int
    event_type: str
    actor: str
    agent_id: str | None = None
    session_id: str | None = None
    tx_id: str | None = None
    details: Any = None
    severity: str
    ip_address: str | None = None
    prev_hash: str | None = None
    hash: str | None = None


class AuditStretch(Record):
    """A piece of the audit chain as it was hashed: in ``items`` and ``checkpoints`` the wire's own names and texts."""

    instance_id: str
    public_key: str | None = None
    items: list[dict[str, Any]]
    checkpoints: list[dict[str, Any]] = Field(default_factory=list)
    head: int


class AuditReport(Record):
    """What verifying the audit chain found. ``rows``: how many were good; ``problems``: what is wrong, empty when intact.

    ``checkpoints``: how many signatures it was held against; ``signed_up_to``: the newest of them;
    ``key_known``: whether they were held against the signer's own key.
    """

    rows: int
    head: Any = None
    problems: list[dict[str, Any]] = Field(default_factory=list)
    checkpoints: int = 0
    signed_up_to: Any = None
    key_known: bool = False

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class Finding(Record):
    """A row that was changed outside of the daemon. ``how``: edited, inserted, deleted or put_back."""

    table: str
    key: str
    how: str
    agent_id: str | None = None


class Backup(Record):
    """A backup that was made. ``file``: its name in the data directory's ``backups/``; ``bytes``: its length."""

    file: str
    bytes: int
    created_at: int
    instance_id: str
    schema_version: int
