"""What an account holds, and what of it a payment could use now. Network."""

from collections.abc import Sequence
from functools import lru_cache

from waiaas.errors import Refused
from waiaas.interfaces.chain import Account, Balance, Network, Signed
from waiaas_solana.message import Transfer
from waiaas_solana.questions import balance_call, rent_call
from waiaas_solana.rpc import Rpc, as_whole, in_context
from waiaas_solana.statuses import MOST_AT_ONCE, is_settled, sightings_call, sightings_of
from waiaas_solana.wire import reading_of

_REMEMBERED = 4096


def read_balances(
    rpc: Rpc, network: Network, account: Account, assets: Sequence[str], in_flight: Sequence[Signed], commitment: str
) -> Sequence[Balance]:
    """The native balance, in one request. Spendable leaves out the rent-exempt minimum and what unsettled payments take.

    :raises Refused: for an asset other than the native one
    """
    strangers = [asset for asset in assets if asset != network.native.id]
    if strangers:
        raise Refused("ASSET_NOT_SUPPORTED", f"balances of {strangers[0]} cannot be read yet")
    total, rent, taken = read_funds(rpc, account, in_flight, commitment)
    return (Balance(asset=network.native, total=total, spendable=max(0, total - rent - taken)),)


def read_funds(rpc: Rpc, account: Account, in_flight: Sequence[Signed], commitment: str) -> tuple[int, int, int]:
    """Lamports held, the rent-exempt minimum, and what payments that the balance does not show yet will take. One request."""
    asked, rest = in_flight[:MOST_AT_ONCE], in_flight[MOST_AT_ONCE:]
    calls = [balance_call(account, commitment), rent_call(), *([sightings_call(asked)] if asked else [])]
    balance, rent, *seen = rpc.batch(calls)
    sightings = sightings_of(seen[0], len(asked)) if seen else []
    pending = [one for one, sighting in zip(asked, sightings, strict=True) if not is_settled(sighting)]
    # what was not asked about counts as unsettled: better too little than too much
    return as_whole(in_context(balance)), as_whole(rent), most_taken((*pending, *rest))


def most_taken(in_flight: Sequence[Signed]) -> int:
    """Lamports that signed payments take if all of them land.

    :raises Malformed: when one of them is not ours
    """
    return sum(_taken(one.raw) for one in in_flight)


@lru_cache(maxsize=_REMEMBERED)
def _taken(raw: bytes) -> int:
    # the same bytes are asked about at every payment until they settle
    reading = reading_of(raw)
    paid = [step.lamports for step in reading.steps if isinstance(step, Transfer) and step.to != reading.payer]
    return reading.max_fee + sum(paid)
