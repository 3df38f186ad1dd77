"""Events: what happened, told after it is committed. Names are past tense; the host's registry of them is closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    :param id: the audit row's number
    :param name: ``<noun>.<past participle>``
    :param severity: info, warning or critical
    :param actor: who did it: ``operator``, ``session:<id>``, ``owner:<address>``, ``system``, ``nobody``
    :param details: JSON-able; amounts as strings
    """

    id: int
    name: str
    at: int
    severity: str
    actor: str
    agent_id: str | None = None
    session_id: str | None = None
    tx_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
