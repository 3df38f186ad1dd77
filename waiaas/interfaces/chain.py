"""The chain adapter: one class for one chain family, and the records that pass through it.

The path of a payment: ``resolve → build → decode → signing_payloads → (the signer) → attach → broadcast → status``.

Methods are marked *pure* (bytes in, value out: no I/O, clock, randomness or state kept; raises
:class:`~waiaas.errors.Malformed` only) or *network* (raises :class:`~waiaas.errors.Unavailable`, the same call may be made
again, or :class:`~waiaas.errors.Refused`, final for this call). **Every method may be called again with the same arguments,
from several threads and in a new process, without a second effect.** Only ``build`` to ``attach`` of one account are
serialised by the host. Any other exception is a fault of the plugin: logged, and taken as Unavailable.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from waiaas.interfaces.signing import PublicKey, Scheme, SigningPayload


class Kind(StrEnum):
    """What an intent is. The contract's SIGN is MESSAGE or EXTERNAL."""

    TRANSFER = "TRANSFER"
    TOKEN_TRANSFER = "TOKEN_TRANSFER"  # noqa: S105 - the name of a transaction type
    CONTRACT_CALL = "CONTRACT_CALL"
    APPROVE = "APPROVE"
    BATCH = "BATCH"
    CANCEL = "CANCEL"
    MESSAGE = "MESSAGE"
    EXTERNAL = "EXTERNAL"


class Feature(StrEnum):
    """What a network of an adapter can do beyond the common; asked before it is used."""

    MEMO = "memo"
    REPLACE = "replace"
    BATCH_ATOMIC = "batch-atomic"
    SWEEP = "sweep"


class Phase(StrEnum):
    """How far signed bytes have come. DEAD means proven: these bytes can never land."""

    UNSEEN = "unseen"
    POOL = "pool"
    INCLUDED = "included"
    FINAL = "final"
    DEAD = "dead"


class Sent(StrEnum):
    """A node's opinion of bytes it was handed. REFUSED is one node's opinion, never an outcome."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    REFUSED = "refused"


class What(StrEnum):
    """Kinds of effects of signed bytes."""

    OUT = "out"  # leaves for good
    LOCKED = "locked"  # tied up: rent, minimum balances
    APPROVE = "approve"  # somebody else may take it later
    AUTHORITY = "authority"  # control over the account or an asset changes hands
    CALL = "call"  # a contract method that the adapter knows by name
    UNKNOWN = "unknown"  # something the adapter cannot read


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An agent's account.

    :param address: canonical text
    :param key: the public key that signs for it
    :param form: one of the adapter's ``forms``
    :param extra: what else names the account on its chain, for example a bound name
    """

    address: str
    key: PublicKey
    form: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where value goes: canonical address and, on chains that have them, a tag."""

    address: str
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset, read from the chain and never from a request.

    :param id: CAIP-19 where it fits
    :param symbol: at most 16 characters, for people
    :param decimals: 0 to 255; display only, amounts are base units
    :param native: whether fees are paid in it
    """

    id: str
    symbol: str
    decimals: int
    native: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So many base units of one asset. :param units: 0 or more, unbounded in size"""

    asset: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What an agent asks for, normalised.

    :param amount: None means everything, where the network has ``Feature.SWEEP``
    :param call: the adapter's ``call_model`` as canonical JSON, for CONTRACT_CALL and EXTERNAL
    :param parts: the steps of a BATCH, in order
    :param max_fee: the most that the network may take; None leaves it to the host's cap
    """

    kind: Kind
    to: Destination | None = None
    amount: Amount | None = None
    memo: str | None = None
    call: str | None = None
    parts: "tuple[Intent, ...]" = ()
    max_fee: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that signed bytes would do.

    :param units: base units; None is unbounded (an unlimited allowance)
    :param to: canonical address of who gains
    :param method: a call's name or selector
    :param data: hex or base64 of what was not understood, for people
    """

    what: What
    asset: str | None = None
    units: int | None = None
    to: str | None = None
    method: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An intent completed with facts from the chain. It is stored, hashed, judged and approved.

    :param effects: what the bytes built from it will do, the fee apart
    :param likely_fee: what the network will probably take
    :param warnings: sentences for people
    """

    intent: Intent
    effects: tuple[Effect, ...]
    assets: tuple[Asset, ...]
    likely_fee: Amount
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What bytes to be signed would do, read from the bytes and their evidence alone.

    :param chain_id: CAIP-2 of the chain the bytes are good for, as far as they say it
    :param account: the address that pays
    :param max_fee: the most that the network can take if the bytes land
    :param claims: things that only one landed transaction can use (``nonce:7``); empty where bytes expire instead
    :param valid_until: when the bytes stop being landable, as the chain counts it; None for never
    :param complete: False when anything was left unread: such bytes are refused
    :param on_trust: names of effects that rest on evidence which the chain has not proved
    """

    chain_id: str
    account: str
    effects: tuple[Effect, ...]
    max_fee: Amount
    memo: str | None = None
    claims: frozenset[str] = frozenset()
    valid_until: str | None = None
    complete: bool = True
    on_trust: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """Bytes before signing, with the looked-up data that ``decode`` needs."""

    body: bytes
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Bytes that can be broadcast. Stored values stay readable for a plugin's whole major version.

    :param tx_hash: the id by which the chain's users know it
    """

    raw: bytes
    tx_hash: str
    claims: frozenset[str] = frozenset()
    valid_until: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far signed bytes have come.

    :param ok: whether it did what it should, once INCLUDED or FINAL
    :param chain_tx_id: the chain's own id where it differs from ``tx_hash``
    :param reason: why it failed, in the adapter's words
    :param proof: why DEAD, with heights
    """

    phase: Phase
    ok: bool | None = None
    chain_tx_id: str | None = None
    height: int | None = None
    block_id: str | None = None
    fee_paid: Amount | None = None
    reason: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Everything ``build`` may depend on.

    :param in_flight: the account's signed and unfinished transactions
    :param salt: 16 bytes; equal intents with different salts must give different ids
    :param now: Unix seconds
    :param replaces: earlier variants of the same row, with all of which a claim must be shared
    :param max_fee: the cap in native base units that the built bytes may not exceed
    """

    resolved: Resolved
    account: Account
    in_flight: tuple[Signed, ...]
    salt: bytes
    now: int
    max_fee: int
    replaces: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """:param total: all base units; :param spendable: what a payment could use now"""

    asset: Asset
    total: int
    spendable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Value that arrived for good: units really received, in a final block."""

    id: str
    amount: Amount
    sender: str | None
    tag: str | None
    memo: str | None
    height: int
    block_id: str
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network of a chain family.

    :param name: the word in configuration and on the wire
    :param chain_id: CAIP-2
    :param rpc: public default endpoints
    :param max_in_flight: unfinished transactions that one account may have; None is unlimited
    :param finality: a depth, a commitment, or ``on inclusion``
    :param fee_max: default cap of one transaction's fee in native base units
    :param block_milliseconds: the usual time between blocks; the host polls at that pace
    :param explorer: address of a page about a transaction, with ``{tx}``; empty where there is none
    """

    name: str
    chain_id: str
    native: Asset
    rpc: tuple[str, ...]
    max_in_flight: int | None
    finality: str
    fee_max: int
    is_test: bool
    block_milliseconds: int = 1000
    explorer: str = ""


