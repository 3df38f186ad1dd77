"""How many payments a second can be tried: judged as a send would be, and told, with nothing stored.

The decision alone, after a history: what asking the chain takes is the node's, and what a request takes is measured elsewhere.
"""

import json
import time
from pathlib import Path

from bench.decisions import Case
from bench.figures import Figure, median

_LEAST = 500.0


def simulations(folder: Path, rounds: int, history: int, seconds: float) -> Figure:
    """Tries one after the other on one thread. :param history: past transactions; :param seconds: of each round"""
    case = Case(folder, history)
    try:
        rates = [_rate(case, seconds) for _ in range(rounds)]
    finally:
        case.close()
    return Figure(
        name=f"simulations a second after {history:,} transactions",
        unit="1/s",
        ours=median(rates),
        floor=None,
        limit=_LEAST,
        details={"rounds": [round(rate) for rate in rates]},
    )


def _rate(case: Case, seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        json.dumps(case.judge().to_wire())
        done += 1
    return done / took
