"""Watches over settings that weigh as much as policies: where nodes are, fees, delays, plugins, who may reach the daemon.

They lie in files that whoever has the daemon's user can write. What they were at the last start is kept, sealed; what is not
the same at this one is audited and told to people, with before and after. Secrets are masked; that the key in a node's address
changed is seen all the same.
"""

import json
from collections.abc import Mapping
from typing import Any

from waiaas.config import Settings
from waiaas.engine.journal import Journal
from waiaas.errors import Stopped
from waiaas.registry import Registry
from waiaas.store.database import Store, Unit
from waiaas.store.seals import Keyed

_KEPT = "settings_seen"
_WATCHED = ("rpc.", "fees.", "prices.", "plugins.", "daemon.hostname", "daemon.allow_remote", "daemon.behind_tls_proxy")
_WATCHED_SECURITY = (
    "security.delay_seconds",
    "security.approval_timeout",
    "security.execution_timeout",
    "security.kill_switch_recovery_cooldown",
    "security.allowed_hosts",
    "security.cors_origins",
    "security.session_ttl",
    "security.session_absolute_lifetime",
    "security.operator_token_ttl",
    "notifications.enabled",
)
Shown = dict[str, Any]


class SettingsWatch:
    """Compares the settings of this start with those of the last one.

    :param networks: of every installed chain
    """

    def __init__(
        self,
        *,
        settings: Settings,
        registry: Registry,
        networks: tuple[tuple[str, str], ...],
        store: Store,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._networks = networks
        self._store = store
        self._journal = journal

    def review(self) -> None:
        """Write down what is another than it was. Cheap when nothing is; once rows can be sealed. May be called again."""
        keyed = self._store.seals.keyed
        if keyed is None:
            return
        now = self._present(keyed)
        with self._store.read() as unit:
            stored = unit.state.entry(_KEPT)
        if stored is not None and self._store.seals.holds(stored) and json.loads(stored.value) == now:
            return
        with self._store.write() as unit:
            before = self._before(unit)
            unit.state.set(_KEPT, json.dumps(now, sort_keys=True))
            if before is not None:
                changes = changed(before, now)
                self._journal.record(unit, "configuration.changed", actor="system", details={"changes": changes})

    def _before(self, unit: Unit) -> Mapping[str, Shown] | None:
        """None at the first start; nothing at all where somebody else wrote it, so that everything counts as changed."""
        try:
            text = unit.state.get(_KEPT)
        except Stopped:
            return {}
        return None if text is None else dict(json.loads(text))

    def _present(self, keyed: Keyed) -> Mapping[str, Shown]:
        """By key: what is shown of it, and a print of what it really is."""
        found: dict[str, Shown] = {}
        for one in self._settings.explain(self._networks, self._registry.settings_models):
            if one.key.startswith(_WATCHED) or one.key in _WATCHED_SECURITY:
                found[one.key] = {"shown": one.value, "print": keyed.mac("settings", [one.key, one.value])}
        for chain, network in self._networks:
            urls = self._settings.rpc_urls(chain, network)
            found[f"rpc.{chain}.{network}"]["print"] = keyed.mac("settings", [chain, network, list(urls or ())])
        for plugin in self._registry.plugins:
            pin = self._registry.lock.get(plugin.name)
            text = f"{plugin.version} {plugin.status.value} {pin.hash[:23] if pin else 'unknown'}"
            found[f"plugin {plugin.name}"] = {
                "shown": text,
                "print": keyed.mac("settings", [text, pin.hash if pin else ""]),
            }
        return found


def changed(before: Mapping[str, Shown], now: Mapping[str, Shown]) -> dict[str, Shown]:
    """Pure. By key what was shown of it and what is shown now, where the two are not the same underneath."""
    found: dict[str, Shown] = {}
    for key in sorted({*before, *now}):
        was, has = before.get(key, {}), now.get(key, {})
        if was.get("print") != has.get("print"):
            found[key] = {"before": was.get("shown"), "after": has.get("shown")}
    return found
