"""Facts about made-up transactions, for judges."""

from collections.abc import Mapping

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Amount, Asset, Destination, Effect, Intent, Kind, Resolved, What
from waiaas.interfaces.policy import AssetReader, Facts

NATIVE = "solana:test/slip44:501"
TOKEN = "solana:test/token:Mint"
NOW = 1_800_000_000
COIN = Asset(id=NATIVE, symbol="SOL", decimals=9, native=True)
MINT = Asset(id=TOKEN, symbol="US\u202eD", decimals=2, native=False)
RENT = Effect(what=What.LOCKED, asset=NATIVE, units=4, to="ALICE")
"""What a token's new account locks."""


class Reader(AssetReader):
    """Reads ``native``, the two ids, and addresses that begin with A, whatever their case."""

    def asset(self, text: str | None) -> str:
        if text in (None, "native", NATIVE):
            return NATIVE
        if text in ("Mint", TOKEN):
            return TOKEN
        raise Malformed(f"no asset {text}")

    def address(self, text: str) -> str:
        if not text.upper().startswith("A"):
            raise Malformed("no address", code="INVALID_ADDRESS")
        return text.upper()


def out(units: int | None, to: str | None = "ALICE", asset: str = NATIVE) -> Effect:
    """Value that leaves."""
    return Effect(what=What.OUT, asset=asset, units=units, to=to)


def resolved(effects: tuple[Effect, ...]) -> Resolved:
    """An intent with these effects."""
    intent = Intent(kind=Kind.TRANSFER, to=Destination(address="ALICE"), amount=Amount(asset=NATIVE, units=1))
    return Resolved(intent=intent, effects=effects, assets=(COIN, MINT), likely_fee=Amount(asset=NATIVE, units=5000))


def facts(
    *effects: Effect,
    windows: Mapping[str, int] | None = None,
    oldest: Mapping[str, int] | None = None,
    prices: Mapping[str, str] | None = None,
    agent: str = "agent",
    fee: int = 5000,
) -> Facts:
    """What a judge is told about a transaction with these effects.

    :param prices: dollars for one whole unit, by asset
    """
    return Facts(
        now=NOW,
        agent=agent,
        session="session",
        chain="solana",
        network="localnet",
        native=NATIVE,
        kind=Kind.TRANSFER,
        effects=effects,
        fee=Amount(asset=NATIVE, units=fee),
        resolved=resolved(effects),
        windows=windows or {},
        oldest=oldest or {},
        prices={asset: (price, NOW) for asset, price in (prices or {}).items()},
    )
