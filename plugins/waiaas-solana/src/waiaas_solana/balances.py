"""What an account holds, and what of it a payment could use now. Network."""

from collections.abc import Sequence

from waiaas.errors import Refused
from waiaas.interfaces.chain import Account, Balance, Network, Signed
from waiaas_solana.decode import effects_of
from waiaas_solana.questions import balance_call, rent_call
from waiaas_solana.rpc import Rpc, as_whole, in_context
from waiaas_solana.statuses import MOST_AT_ONCE, is_settled, sightings_call, sightings_of
from waiaas_solana.wire import reading_of


def read_balances(
    rpc: Rpc, network: Network, account: Account, assets: Sequence[str], in_flight: Sequence[Signed], commitment: str
) -> Sequence[Balance]:
    """The native balance, in one request. Spendable leaves out the rent-exempt minimum and what unsettled payments take.

    :raises Refused: for an asset other than the native one
    """
    strangers = [asset for asset in assets if asset != network.native.id]
    if strangers:
        raise Refused("ASSET_NOT_SUPPORTED", f"balances of {strangers[0]} cannot be read yet")
    asked = in_flight[:MOST_AT_ONCE]
    calls = [balance_call(account, commitment), rent_call(), *([sightings_call(asked)] if asked else [])]
    balance, rent, *seen = rpc.batch(calls)
    sightings = sightings_of(seen[0], len(asked)) if seen else []
    # what was not asked about counts as unsettled: better too little than too much
    pending = [one for one, sighting in zip(asked, sightings, strict=True) if not is_settled(sighting)]
    total = as_whole(in_context(balance))
    taken = sum(_leaves(one, network.native.id) for one in (*pending, *in_flight[MOST_AT_ONCE:]))
    return (Balance(asset=network.native, total=total, spendable=max(0, total - as_whole(rent) - taken)),)


def _leaves(signed: Signed, native: str) -> int:
    reading = reading_of(signed)
    return reading.max_fee + sum(effect.units or 0 for effect in effects_of(reading, native) if effect.asset == native)
