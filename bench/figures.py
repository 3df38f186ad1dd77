"""A measurement's result, and medians."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing beside its floor.

    :param unit: of ``ours`` and ``floor``
    :param floor: None where there is nothing to compare with
    :param higher_is_better: rates are, times and sizes are not
    :param least_ratio: the aim as a share of the floor, None where the aim is ``limit`` alone
    :param limit: the aim as an absolute value of ``ours``
    :param details: what else was seen, by name
    """

    name: str
    unit: str
    ours: float
    floor: float | None
    higher_is_better: bool = True
    least_ratio: float | None = None
    limit: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How much of the floor's performance is reached; 1 is the floor itself."""
        if not self.floor or not self.ours:
            return None
        return self.ours / self.floor if self.higher_is_better else self.floor / self.ours

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is; None where there is none."""
        aims = []
        if self.least_ratio is not None and self.ratio is not None:
            aims.append(self.ratio >= self.least_ratio)
        if self.limit is not None:
            aims.append(self.ours >= self.limit if self.higher_is_better else self.ours <= self.limit)
        return all(aims) if aims else None

    def to_json(self) -> dict[str, Any]:
        """Every field, and what follows from them."""
        return {**asdict(self), "ratio": self.ratio, "is_met": self.is_met}


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def share(ordered: Sequence[float], percent: int) -> float:
    """The value below which ``percent`` of the ordered values lie."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def alternate(rounds: int, ours: Callable[[], float], floor: Callable[[], float]) -> tuple[float, float]:
    """Medians of rounds that alternate, so that whatever else the machine does meets both."""
    pairs = [(ours(), floor()) for _ in range(rounds)]
    return median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
