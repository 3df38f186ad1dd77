"""One key of the configuration: looked up, or changed in config.toml. Needs no daemon.

Keys of networks and plugins are judged by the plugins themselves, which are imported for it; core keys need none.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waiaas.cli.amounts import Unit
from waiaas.cli.exits import Failure
from waiaas.cli.launching import exec_without_secret
from waiaas.cli.processes import find_daemon
from waiaas.cli.trust import load_plugins
from waiaas.config import load
from waiaas.config.editing import candidates, change, core_key, parse_key, require_known, secret_at
from waiaas.config.explain import MASK, Explained
from waiaas.config.free import is_owned, names_problems
from waiaas.config.keys import variable_of
from waiaas.config.plugin_tables import Models, read_table
from waiaas.config.problems import Problem
from waiaas.config.written import Written
from waiaas.engine.rules.amounts import read_display
from waiaas.errors import StartRefused
from waiaas.interfaces.chain import ChainAdapter

Path_ = tuple[str, ...]


def look_up(data_dir: Path, text: str) -> Explained:
    """The value of a key, masked where secret, and where it came from.

    :raises StartRefused: CONFIG_INVALID for a wrong configuration or for what is no key
    """
    path = parse_key(text)
    require_known(path)
    settings = load(data_dir, os.environ)
    known = _Known() if core_key(path) or not is_owned(path) else _Known.of(data_dir)
    asked = [(path[1], path[2])] if path[0] in ("rpc", "fees") else []
    name = ".".join(path)
    for found in settings.explain(asked, known.models):
        if found.key == name:
            return found
    return Explained(key=name, value=_default_of(path, known.models), source="default")


def put(data_dir: Path, text: str, value: str | None) -> dict[str, Any]:
    """Write a key into config.toml, or take it out. The file changes whole or not at all.

    :param value: as a person typed it; None takes the key out
    :raises StartRefused: CONFIG_INVALID with file, key, value and what is allowed
    """
    if not (data_dir / "config.toml").exists():
        raise Failure(f"there is no config.toml in {data_dir}", hint="make one with: waiaas init")
    path = parse_key(text)
    require_known(path)
    known = _Known() if core_key(path) else _Known.of(data_dir)
    is_secret = secret_at(path, known.models)
    if value is not None and path[0] == "fees":
        value = known.in_base_units(data_dir, path, value)
    values = [] if value is None else candidates(path, value)
    edit = change(data_dir / "config.toml", os.environ, path, values, known.judge, secret=is_secret)
    variable = variable_of(*path)
    return {
        "key": ".".join(path),
        "value": _now(data_dir, path, known, value, is_secret),
        "file": str(data_dir / "config.toml"),
        "line": edit.line,
        "changed": edit.is_changed,
        "overriddenBy": variable if variable in os.environ else None,
        "restart": _runs(data_dir),
        "warnings": known.warnings(path),
    }


@dataclass(slots=True)
class _Known:
    """What installed plugins say: which networks there are, and what their tables may hold."""

    adapters: Mapping[str, tuple[str, type[ChainAdapter]]] = field(default_factory=dict)
    models: Models = field(default_factory=dict)
    is_asked: bool = False

    @classmethod
    def of(cls, data_dir: Path) -> "_Known":
        """Of the plugins that load; imports them, so no password may be in this process."""
        exec_without_secret(sys.argv[1:], os.environ)
        registry = load_plugins(load(data_dir, os.environ))
        return cls(adapters=registry.chains, models=registry.settings_models, is_asked=True)

    def in_base_units(self, data_dir: Path, path: Path_, value: str) -> str:
        """A limit of fees that was written with the network's symbol (``0.01SOL``), said as what is written; others as given.

        :raises Failure: for another symbol, or more places than the asset has
        """
        if read_display(value) is None or path[1] not in self.adapters:
            return value
        plugin, adapter = self.adapters[path[1]]
        table = load(data_dir, os.environ).plugin_table(plugin, adapter.settings_model)
        native = next((one.native for one in adapter.networks(table) if one.name == path[2]), None)
        if native is None:
            return value
        units = Unit(native.symbol, native.decimals).read(value)
        print(f"{'.'.join(path)}: {value} = {units} base units", file=sys.stderr)
        return str(units)

    def judge(self, written: Written) -> list[Problem]:
        """What the plugins find wrong with a configuration."""
        problems: list[Problem] = []
        networks: list[tuple[str, str]] = []
        for chain, (plugin, adapter) in self.adapters.items():
            try:
                table = read_table(written, ("plugins", plugin), adapter.settings_model)
                networks += [(chain, network.name) for network in adapter.networks(table)]
            except StartRefused as refused:
                problems += _problems_of(refused)
        problems += self._of_sources(written)
        return problems + (names_problems(written, networks)[0] if self.is_asked and not problems else [])

    def _of_sources(self, written: Written) -> list[Problem]:
        problems: list[Problem] = []
        for place, model in self.models.items():
            try:
                if place[0] == "prices":
                    read_table(written, place, model)
            except StartRefused as refused:
                problems += _problems_of(refused)
        return problems

    def warnings(self, path: Path_) -> list[str]:
        """Of a key that nothing reads."""
        if not self.is_asked or path[:2] == ("prices", "decimals"):
            return []
        if is_owned(path):
            what = "plugin" if path[0] == "plugins" else "price source"
            return [] if (path[0], path[1]) in self.models else [f"no loaded {what} {path[1]} reads it"]
        return [] if path[1] in self.adapters else [f"it is ignored: no loaded plugin brings the chain {path[1]}"]


def _problems_of(refused: StartRefused) -> Iterable[Problem]:
    for found in refused.details.get("errors", ()):
        yield Problem(
            source=found["file"],
            line=found["line"],
            key=found["key"],
            value=found["value"],
            allowed=found["allowed"],
        )


def _now(data_dir: Path, path: Path_, known: _Known, value: str | None, is_secret: bool) -> Any:
    """What the file says now, for people: nothing secret."""
    if value is None:
        return _default_of(path, known.models)
    if is_secret and path[0] != "rpc":
        return MASK
    asked = [(path[1], path[2])] if path[0] in ("rpc", "fees") else []
    without = {name: text for name, text in os.environ.items() if name != variable_of(*path)}
    name = ".".join(path)
    found = {one.key: one.value for one in load(data_dir, without).explain(asked, known.models)}
    return found.get(name, MASK if is_secret else value)


def _default_of(path: Path_, models: Models) -> Any:
    key = core_key(path)
    if key is not None:
        return list(key.default) if isinstance(key.default, tuple) else key.default
    model = models.get((path[0], path[1]))
    if not is_owned(path) or len(path) != 3:
        return None
    if model is not None and model.model_config.get("extra") == "allow" and path[2] not in model.model_fields:
        return None
    if model is None or path[2] not in model.model_fields:
        allowed = f"one of the keys {', '.join(sorted(model.model_fields))}" if model else "a key of a loaded plugin"
        raise Failure(f"there is no key {'.'.join(path)}: allowed is {allowed}", hint="see: waiaas plugins list")
    chosen = model.model_fields[path[2]].get_default(call_default_factory=False)
    return MASK if secret_at(path, models) else chosen if isinstance(chosen, str | int | bool | None) else str(chosen)


def _runs(data_dir: Path) -> bool:
    found = find_daemon(data_dir)
    if found is None:
        return False
    found.close()
    return True
