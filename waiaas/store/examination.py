"""All sealed rows at once: which of them are not as the daemon wrote them last, and how every one is sealed anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.store.records import Agent, Channel, Policy, PolicySet, Session, StateEntry
from waiaas.store.seals import Keyed, Name, is_plain, is_unordered, name_of
from waiaas.store.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row that is not as the daemon wrote it last.

    :param how: edited, inserted, deleted, or put_back (it was good once)
    :param agent_id: whose it is, where that can be said
    """

    table: str
    key: str
    how: str
    agent_id: str | None = None


def every_row(unit: Unit) -> Iterator[Any]:
    """Every row that carries a MAC, as it stands."""
    yield from unit.agents.stored()
    yield from unit.sessions.stored()
    yield from unit.policies.stored()
    yield from unit.channels.list()
    yield from unit.policy_sets.all()
    yield from (entry for entry in unit.state.all() if not is_plain(entry.key))


def examine(unit: Unit) -> Sequence[Finding]:
    """What was changed outside of the daemon. Nothing while there is no key to tell by."""
    seals = unit.sealer.seals
    if seals.keyed is None:
        return ()
    latest, seen, found = seals.latest(), set[Name](), list[Finding]()
    for row in every_row(unit):
        name = name_of(row)
        seen.add(name)
        how = _how(unit, row, latest.get(name))
        if how is not None:
            found.append(Finding(table=name[0], key=name[1], how=how, agent_id=_owner(row)))
    gone = sorted(name for name in latest if name not in seen)
    return [*found, *(Finding(table=table, key=key, how="deleted") for table, key in gone)]


def seal_every_row(unit: Unit, keyed: Keyed) -> dict[Name, str]:
    """Give each row the MAC of what it says now; returns them. The caller has looked at them, or there was no key before."""
    unit.sealer.begin_anew()
    made: dict[Name, str] = {}
    for row in every_row(unit):
        if type(row) is not PolicySet:
            name = name_of(row)
            made[name] = keyed.of(row)
            unit.sealer.write(name, made[name])
    for scope in sorted({one.scope for one in unit.policy_sets.all()} | _scopes(unit)):
        made["policy_sets", scope] = unit.policy_sets.put(keyed, scope, unit.policies.enabled_in(scope))
    return {name: mac for name, mac in made.items() if not (name[0] == "daemon_state" and is_unordered(name[1]))}


def _scopes(unit: Unit) -> set[str]:
    return {policy.agent_id or "" for policy in unit.policies.stored() if policy.enabled}


def _how(unit: Unit, row: Any, last: str | None) -> str | None:
    seals = unit.sealer.seals
    if isinstance(row, PolicySet):
        return None if seals.set_holds(row.scope, row, unit.policies.enabled_in(row.scope)) else "edited"
    if seals.holds(row):
        return None
    if last is None and not is_unordered(name_of(row)[1]):
        return "inserted"
    return "put_back" if seals.keyed is not None and seals.keyed.fits(row) else "edited"


def _owner(row: Any) -> str | None:
    if isinstance(row, Agent):
        return row.id
    if isinstance(row, Session | Policy):
        return row.agent_id
    if isinstance(row, PolicySet):
        return row.scope or None
    assert isinstance(row, Channel | StateEntry)
    return None
