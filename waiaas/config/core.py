"""Phase one: the core sections, from defaults, the file and the environment. Pure, on what was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from waiaas.config.keys import KEYS, Key, Type, Value
from waiaas.config.problems import Problem
from waiaas.config.sections import SECTIONS
from waiaas.config.values import from_toml, from_variable, is_loopback
from waiaas.config.written import Written

FREE_SECTIONS = ("rpc", "fees")
OWNED_SECTIONS = ("plugins", "prices")
"""Sections that hold keys of ours, and tables that are read by models of plugins."""
FREE_PREFIXES = ("WAIAAS_RPC_", "WAIAAS_FEES_", "WAIAAS_PRICES_", "WAIAAS_PLUGINS_")
DEFAULT = "default"


@dataclass(slots=True)
class Core:
    """What phase one found. :param origins: where each value came from: a variable, ``config.toml:<line>``, or ``default``"""

    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def section(self, name: str) -> Any:
        """The section's record."""
        return SECTIONS[name](**{key.name: self.values[key.path] for key in KEYS if key.section == name})


def read_core(written: Written) -> Core:
    """Judge every core key; all findings are gathered, none is raised."""
    core = Core()
    _look_for_unknown(written, core)
    for key in KEYS:
        core.values[key.path], core.origins[key.path] = _read_key(written, key, core)
        _warn(key, core)
    if not core.problems:
        _check_hostname(written, core)
    return core


def _read_key(written: Written, key: Key, core: Core) -> tuple[Value, str]:
    value, origin = key.default, DEFAULT
    table = written.table.get(key.section)
    if isinstance(table, Mapping) and key.name in table:
        origin = "config.toml"
        try:
            value = from_toml(key, table[key.name])
        except ValueError:
            core.problems.append(written.in_file((key.section, key.name), table[key.name], key.allowed))
    if key.variable in written.variables:
        origin = key.variable
        try:
            value = from_variable(key, written.variables[key.variable])
        except ValueError:
            kind = "a JSON list of texts" if key.type is Type.TEXTS else key.allowed
            core.problems.append(written.in_variable(key.variable, kind))
    return value, origin


def _warn(key: Key, core: Core) -> None:
    value = core.values[key.path]
    if key.warn_below is not None and isinstance(value, int) and value < key.warn_below:
        core.warnings.append(f"{key.path} = {value} is weaker than the default {key.warn_below}")


def _look_for_unknown(written: Written, core: Core) -> None:
    known = {section: [key.name for key in KEYS if key.section == section] for section in SECTIONS}
    for section, table in written.table.items():
        if section not in known and section not in FREE_SECTIONS:
            core.warnings.append(f"{written.file}:{written.line((section,))}: unknown section [{section}] is ignored")
        elif not isinstance(table, Mapping):
            core.problems.append(written.in_file((section,), table, f"a table [{section}]"))
        elif section in known:
            _look_into(written, core, section, known[section])
    variables = {key.variable for key in KEYS}
    for name in sorted(written.variables):
        if name not in variables and not name.startswith(FREE_PREFIXES):
            core.warnings.append(f"unknown environment variable {name} is ignored")


def _look_into(written: Written, core: Core, section: str, names: list[str]) -> None:
    for name, value in written.table[section].items():
        if name in names or (section in OWNED_SECTIONS and isinstance(value, Mapping)):
            continue
        core.problems.append(written.in_file((section, name), value, "one of the keys " + ", ".join(names)))


def _check_hostname(written: Written, core: Core) -> None:
    """An address beyond loopback takes three deliberate statements."""
    missing = [
        what
        for what, given in (
            ("daemon.allow_remote = true", core.values["daemon.allow_remote"]),
            ("daemon.behind_tls_proxy = true", core.values["daemon.behind_tls_proxy"]),
            ("security.allowed_hosts", core.values["security.allowed_hosts"]),
        )
        if not given
    ]
    if missing and not is_loopback(str(core.values["daemon.hostname"])):
        allowed = "a loopback address, or another one together with " + ", ".join(missing)
        name = "WAIAAS_DAEMON_HOSTNAME"
        in_variable = core.origins["daemon.hostname"] == name
        core.problems.append(
            written.in_variable(name, allowed)
            if in_variable
            else written.in_file(("daemon", "hostname"), core.values["daemon.hostname"], allowed)
        )
