"""The OpenAPI document says what each field, parameter and header means, and within which bounds.

A field that fails here is described by a ``:param name:`` in its model's docstring, or in ``waiaas/api/usual_words.py``.
"""

import json
from collections.abc import Iterator
from typing import Any

from waiaas.api.openapi import make_document
from waiaas.api.routes import ROUTES

DOCUMENT: dict[str, Any] = json.loads(make_document(ROUTES))


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from nodes(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from nodes(inner, f"{path}/{number}")


def test_every_field_parameter_and_header_is_described() -> None:
    """Nothing that a client sends or gets is left to be guessed, and no model shows how its docstring is written."""
    bare = [
        f"{path}.{name}"
        for path, node in nodes(DOCUMENT)
        for group in ("properties", "headers")
        if isinstance(node.get(group), dict) and not path.endswith("/properties")
        for name, inner in node[group].items()
        if not inner.get("description")
    ]
    bare += [
        f"{path}.{one['name']}"
        for path, node in nodes(DOCUMENT)
        for one in node.get("parameters", ())
        if not one["description"]
    ]
    assert bare == []
    assert [path for path, node in nodes(DOCUMENT) if ":param" in str(node.get("description"))] == []
    assert [tag["name"] for tag in DOCUMENT["tags"] if not tag["description"]] == []


def test_every_number_has_its_bounds_and_every_amount_its_pattern() -> None:
    """Whole numbers say minimum and maximum as JSON Schema calls them; nothing is a float; amounts are texts of digits."""
    numbers = [(path, node) for path, node in nodes(DOCUMENT) if node.get("type") in ("integer", "number")]
    assert [path for path, node in numbers if not {"minimum", "maximum"} <= node.keys()] == []
    assert [path for path, node in numbers if node["type"] == "number"] == []
    assert [path for path, node in nodes(DOCUMENT["paths"]) if {"ge", "le", "gt", "lt"} & node.keys()] == []
    assert DOCUMENT["paths"]["/v1/agents"]["get"]["parameters"][0]["schema"]["maximum"] == 200
    schemas = DOCUMENT["components"]["schemas"]
    for model, field in (("TransactionItem", "amount"), ("BalanceItem", "balance"), ("Transfer", "amount")):
        patterns = [node["pattern"] for _, node in nodes(schemas[model]["properties"][field]) if "pattern" in node]
        assert patterns, f"{model}.{field}"
        assert all("{0,77}" in pattern for pattern in patterns)
