"""The daemon about itself: health, status, and the order to stop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas import __version__
from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.chains import Chains
from waiaas.engine.left_out import LeftOut, unserved
from waiaas.engine.own_directory import generation_of
from waiaas.engine.stops import switch_of_all
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Store, Unit


@dataclass(slots=True)
class Lifecycle:
    """Where the daemon is in its life.

    :param state: starting, ready or stopping
    :param is_open: whether everything that has to happen before a payment has happened
    :param left_out: plugins that should have been loaded and were not
    :param is_own: whether this data directory was found to be the one it was, neither restored nor moved nor rolled back
    """

    started_at: int
    instance_id: str
    state: str = "starting"
    is_open: bool = False
    is_own: bool = False
    left_out: tuple[LeftOut, ...] = ()


class Admin:
    """Answers about the daemon. Thread-safe.

    :param prices: what is known of price sources and their prices
    :param stop: asks the daemon to drain and end; returns at once
    :param is_stopped: whether the kill switch holds everything up
    """

    def __init__(
        self,
        *,
        store: Store,
        signer: SignerClient,
        chains: Chains,
        lifecycle: Lifecycle,
        clock: Clock,
        prices: Callable[[], Mapping[str, Any]],
        stop: Callable[[], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._store = store
        self._signer = signer
        self._chains = chains
        self._lifecycle = lifecycle
        self._clock = clock
        self._prices = prices
        self._stop = stop
        self._is_stopped = is_stopped

    def health(self) -> dict[str, Any]:
        """What anybody may know. No database access.

        A daemon whose signer is locked says so first; one that could sign and must not says ``stopped``.
        """
        is_up = self._lifecycle.state == "ready"
        is_locked = is_up and not (self._signer.is_unlocked and self._lifecycle.is_open)
        is_stopped = is_up and not is_locked and self._is_stopped()
        is_ready = is_up and not is_locked and not is_stopped
        return {
            "status": "ok"
            if is_ready
            else "locked"
            if is_locked
            else "stopped"
            if is_stopped
            else self._lifecycle.state,
            "version": __version__,
            "uptime": max(0, self._clock.now() - self._lifecycle.started_at),
            "schemaVersion": self._store.schema_version,
            "ready": is_ready,
            **self._degraded(),
        }

    def _degraded(self) -> dict[str, Any]:
        """What does not work although the daemon is up: how much of it, and no names, since anybody may ask."""
        chains, nodes = len(self._chains.unserved()), len(self._chains.troubles())
        degraded = bool(self._lifecycle.left_out) or chains > 0 or nodes > 0
        counts = {
            "pluginsNotLoaded": len(self._lifecycle.left_out),
            "chainsNotServed": chains,
            "networksInTrouble": nodes,
        }
        return {"degraded": degraded, **counts}

    def status(self, actor: Actor) -> dict[str, Any]:
        """What the operator may know besides."""
        require_operator(actor)
        return {
            **self.health(),
            "instanceId": self._lifecycle.instance_id,
            "signer": "unlocked" if self._signer.is_unlocked else "locked" if self._signer.is_alive else "dead",
            **self._store.at_once(_stored),
            "chains": list(self._chains.report()),
            "notLoaded": [{"name": one.name, "reason": one.reason, "hint": one.hint} for one in self.not_working()],
            "prices": self._prices(),
        }

    def not_working(self) -> Sequence[LeftOut]:
        """Plugins that were not loaded, and chains that cannot be served although their plugin was, with the next command."""
        return (*self._lifecycle.left_out, *(unserved(chain, why) for chain, why in self._chains.unserved().items()))

    def shutdown(self, actor: Actor) -> None:
        """Drain and end."""
        require_operator(actor)
        self._stop()


def _stored(unit: Unit) -> dict[str, Any]:
    """What the database says of itself."""
    head, switch = unit.audit.head(), switch_of_all(unit)
    return {
        "generation": generation_of(unit),
        "killSwitch": {"state": switch.state, "since": switch.since or None, "reason": switch.reason},
        "counts": {
            "agents": unit.agents.count(),
            "active": unit.transactions.count_active(),
            "reservations": unit.reservations.count(),
        },
        "auditHead": {"id": head[0], "hash": head[1]} if head else None,
    }
