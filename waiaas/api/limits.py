"""Rate limits: exact moving windows of a minute, counted by peer address and by agent, in memory that is bounded.

Strategy and arithmetic are the ``limits`` library's; the storage is ours because its own starts a thread every few requests
and keeps a list per key that it shifts as a whole. Nothing here is counted by anything a header says.
"""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from waiaas.api.hosts import is_loopback
from waiaas.errors import TooMany

_MAX_KEYS = 10_000


class WindowStorage(Storage, MovingWindowSupport):
    """Time stamps of the last requests, a queue a key; the key used longest ago goes first when there are too many, and when
    its window is over: what is kept are the requests of a window, however many peers send them.

    :param max_keys: keys kept
    :param clock: seconds that never go back
    """

    def __init__(self, max_keys: int = _MAX_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._events: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._max_keys = max_keys
        self.clock = clock

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` requests now, unless that makes more than ``limit`` within ``expiry`` seconds."""
        with self._lock:
            events = self._fresh(key, expiry)
            if len(events) + amount > limit:
                return False
            events.extend([self.clock()] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest request that still counts came, and how many count."""
        with self._lock:
            events = self._fresh(key, expiry)
            return (events[0] if events else self.clock()), len(events)

    def _fresh(self, key: str, expiry: int) -> deque[float]:
        events = self._events.setdefault(key, deque())
        self._events.move_to_end(key)
        oldest = self.clock() - expiry
        while len(self._events) > self._max_keys or self._is_over(oldest):
            self._events.popitem(last=False)
        while events and events[0] <= oldest:
            events.popleft()
        return events

    def _is_over(self, oldest: float) -> bool:
        """Whether nothing counts any more of the key used longest ago: peers that come no more leave nothing behind."""
        events = next(iter(self._events.values()))
        return len(self._events) > 1 and (not events or events[-1] <= oldest)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit; the library asks for it, we do not."""
        with self._lock:
            events = self._fresh(key, expiry)
            events.extend([self.clock()] * amount)
            return len(events)

    def get(self, key: str) -> int:
        """Time stamps kept under a key."""
        with self._lock:
            return len(self._events.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """When the newest time stamp of a key was made."""
        with self._lock:
            events = self._events.get(key)
            return events[-1] if events else self.clock()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forget everything; how many keys that were."""
        with self._lock:
            count = len(self._events)
            self._events.clear()
            return count

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._events.pop(key, None)


class Rates:
    """The four allowances of the API.

    :param global_rpm: requests a minute of one peer over TCP; health and the kill switch have as many of their own each
    :param session_rpm: requests a minute of one agent, over all its sessions
    :param tx_rpm: sends and simulations a minute of one agent
    """

    def __init__(
        self, *, global_rpm: int, session_rpm: int, tx_rpm: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._storage = WindowStorage(clock=clock)
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._global = RateLimitItemPerMinute(global_rpm)
        self._session = RateLimitItemPerMinute(session_rpm)
        self._tx = RateLimitItemPerMinute(tx_rpm)

    def count_peer(self, address: str | None) -> None:
        """:raises TooMany: when this peer asked too often"""
        self._count(self._global, "peer", peer_key(address), "this address")

    def count_own(self, path: str, address: str | None) -> None:
        """:raises TooMany: when this peer asked too often for a path with an allowance of its own"""
        self._count(self._global, path, peer_key(address), "this address")

    def count_agent(self, agent_id: str) -> None:
        """:raises TooMany: when this agent asked too often"""
        self._count(self._session, "agent", agent_id, "this agent")

    def count_send(self, agent_id: str) -> None:
        """:raises TooMany: when this agent sent or simulated too often"""
        self._count(self._tx, "send", agent_id, "sends of this agent")

    def _count(self, item: RateLimitItemPerMinute, kind: str, key: str, whose: str) -> None:
        if self._limiter.hit(item, kind, key):
            return
        reset_at = self._limiter.get_window_stats(item, kind, key).reset_time
        wait = max(1, math.ceil(reset_at - self._storage.clock()))
        raise TooMany(
            f"the limit of {item.amount} requests a minute for {whose} is used up",
            code="RATE_LIMITED",
            hint=f"try again in {wait} s",
            details={"limit": item.amount, "windowSeconds": 60},
            retry_after=wait,
        )


@lru_cache(maxsize=1024)
def peer_key(address: str | None) -> str:
    """What a peer is counted as: loopback as one (any local program may take any 127.x address), IPv6 by its /64."""
    if is_loopback(address):
        return "loopback"
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
