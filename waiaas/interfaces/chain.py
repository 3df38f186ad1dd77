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
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from waiaas.errors import Refused
from waiaas.interfaces.abilities import (
    BindsAccounts,
    LocalChain,
    ReadsForeign,
    RunsLocally,
    SeesDeposits,
    Simulates,
    TellsTime,
    VerifiesOwners,
)
from waiaas.interfaces.chain_records import (
    Account,
    Amount,
    Asset,
    Balance,
    BuildRequest,
    Caution,
    Decoded,
    Deposit,
    Destination,
    Effect,
    Feature,
    InFlight,
    Intent,
    Kind,
    Network,
    Phase,
    Resolved,
    Sent,
    Signed,
    Status,
    Unsigned,
    What,
)
from waiaas.interfaces.signing import PublicKey, Scheme, SigningPayload

__all__ = [
    "Account",
    "Amount",
    "Asset",
    "Balance",
    "BindsAccounts",
    "BuildRequest",
    "Caution",
    "ChainAdapter",
    "Decoded",
    "Deposit",
    "Destination",
    "Effect",
    "Feature",
    "Http",
    "InFlight",
    "Intent",
    "Kind",
    "LocalChain",
    "Network",
    "Phase",
    "ReadsForeign",
    "Resolved",
    "RunsLocally",
    "SeesDeposits",
    "Sent",
    "Signed",
    "Simulates",
    "Status",
    "TellsTime",
    "Unsigned",
    "VerifiesOwners",
    "What",
]


class Http(Protocol):
    """The host's HTTP client for one network: deadlines, masking, metrics and several endpoints are its business."""

    @property
    def address(self) -> str:
        """Scheme and host of the endpoint, or of the first of several, with everything else masked: for people."""

    @property
    def position(self) -> int:
        """Which of the configured endpoints that is, from 1."""

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask the endpoints in turn and return the parsed JSON of the first that answers with a 2xx.

        :param method: ``GET`` or ``POST``
        :param path: appended to the endpoint's address
        :raises NodeFailure: when none answered with a 2xx, in time and in JSON; it says what is wrong with each endpoint, and
            holds the JSON that came with another status. May be called again
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

        :raises Refused: when it cannot be built within the rules
        :raises NotYet: when it cannot be built now (the fee is above the cap, another program's use of the account is not
            final): the payment waits unsigned and is asked about again
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
        final state and whole history, which every configured endpoint proves for itself: "not known" proves nothing, and
        nothing that one endpoint said is held against another. What endpoints have shown may be remembered here, so that a new
        instance proves a death later, never sooner. Each is judged by its own answer: where that cannot be read it is UNKNOWN,
        and the others are told."""

    @abstractmethod
    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[InFlight]) -> Sequence[Balance]:
        """Network. For each asset asked; where none is named, for everything that the chain itself can list.

        :param in_flight: all bytes of the account's signed and unfinished payments. ``spendable`` leaves out what they may
            still take, of those with one ``row`` the one that takes most; payments without bytes are the host's to leave out
        """

    def describe_assets(self, assets: Sequence[str]) -> Sequence[Asset]:
        """Network. Symbol, name and decimals of each asset, in order, as the chain tells them.

        :raises Refused: with code ASSET_UNKNOWN for what is no token there; the default knows none but the native asset
        """
        for asset in assets:
            if asset != self.network.native.id:
                raise Refused("ASSET_UNKNOWN", f"{self.network.name} knows no token {asset}")
        return [self.network.native for _ in assets]

    @abstractmethod
    def health(self) -> Mapping[str, Any]:
        """Network. Chain id or genesis compared, height and lag.

        :raises Refused: with code WRONG_CHAIN for a node of another chain
        """
