"""What the measurements over HTTP share: one local chain, one daemon, one floor, all running at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.coins import Coin
from bench.servers import Daemon, Floor

WALLETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything is up.

    :param folder: for what a measurement keeps to itself
    :param tokens: of the daemon's wallets
    :param rounds: of each measurement
    :param seconds: of a round of requests
    :param payments: of a round of transfers
    """

    folder: Path
    coin: Coin
    daemon: Daemon
    floor: Floor
    tokens: list[str]
    rounds: int
    seconds: float
    payments: int


@contextmanager
def set_stage(folder: Path, coin: Coin, *, rounds: int, seconds: float, payments: int) -> Iterator[Stage]:
    """Start daemon and floor in ``folder``; stop them with the block."""
    folder.mkdir(exist_ok=True)
    daemon = Daemon(folder, coin)
    daemon.start()
    with daemon, Floor(folder, coin, WALLETS) as floor:
        for address in floor.addresses:
            coin.fund(address)
        yield Stage(
            folder=folder,
            coin=coin,
            daemon=daemon,
            floor=floor,
            tokens=daemon.wallets(WALLETS),
            rounds=rounds,
            seconds=seconds,
            payments=payments,
        )
