"""Loading: every trusted plugin imported and asked once, each guarded, into one frozen registry."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from waiaas.hookspecs import PLUGIN_API_VERSION
from waiaas.interfaces.chain import ChainAdapter
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource
from waiaas.registry.asking import Answer, Fault, ask, told_by
from waiaas.registry.child import LIMIT_SECONDS, examine
from waiaas.registry.claims import Claims
from waiaas.registry.lock import Lock, Pin
from waiaas.registry.records import Listener, PluginInfo, PluginStatus, Registry
from waiaas.registry.survey import Candidate, survey


@dataclass(slots=True)
class _Shelf:
    """What has loaded so far."""

    chains: dict[str, tuple[str, type[ChainAdapter]]] = field(default_factory=dict)
    policy_types: dict[str, PolicyType[Any]] = field(default_factory=dict)
    policy_origins: dict[str, str] = field(default_factory=dict)
    channels: dict[str, type[NotificationChannel]] = field(default_factory=dict)
    price_sources: dict[str, type[PriceSource]] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    claims: Claims = field(default_factory=Claims)
    examined: list[Pin] = field(default_factory=list)

    def put(self, name: str, answer: Answer) -> None:
        """Take in all of one plugin. :raises Fault: when another brought some of it; then nothing is taken"""
        self.claims.add(name, answer.registers)
        self.chains.update({chain: (name, adapter) for chain, adapter in answer.chains.items()})
        self.policy_types.update(answer.policy_types)
        self.policy_origins.update(dict.fromkeys(answer.policy_types, name))
        self.channels.update(answer.channels)
        self.price_sources.update(answer.price_sources)
        self.listeners.extend(answer.listeners)


def load(
    lock: Lock,
    allow: Collection[str] = (),
    disable: Collection[str] = (),
    *,
    api_version: int = PLUGIN_API_VERSION,
    limit: float = LIMIT_SECONDS,
) -> Registry:
    """Import the trusted plugins into this process and ask each what it brings. Call once, at start, from the main thread.

    Never raises for what a plugin does: it is listed with its error and left out. A plugin whose very files never answered
    before is first tried in a child process.

    :param allow: ``plugins.allow``; :param disable: ``plugins.disable``
    :param limit: seconds for one plugin to be imported and asked
    """
    candidates, infos = survey(lock, allow, disable)
    shelf = _Shelf()
    for candidate in candidates:
        infos.append(_loaded(candidate, shelf, api_version, limit))
    return Registry(
        chains=MappingProxyType(shelf.chains),
        policy_types=MappingProxyType(shelf.policy_types),
        policy_origins=MappingProxyType(shelf.policy_origins),
        channels=MappingProxyType(shelf.channels),
        price_sources=MappingProxyType(shelf.price_sources),
        listeners=tuple(shelf.listeners),
        plugins=tuple(sorted(infos, key=lambda info: (info.name, info.distribution))),
        lock=lock.put(shelf.examined),
    )


def _loaded(candidate: Candidate, shelf: _Shelf, api_version: int, limit: float) -> PluginInfo:
    plugin, pin = candidate.plugin, candidate.pin
    if pin is not None and not pin.examined and not plugin.is_own:
        examined = examine(plugin, limit=limit)
        if examined.error is not None:
            failed = candidate.info(PluginStatus.FAILED, examined.error)
            return replace(failed, api_version=examined.api_version)
        shelf.examined.append(replace(pin, examined=True))
    try:
        answer = _within(limit, lambda: ask(plugin, api_version))
        shelf.put(plugin.name, answer)
    except Fault as fault:
        failed = candidate.info(PluginStatus.FAILED, fault.message)
        return replace(failed, api_version=fault.api_version)
    done = candidate.info(PluginStatus.LOADED)
    return replace(done, api_version=answer.api_version, registers=answer.registers)


def _within(limit: float, call: Callable[[], Answer]) -> Answer:
    """Run on a thread that is given up when time is over, so that no import can keep the daemon from starting.

    :raises Fault: what ``call`` raised, or that it took too long
    """
    outcome: list[Answer | Fault] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Fault as fault:
            outcome.append(fault)
        except BaseException as error:  # noqa: BLE001 - whatever a plugin does must not end the daemon
            outcome.append(Fault(told_by(error)))

    thread = threading.Thread(target=run, name="plugin-load", daemon=True)
    thread.start()
    thread.join(limit)
    if not outcome:
        raise Fault(f"it did not answer within {limit:g} seconds")
    if isinstance(outcome[0], Fault):
        raise outcome[0]
    return outcome[0]
