"""``python -m bench``: measure everything, print the table, keep the raw results under ``bench/results/``."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.coins import Coin
from bench.coins_evm import Erc20, Wei
from bench.coins_solana import Lamports, SplToken
from bench.decisions import decisions
from bench.figures import Figure
from bench.history import histories
from bench.races import races
from bench.report import details, save, table, write_summary
from bench.requests import denied_send, session_read
from bench.signatures import signatures
from bench.simulations import simulations
from bench.stage import Stage, set_stage
from bench.starting import cli_start, memory, start_to_ready
from bench.stop import stop_to_last_signature
from bench.transfers import transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is done for each figure."""

    rounds: int
    seconds: float
    payments: int
    starts: int
    history: tuple[int, int]
    decisions: int
    races: int


_FULL = Effort(rounds=3, seconds=2.0, payments=240, starts=5, history=(1_000, 1_000_000), decisions=500, races=100)
_QUICK = Effort(rounds=1, seconds=0.4, payments=16, starts=1, history=(100, 1_000), decisions=50, races=1)
Measurement = Callable[[Stage], Figure]
_TRANSFERS: tuple[Measurement, ...] = (transfers(1, 1), transfers(16, 1), transfers(16, 16))
Plan = tuple[type[Coin], tuple[Measurement, ...]]
_STAGES: tuple[Plan, ...] = (
    (Lamports, (session_read, denied_send, *_TRANSFERS, memory)),
    (SplToken, (transfers(16, 1),)),
    (Wei, _TRANSFERS),
    (Erc20, (transfers(16, 1),)),
)


def measure(effort: Effort, folder: Path) -> Iterator[Figure]:
    """Every figure, as it is ready."""
    yield cli_start(2 * effort.starts)
    yield start_to_ready(folder / "starting", effort.starts)
    yield signatures(folder, effort.rounds, effort.seconds)
    with histories(folder, *effort.history) as (short, long):
        yield simulations(long, effort.rounds, effort.seconds)
        yield from decisions(short, long, effort.rounds, effort.decisions)
    yield stop_to_last_signature(folder / "stop", effort.starts)
    for kind, measurements in _possible(_STAGES):
        home = folder / kind.__name__
        with (
            kind() as coin,
            set_stage(home, coin, rounds=effort.rounds, seconds=effort.seconds, payments=effort.payments) as stage,
        ):
            for one in measurements:
                yield one(stage)
    yield from races(folder / "races", effort.races)


def _possible(stages: Iterable[Plan]) -> Iterator[Plan]:

    for kind, measurements in stages:
        if reason := kind.missing():
            print(f"SKIPPED, {kind.label}transfers: {reason}", file=sys.stderr)
        else:
            yield kind, measurements


def main() -> int:
    """Exit code 0 when everything could be measured, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What WAIaaS costs beside its floor.")
    parser.add_argument("--quick", action="store_true", help="one short round of everything: shows that it runs")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of the table")
    parser.add_argument("--write-readme", action="store_true", help="put the table into bench/README.md")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="waiaas-bench-") as folder:
        began = time.perf_counter()
        for figure in measure(_QUICK if options.quick else _FULL, Path(folder)):
            figures.append(figure)
            print(f"{time.perf_counter() - began:6.1f} s  {figure.name}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps([figure.to_json() for figure in figures]))
    else:
        print(table(figures))
        print(details(figures))
    if options.write_readme:
        write_summary(figures)
    print(f"raw results: {save(figures)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
