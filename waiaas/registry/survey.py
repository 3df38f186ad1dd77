"""Which installed plugins may be imported at all: decided from names and files, before anything of them runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from waiaas.registry.installed import Installed, digest, installed
from waiaas.registry.lock import Lock, Pin
from waiaas.registry.records import PluginInfo, PluginStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plugin that may be imported. :param pin: None where no lock is asked"""

    plugin: Installed
    pin: Pin | None

    def info(self, status: PluginStatus, error: str | None = None) -> PluginInfo:
        """What became of it, in the terms of its installation."""
        return info_of(self.plugin, status, error)


def info_of(plugin: Installed, status: PluginStatus, error: str | None = None) -> PluginInfo:
    """A plugin that was not asked."""
    return PluginInfo(
        name=plugin.name, version=plugin.version, distribution=plugin.distribution, status=status, error=error
    )


def survey(
    lock: Lock | None, allow: Collection[str], disable: Collection[str]
) -> tuple[list[Candidate], list[PluginInfo]]:
    """Sort what is installed and what is pinned.

    :param lock: None where there is no data directory: then everything installed counts as trusted
    :param allow: the only names that may load, where not empty; :param disable: names that may not
    :returns: what may be imported, in the order of trust, and what became of everything else
    """
    candidates, settled = [], []
    plugins = installed()
    for plugin in plugins:
        pin = lock.get(plugin.name) if lock is not None else None
        refused = _refused(plugin, pin, lock) or _disabled(plugin, pin, allow, disable) or _changed(plugin, pin)
        if refused is None:
            candidates.append(Candidate(plugin=plugin, pin=pin))
        else:
            settled.append(refused)
    settled += _missing(lock, plugins)
    order = {pin.name: place for place, pin in enumerate(lock.pins)} if lock is not None else {}
    candidates.sort(key=lambda one: (order.get(one.plugin.name, 0), not one.plugin.is_own, one.plugin.name))
    return candidates, settled


def _refused(plugin: Installed, pin: Pin | None, lock: Lock | None) -> PluginInfo | None:
    if lock is None or (pin is not None and pin.distribution == plugin.distribution):
        return None
    why = "plugins.lock does not name it"
    if pin is not None:
        why = f"plugins.lock trusts the distribution {pin.distribution} under this name, not {plugin.distribution}"
    return info_of(plugin, PluginStatus.UNTRUSTED, f"{why}; to trust it, run: waiaas plugins trust {plugin.name}")


def _disabled(
    plugin: Installed, pin: Pin | None, allow: Collection[str], disable: Collection[str]
) -> PluginInfo | None:
    why = None
    if plugin.name in disable:
        why = "plugins.disable names it"
    elif allow and plugin.name not in allow:
        why = "plugins.allow does not name it"
    elif pin is not None and not pin.enabled:
        why = f"plugins.lock has it disabled; run: waiaas plugins enable {plugin.name}"
    return info_of(plugin, PluginStatus.DISABLED, why) if why else None


def _changed(plugin: Installed, pin: Pin | None) -> PluginInfo | None:
    """Files other than those that were trusted. What comes with WAIaaS itself changes with each upgrade of it."""
    if pin is None or plugin.is_own or (plugin.version == pin.version and digest(plugin) == pin.hash):
        return None
    what = f"version {plugin.version} is installed, {pin.version} was trusted"
    if plugin.version == pin.version:
        what = "its files are not those that were trusted"
    return info_of(plugin, PluginStatus.UNTRUSTED, f"{what}; if you know why, run: waiaas plugins trust {plugin.name}")


def _missing(lock: Lock | None, plugins: Iterable[Installed]) -> list[PluginInfo]:
    names = {plugin.name for plugin in plugins}
    return [
        PluginInfo(
            name=pin.name,
            version=pin.version,
            distribution=pin.distribution,
            status=PluginStatus.MISSING,
            error=f"nothing of this name is installed; install {pin.distribution}, or run: waiaas plugins forget {pin.name}",
        )
        for pin in (lock.pins if lock is not None else ())
        if pin.name not in names
    ]
