"""The records that pass through a chain adapter. All frozen; amounts are ``int`` base units of a named asset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from waiaas.interfaces.signing import PublicKey


class Kind(StrEnum):
    """What an intent is. The contract's SIGN is MESSAGE or EXTERNAL."""

    TRANSFER = "TRANSFER"
    TOKEN_TRANSFER = "TOKEN_TRANSFER"
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
    """How far signed bytes have come. DEAD means proven, by every endpoint for itself: these bytes can never land. UNKNOWN
    means that what the nodes say of these bytes cannot be read: nothing follows from it, and no others are held up."""

    UNKNOWN = "unknown"
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
    :param name: at most 64 characters, foreign text, for people
    """

    id: str
    symbol: str
    decimals: int
    native: bool
    name: str = ""


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
class Caution:
    """Something about an asset or a recipient that effects cannot say, and that the host judges by.

    :param code: upper snake case, for programs: ``PERMANENT_DELEGATE``, ``OFF_CURVE``
    :param text: one sentence for people
    :param about: ``asset`` (somebody else has power over it, or it cannot be read in full: the payment needs a person's
        approval), ``recipient`` (nobody may be able to spend what arrives: denied unless a policy names the recipient) or
        ``use`` (the recipient is no plain wallet, and may not be able to use what arrives: needs a person's approval, unless
        a policy names the recipient)
    """

    code: str
    text: str
    about: Literal["asset", "recipient", "use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An intent completed with facts from the chain. It is stored, hashed, judged and approved.

    :param effects: what the bytes built from it will do, the fee apart
    :param likely_fee: what the network will probably take
    :param warnings: sentences for people
    :param cautions: what the host judges by besides the effects
    """

    intent: Intent
    effects: tuple[Effect, ...]
    assets: tuple[Asset, ...]
    likely_fee: Amount
    warnings: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What bytes to be signed would do, read from the bytes and their evidence alone.

    :param chain_id: CAIP-2 of the chain the bytes are good for, as far as they say it
    :param account: the address that pays
    :param max_fee: the most that the network can take if the bytes land
    :param claims: things that only one landed transaction can use (``nonce:7``); empty where bytes expire instead
    :param valid_until: when the bytes stop being landable, as the chain counts it; None for never
    :param complete: False when anything was left unread: such bytes are refused
    :param on_trust: what of the effects rests on a node's word and is not proved by the bytes. The host takes ``rent`` (the
        units of LOCKED effects of the native asset) and refuses bytes with anything else
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
    """Bytes before signing, with the looked-up data that ``decode`` needs.

    :param remarks: sentences on how the bytes came about that a person should find in the audit log
    """

    body: bytes
    evidence: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


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
class InFlight(Signed):
    """Signed bytes that may still land, and whose they are: of all with one ``row`` at most one lands.

    :param row: the payment's id
    :param kind: ``original``, ``speed_up`` (the same payment, dearer) or ``cancel`` (gives it up)
    :param n: 1 for the payment's first bytes, then counting up
    """

    row: str
    kind: str = "original"
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far signed bytes have come.

    :param ok: whether it did what it should, once INCLUDED or FINAL
    :param chain_tx_id: the chain's own id where it differs from ``tx_hash``
    :param reason: why it failed, in the adapter's words
    :param proof: why DEAD, with heights and, where another transaction used a claim, that one's id
    :param used: which of the bytes' claims another transaction used for good, where they are DEAD for that and did not expire
    """

    phase: Phase
    ok: bool | None = None
    chain_tx_id: str | None = None
    height: int | None = None
    block_id: str | None = None
    fee_paid: Amount | None = None
    reason: str | None = None
    proof: str | None = None
    used: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Everything ``build`` may depend on.

    :param in_flight: all bytes of the account's signed and unfinished payments, each with its payment's id, kind and number:
        of those with one ``row`` at most one lands, so that they count once
    :param salt: 16 bytes; equal intents with different salts must give different ids
    :param now: Unix seconds
    :param replaces: earlier variants of the same row, with all of which a claim must be shared; where the intent is a
        CANCEL, the bytes use that claim up and do nothing else
    :param max_fee: the cap in native base units that the built bytes may not exceed
    :param newest: what was signed last for the account, whatever became of it: claims in order never go below its own,
        also where a node lags or a restart forgot what was in flight
    :param held: claims that other payments of the account hold: those in flight, and where ``build`` is asked again because
        its bytes named a claim that is taken (used by what landed, which a lagging node does not show), that one too. Bytes
        that name one of them are not signed
    """

    resolved: Resolved
    account: Account
    in_flight: tuple[InFlight, ...]
    salt: bytes
    now: int
    max_fee: int
    replaces: tuple[InFlight, ...] = ()
    newest: Signed | None = None
    held: frozenset[str] = frozenset()


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
    :param tokens: asset ids of tokens that are well known there; their metadata is read from the chain all the same
    :param former_ids: chain ids under which earlier versions of the adapter knew it; ``parse_asset`` reads assets named by them
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
    tokens: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()
