"""Nobody looks for letters in JSON text: what an agent wrote into one field would answer for another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import ROOT, SHIPPED

SCHEMA = "\n".join(file.read_text() for file in sorted((ROOT / "schema").glob("*.sql")))
COLUMNS = frozenset(re.findall(r"json_valid\((\w+)\)", SCHEMA))
LISTS = {"claims"}
"""Columns whose name the records of chains have too, for real sequences."""
_SEARCHES = {"find", "rfind", "index", "rindex", "count", "startswith", "endswith", "partition", "rpartition", "split"}
_MATCHES = {"search", "match", "fullmatch", "findall", "finditer"}
_DUMPS = {"dumps", "model_dump_json"}
_NAMES = "|".join(sorted(COLUMNS))
_SQL = re.compile(
    rf"\b(?:{_NAMES})\b\s*(?:COLLATE\s+\w+\s+)?(?:NOT\s+)?(?:LIKE|GLOB|REGEXP|MATCH)\b"
    rf"|\b(?:instr|replace|substr)\s*\(\s*(?:\w+\.)?(?:{_NAMES})\b",
    re.IGNORECASE,
)


def test_the_walk_knows_the_columns_that_hold_json() -> None:
    """They are read from the schema's checks."""
    assert {"metadata", "intent", "decision", "rules", "details", "constraints"} <= COLUMNS


def test_no_letters_are_looked_for_in_json_text() -> None:
    """No `in`, search or pattern on a stored document or on what was just written as JSON, in any file that ships."""
    assert [found for file in SHIPPED for found in searches(file.read_text(), str(file.relative_to(ROOT)))] == []


def test_no_statement_looks_for_letters_in_json_text() -> None:
    """No LIKE, GLOB, REGEXP or instr on a column that holds JSON, in code or schema: json_extract is there for that."""
    texts = {str(file.relative_to(ROOT)): constants(file.read_text()) for file in SHIPPED}
    assert {file: found for file, text in texts.items() if (found := _SQL.findall(text))} == {}
    assert _SQL.findall(SCHEMA) == []


@pytest.mark.parametrize(
    "line",
    [
        '"told" in row.metadata',
        'x = "told" not in view.row.metadata',
        "row.intent.find(word)",
        "re.search(word, row.details)",
        "secret in json.dumps(given)",
        "text = json.dumps(given).encode()\nsecret in text",
        "def text(one):\n    return json.dumps(one).encode()\n\nsaid = text(one).decode()\n's' in said",
    ],
)
def test_a_search_is_seen(line: str) -> None:
    """The walk sees each way of writing it."""
    assert len(list(searches(line, "here"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        '"told" in json.loads(row.metadata)',
        "name in details",
        "asset in decoded.claims",
        'row.rules == json.dumps({"a": 1})',
        "wire.write(json.dumps(one))",
    ],
)
def test_what_is_no_search_passes(line: str) -> None:
    """A document that was read, and a comparison of whole texts, are fine."""
    assert list(searches(line, "here")) == []


@pytest.mark.parametrize(
    ("sql", "is_found"),
    [
        ("SELECT 1 FROM transactions WHERE metadata LIKE '%told%'", True),
        ("WHERE instr(t.metadata, 'told') > 0", True),
        ("WHERE metadata NOT GLOB ?", True),
        ("WHERE json_extract(metadata, '$.told') IS NULL", False),
        ("WHERE name LIKE ?", False),
    ],
)
def test_a_statement_is_seen(sql: str, is_found: bool) -> None:
    """The pattern tells a search from a look at a field."""
    assert bool(_SQL.search(sql)) == is_found


def constants(source: str) -> str:
    """Every text of a module, docstrings included."""
    nodes = ast.walk(ast.parse(source))
    return "\n".join(one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str))


def searches(source: str, where: str) -> Iterator[str]:
    """The places at which letters are looked for in JSON text."""
    tree = ast.parse(source)
    writers = {
        one.name
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef) and any(_writes(back.value, set(), set()) for back in _returns(one))
    }
    named = {
        target.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Assign) and _writes(one.value, writers, set())
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    for one in ast.walk(tree):
        if any(_is_json(text, writers, named) for text in _searched(one)):
            yield f"{where}:{getattr(one, 'lineno', 0)}: {ast.unparse(one)[:100]}"


def _searched(node: ast.AST) -> Iterator[ast.expr]:
    """The texts in which this node looks for something."""
    if isinstance(node, ast.Compare):
        yield from (
            text for how, text in zip(node.ops, node.comparators, strict=True) if isinstance(how, ast.In | ast.NotIn)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _SEARCHES:
            yield node.func.value
        if node.func.attr in _MATCHES:
            yield from node.args[-1:]


def _is_json(text: ast.expr, writers: set[str], named: set[str]) -> bool:
    if isinstance(text, ast.Attribute) and text.attr in COLUMNS - LISTS:
        return True
    return (isinstance(text, ast.Name) and text.id in named) or _writes(text, writers, named)


def _writes(value: ast.AST | None, writers: set[str], named: set[str]) -> bool:
    """Whether an expression is JSON text that was just written: ``dumps``, perhaps en- or decoded."""
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr in ("encode", "decode", "strip"):
        inner = called.value
        return (isinstance(inner, ast.Name) and inner.id in named) or _writes(inner, writers, named)
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _DUMPS | writers


def _returns(function: ast.FunctionDef) -> list[ast.Return]:
    return [one for one in ast.walk(function) if isinstance(one, ast.Return)]
