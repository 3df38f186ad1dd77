"""The bench: an adapter on a running local chain, a funded account, and somebody who signs for it."""

from collections.abc import Callable
from dataclasses import dataclass

from waiaas.interfaces.chain import (
    Account,
    Amount,
    BuildRequest,
    ChainAdapter,
    Destination,
    Http,
    Intent,
    Kind,
    LocalChain,
    Resolved,
    Signed,
    Status,
    Unsigned,
)
from waiaas.interfaces.signing import SigningPayload
from waiaas.testing.http import ScriptedHttp, no_network
from waiaas.testing.naming import as_payments, as_variants, held_claims

Sign = Callable[[SigningPayload], bytes]

SALT = bytes(range(16))
_NOW = 1_700_000_000


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the kit needs of a family.

    :param http: the client that the adapter uses
    :param account: holds ample native money
    :param sign: signs for ``account``; :param stranger_signs: signs the same payload with another key
    :param new_address: an address that nobody used
    :param units: an amount that a new address may be sent
    :param foreign_addresses: texts that other chains, or typing errors, would give
    :param blocks_to_final: blocks after which what landed is final
    :param blocks_to_death: blocks after which unsent bytes are proven dead; None where they never expire
    :param asset: the token that the bench pays with, ``account`` holds plenty of it; None pays with the native asset
    :param held: base units of that token that an address holds
    :param lists_tokens: whether the chain itself can say which tokens an account holds
    :param replica: a client of honest nodes so many blocks behind; of several numbers, of a balancer that hands each request to
        the next of them. Where bytes expire it is needed, and so is ``liar``
    :param liar: a client of a node that understates how long bytes live, knows of none, and keeps those it is handed
    :param release: lets land what the liar kept, as far as it still can
    """

    adapter: ChainAdapter
    chain: LocalChain
    http: Http
    account: Account
    sign: Sign
    stranger_signs: Sign
    new_address: Callable[[], str]
    units: int
    foreign_addresses: tuple[str, ...]
    blocks_to_final: int
    blocks_to_death: int | None
    asset: str | None = None
    held: Callable[[str], int] | None = None
    lists_tokens: bool = True
    replica: Callable[..., Http] | None = None
    liar: Http | None = None
    release: Callable[[], object] | None = None

    @property
    def paid(self) -> str:
        """Id of the asset that the bench pays with."""
        return self.asset or self.native

    @property
    def native(self) -> str:
        """Id of the native asset."""
        return self.adapter.network.native.id

    def over(self, http: Http) -> ChainAdapter:
        """The same adapter over another client."""
        return type(self.adapter)(self.adapter.network, self.adapter.settings, http)

    def offline(self) -> ChainAdapter:
        """The same adapter, failing the test when it asks a node."""
        return self.over(ScriptedHttp(no_network))

    def intent(self, *, to: str | None = None, units: int | None = None, memo: str | None = None) -> Intent:
        """A transfer of the asset that the bench pays with."""
        address = self.adapter.parse_address(to or self.new_address())
        amount = Amount(asset=self.paid, units=self.units if units is None else units)
        kind = Kind.TRANSFER if self.asset is None else Kind.TOKEN_TRANSFER
        return Intent(kind=kind, to=Destination(address=address.address), amount=amount, memo=memo)

    def balance(self, address: str) -> int:
        """Base units of the asset that the bench pays with."""
        return self.chain.balance(address) if self.held is None else self.held(address)

    def resolved(self, intent: Intent | None = None) -> Resolved:
        """What the adapter makes of it."""
        return self.adapter.resolve(intent or self.intent(), self.account)

    def request(
        self,
        resolved: Resolved,
        *,
        salt: bytes = SALT,
        max_fee: int | None = None,
        in_flight: tuple[Signed, ...] = (),
        replaces: tuple[Signed, ...] = (),
    ) -> BuildRequest:
        """What the host hands to ``build``, under the network's fee cap unless another is named.

        :param in_flight: oldest first; the last one is the newest that was signed
        """
        return BuildRequest(
            resolved=resolved,
            account=self.account,
            in_flight=as_payments(in_flight, replaces),
            salt=salt,
            now=_NOW,
            max_fee=self.adapter.network.fee_max if max_fee is None else max_fee,
            replaces=as_variants(replaces),
            newest=in_flight[-1] if in_flight else None,
            held=held_claims(in_flight, replaces),
        )

    def built(
        self, resolved: Resolved, *, salt: bytes = SALT, max_fee: int | None = None, in_flight: tuple[Signed, ...] = ()
    ) -> Unsigned:
        """Bytes for it."""
        return self.adapter.build(self.request(resolved, salt=salt, max_fee=max_fee, in_flight=in_flight))

    def signatures(self, unsigned: Unsigned, sign: Sign | None = None) -> list[bytes]:
        """Every signature that the adapter asks for, round by round."""
        done: list[bytes] = []
        for _ in range(16):
            payloads = self.adapter.signing_payloads(unsigned, self.account, done)
            if not payloads:
                return done
            done += [(sign or self.sign)(payload) for payload in payloads]
        raise AssertionError("signing_payloads never comes to an end")

    def signed(self, unsigned: Unsigned) -> Signed:
        """Bytes that can be broadcast."""
        return self.adapter.attach(unsigned, self.account, self.signatures(unsigned))

    def payment(self, *, salt: bytes = SALT, in_flight: tuple[Signed, ...] = ()) -> tuple[Resolved, Signed]:
        """A payment to a new address, signed and not sent."""
        resolved = self.resolved()
        return resolved, self.signed(self.built(resolved, salt=salt, in_flight=in_flight))

    def cancellation(self, *replaces: Signed) -> Signed:
        """Bytes that take the place of others and pay nothing, signed and not sent; for chains with ``Feature.REPLACE``."""
        fee = Amount(asset=self.native, units=self.adapter.network.fee_max)
        nothing = Resolved(
            intent=Intent(kind=Kind.CANCEL), effects=(), assets=(self.adapter.network.native,), likely_fee=fee
        )
        return self.signed(self.adapter.build(self.request(nothing, in_flight=replaces, replaces=replaces)))

    def status(self, signed: Signed) -> Status:
        """How far one payment has come."""
        (status,) = self.adapter.statuses([signed])
        return status
