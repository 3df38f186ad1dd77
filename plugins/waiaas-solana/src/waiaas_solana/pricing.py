"""What a transaction costs, and what to offer for it. Pure integer arithmetic; no floats near money."""

from collections.abc import Sequence

from waiaas_solana.settings import SolanaSettings

SIGNATURE_FEE = 5_000
"""Lamports for each signature (``fee-structure`` of Agave; unchanged since genesis)."""

MOST_UNITS = 1_400_000
"""Compute units that one transaction may have; a higher limit counts as this one (``compute-budget``)."""

_MICRO = 1_000_000


def fee_of(signatures: int, unit_limit: int, unit_price: int) -> int:
    """Lamports that the network takes if the transaction lands, whether it succeeds or not.

    The prioritisation fee is charged on the limit, not on the units used, and rounded up.
    """
    return SIGNATURE_FEE * signatures + -(-min(unit_limit, MOST_UNITS) * unit_price // _MICRO)


def going_price(recent: Sequence[int], settings: SolanaSettings) -> int:
    """The price for one compute unit, in micro-lamports.

    :param recent: what recent blocks took, in any order; may be empty
    """
    ordered = sorted(recent)
    price = ordered[(len(ordered) - 1) * settings.price_percentile // 100] if ordered else 0
    return max(settings.price_floor, min(price, settings.price_cap))


def price_within(price: int, unit_limit: int, max_fee: int) -> int | None:
    """The price, lowered until a transaction of one signature costs at most ``max_fee``; None when the base fee is more."""
    left = max_fee - SIGNATURE_FEE
    return None if left < 0 else min(price, left * _MICRO // unit_limit)


def least_rent(length: int) -> int:
    """Lamports that exempt an account of so many bytes from rent, at the rate in force since genesis.

    3480 lamports for a byte and a year, two years, and 128 bytes for the account itself (``solana-rent``).
    """
    return (128 + length) * 3_480 * 2
