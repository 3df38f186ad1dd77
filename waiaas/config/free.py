"""Tables whose names are free: ``rpc``, ``fees``, ``prices.decimals``, single plugins and price sources.

A key is known once it is in the file or asked for.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from waiaas.config.keys import DECIMALS, KEYS, UNITS, URLS, variable_of
from waiaas.config.problems import Problem
from waiaas.config.values import flatten, parse_decimals, parse_units, parse_urls
from waiaas.config.written import Written

T = TypeVar("T")
FEE_NAMES = ("max", "daily_limit")
_SHAPES = {
    "rpc": "rpc.<chain>.<network>",
    "fees": "fees.<chain>.<network>.max or .daily_limit",
    "prices": 'prices.decimals."<asset>"',
}


def known_paths(written: Written) -> list[tuple[str, ...]]:
    """Paths of the free keys that the file holds, in its order."""
    paths = [("rpc", *path) for path in flatten(_table(written.table, "rpc"))]
    paths += [("fees", *path) for path in flatten(_table(written.table, "fees"))]
    for section in ("prices", "plugins"):
        for name, table in _table(written.table, section).items():
            if isinstance(table, Mapping):
                paths += [(section, name, *path) for path in flatten(table)]
    return paths


def is_owned(path: tuple[str, ...]) -> bool:
    """Whether the key belongs to a plugin's or a price source's table, which its own model reads."""
    return path[0] == "plugins" or (path[0] == "prices" and path[1] != "decimals")


def judge_free(written: Written) -> list[Problem]:
    """Findings about shape and values of what no plugin's model reads, in the file and in the variables that override it."""
    problems = clashes(known_paths(written), written)
    for path in known_paths(written):
        if is_owned(path):
            continue
        allowed = wanted(path)
        if allowed is None:
            problems.append(written.in_file(path, "...", f"a key {_SHAPES[path[0]]}"))
            continue
        problems += _wrong(written, path, allowed)
    return problems


def clashes(paths: Iterable[tuple[str, ...]], written: Written) -> list[Problem]:
    """Keys whose variables have one name: neither could be overridden without the other."""
    owners: dict[str, tuple[str, ...]] = {key.variable: (key.section, key.name) for key in KEYS}
    problems = []
    for path in dict.fromkeys(paths):
        first = owners.setdefault(variable_of(*path), path)
        if first != path:
            what = f"a name whose variable {variable_of(*path)} is not that of {'.'.join(first)} too"
            problems.append(written.in_file(path, "...", what))
    return problems


def wanted(path: tuple[str, ...]) -> str | None:
    """What may stand at a path of ``rpc``, ``fees`` or ``prices.decimals``; None where no key is."""
    if path[0] == "rpc" and len(path) == 3:
        return URLS
    if path[:2] == ("prices", "decimals") and len(path) == 3:
        return DECIMALS
    return UNITS if path[0] == "fees" and len(path) == 4 and path[3] in FEE_NAMES else None


def _wrong(written: Written, path: tuple[str, ...], allowed: str) -> list[Problem]:
    raw = _at(written.table, path)
    if _reads(_parser(path), raw):
        return _wrong_variable(written, path)
    # an address may carry a provider's key, so it is not repeated
    return [written.in_file(path, raw, allowed, secret=path[0] == "rpc"), *_wrong_variable(written, path)]


def _parser(path: tuple[str, ...]) -> Callable[[object], object]:
    if path[0] == "prices":
        return parse_decimals
    return parse_urls if path[0] == "rpc" else parse_units


def _reads(parse: Callable[[object], object], raw: object) -> bool:
    try:
        parse(raw)
    except ValueError:
        return False
    return True


def look_up(written: Written, path: tuple[str, ...], parse: Callable[[object], T]) -> T | None:
    """The value of a free key, its variable first; None where neither is given.

    :raises ValueError: as ``parse`` does
    """
    raw: Any = written.variables.get(variable_of(*path))
    if raw is None:
        raw = _at(written.table, path)
    return None if raw is None else parse(raw)


def names_problems(written: Written, networks: Iterable[tuple[str, str]]) -> tuple[list[Problem], list[str]]:
    """Judge ``rpc`` and ``fees`` against the networks that installed adapters know.

    :returns: findings (a network that a known chain lacks, a bad variable), and warnings (tables of absent chains)
    """
    known: dict[str, set[str]] = {}
    for chain, network in networks:
        known.setdefault(chain, set()).add(network)
    asked = [path for chain in known for network in sorted(known[chain]) for path in free_paths(chain, network)]
    problems = clashes([*known_paths(written), *asked], written)
    problems += [p for path in asked if _at(written.table, path) is None for p in _wrong_variable(written, path)]
    warnings = []
    for section in ("rpc", "fees"):
        for chain, table in _table(written.table, section).items():
            if chain not in known:
                warnings.append(f"[{section}.{chain}] is ignored: no plugin brings the chain {chain}")
                continue
            allowed = "one of the networks " + ", ".join(sorted(known[chain]))
            unknown = [name for name in table if name not in known[chain]]
            problems += [written.in_file((section, chain, name), "...", allowed) for name in unknown]
    return problems, warnings


def free_paths(chain: str, network: str) -> list[tuple[str, ...]]:
    """Every free key of one network."""
    return [("rpc", chain, network), *(("fees", chain, network, name) for name in FEE_NAMES)]


def _wrong_variable(written: Written, path: tuple[str, ...]) -> list[Problem]:
    name, allowed = variable_of(*path), wanted(path)
    if allowed is None or name not in written.variables or _reads(_parser(path), written.variables[name]):
        return []
    return [written.in_variable(name, allowed, secret=path[0] == "rpc")]


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name)
    return found if isinstance(found, Mapping) else {}


def _at(table: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = table
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found
