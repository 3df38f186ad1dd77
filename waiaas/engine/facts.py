"""Facts: what judges may know, gathered from the database. Reads only; decides nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import Window
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The transaction that is judged.

    :param fee_cap: the most that its fee may be, native base units
    :param except_tx: its own row, whose reservation does not count against it; None before there is one
    """

    agent: Agent
    session: Session | None
    resolved: Resolved
    fee_cap: int
    except_tx: str | None = None
    held_seconds: int = 0

    @property
    def session_id(self) -> str | None:
        return self.session.id if self.session else None


def read_window(unit: Unit, subject: Subject, window: Window, now: int) -> int:
    """The window's value now: spent plus reserved plus unproven, without the subject itself. Two index look-ups a kind."""
    if window.measure == "count" and window.scope == "session" and window.seconds is None:
        return _session_count(unit, subject)
    if window.measure != "spent" or window.scope not in ("agent", "session"):
        raise ValueError(f"no window measures {window.measure} by {window.scope}")
    session_id = subject.session_id if window.scope == "session" else None
    kinds = _kinds(window)
    since = None if window.seconds is None else now - window.seconds
    asset = window.where["asset"]
    spent = unit.ledger.spent(agent_id=subject.agent.id, asset=asset, kinds=kinds, since=since, session_id=session_id)
    return spent + unit.reservations.total(
        agent_id=subject.agent.id, asset=asset, kinds=kinds, session_id=session_id, except_tx=subject.except_tx
    )


def resets_at(unit: Unit, subject: Subject, window: Window, now: int) -> int | None:
    """When the window's oldest entry falls out; None where nothing does."""
    if window.seconds is None or window.measure != "spent":
        return None
    oldest = unit.ledger.oldest_after(subject.agent.id, window.where["asset"], _kinds(window), now - window.seconds)
    return None if oldest is None else oldest + window.seconds


def read_windows(
    unit: Unit, subject: Subject, windows: Sequence[Window], now: int
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Values by name, and by name when each becomes smaller."""
    values = {window.name: read_window(unit, subject, window, now) for window in windows}
    ends = {window.name: resets_at(unit, subject, window, now) for window in windows}
    return values, {name: at for name, at in ends.items() if at is not None}


def _kinds(window: Window) -> Sequence[str]:
    return window.where.get("kinds", "amount,rent,allowance").split(",")


def _session_count(unit: Unit, subject: Subject) -> int:
    if subject.session is None:
        return 0
    session = unit.sessions.get(subject.session.id)
    count = int(json.loads(session.usage_stats).get("transactions", 0)) if session else 0
    return count - (1 if subject.except_tx else 0)
