"""What each field of the wire means: a model's own words (``:param x:`` of its docstring), else the usual ones of its name.

A test walks the document: no field is without.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from waiaas.api.usual_words import USUAL

_PARAM = re.compile(r":param (\w+):(.*?)(?=;?\s*:param |\Z)", re.DOTALL)
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def describe_all(definitions: Mapping[str, dict[str, Any]]) -> None:
    """Write words into JSON Schemas, in place: of each model what it is, of each property what it means.

    :param definitions: by the models' names, as pydantic makes them
    """
    for model in _subclasses(BaseModel):
        schema = definitions.get(_NO_NAME.sub("_", model.__name__))
        if schema is not None and model.__module__.startswith("waiaas.api."):
            _describe_model(schema, model)


def describe_fields(properties: Mapping[str, dict[str, Any]], model: type[BaseModel]) -> None:
    """The same for the properties of one model. Words that a field brought itself stay."""
    own = _own_words(model)
    for name, schema in properties.items():
        if schema.get("default", "") is None:
            del schema["default"]  # generators of clients take a field with a default for one that is always there
        words = own.get(name) or schema.get("description") or USUAL.get(name)
        if words:
            schema["description"] = words


def _describe_model(schema: dict[str, Any], model: type[BaseModel]) -> None:
    first = " ".join(_PARAM.sub("", model.__doc__ or "").split())
    schema.pop("description", None)
    if first:
        schema["description"] = first
    describe_fields(schema.get("properties", {}), model)


def _own_words(model: type[BaseModel]) -> dict[str, str]:
    """By the names on the wire; a model says again only what its bases say otherwise."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        for name, text in _PARAM.findall(one.__dict__.get("__doc__") or ""):
            found[to_camel(name)] = " ".join(text.split()).rstrip(";")
    return found


def _subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _subclasses(one)
