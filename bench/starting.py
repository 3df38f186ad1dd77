"""What it takes to be there: time until ready, memory, and the command line's own start."""

import subprocess
import sys
import time
from pathlib import Path

from bench.coins_solana import Lamports
from bench.figures import Figure, alternate
from bench.requests import CLIENTS, ask_address
from bench.servers import THREADS, Daemon, Floor, pss_bytes
from bench.stage import Stage
from bench.transfers import pay

_PROGRAM = Path(sys.executable).with_name("waiaas")
_BARE_CLI = "import click; click.Group('x', commands=[click.Command('y')]).main(['--help'])"
_MEGABYTE = 1_000_000


def start_to_ready(folder: Path, rounds: int) -> Figure:
    """``waiaas start`` until it answers, key derivation included; the floor derives a key and opens its database too."""
    with Lamports() as coin:
        folder.mkdir()
        daemon = Daemon(folder, coin)
        numbers = iter(range(rounds))

        def ours() -> float:
            seconds = daemon.start()
            daemon.close()
            return seconds

        def floor() -> float:
            beside = folder / f"floor-{next(numbers)}"
            beside.mkdir()
            with Floor(beside, coin, 1) as started:
                return started.ready_seconds

        daemon.start()
        daemon.close()  # the first start makes the database and examines the plugins
        mine, least = alternate(rounds, ours, floor)
    return Figure(name="start to ready", unit="s", ours=mine, floor=least, higher_is_better=False, limit=1.0)


def memory(stage: Stage) -> Figure:
    """Proportional set size of daemon and signer with the default settings, after payments and reads by 16 clients."""
    folder = stage.folder / "memory"
    folder.mkdir()
    daemon = Daemon(folder, stage.coin, threads=None)
    daemon.start()
    with daemon:
        tokens = daemon.wallets(CLIENTS)
        pay(daemon, stage.coin, tokens, CLIENTS, max(1, stage.payments // CLIENTS))
        ask_address(daemon, tokens, stage.seconds)
        each = [pss_bytes([pid]) / _MEGABYTE for pid in daemon.pids()]
    return Figure(
        name="memory, daemon and signer",
        unit="MB",
        ours=sum(each),
        floor=pss_bytes(stage.floor.pids()) / _MEGABYTE,
        higher_is_better=False,
        limit=120,
        details={
            "by process": [round(size, 1) for size in each],
            f"the other daemon, {THREADS} threads, after everything": f"{pss_bytes(stage.daemon.pids()) / _MEGABYTE:.1f} MB",
        },
    )


def cli_start(rounds: int) -> Figure:
    """``waiaas --help`` beside a program of click alone."""
    ours, floor = alternate(
        rounds, lambda: _seconds([str(_PROGRAM), "--help"]), lambda: _seconds([sys.executable, "-c", _BARE_CLI])
    )
    return Figure(
        name="waiaas --help", unit="ms", ours=1000 * ours, floor=1000 * floor, higher_is_better=False, limit=200
    )


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
