"""Random Solana payments, as the adapter would compose them, and their bytes broken."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.evidence import Evidence, Lifetime, digest_of
from waiaas_solana.message import Opening, Plan, TokenTransfer, Transfer, compose
from waiaas_solana.token_programs import TOKEN_2022_PROGRAM, TOKEN_PROGRAM, derived_account

from waiaas.interfaces.chain import Unsigned

KEY = Keypair.from_seed(bytes(range(32)))
RENT = 2_500_000
_UNITS = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))
_SHORT = st.integers(0, 2**32 - 1)
_KEYS = st.binary(min_size=32, max_size=32).map(Pubkey)
# kit's reader of text leaves out zeros and a leading byte order mark
_MEMOS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A plan. :param owner: the wallet that it pays"""

    plan: Plan
    owner: Pubkey

    @property
    def body(self) -> bytes:
        """The message."""
        return compose(self.plan)

    def unsigned(self, body: bytes) -> Unsigned:
        """These bytes beside the evidence that this payment would have, made anew for them."""
        return Unsigned(body=body, evidence=self._evidence(body))

    def _evidence(self, body: bytes) -> Mapping[str, str]:
        return Evidence(
            lifetime=Lifetime(slot=1000, last_valid_height=850),
            digest=digest_of(body),
            owner=None if self.plan.token is None else str(self.owner),
            rent=None if self.plan.opening is None else RENT,
        ).to_wire()


@st.composite
def payments(draw: st.DrawFn) -> Payment:
    """Any payment of the native asset or of a token."""
    owner = draw(_KEYS)
    plan = Plan(
        payer=KEY.pubkey(),
        transfers=(),
        memo=draw(st.none() | _MEMOS),
        blockhash=Hash(draw(st.binary(min_size=32, max_size=32))),
        unit_limit=draw(_SHORT),
        unit_price=draw(_UNITS),
        data_limit=draw(_SHORT),
    )
    if draw(st.booleans()):
        return Payment(plan=replace(plan, transfers=(Transfer(to=owner, lamports=draw(_UNITS)),)), owner=owner)
    program, mint = draw(st.sampled_from([TOKEN_PROGRAM, TOKEN_2022_PROGRAM])), draw(_KEYS)
    token = TokenTransfer(
        program=program,
        mint=mint,
        to=derived_account(owner, mint, program),
        units=draw(_UNITS),
        decimals=draw(st.integers(0, 255)),
        fee=draw(st.none() | _UNITS) if program == TOKEN_2022_PROGRAM else None,
    )
    opening = Opening(owner=owner, mint=mint, program=program) if draw(st.booleans()) else None
    return Payment(plan=replace(plan, token=token, opening=opening), owner=owner)


@st.composite
def broken(draw: st.DrawFn) -> tuple[Payment, bytes]:
    """A payment, and its message with some of the bytes changed, left out, or put in; often one changed byte alone."""
    payment = draw(payments())
    body = bytearray(payment.body)
    ways = draw(st.sampled_from([["change"], ["change"], ["change", "leave out", "put in", "cut"]]))
    for _ in range(draw(st.integers(1, len(ways)))):
        place = draw(st.integers(0, len(body) - 1))
        how = draw(st.sampled_from(ways))
        if how == "change":
            body[place] ^= draw(st.integers(1, 255))
        elif how == "leave out" and len(body) > 1:
            del body[place]
        elif how == "put in":
            body.insert(place, draw(st.integers(0, 255)))
        else:
            del body[place + 1 :]
    return payment, bytes(body)
