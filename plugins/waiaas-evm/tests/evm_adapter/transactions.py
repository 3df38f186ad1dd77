"""Random transactions, for hypothesis."""

from hypothesis import strategies as st
from waiaas_evm.erc20 import TokenTransfer, transfer_data
from waiaas_evm.transaction import Transaction

WORD = st.integers(0, 2**256 - 1)
ADDRESS = st.binary(min_size=20, max_size=20)

TOKEN_DATA = st.builds(TokenTransfer, to=ADDRESS, units=WORD).map(transfer_data)


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    """A transaction in either of our forms, with money, a token's transfer, or some other calldata."""
    is_legacy = draw(st.booleans())
    max_fee = draw(WORD)
    return Transaction(
        chain=draw(st.integers(1, 2**53)),
        nonce=draw(st.integers(0, 2**64 - 2)),
        to=draw(ADDRESS),
        value=draw(WORD),
        data=draw(st.one_of(st.just(b""), TOKEN_DATA, st.binary(max_size=200))),
        gas=draw(st.integers(0, 2**64 - 1)),
        max_fee=max_fee,
        tip=max_fee if is_legacy else draw(st.integers(0, max_fee)),
        is_legacy=is_legacy,
    )
