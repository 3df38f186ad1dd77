"""How many payments a second can be tried: judged as a send would be, and told, with nothing stored.

The floor is the index look-ups of its windows; those of a decision that is checked again are twice as many. The decision
alone, after a history: what asking the chain takes is the node's, and what a request takes is measured elsewhere.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from bench.decisions import Case
from bench.figures import Figure, alternate

_LEAST = 500.0


def simulations(folder: Path, rounds: int, history: int, seconds: float) -> Figure:
    """Tries one after the other on one thread. :param history: past transactions; :param seconds: of each round"""
    case = Case(folder, history)

    def simulate() -> None:
        json.dumps(case.judge().to_wire())

    try:
        rate, floor = alternate(rounds, lambda: _rate(simulate, seconds), lambda: 2 * _rate(case.look_up, seconds))
    finally:
        case.close()
    return Figure(
        name=f"simulations a second after {history:,} transactions",
        unit="1/s",
        ours=rate,
        floor=floor,
        limit=_LEAST,
    )


def _rate(call: Callable[[], None], seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        call()
        done += 1
    return done / took
