"""Bounds: up to where a judgement holds, and whether it still does.

A judgement rests on windows. Whoever commits it looks again under the writer lock, where every look delays everybody: so first
at what could have grown. A rolling window takes in no more than its *source*, the same sum over all of history, has grown by
since, because time never goes back; many windows share a source. Only where that is too much, the window itself is read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from waiaas.engine.facts import Measured, Sameness, Subject, Wanted, measure
from waiaas.interfaces.policy import Window
from waiaas.store.database import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A window, its value when judged, and the largest value at which the judgement holds."""

    window: Window
    value: int
    at_most: int


def with_sources(windows: Iterable[Wanted]) -> dict[Sameness, Window]:
    """Pure. The windows, one of each value, and their sources."""
    found = {same: window for some in windows for same, window in some}
    for same, window in [*found.items()]:
        source = _source(same)
        if source not in found and _grows_with_its_source(window):
            found[source] = replace(window, seconds=None)
    return found


class Bounds:
    """The bounds of one judgement. Not thread-safe while it grows.

    :param asked: every window that is judged by, with their sources
    """

    def __init__(self, asked: Mapping[Sameness, Window], measured: Measured) -> None:
        self._asked = asked
        self._measured = measured
        self.bounds: dict[Sameness, Bound] = {}

    def hold(self, windows: Wanted, values: Mapping[str, int], valid_while: Mapping[str, int]) -> None:
        """An answer rests on these; a window that it does not name holds only at the very value it was judged with.

        Of windows of one value the tightest bound counts.
        """
        for same, window in windows:
            value = values[window.name]
            at_most = valid_while.get(window.name, value)
            known = self.bounds.get(same)
            if known is None or at_most < known.at_most:
                self.bounds[same] = Bound(window=window, value=value, at_most=at_most)

    def still_hold(self, unit: Unit, subject: Subject, now: int) -> bool:
        """Whether every window is within its bound, as the books stand in this unit."""
        sources = {_source(same) for same in self.bounds}
        grown = measure(unit, subject, ((one, self._asked[one]) for one in sources if one in self._asked), now)
        close = {same: bound for same, bound in self.bounds.items() if not self._is_far(same, bound, grown)}
        again = measure(unit, subject, ((same, bound.window) for same, bound in close.items()), now)
        values = ((_value(again, same), bound.at_most) for same, bound in close.items())
        return all(value is not None and value <= at_most for value, at_most in values)

    def _is_far(self, same: Sameness, bound: Bound, grown: Measured) -> bool:
        """Whether the window cannot have come to its bound, whatever of its source's growth is in it."""
        source = _source(same)
        if not _grows_with_its_source(bound.window):
            return False
        before, after = _value(self._measured, source), _value(grown, source)
        return before is not None and after is not None and bound.value + after - before <= bound.at_most


def _source(same: Sameness) -> Sameness:
    measure_, _, scope, where = same
    return measure_, None, scope, where


def _grows_with_its_source(window: Window) -> bool:
    """Whether the sum over all of history grows by no less than the window does.

    Equal transactions do not: an older one that is cancelled leaves the sum while a new one comes into the window.
    """
    return "like" not in window.where


def _value(measured: Measured, same: Sameness) -> int | None:
    """None for what could not be measured."""
    found = measured.get(same)
    return None if found is None or isinstance(found, Exception) else found[0]
