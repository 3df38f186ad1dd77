"""The stops as a person sees them: how every switch stands, when it can be lifted, and what is held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waiaas.engine.held import held_rows
from waiaas.engine.rules.kill_switch_states import LOCKED
from waiaas.engine.stop_scopes import Scope
from waiaas.engine.stops import UNREADABLE, Switch, stop_epoch, switch_of_agent, switch_of_all
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction

_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedAgent:
    """An agent that is not let on. :param recoverable_at: None where nothing but a person is waited for"""

    agent: Agent
    switch: Switch
    recoverable_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopsView:
    """Every stop there is. :param held: the oldest thousand of what any stop, time or person keeps from being paid

    :param held_count: how many there are
    """

    switch: Switch
    recoverable_at: int | None
    epoch: int
    agents: tuple[StoppedAgent, ...]
    sessions: tuple[Session, ...]
    held: tuple[Transaction, ...]
    held_count: int

    @property
    def bare(self) -> "StopsView":
        """The same for somebody who showed no credential: how the switch of everything stands, and nothing of anybody's."""
        return replace(self, agents=(), sessions=(), held=(), held_count=0)


NOTHING_KNOWN = StopsView(
    switch=UNREADABLE, recoverable_at=None, epoch=0, agents=(), sessions=(), held=(), held_count=0
)
"""Where the database cannot even be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of what was held. :param cancelled: ids of what ended, or is withheld where it was signed already"""

    released: tuple[str, ...]
    cancelled: tuple[str, ...]


def cooled_down_at(switch: Switch, cooldown: int) -> int | None:
    """Pure. From when on the stop may be lifted; None for one without a cooldown. :param cooldown: seconds"""
    return switch.since + cooldown if switch.state == LOCKED else None


def view_of(unit: Unit, cooldown: int) -> StopsView:
    """As things are now."""
    everything, rows = switch_of_all(unit), held_rows(unit, Scope())
    return StopsView(
        switch=everything,
        recoverable_at=cooled_down_at(everything, cooldown),
        epoch=stop_epoch(unit),
        agents=tuple(_stopped_agents(unit, cooldown)),
        sessions=tuple(unit.sessions.stopped()),
        held=tuple(rows[:_MOST_SHOWN]),
        held_count=len(rows),
    )


def _stopped_agents(unit: Unit, cooldown: int) -> Sequence[StoppedAgent]:
    agents = [agent for agent in map(unit.agents.get, unit.agents.all_ids()) if agent and agent.status == "SUSPENDED"]
    switches = [switch_of_agent(unit, agent) for agent in agents]
    return [
        StoppedAgent(agent=agent, switch=switch, recoverable_at=cooled_down_at(switch, cooldown))
        for agent, switch in zip(agents, switches, strict=True)
    ]
