"""The chain adapter: what the host calls. The work is in the modules beside it; here each method says what it promises.

One request to the node for ``resolve``, one for ``build``, one to simulate, one to broadcast, and one for up to 256 statuses;
one more to each endpoint for a token that was not met lately.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from pydantic import BaseModel
from solders.pubkey import Pubkey

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import (
    Account,
    Amount,
    Asset,
    Balance,
    BuildRequest,
    ChainAdapter,
    Decoded,
    Destination,
    Effect,
    Feature,
    Http,
    Intent,
    Kind,
    LocalChain,
    Network,
    Resolved,
    RunsLocally,
    Sent,
    Signed,
    Simulates,
    Status,
    TellsTime,
    Unsigned,
)
from waiaas.interfaces.signing import Hash, PublicKey, Scheme, SigningPayload
from waiaas_solana import sending
from waiaas_solana.balances import describe, read_balances
from waiaas_solana.building import build_transfer
from waiaas_solana.decode import Reading, memo_of, read_message
from waiaas_solana.effects import RENT, effects_of, is_proven
from waiaas_solana.evidence import read_evidence
from waiaas_solana.faucet import ask_faucet
from waiaas_solana.health import read_health, read_time
from waiaas_solana.names import parse_asset, parse_pubkey
from waiaas_solana.networks import LOCALNET, NETWORKS
from waiaas_solana.node import Node
from waiaas_solana.payment import resolved
from waiaas_solana.resolving import payable, resolve_transfer
from waiaas_solana.rpc import rpc_over
from waiaas_solana.settings import SolanaSettings
from waiaas_solana.statuses import Statuses
from waiaas_solana.token_building import build_token_transfer
from waiaas_solana.token_resolving import resolve_token_transfer, token_payable
from waiaas_solana.wire import attach_signature

FORM = "ed25519"
PAYLOAD_KIND = "tx.solana"


class SolanaAdapter(ChainAdapter, Simulates, TellsTime, RunsLocally):
    """Native and token transfers with an optional memo, as version 0 transactions whose blockhash expires after 150 blocks.

    Nothing is claimed and nothing replaced: bytes land within their blockhash's life or never. ``settings`` is a
    :class:`SolanaSettings`.
    """

    chain: ClassVar[str] = "solana"
    settings_model: ClassVar[type[BaseModel]] = SolanaSettings
    call_model: ClassVar[type[BaseModel] | None] = None
    forms: ClassVar[Mapping[str, Scheme]] = {FORM: Scheme.ED25519}
    derivation: ClassVar[str | None] = "m/44'/501'/0'/0'"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRANSFER, Kind.TOKEN_TRANSFER})
    local_network: ClassVar[str] = LOCALNET
    features: frozenset[Feature] = frozenset({Feature.MEMO})

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        super().__init__(network, settings, http)
        self._settings = SolanaSettings.model_validate(settings.model_dump())
        self._rpc = rpc_over(http)
        self._node = Node(self._rpc, network, self._settings)
        self._statuses = Statuses(self._rpc, network, self._node.deaths)

    # --- names ------------------------------------------------------------------------------------------------------

    @classmethod
    def networks(cls, settings: BaseModel) -> Sequence[Network]:
        """Pure. Mainnet, devnet, testnet and localnet; settings add none."""
        return NETWORKS

    def derive_account(self, key: PublicKey, form: str) -> Account:
        """Pure. The address is the public key in base58.

        :raises Malformed: for another form or scheme
        """
        if form != FORM or key.scheme is not Scheme.ED25519 or len(key.data) != Pubkey.LENGTH:
            raise Malformed(f"an account on Solana is an {FORM} key of 32 bytes")
        return Account(address=str(Pubkey(key.data)), key=key, form=form)

    def parse_address(self, text: str) -> Destination:
        """Pure. Base58 of 32 bytes, on the curve or not: programs' accounts can hold SOL.

        :raises Malformed: with code INVALID_ADDRESS
        """
        return Destination(address=str(parse_pubkey(text)))

    def parse_asset(self, text: str) -> str:
        """Pure. ``native``, a mint's address, or CAIP-19 of this network.

        :raises Malformed: for everything else
        """
        return parse_asset(text, self.network)

    # --- from an intent to bytes --------------------------------------------------------------------------------------

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        """Network, one request; and one to each endpoint for a token not met lately.

        Too little money is a warning here and a refusal in ``build``: a held payment may be funded before it is made.

        :raises Refused: RECIPIENT_RESERVED, BELOW_RENT, ASSET_UNKNOWN, NON_TRANSFERABLE, TOKEN_PAUSED, TRANSFER_HOOK,
            ACCOUNT_FROZEN, RECIPIENT_FROZEN, RECIPIENT_IS_TOKEN_ACCOUNT, RECIPIENT_ACCOUNT_TAKEN, MEMO_REQUIRED; or the
            intent itself cannot be built
        """
        if intent.kind is Kind.TOKEN_TRANSFER:
            return resolve_token_transfer(self._node, intent, account)
        return resolve_transfer(self._node, intent, account)

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        """Pure. The same effects, with nothing known of the accounts.

        :raises Malformed: for anything but a native transfer
        """
        warning = "no node could be asked about the recipient; it is checked again before the payment is made"
        return resolved(intent, account, self.network, fee, [warning])

    def build(self, request: BuildRequest) -> Unsigned:
        """Network, one request; see :mod:`waiaas_solana.building` and :mod:`waiaas_solana.token_building`.

        :raises Refused: INSUFFICIENT_FUNDS, SENDER_BELOW_RENT, REPLACE_NOT_SUPPORTED, RECIPIENT_ACCOUNT_GONE, RENT_CHANGED
        :raises NotYet: FEE_ABOVE_CAP
        :raises Unavailable: also when the node serves another chain
        """
        if request.replaces:
            raise Refused(
                "REPLACE_NOT_SUPPORTED", "a transaction on Solana cannot be replaced; it expires within minutes"
            )
        intent = request.resolved.intent
        if intent.kind is Kind.TOKEN_TRANSFER:
            return build_token_transfer(self._node, request, token_payable(intent, self.network))
        return build_transfer(self._node, request, payable(intent, self.network))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        """Pure. Complete only for bytes that ``build`` could have written for this account.

        The blockhash does not name the chain: the chain id is this network's, and ``build`` and ``health`` ask the node for its
        genesis hash. ``valid_until`` is the last valid block height, as the evidence has it. Of a token transfer the bytes name
        the paid account, the evidence its wallet: one is derived from the other again, and compared.

        :raises Malformed: when the bytes are no message, or the evidence is not ours
        """
        reading, evidence = read_message(unsigned.body), read_evidence(unsigned.evidence)
        is_ours = str(reading.payer) == account.address and is_proven(reading, evidence, unsigned.body)
        native = self.network.native.id
        return Decoded(
            chain_id=self.network.chain_id,
            account=str(reading.payer),
            effects=effects_of(reading, evidence, self.network.chain_id, native),
            max_fee=Amount(asset=native, units=reading.max_fee),
            memo=memo_of(reading),
            valid_until=str(evidence.lifetime.last_valid_height),
            complete=is_ours,
            on_trust=frozenset() if evidence.rent is None else frozenset({RENT}),
        )

    # --- signatures ---------------------------------------------------------------------------------------------------

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        """Pure. One round of one payload: the message itself (Ed25519 hashes by itself).

        :raises Malformed: when the message wants another signer
        """
        self._own_message(unsigned, account)
        if done:
            return ()
        return (SigningPayload(key=account.key, kind=PAYLOAD_KIND, preimage=unsigned.body, hash=Hash.NONE),)

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        """Pure. The signature is verified; the id is its base58.

        :raises Malformed: when it does not verify
        """
        self._own_message(unsigned, account)
        if len(done) != 1:
            raise Malformed("a transaction of one account has one signature")
        raw, tx_hash = attach_signature(unsigned.body, Pubkey(account.key.data), done[0])
        valid_until = str(read_evidence(unsigned.evidence).lifetime.last_valid_height)
        return Signed(raw=raw, tx_hash=tx_hash, valid_until=valid_until, evidence=dict(unsigned.evidence))

    # --- the node -----------------------------------------------------------------------------------------------------

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        """Network, one request; see :func:`waiaas_solana.sending.send`."""
        return sending.send(self._rpc, signed)

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        """Network; see :mod:`waiaas_solana.statuses`, and :mod:`waiaas_solana.deaths` for what DEAD takes.

        What endpoints have shown of a blockhash is remembered by this instance; a new one proves deaths later, never sooner.
        """
        return self._statuses.read(signed)

    def simulate(self, unsigned: Unsigned, account: Account) -> tuple[bool, tuple[Effect, ...], str]:
        """Network, one request. A node reports balances and no effects: those of the decoded bytes stand, if it would succeed.

        :raises Unavailable: also when the node does not know the blockhash yet, which says nothing of the transaction
        """
        reading = self._own_message(unsigned, account)
        problem = sending.simulate(self._rpc, unsigned.body, self._settings.read_commitment)
        if problem is not None:
            return False, (), problem
        evidence = read_evidence(unsigned.evidence)
        return True, effects_of(reading, evidence, self.network.chain_id, self.network.native.id), ""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        """Network; see :func:`waiaas_solana.balances.read_balances`.

        :raises Refused: ASSET_UNKNOWN
        """
        return read_balances(self._node, account, assets, in_flight)

    def describe_assets(self, assets: Sequence[str]) -> Sequence[Asset]:
        """Network, one request to each endpoint for 50 tokens; none for those met in the last half minute.

        :raises Refused: ASSET_UNKNOWN
        """
        return describe(self._node, assets)

    def health(self) -> Mapping[str, Any]:
        """Network, one request for each endpoint. Genesis hash compared; heights and lag in slots.

        :raises Refused: with code WRONG_CHAIN when any endpoint serves another chain
        :raises Unavailable: when no endpoint answers
        """
        return read_health(self._rpc, self.network)

    def chain_time(self) -> int:
        """Network, two requests. When the newest finalized block was made, by its validators' votes."""
        return read_time(self._rpc)

    # --- a chain of one's own -------------------------------------------------------------------------------------------

    @classmethod
    def localnet(cls, port: int, block_seconds: float | None) -> AbstractContextManager[LocalChain]:
        """LiteSVM behind Solana's JSON-RPC, on loopback."""
        from waiaas_solana.localnet import Localnet  # noqa: PLC0415 - the virtual machine is loaded where it runs

        return Localnet(port=port, slot_seconds=block_seconds)

    def fund(self, address: str, units: int) -> str:
        """Network. Asks the localnet's faucet and waits until the airdrop is confirmed.

        :raises Refused: with code NOT_LOCAL on every other network
        """
        if self.network.name != LOCALNET:
            raise Refused(
                "NOT_LOCAL", f"there is no faucet on {self.network.name}", hint=f"only {LOCALNET} gives SOL away"
            )
        return ask_faucet(self._rpc, str(parse_pubkey(address)), units)

    def _own_message(self, unsigned: Unsigned, account: Account) -> Reading:
        reading = read_message(unsigned.body)
        if reading.signers != 1 or bytes(reading.payer) != account.key.data:
            raise Malformed("this message is not paid and signed by the account alone")
        return reading
