"""The chain adapter: what the host calls. The work is in the modules beside it; here each method says what it promises.

One request to the node for ``resolve``, one for ``build``, one to simulate, one to broadcast, two for ninety statuses.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from waiaas.errors import Malformed
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
    Network,
    Resolved,
    Sent,
    Signed,
    Simulates,
    Status,
    TellsTime,
    Unsigned,
)
from waiaas.interfaces.signing import Hash, PublicKey, Scheme, SigningPayload
from waiaas_evm import sending, simulating
from waiaas_evm.addresses import address_of_key, parse_address
from waiaas_evm.balances import read_balances
from waiaas_evm.building import Builder
from waiaas_evm.configured import all_networks, traits_of
from waiaas_evm.decode import chain_id_of, claim_of, effects_of, gas_fee
from waiaas_evm.evidence import Evidence, read_evidence
from waiaas_evm.health import read_health, read_time
from waiaas_evm.localnet import LocalAnvil
from waiaas_evm.names import parse_asset, token_address
from waiaas_evm.payment import resolved
from waiaas_evm.resolving import Resolver
from waiaas_evm.rpc import rpc_over
from waiaas_evm.settings import EvmSettings
from waiaas_evm.signatures import attach_signature
from waiaas_evm.statuses import read_statuses
from waiaas_evm.tokens import Tokens
from waiaas_evm.transaction import Transaction, read_unsigned

FORM = "eoa"
PAYLOAD_KIND = "tx.evm"
_KEY_LENGTH = 33


class EvmAdapter(ChainAdapter, Simulates, TellsTime, LocalAnvil):
    """Native money and ERC-20 tokens, as fee market transactions, or legacy ones on chains without a base fee.

    Each claims its nonce, so that only one of its variants can land. ``settings`` is an :class:`EvmSettings`.
    """

    chain: ClassVar[str] = "evm"
    settings_model: ClassVar[type[BaseModel]] = EvmSettings
    call_model: ClassVar[type[BaseModel] | None] = None
    forms: ClassVar[Mapping[str, Scheme]] = {FORM: Scheme.ECDSA_SECP256K1}
    derivation: ClassVar[str | None] = "m/44'/60'/0'/0/0"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRANSFER, Kind.TOKEN_TRANSFER})
    features: frozenset[Feature] = frozenset({Feature.REPLACE})

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        super().__init__(network, settings, http)
        self._settings = EvmSettings.model_validate(settings.model_dump())
        self._traits = traits_of(network, self._settings)
        self._rpc = rpc_over(http)
        self._tokens = Tokens(network.chain_id)
        self._resolver = Resolver(self._rpc, network, self._traits, self._settings, self._tokens)
        self._builder = Builder(self._rpc, network, self._traits, self._settings)

    # --- names ------------------------------------------------------------------------------------------------------

    @classmethod
    def networks(cls, settings: BaseModel) -> Sequence[Network]:
        """Pure. The built-in networks, and those of ``[plugins.waiaas-evm.networks]``."""
        return [known.network for known in all_networks(EvmSettings.model_validate(settings.model_dump()))]

    def derive_account(self, key: PublicKey, form: str) -> Account:
        """Pure. The address is the end of the hash of the public key's point.

        :raises Malformed: for another form or scheme
        """
        if form != FORM or key.scheme is not Scheme.ECDSA_SECP256K1 or len(key.data) != _KEY_LENGTH:
            raise Malformed(f"an account on an EVM chain is an {FORM} key of {_KEY_LENGTH} bytes")
        return Account(address=address_of_key(key.data), key=key, form=form)

    def parse_address(self, text: str) -> Destination:
        """Pure. 20 bytes in hexadecimal, with the checksum of EIP-55 or in one case only. The same on every EVM chain.

        :raises Malformed: with code INVALID_ADDRESS
        """
        return Destination(address=parse_address(text))

    def parse_asset(self, text: str) -> str:
        """Pure. ``native``, a token's address, or CAIP-19 of this network.

        :raises Malformed: for everything else
        """
        return parse_asset(text, self.network)

    # --- from an intent to bytes --------------------------------------------------------------------------------------

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        """Network, one request. Balances, the going price, the token's words, whether the recipient is a contract.

        Too little money is a warning here and a refusal in ``build``: a held payment may be funded before it is made.

        :raises Refused: TOKEN_REFUSED, RECIPIENT_REFUSED, ASSET_UNKNOWN; or the intent itself cannot be built
        """
        return self._resolver.resolve(intent, account)

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        """Pure. The same effects, with nothing known of the accounts.

        :raises Malformed: for anything but a native transfer
        """
        if intent.kind is not Kind.TRANSFER:
            raise Malformed(f"a {intent.kind.value} cannot be resolved without a node")
        warning = "no node could be asked about the recipient; it is checked again before the payment is made"
        return resolved(intent, account, self.network, fee, warnings=[warning])

    def build(self, request: BuildRequest) -> Unsigned:
        """Network, one request; see :mod:`waiaas_evm.building`, and :mod:`waiaas_evm.nonces` for which nonce.

        The salt varies nothing: no two transactions of an account share a nonce unless one replaces the other.

        :raises Refused: INSUFFICIENT_FUNDS, TOKEN_REFUSED, RECIPIENT_REFUSED, NOTHING_TO_REPLACE
        :raises NotYet: FEE_ABOVE_CAP, ACCOUNT_BUSY
        :raises Unavailable: also when the node serves another chain
        """
        return self._builder.build(request)

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        """Pure. The bytes do not name the sender, whom only the signature will tell: it is the account that must sign.

        A rollup's fee for data is not in the bytes either; the evidence bounds it.

        :raises Malformed: when the bytes are no transaction in one of our two forms, or the evidence is not ours
        """
        tx, evidence = self._own(unsigned, account)
        effects = effects_of(tx, account.address, self.network.native.id)
        return Decoded(
            chain_id=chain_id_of(tx),
            account=account.address,
            effects=effects,
            max_fee=Amount(asset=self.network.native.id, units=gas_fee(tx) + (evidence.data_fee or 0)),
            claims=frozenset({claim_of(tx)}),
        )

    # --- signatures ---------------------------------------------------------------------------------------------------

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        """Pure. One round of one payload: the bytes themselves, of which the signer signs the Keccak hash.

        :raises Malformed: when they are not ours
        """
        self._own(unsigned, account)
        if done:
            return ()
        return (SigningPayload(key=account.key, kind=PAYLOAD_KIND, preimage=unsigned.body, hash=Hash.KECCAK256),)

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        """Pure. The signature is verified, by a second reader too; see :mod:`waiaas_evm.signatures`.

        :raises Malformed: when it is not the account's, or its s is large
        """
        tx, _ = self._own(unsigned, account)
        if len(done) != 1:
            raise Malformed("a transaction of one account has one signature")
        raw, tx_hash = attach_signature(tx, account.address, done[0])
        return Signed(raw=raw, tx_hash=tx_hash, claims=frozenset({claim_of(tx)}), evidence=dict(unsigned.evidence))

    # --- the node -----------------------------------------------------------------------------------------------------

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        """Network, one request, two where the node did not take the bytes; see :mod:`waiaas_evm.sending`."""
        return sending.send(self._rpc, signed)

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        """Network; see :mod:`waiaas_evm.statuses` for FINAL and :mod:`waiaas_evm.death` for DEAD."""
        return read_statuses(self._rpc, self.network, self._traits, signed)

    def simulate(self, unsigned: Unsigned, account: Account) -> tuple[bool, tuple[Effect, ...], str]:
        """Network, one request. A node reports no effects: those of the decoded bytes stand, if it would succeed.

        :raises Unavailable: when no node could say
        """
        tx, _ = self._own(unsigned, account)
        problem = simulating.simulate(self._rpc, tx, account.address)
        effects = effects_of(tx, account.address, self.network.native.id) if problem is None else ()
        return problem is None, effects, problem or ""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        """Network, one request. Spendable leaves out what transactions take that the balance does not show yet.

        :raises Refused: ASSET_UNKNOWN
        """
        return read_balances(self._rpc, self.network, self._tokens, account, assets, in_flight)

    def describe_assets(self, assets: Sequence[str]) -> Sequence[Asset]:
        """Network, one request, none for tokens that were read before in this process.

        :raises Refused: ASSET_UNKNOWN
        """
        ids = [self.parse_asset(asset) for asset in assets]
        tokens = [token_address(asset) for asset in ids if asset != self.network.native.id]
        read = {token.asset.id: token.asset for token in self._tokens.describe(self._rpc, tokens)}
        return [read.get(asset, self.network.native) for asset in ids]

    def health(self) -> Mapping[str, Any]:
        """Network, one request for each endpoint. Chain id compared; heights and lag in blocks.

        :raises Refused: with code WRONG_CHAIN when any endpoint serves another chain
        :raises Unavailable: when no endpoint answers
        """
        return read_health(self._rpc, self.network, self._traits)

    def chain_time(self) -> int:
        """Network, one request. The newest block's timestamp."""
        return read_time(self._rpc)

    def _own(self, unsigned: Unsigned, account: Account) -> tuple[Transaction, Evidence]:
        if address_of_key(account.key.data) != account.address:
            raise Malformed("the account's address is not that of its key")
        evidence = read_evidence(unsigned.evidence, has_data_fee=self._traits.rollup == "op-stack")
        return read_unsigned(unsigned.body), evidence
