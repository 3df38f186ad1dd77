"""When a clock on the wall of some zone shows a time within given hours of given days. Pure: instants are arguments.

Only what the clock shows counts. In the night in which it is put forward, hours that it never shows never are, and hours that
it jumps into begin with the jump; in the night in which it is put back, hours that it shows twice are there twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 86_400
_WEEK = 7 * _DAY
_STEP = 6 * 3600
"""Within so many seconds no zone changes its offset twice."""
_HORIZON = 15 * _DAY
"""Hours that a change of the clock swallows come again a week later."""


@dataclass(frozen=True)
class OpeningHours:
    """Weekly hours.

    :param days: on which the hours begin, words of :data:`DAYS`
    :param start: minutes since midnight, 0 to 1439
    :param end: minutes since midnight, up to 1440; not after ``start`` is on the day after
    :param zone: IANA name
    """

    days: Sequence[str]
    start: int
    end: int
    zone: str

    def is_open(self, at: int) -> bool:
        """Whether the clock shows such a time at an instant, Unix seconds."""
        return self._wait(self._shown(at)) == 0

    def next_opening(self, now: int) -> int | None:
        """The first instant not before ``now`` at which it does; None where there is none for two weeks. A second exactly."""
        at, limit = now, now + _HORIZON
        while at < limit:
            end = self._same_offset_until(at, at + _STEP)
            wait = self._wait(self._shown(at))
            if at + wait < end:
                return at + wait
            at = end
        return None

    def minutes(self) -> frozenset[int]:
        """Every minute of the week (0 is Monday, 00:00) that is within the hours."""
        week = _WEEK // 60
        return frozenset((begin // 60 + n) % week for begin in self._begins for n in range(self._length // 60))

    def local(self, at: int) -> datetime:
        """What the clock shows."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _begins(self) -> Sequence[int]:
        return [DAYS.index(day) * _DAY + self.start * 60 for day in self.days]

    @cached_property
    def _length(self) -> int:
        return (self.end - self.start) * 60 + (0 if self.end > self.start else _DAY)

    def _shown(self, at: int) -> int:
        """The seconds of the week that the clock shows."""
        local = self.local(at)
        return local.weekday() * _DAY + local.hour * 3600 + local.minute * 60 + local.second

    def _wait(self, shown: int) -> int:
        """How long until the hours, if the clock just goes on; 0 within them."""
        since = [(shown - begin) % _WEEK for begin in self._begins]
        return 0 if any(seconds < self._length for seconds in since) else min(_WEEK - seconds for seconds in since)

    def _offset(self, at: int) -> object:
        return self.local(at).utcoffset()

    def _same_offset_until(self, at: int, end: int) -> int:
        """``end``, or the instant before it at which the clock is changed."""
        offset = self._offset(at)
        if self._offset(end) == offset:
            return end
        before, after = at, end
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == offset else (before, middle)
        return after
