"""Phase two: a plugin's or a price source's table, read through its own model, with the places of what is wrong in it."""

import json
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from waiaas.config.free import clashes, known_paths
from waiaas.config.keys import variable_of
from waiaas.config.problems import Problem, refusal
from waiaas.config.values import flatten
from waiaas.config.written import Written
from waiaas.interfaces.misfits import misfit

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str, str]
"""Where a table stands: ``("plugins", name)`` or ``("prices", source)``."""
Models = Mapping[Place, type[BaseModel]]


class _Nothing(BaseModel):
    """No keys."""


def read_table(written: Written, place: Place, model: type[Model]) -> Model:
    """Read the table with the environment over it.

    :raises StartRefused: CONFIG_INVALID with every finding; values of secret fields are not repeated
    """
    table = _own_table(written, place)
    problems = _unknown(written, place, model, table) + _clashes(written, place, model)
    merged = overridden(written, place, model)
    try:
        # the bare BaseModel states that nothing is configured, and cannot be made
        read = cast(Model, _Nothing()) if model is BaseModel else model.model_validate(merged)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise refusal([*problems, *(_problem(written, place, model, dict(item)) for item in found)]) from None
    if problems:
        raise refusal(problems)
    return read


def overridden(written: Written, place: Place, model: type[BaseModel]) -> dict[str, Any]:
    """The table with the environment over it: the model's fields, and whatever the file holds, can be overridden."""
    merged: dict[str, Any] = _copied(_own_table(written, place))
    paths = [(field,) for field in model.model_fields] + list(flatten(merged))
    for path in dict.fromkeys(paths):
        text = written.variables.get(variable_of(*place, *path))
        if text is not None:
            is_text = path[0] not in model.model_fields and isinstance(merged.get(path[0]), str)
            _put(merged, path, text if is_text else _meant(model, path, text))
    return merged


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields whose values must not be shown."""
    return frozenset(name for name, field in model.model_fields.items() if _mentions_secret(field.annotation))


def _own_table(written: Written, place: Place) -> Mapping[str, Any]:
    tables = written.table.get(place[0])
    table = tables.get(place[1]) if isinstance(tables, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _unknown(written: Written, place: Place, model: type[BaseModel], table: Mapping[str, Any]) -> list[Problem]:
    if model.model_config.get("extra") in ("allow", "forbid"):
        return []  # the model itself says what becomes of them
    names = set(model.model_fields) | {field.alias for field in model.model_fields.values() if field.alias}
    allowed = "one of the keys " + ", ".join(sorted(model.model_fields)) if names else "nothing: it has no keys"
    return [written.in_file((*place, key), "***", allowed) for key in table if key not in names]


def _clashes(written: Written, place: Place, model: type[BaseModel]) -> list[Problem]:
    own = [(*place, field) for field in model.model_fields]
    return [p for p in clashes([*own, *known_paths(written)], written) if p.key.startswith(f"{'.'.join(place)}.")]


def _problem(written: Written, place: Place, model: type[BaseModel], item: Mapping[str, Any]) -> Problem:
    loc = tuple(str(part) for part in item["loc"])
    secret = not loc or loc[0] in secret_fields(model)
    for depth in range(len(loc), 0, -1):
        variable = variable_of(*place, *loc[:depth])
        if variable in written.variables:
            return written.in_variable(variable, misfit(item), secret=secret)
    return written.in_file((*place, *loc), item.get("input"), misfit(item), secret=secret)


def _meant(model: type[BaseModel], path: tuple[str, ...], text: str) -> Any:
    """Texts stay as they are; for every other field the variable holds JSON, and what is no JSON stays a text."""
    field = model.model_fields.get(path[0])
    if len(path) == 1 and field is not None and _takes_text(field.annotation):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(_takes_text(part) for part in get_args(annotation))
    return annotation in (str, SecretStr)


def _mentions_secret(annotation: Any) -> bool:
    return annotation in (SecretStr, SecretBytes) or any(_mentions_secret(part) for part in get_args(annotation))


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in table.items()}


def _put(table: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        table = table.setdefault(name, {})
    table[path[-1]] = value
