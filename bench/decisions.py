"""What a decision costs with a short and a long history, and with few and many policies.

Policies, fee limits and session constraints are judged over ledger and counts, then checked again as under the writer lock. The
floor is as many plain index look-ups as the windows of one spending limit, the session and the fees take.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import Figure, median, share
from bench.history import History

POLICIES = (1, 10, 100)
_P99_MILLISECONDS = 5.0
_FLAT = 1.5


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of each call, in order of size: on the wall's clock, and of this thread's processor time."""

    wall: list[float]
    cpu: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    short: _Times
    long: _Times
    floor: _Times


def decisions(short: History, long: History, rounds: int, calls: int) -> Iterator[Figure]:
    """For each count of policies the slowest hundredth after a long history; then how the usual one depends on the history."""
    found: dict[int, _Compared] = {}
    for count in POLICIES:
        short.have_policies(count)
        long.have_policies(count)
        found[count] = _compare(short, long, rounds, calls)
        yield _slowest(count, long.size, found[count])
    yield _flatness(short.size, long.size, found)


def _slowest(count: int, size: int, found: _Compared) -> Figure:
    long, short = found.long, found.short
    return Figure(
        name=f"p99 of decisions with {count} {'policy' if count == 1 else 'policies'} after {size:,} transactions",
        unit="ms",
        ours=share(long.wall, 99),
        floor=share(found.floor.wall, 99),
        higher_is_better=False,
        limit=_P99_MILLISECONDS,
        details={
            "p50": f"{share(long.wall, 50):.2f} ms",
            "cpu p50": f"{share(long.cpu, 50):.2f} ms",
            "cpu p99": f"{share(long.cpu, 99):.2f} ms",
            "after a short history": f"{share(short.wall, 99):.2f} ms",
        },
    )


def _flatness(before: int, size: int, found: dict[int, _Compared]) -> Figure:
    """The most that any count of policies makes the usual decision dearer after a long history."""
    times = {count: share(one.long.cpu, 50) / share(one.short.cpu, 50) for count, one in found.items()}
    return Figure(
        name=f"decisions after {size:,} beside {before:,} transactions",
        unit="times",
        ours=max(times.values()),
        floor=1.0,
        higher_is_better=False,
        limit=_FLAT,
        details={f"policies: {count}": f"{one:.2f} times" for count, one in times.items()},
    )


def _compare(short: History, long: History, rounds: int, calls: int) -> _Compared:
    """Rounds that alternate, so that whatever else the machine does meets all three."""
    three = (short.decide, long.decide, long.look_up)
    took = [[_times(call, calls) for call in three] for _ in range(rounds)]
    merged = [_middle([one[index] for one in took]) for index in range(len(three))]
    return _Compared(short=merged[0], long=merged[1], floor=merged[2])


def _middle(rounds: list[_Times]) -> _Times:
    """The median of the rounds, rank by rank."""
    wall = [median(rank) for rank in zip(*(one.wall for one in rounds), strict=True)]
    return _Times(wall, [median(rank) for rank in zip(*(one.cpu for one in rounds), strict=True)])


def _times(call: Callable[[], None], calls: int) -> _Times:
    call()
    wall, cpu = [], []
    for _ in range(calls):
        began, used = time.perf_counter(), time.thread_time()
        call()
        cpu.append(1000 * (time.thread_time() - used))
        wall.append(1000 * (time.perf_counter() - began))
    return _Times(sorted(wall), sorted(cpu))
