"""Lanes: one account's payments one after another, from the hold until a node has the bytes; other accounts pass by.

Each network has a pool of threads of its own, so that a slow chain holds up no other. A row that must wait (a node is away, the
signer is locked) keeps its account's lane and frees the thread. What is put in first passes those that wait: a payment that is
stuck is mended before the ones that wait behind it are looked at again, but never beside one that is being built.
"""

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from waiaas.engine.pipeline.stage import Go, Progress
from waiaas.errors import NotReady, WaiaasError

_log = logging.getLogger("waiaas.lanes")
_THREADS = 8
_FAULT_SECONDS = 5.0
_STORE_AWAY_SECONDS = 1.0
Network = tuple[str, str]
Advance = Callable[[str], Progress]


class Lanes:
    """All lanes. Thread-safe. Rows are known by their id alone; everything else is read afresh each time.

    :param advance: runs one stage of a row
    :param on_death: called when a thread of a pool ends unexpectedly
    """

    def __init__(self, advance: Advance, on_death: Callable[[str], None]) -> None:
        self._advance = advance
        self._on_death = on_death
        self._pools: dict[Network, _Pool] = {}
        self._lock = threading.Lock()
        self._is_stopping = False

    def submit(self, network: Network, account: str, tx_id: str, *, is_first: bool = False) -> None:
        """Put a row at the end of its account's lane. A row that is in it already is not put in twice.

        :param is_first: before the rows that wait there, and at once, also where the lane pauses
        """
        with self._lock:
            if self._is_stopping:
                return  # the row is durable; the next start picks it up
            pool = self._pools.get(network)
            if pool is None:
                pool = self._pools[network] = _Pool(network, self._advance, self._on_death)
        pool.submit(account, tx_id, is_first=is_first)

    def sizes(self) -> Mapping[Network, int]:
        """How many rows each network's lanes hold."""
        return {network: pool.size() for network, pool in list(self._pools.items())}

    def stop(self, seconds: float) -> bool:
        """Let stages that run finish, start no others. Returns whether all threads ended in time."""
        with self._lock:
            self._is_stopping = True
        end = time.monotonic() + seconds
        for pool in self._pools.values():
            pool.close()
        ended = [pool.join(end - time.monotonic()) for pool in self._pools.values()]
        return all(ended)


@dataclass(slots=True)
class _Lane:
    """One account's rows.

    :param first: rows that pass the others; :param serving: what a thread is busy with, None where none is
    :param turn: counts up whenever the lane is made ready, so that what waits for an older turn is void
    """

    rows: deque[str] = field(default_factory=deque)
    first: deque[str] = field(default_factory=deque)
    again: set[str] = field(default_factory=set)
    serving: str | None = None
    turn: int = 0

    def holds(self, tx_id: str) -> bool:
        return tx_id in self.rows or tx_id in self.first

    def head(self) -> str:
        return self.first[0] if self.first else self.rows[0]

    def drop(self, tx_id: str) -> None:
        (self.first if tx_id in self.first else self.rows).remove(tx_id)

    def __len__(self) -> int:
        return len(self.rows) + len(self.first)


class _Pool:
    """The lanes of one network."""

    def __init__(self, network: Network, advance: Advance, on_death: Callable[[str], None]) -> None:
        self._advance = advance
        self._on_death = on_death
        self._changed = threading.Condition()
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[str] = deque()
        self._later: list[tuple[float, str, int]] = []
        self._is_closed = False
        name = "waiaas-lane-" + "-".join(network)
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def submit(self, account: str, tx_id: str, *, is_first: bool) -> None:
        with self._changed:
            lane = self._lanes.get(account)
            if lane is None:
                lane = self._lanes[account] = _Lane()
                lane.rows.append(tx_id)
                self._make_ready(account, lane)
            elif lane.holds(tx_id) and not (is_first and lane.serving != tx_id and tx_id in lane.rows):
                lane.again.add(tx_id)  # its stage may be ending on what it read before this call
            elif is_first:
                self._put_first(account, lane, tx_id)
            else:
                lane.rows.append(tx_id)

    def _put_first(self, account: str, lane: _Lane, tx_id: str) -> None:
        if lane.holds(tx_id):
            lane.drop(tx_id)
        lane.first.append(tx_id)
        if lane.serving is None and account not in self._ready:
            self._make_ready(account, lane)  # it pauses for the row that waits; that one is looked at again as well

    def _make_ready(self, account: str, lane: _Lane) -> None:
        lane.turn += 1
        self._ready.append(account)
        self._changed.notify()

    def size(self) -> int:
        with self._changed:
            return sum(len(lane) for lane in self._lanes.values())

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def join(self, seconds: float) -> bool:
        end = time.monotonic() + max(0.0, seconds)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        try:
            while True:
                found = self._next()
                if found is None:
                    return
                self._serve(*found)
        except BaseException:  # noqa: BLE001 - the daemon ends with its threads
            _log.critical("a lane thread died", exc_info=True)
            self._on_death("lanes")

    def _next(self) -> tuple[str, str] | None:
        """The next account whose head may move, and that row; waits for one. None when the pool closed."""
        with self._changed:
            while True:
                if self._is_closed:
                    return None
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    self._resume(*heapq.heappop(self._later)[1:])
                if self._ready:
                    if len(self._ready) > 1:
                        self._changed.notify()  # several may have come due at once
                    account = self._ready.popleft()
                    lane = self._lanes[account]
                    lane.serving = lane.head()
                    return account, lane.serving
                self._changed.wait(self._later[0][0] - now if self._later else None)

    def _resume(self, account: str, turn: int) -> None:
        lane = self._lanes.get(account)
        if lane is not None and lane.turn == turn and lane.serving is None:
            self._make_ready(account, lane)

    def _serve(self, account: str, tx_id: str) -> None:
        """Advance the head of one lane until it is through or must wait. The account is in no queue meanwhile."""
        progress = self._step(tx_id)
        while progress.go is Go.ON and not self._is_closed:
            progress = self._step(tx_id)
        with self._changed:
            lane = self._lanes[account]
            lane.serving = None
            if progress.go is Go.DONE:
                self._leave(lane, tx_id)
            if not lane:
                del self._lanes[account]
            elif progress.go is Go.LATER and not (lane.first and lane.head() != tx_id):
                heapq.heappush(self._later, (time.monotonic() + progress.seconds, account, lane.turn))
            else:
                self._make_ready(account, lane)
            self._changed.notify()

    def _leave(self, lane: _Lane, tx_id: str) -> None:
        if tx_id in lane.again:
            lane.again.discard(tx_id)
        else:
            lane.drop(tx_id)

    def _step(self, tx_id: str) -> Progress:
        """One stage. What a stage did not expect keeps the row where it is, to be looked at again until it expires."""
        try:
            return self._advance(tx_id)
        except NotReady as problem:
            _log.warning("%s waits: %s", tx_id, problem.message)
            return Progress(go=Go.LATER, seconds=_STORE_AWAY_SECONDS)
        except WaiaasError as problem:
            _log.error("%s cannot go on: %s %s", tx_id, problem.code, problem.message)
        except Exception:  # noqa: BLE001 - the row stays where it is and is looked at again
            _log.exception("%s failed unexpectedly", tx_id)
        return Progress(go=Go.LATER, seconds=_FAULT_SECONDS)
