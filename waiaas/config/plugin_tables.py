"""Phase two: a plugin's table, read through the plugin's own model, with the places of what is wrong in it."""

import json
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from waiaas.config.free import clashes, known_paths
from waiaas.config.keys import variable_of
from waiaas.config.problems import Problem, refusal
from waiaas.config.values import flatten
from waiaas.config.written import Written

Model = TypeVar("Model", bound=BaseModel)


def read_plugin_table(written: Written, name: str, model: type[Model]) -> Model:
    """Read ``[plugins.<name>]`` with the environment over it.

    :raises StartRefused: CONFIG_INVALID with every finding; values of secret fields are not repeated
    """
    table = _own_table(written, name)
    problems = _unknown(written, name, model, table) + _clashes(written, name, model)
    merged = overridden(written, name, model)
    try:
        read = model.model_validate(merged)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise refusal([*problems, *(_problem(written, name, model, dict(item)) for item in found)]) from None
    if problems:
        raise refusal(problems)
    return read


def overridden(written: Written, name: str, model: type[BaseModel]) -> dict[str, Any]:
    """The table with the environment over it: the model's fields, and whatever the file holds, can be overridden."""
    merged: dict[str, Any] = _copied(_own_table(written, name))
    paths = [(field,) for field in model.model_fields] + list(flatten(merged))
    for path in dict.fromkeys(paths):
        text = written.variables.get(variable_of("plugins", name, *path))
        if text is not None:
            _put(merged, path, _meant(model, path, text))
    return merged


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields whose values must not be shown."""
    return frozenset(name for name, field in model.model_fields.items() if _mentions_secret(field.annotation))


def _own_table(written: Written, name: str) -> Mapping[str, Any]:
    tables = written.table.get("plugins")
    table = tables.get(name) if isinstance(tables, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _unknown(written: Written, name: str, model: type[BaseModel], table: Mapping[str, Any]) -> list[Problem]:
    if model.model_config.get("extra") in ("allow", "forbid"):
        return []  # the model itself says what becomes of them
    names = set(model.model_fields) | {field.alias for field in model.model_fields.values() if field.alias}
    allowed = (
        "one of the keys " + ", ".join(sorted(model.model_fields)) if names else "nothing: this plugin has no keys"
    )
    return [written.in_file(("plugins", name, key), "***", allowed) for key in table if key not in names]


def _clashes(written: Written, name: str, model: type[BaseModel]) -> list[Problem]:
    own = [("plugins", name, field) for field in model.model_fields]
    return [p for p in clashes([*own, *known_paths(written)], written) if p.key.startswith(f"plugins.{name}.")]


def _problem(written: Written, name: str, model: type[BaseModel], item: Mapping[str, Any]) -> Problem:
    loc = tuple(str(part) for part in item["loc"])
    secret = not loc or loc[0] in secret_fields(model)
    for depth in range(len(loc), 0, -1):
        variable = variable_of("plugins", name, *loc[:depth])
        if variable in written.variables:
            return written.in_variable(variable, str(item["msg"]), secret=secret)
    return written.in_file(("plugins", name, *loc), item.get("input"), str(item["msg"]), secret=secret)


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
