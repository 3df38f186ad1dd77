"""Races against one limit: of two hundred parallel sends from two sessions, exactly those that have room are let through.

On the daemon of the tests' harness, over HTTP, on every chain and asset; the checks are the tests' own, round after round. The
figure is the number of rounds in which the limit was kept, and used up to one payment: anything below all of them is a fault.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from tests.harness.books import check_books
from tests.harness.chains import ChainCase
from tests.harness.data_directory import copy_of, make_template
from tests.harness.fixtures import CASES
from tests.harness.house import House
from tests.harness.limit_race import SENDS, LimitRace, Round


def races(folder: Path, rounds: int) -> Iterator[Figure]:
    """One figure for each asset that can be paid with here."""
    folder.mkdir()
    template = make_template(folder / "template")
    for case in CASES:
        if reason := case.missing():
            print(f"SKIPPED, races, {case.name}: {reason}", file=sys.stderr)
            continue
        copy_of(template, folder / case.name)
        yield _race(folder / case.name, case, rounds)


def _race(root: Path, case: ChainCase, rounds: int) -> Figure:
    """:raises AssertionError: when the books do not agree with the chain afterwards"""
    with case.start() as chain:
        house = House(root, case, chain).start()
        try:
            race = LimitRace(house, rounds)
            began = time.perf_counter()
            found = [race.run(number) for number in range(rounds)]
            seconds = time.perf_counter() - began
            paid = race.settle()
            race.close()
            check_books(house, race.wallet)
        finally:
            house.close()
    return _figure(case.name, found, paid, seconds)


def _figure(name: str, found: list[Round], paid: int, seconds: float) -> Figure:
    admitted = sum(len(one.admitted) for one in found)
    if paid != sum(sum(one.admitted) for one in found):
        raise RuntimeError(f"{name}: {paid} was paid, which is not what was let through")
    return Figure(
        name=f"races of {SENDS} sends against one limit, {name}",
        unit=f"of {len(found)} rounds",
        ours=float(sum(one.is_kept for one in found)),
        floor=None,
        limit=float(len(found)),
        details={
            "let through and paid": admitted,
            "denied": sum(len(one.denied) for one in found),
            "answered otherwise": sum(len(one.others) for one in found),
            "sends a second": round(SENDS * len(found) / seconds),
        },
    )
