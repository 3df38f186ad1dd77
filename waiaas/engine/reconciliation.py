"""Reconciliation: after a restore, a rollback or a copy nobody here knows what was spent since. Until a person says so, all.

Each agent of such a directory is unreconciled: its windows count as full, and whatever it asks for is denied by a code that
says why. That ends for one agent at a time, once nothing of it is on its way, when a person confirms what the chain shows.
"""

import json
from collections.abc import Mapping, Sequence

from waiaas.errors import Conflict
from waiaas.interfaces.policy import Window
from waiaas.store.database import Unit
from waiaas.store.records import Agent

FULL = 10**78 - 1
"""What a window reads of which nobody knows how much of it is spent: the largest amount there is."""
_KEY = "unreconciled"


def unreconciled(unit: Unit) -> frozenset[str]:
    """The agents, by id. :raises Stopped: where somebody changed that"""
    return frozenset(json.loads(unit.state.get(_KEY) or "[]"))


def with_doubt(
    values: Mapping[str, int], windows: Sequence[Window], agent_id: str, doubtful: frozenset[str]
) -> Mapping[str, int]:
    """Pure. The values, with those full that the spending of a doubtful agent counts in."""
    return {**values, **{one.name: FULL for one in windows if _is_doubtful(one, agent_id, doubtful)}}


def _is_doubtful(window: Window, agent_id: str, doubtful: frozenset[str]) -> bool:
    if window.measure != "spent":
        return False
    if window.scope != "all":
        return agent_id in doubtful
    named = window.where.get("agents")
    return not named or not doubtful.isdisjoint(named.split(","))


def doubt_all(unit: Unit) -> None:
    """From now on nobody knows what was spent."""
    unit.state.set(_KEY, json.dumps(sorted(unit.agents.all_ids())))


def confirm(unit: Unit, agent: Agent) -> bool:
    """A person says that what the ledger holds is what was spent. False where nobody doubted it.

    :raises Conflict: while the chain has not said yet what became of the agent's signed payments
    """
    waiting = unreconciled(unit)
    if agent.id not in waiting:
        return False
    flying = {variant.tx_id for variant in unit.variants.of_agent_in_flight(agent.id)}
    if flying:
        raise Conflict(
            f"{len(flying)} payments of this agent are on their way, so what it spent is not known yet",
            hint="wait until they are final: `waiaas tx list`",
        )
    unit.state.set(_KEY, json.dumps(sorted(waiting - {agent.id})))
    return True
