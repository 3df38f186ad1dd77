"""Loading: every trusted plugin imported and asked once, each guarded, into one frozen registry."""

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from waiaas.hookspecs import PLUGIN_API_VERSION
from waiaas.interfaces.chain import ChainAdapter
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource
from waiaas.registry.asking import Answer, Fault, ask, told_by
from waiaas.registry.child import AT_ONCE, LIMIT_SECONDS, Examined, examine, monotonic
from waiaas.registry.claims import Claims
from waiaas.registry.installed import Installed
from waiaas.registry.lock import Lock, Pin
from waiaas.registry.records import Listener, PluginInfo, PluginStatus, Registry
from waiaas.registry.survey import Candidate, survey

_MOMENT_SECONDS = 0.5


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

    Never raises for what a plugin does: it is listed with its error and left out. Plugins whose very files never answered
    before are first tried in child processes, a few at once. Those that hang cost one time limit together.

    :param allow: ``plugins.allow``; :param disable: ``plugins.disable``
    :param limit: seconds for one plugin to be imported and asked
    """
    candidates, infos = survey(lock, allow, disable)
    shelf = _Shelf()
    fit = _examined(candidates, limit)
    imports = [
        _Import(one.plugin, api_version, limit) if examined.error is None else None
        for one, examined in zip(candidates, fit, strict=True)
    ]
    for candidate, examined, importing in zip(candidates, fit, imports, strict=True):
        infos.append(_shelved(candidate, examined, importing, shelf))
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


def _examined(candidates: Sequence[Candidate], limit: float) -> list[Examined]:
    """Of each what its child process said; nothing bad of those that answered there before."""

    def look(one: Candidate) -> Examined:
        is_known = one.pin is None or one.pin.examined or one.plugin.is_own
        return Examined() if is_known else examine(one.plugin, limit=limit)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(look, candidates))


def _shelved(candidate: Candidate, examined: Examined, importing: "_Import | None", shelf: _Shelf) -> PluginInfo:
    if importing is None:
        failed = candidate.info(PluginStatus.FAILED, examined.error)
        return replace(failed, api_version=examined.api_version)
    pin = candidate.pin
    if pin is not None and not pin.examined and not candidate.plugin.is_own:
        shelf.examined.append(replace(pin, examined=True))
    try:
        answer = importing.answer()
        shelf.put(candidate.plugin.name, answer)
    except Fault as fault:
        failed = candidate.info(PluginStatus.FAILED, fault.message)
        return replace(failed, api_version=fault.api_version)
    done = candidate.info(PluginStatus.LOADED)
    return replace(done, api_version=answer.api_version, registers=answer.registers)


class _Import:
    """One plugin being imported and asked, on a thread that is given up when time is over, so that none can keep the daemon
    from starting. The next one begins when it is through, or after a moment: one after another, but for those that hang."""

    def __init__(self, plugin: Installed, api_version: int, limit: float) -> None:
        self._limit = limit
        self._outcome: list[Answer | Fault] = []
        self._plugin, self._api_version = plugin, api_version
        self._thread = threading.Thread(target=self._run, name="plugin-load", daemon=True)
        self._end = monotonic() + limit
        self._thread.start()
        self._thread.join(min(limit, _MOMENT_SECONDS))

    def _run(self) -> None:
        try:
            self._outcome.append(ask(self._plugin, self._api_version))
        except Fault as fault:
            self._outcome.append(fault)
        except BaseException as error:  # noqa: BLE001 - whatever a plugin does must not end the daemon
            self._outcome.append(Fault(told_by(error)))

    def answer(self) -> Answer:
        """:raises Fault: what it raised, or that it took too long"""
        self._thread.join(max(0.0, self._end - monotonic()))
        if not self._outcome:
            raise Fault(f"it did not answer within {self._limit:g} seconds")
        found = self._outcome[0]
        if isinstance(found, Fault):
            raise found
        return found
