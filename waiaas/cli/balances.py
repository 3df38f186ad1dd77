"""What agents hold, for the operator's eye: asked of nodes, a few at once and for so long; what is not known is said so."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from waiaas_sdk import Agent, Asset, Operator, WaiaasApiError

from waiaas.cli.amounts import Unit

_AT_ONCE = 3
"""Less than the seats that the daemon keeps for requests that wait for nodes."""
_SECONDS = 8.0
"""After so long nothing more is asked; what was asked by then ends within the daemon's two seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one agent holds. :param unknown: why it is not known; then :param assets: is empty"""

    assets: Sequence[Asset] = ()
    unknown: str | None = None

    def to_wire(self) -> Mapping[str, object]:
        """As ``--json`` has it beside the agent's fields."""
        known = None if self.unknown else [asset.model_dump(by_alias=True, mode="json") for asset in self.assets]
        return {"balances": known, "balancesUnknown": self.unknown}

    def lines(self, *, strangers: bool) -> str:
        """One asset a line; those that hold nothing are left out, but for the native one.

        :param strangers: whether tokens are named that are on no list; anybody can send an agent such
        """
        if self.unknown:
            return f"not known: {self.unknown}"
        shown = [one for one in self.assets if one.is_native or (one.balance and (one.is_listed or strangers))]
        return "\n".join(_line(one) for one in shown)


def holding(daemon: Operator, agent: Agent) -> Holding:
    """What the agent holds now. Network, two seconds."""
    try:
        return Holding(assets=daemon.agents.balances(agent.id).assets)
    except WaiaasApiError as error:
        return Holding(unknown=error.message)


def holdings(daemon: Operator, agents: Sequence[Agent], seconds: float = _SECONDS) -> Mapping[str, Holding]:
    """What each agent holds, by its id. A network whose node does not answer once is not asked again for the others.

    :param seconds: how long new questions are asked
    """
    asking = _Asking(daemon, time.monotonic() + seconds)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found: dict[str, Future[Holding]] = {agent.id: pool.submit(asking.of, agent) for agent in agents}
    return {agent_id: future.result() for agent_id, future in found.items()}


class _Asking:
    def __init__(self, daemon: Operator, end: float) -> None:
        self._daemon = daemon
        self._end = end
        self._silent: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, agent: Agent) -> Holding:
        network = f"{agent.chain}/{agent.network}"
        with self._lock:
            why = self._silent.get(network)
        if why is not None:
            return Holding(unknown=why)
        if time.monotonic() > self._end:
            return Holding(unknown="the nodes are slow, and it was not asked for any more")
        found = holding(self._daemon, agent)
        if found.unknown is not None:
            with self._lock:
                self._silent[network] = found.unknown
        return found


def _line(asset: Asset) -> str:
    unit = Unit(asset.symbol if asset.is_native else f'"{asset.symbol}"', asset.decimals)
    taken = "" if asset.spendable in (None, asset.balance) else f", {unit.display(asset.spendable or 0)} to spend"
    stranger = "" if asset.is_listed else f" (on no list: {asset.mint})"
    return f"{unit.display(asset.balance)}{taken}{stranger}"