class Http(Protocol):
    """The host's HTTP client for one network: deadlines, masking, metrics and several endpoints are its business."""

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask the endpoints in turn and return the parsed JSON of the first that answers with a 2xx.

        :param method: ``GET`` or ``POST``
        :param path: appended to the endpoint's address
        :raises Unavailable: when none answered in time, or not in JSON; may be called again
        """

    def each(self) -> "Sequence[Http]":
        """One client for each configured endpoint, for facts that all must confirm."""


class ChainAdapter(ABC):
    """One instance serves one network. Synchronous; knows no key, no database and no engine."""

    chain: ClassVar[str]
    """The family's word: ``solana``, ``evm``."""
    settings_model: ClassVar[type[BaseModel]]
    """The plugin's own table of configuration, ``[plugins.<plugin>]``."""
    call_model: ClassVar[type[BaseModel] | None]
    """What a CONTRACT_CALL carries; None where the family has none yet."""
    forms: ClassVar[Mapping[str, Scheme]]
    """Address forms and the scheme each needs; the first is the default."""
    derivation: ClassVar[str | None]
    """BIP-44 style path by which wallets of the family derive keys, for import."""
    kinds: ClassVar[frozenset[Kind]]
    """What ``build`` can build."""
    features: frozenset[Feature]
    """May differ between networks."""

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        self.network = network
        self.settings = settings
        self.http = http

    @classmethod
    @abstractmethod
    def networks(cls, settings: BaseModel) -> Sequence[Network]:
        """Pure. The networks this family knows, built-in and from settings; names and chain ids are unique."""

    @abstractmethod
    def derive_account(self, key: PublicKey, form: str) -> Account:
        """Pure. Total for ``forms``."""

    @abstractmethod
    def parse_address(self, text: str) -> Destination:
        """Pure, idempotent: one account has one text. Addresses of other networks are refused.

        :raises Malformed: with code INVALID_ADDRESS
        """

    @abstractmethod
    def parse_asset(self, text: str) -> str:
        """Pure, idempotent. ``native``, a token's address or CAIP-19 in; the asset's one id out.

        :raises Malformed: for everything else, other networks' assets included
        """

    @abstractmethod
    def resolve(self, intent: Intent, account: Account) -> Resolved:
        """Network: the one call before a verdict. Decimals, the recipient's token account, rent, the likely fee.

        :raises Refused: when the chain's rules forbid it (an amount below the minimum balance, say)
        """

    @abstractmethod
    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        """Pure. What can be said of a native transfer while every node is away; the fee is taken as ``fee``.

        :raises Malformed: for kinds that cannot be resolved without the chain
        """

    @abstractmethod
    def build(self, request: BuildRequest) -> Unsigned:
        """Network. Makes the bytes; reserves nothing anywhere. Fees of the bytes stay at or under the request's ``max_fee``.

        :raises Refused: when it cannot be built within the rules or the cap
        """

    @abstractmethod
    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        """Pure. Reads the very bytes, encodes them again and compares. Change to oneself is no effect."""

    @abstractmethod
    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        """Pure. The next round of payloads, given the signatures so far; empty when complete."""

    @abstractmethod
    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        """Pure. Puts the signatures in and verifies each.

        :raises Malformed: when one does not verify
        """

    @abstractmethod
    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        """Network. Hands the bytes over, as often as asked, also after they landed. Never raises for what a node says of them.

        :returns: the node's opinion, and its reason in the adapter's words
        """

    @abstractmethod
    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        """Network. One status for each, in order, in as few requests as the chain allows. Not found is UNSEEN; DEAD only on
        final state and whole history, confirmed by every configured endpoint."""

    @abstractmethod
    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        """Network. For each asset asked, or for all known ones where none is named."""

    @abstractmethod
    def health(self) -> Mapping[str, Any]:
        """Network. Chain id or genesis compared, height and lag.

        :raises Refused: with code WRONG_CHAIN for a node of another chain
        """


