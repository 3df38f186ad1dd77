"""What the measurements over HTTP share: one localnet, one daemon, one floor, all running at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.floor import DENY_ABOVE
from bench.servers import Daemon, Floor, LocalChain

WALLETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything is up.

    :param folder: for what a measurement keeps to itself
    :param tokens: of the daemon's wallets
    :param limit: payments up to it go at once, on both
    :param rounds: of each measurement
    :param seconds: of a round of requests
    :param payments: of a round of transfers
    """

    folder: Path
    chain: LocalChain
    daemon: Daemon
    floor: Floor
    tokens: list[str]
    limit: int
    rounds: int
    seconds: float
    payments: int


@contextmanager
def set_stage(folder: Path, *, rounds: int, seconds: float, payments: int) -> Iterator[Stage]:
    """Start all three in ``folder``; stop them with the block."""
    with LocalChain() as chain:
        daemon = Daemon(folder, chain.url)
        daemon.start()
        with daemon, Floor(folder, chain.url, WALLETS) as floor:
            for address in floor.addresses:
                chain.fund(address)
            yield Stage(
                folder=folder,
                chain=chain,
                daemon=daemon,
                floor=floor,
                tokens=daemon.wallets(WALLETS, DENY_ABOVE, chain),
                limit=DENY_ABOVE,
                rounds=rounds,
                seconds=seconds,
                payments=payments,
            )
