"""Left out: plugins that were not loaded, and chains that cannot be served, with the reason and the next command. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from waiaas.registry import PluginInfo, PluginStatus

_NEXT = {
    PluginStatus.UNTRUSTED: "waiaas plugins trust {name}, then restart the daemon",
    PluginStatus.FAILED: "mend or upgrade it, then waiaas plugins trust {name} and restart the daemon",
    PluginStatus.MISSING: "install {distribution} and restart the daemon, or waiaas plugins forget {name}",
}
"""What a person disabled is no trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """:param name: a plugin, or ``chain`` and its word; :param hint: the next command"""

    name: str
    reason: str
    hint: str


def left_out(plugins: Iterable[PluginInfo]) -> tuple[LeftOut, ...]:
    """Those that should have been loaded and were not."""
    return tuple(
        LeftOut(
            name=one.name,
            reason=f"{one.status.value}: {one.error}" if one.error else one.status.value,
            hint=_NEXT[one.status].format(name=one.name, distribution=one.distribution),
        )
        for one in plugins
        if one.status in _NEXT
    )


def unserved(chain: str, why: str) -> LeftOut:
    """A chain whose plugin was loaded and cannot name or make what it serves."""
    return LeftOut(
        name=f"chain {chain}", reason=why, hint="look into the daemon's log, mend the plugin or its settings"
    )
