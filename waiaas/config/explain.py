"""Where each value came from, for ``waiaas config show``. Nothing secret comes out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from waiaas.config.core import DEFAULT
from waiaas.config.free import is_owned, known_paths, look_up
from waiaas.config.keys import KEYS, Key, Type, Value, variable_of
from waiaas.config.plugin_tables import Models, Place, overridden, secret_fields
from waiaas.config.values import flatten, mask_url, parse_decimals, parse_units, parse_urls, show_size
from waiaas.config.written import Written

MASK = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One key. :param value: JSON-able, masked; :param source: ``default``, ``config.toml:<line>`` or a variable's name"""

    key: str
    value: Any
    source: str


def explain_core(written: Written, values: Mapping[str, Value], origins: Mapping[str, str]) -> Iterator[Explained]:
    """The registry's keys, in its order."""
    for key in KEYS:
        origin = origins[key.path]
        if origin not in (DEFAULT, key.variable):
            origin = f"config.toml:{written.line((key.section, key.name))}"
        yield Explained(key=key.path, value=_shown(key, values[key.path]), source=origin)


def explain_free(written: Written, asked: Iterable[tuple[str, ...]]) -> Iterator[Explained]:
    """Keys with free names that are in the file or asked for and that no plugin reads; of URLs only the host is shown."""
    paths = [path for path in known_paths(written) if not is_owned(path)]
    for path in dict.fromkeys([*paths, *asked]):
        value: Any
        if path[0] == "rpc":
            urls = look_up(written, path, parse_urls)
            value = None if urls is None else [mask_url(url) for url in urls]
        elif path[0] == "prices":
            value = look_up(written, path, parse_decimals)
        else:
            units = look_up(written, path, parse_units)
            value = None if units is None else str(units)
        yield Explained(key=".".join(path), value=value, source=_origin(written, path, given=value is not None))


def explain_plugins(written: Written, models: Models) -> Iterator[Explained]:
    """Keys of plugins and price sources; without a model nobody can say what is secret, so texts are masked."""
    for place in dict.fromkeys([*_places(written), *models]):
        model = models.get(place)
        merged = overridden(written, place, model) if model else written.table[place[0]][place[1]]
        for path, value in flatten(merged).items():
            full = (*place, *path)
            shown = MASK if _hides(model, path[0], value) else value
            yield Explained(key=".".join(full), value=shown, source=_origin(written, full, given=True))


def _places(written: Written) -> Iterator[Place]:
    for section in ("prices", "plugins"):
        for name, table in written.table.get(section, {}).items():
            if isinstance(table, Mapping) and is_owned((section, name)):
                yield section, name


def _hides(model: type[BaseModel] | None, field: str, value: object) -> bool:
    return field in secret_fields(model) if model else not isinstance(value, bool | int)


def _origin(written: Written, path: tuple[str, ...], *, given: bool) -> str:
    if variable_of(*path) in written.variables:
        return variable_of(*path)
    return f"config.toml:{written.line(path)}" if given else DEFAULT


def _shown(key: Key, value: Value) -> Any:
    if key.type is Type.SIZE and isinstance(value, int):
        return show_size(value)
    return list(value) if isinstance(value, tuple) else value
