"""The file that ``waiaas init`` writes, and the page of the documentation: both made from the registry of keys."""

import tomlkit

from waiaas.config.keys import KEYS, PATTERNS, SPECIAL_VARIABLES, Key, Type
from waiaas.config.sections import SECTIONS
from waiaas.config.values import show_size

_HEAD = """\
# Configuration of WAIaaS. Every key stands here with its default; what is left out keeps it.
# An environment variable WAIAAS_<SECTION>_<KEY> wins over this file, for example WAIAAS_DAEMON_PORT=3101.
# `waiaas config show` says where each value came from, `waiaas config validate` checks without starting.
"""

_FREE = """\
# Nodes of a network: one URL, or a list that is asked in order. Left out, the chain's public endpoints are used.
# [rpc.solana]
# devnet = "https://api.devnet.solana.com"

# What the network may take as fees, native base units: for one transaction, and of one agent in 24 hours.
# [fees.solana.devnet]
# max = "1000000"
# daily_limit = "20000000"

# For limits in US dollars: what a token's decimals are, and what assets cost. See docs/policies.md.
# [prices.decimals]
# "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1/token:4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU" = 6
# [prices.static]
# "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1/slip44:501" = "142.5"
"""


def render_default() -> str:
    """The whole ``config.toml``: every key at its default, with its meaning and what is allowed. Loads as it stands."""
    parts = [_HEAD]
    for section in SECTIONS:
        lines = [f"[{section}]"]
        for key in (key for key in KEYS if key.section == section):
            lines += [f"# {key.description}. Allowed: {key.allowed}.", f"{key.name} = {_literal(key)}"]
        parts.append("\n".join(lines) + "\n")
    parts.append(_FREE)
    return "\n".join(parts)


def render_page() -> str:
    """``docs/configuration.md``."""
    parts = [_PAGE_HEAD]
    for section in SECTIONS:
        rows = [(key.name, _literal(key), key.allowed, key.description) for key in KEYS if key.section == section]
        parts.append(f"## [{section}]\n\n{_TABLE}" + "".join(f"| `{n}` | `{d}` | {a} | {m} |\n" for n, d, a, m in rows))
    free = "".join(f"| `{p.path}` | {p.default} | {p.allowed} | {p.description} |\n" for p in PATTERNS)
    parts.append(f"## Tables with free names\n\n{_TABLE}{free}")
    special = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in SPECIAL_VARIABLES.items())
    parts.append(f"## Special variables\n\n| variable | meaning |\n| --- | --- |\n{special}")
    return "\n".join(parts)


def _literal(key: Key) -> str:
    """The default as TOML."""
    if key.type is Type.SIZE and isinstance(key.default, int):
        return tomlkit.item(show_size(key.default)).as_string()
    return tomlkit.item(list(key.default) if isinstance(key.default, tuple) else key.default).as_string()


_TABLE = "| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n"

_PAGE_HEAD = """\
# Configuration

<!-- Made from the registry of keys by `python -m waiaas.config`; a test compares. -->

Values come from three places, the later wins: the defaults below, `config.toml` in the data directory, environment
variables. The variable of a key is `WAIAAS_`, the section and the key in upper case: `WAIAAS_DAEMON_PORT=3101` sets
`port` in `[daemon]`, `WAIAAS_RPC_SOLANA_DEVNET` sets `devnet` in `[rpc.solana]`; a `-` becomes `_`. Lists are JSON.

An unknown key in a known section, a wrong type and a value out of range stop the start; all of them are named at once, with
file, line, key, value and what is allowed. An unknown section, an unknown variable and the table of a plugin that is not
installed are warnings. Two keys whose variables have one name stop the start too. `waiaas config show` says where each value
came from; of URLs it shows the host alone, since a path may hold a provider's key.

Durations are whole seconds unless the table says otherwise. A size is a text such as `"50MB"` (1 MB is 1048576 bytes) or an
integer of bytes. Amounts are base units as texts of decimal digits.
"""