# --- abilities: to have the class is to have the method -----------------------------------------------------------------


class Simulates(ABC):
    """The chain can be asked what bytes would do."""

    @abstractmethod
    def simulate(self, unsigned: Unsigned, account: Account) -> tuple[bool, tuple[Effect, ...], str]:
        """Network. Whether it would succeed, what it would do as far as the node says, and why not."""


class LocalChain(Protocol):
    """A running chain of one's own."""

    @property
    def url(self) -> str:
        """Where its node listens, on loopback."""

    def fund(self, address: str, units: int) -> str:
        """Give ``units`` to ``address``; returns the transaction's id."""

    def advance(self, blocks: int) -> int:
        """Make so many blocks now; returns the number of the newest."""

    def balance(self, address: str) -> int:
        """Native base units."""


class RunsLocally(ABC):
    """The family can run a chain on this machine: for ``waiaas localnet``, the demo, and the conformance kit."""

    local_network: ClassVar[str]
    """The network's name, ``localnet``."""

    @classmethod
    @abstractmethod
    def localnet(cls, port: int, block_seconds: float | None) -> AbstractContextManager[LocalChain]:
        """Serve on loopback. :param port: 0 picks one; :param block_seconds: None leaves blocks to ``advance``"""

    @abstractmethod
    def fund(self, address: str, units: int) -> str:
        """Network. Ask the local chain's faucet; returns the transaction's id."""


class SeesDeposits(ABC):
    """Incoming value can be listed."""

    @abstractmethod
    def deposits(self, account: Account, cursor: str | None) -> tuple[Sequence[Deposit], str | None]:
        """Network. FINAL ones only, after ``cursor``, oldest first; each exactly once."""


class ReadsForeign(ABC):
    """Transactions and messages made elsewhere can be read, and then go through decode to attach as our own."""

    @abstractmethod
    def read(self, kind: Kind, data: bytes, account: Account) -> Unsigned:
        """Network. :raises Malformed: when it is not what ``kind`` says"""


class VerifiesOwners(ABC):
    """Owners of this family can sign decisions."""

    @abstractmethod
    def owner_forms(self, text: str, fields: Mapping[str, str]) -> Mapping[str, bytes]:
        """Pure. The forms in which wallets of the family sign ``text``, by name."""

    @abstractmethod
    def verify_owner(self, owner: str, form: str, signable: bytes, proof: bytes) -> bool:
        """Pure. Whether ``proof`` is ``owner``'s signature over ``signable``."""


class BindsAccounts(ABC):
    """Accounts have names that are bound to keys."""

    @abstractmethod
    def bind(self, key: PublicKey, address: str) -> Account:
        """Network. :raises Refused: when the name is not the key's"""
