"""Amounts written with a symbol are shown as base units before they are stored, and asked about where a person is there."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
from waiaas_sdk import Operator

from waiaas.engine.rules.amounts import read_display


def echoed_rules(daemon: Operator, type_: str, rules: Mapping[str, Any], agent_id: str | None) -> Mapping[str, Any]:
    """The rules to store: the very base units that were shown. Asks the daemon only where a symbol was written."""
    if not _written(rules):
        return rules
    checked = daemon.policies.check(type_, rules, agent_id=agent_id)
    _echo(rules, checked.rules)
    return checked.rules


def echoed_constraints(daemon: Operator, agent_id: str, constraints: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same for a session's constraints."""
    if not _written(constraints):
        return constraints
    checked = daemon.sessions.check(agent_id, constraints)
    _echo(constraints, checked.constraints)
    return checked.constraints


def _echo(given: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    became = dict(_texts(stored))
    for path, text in _written(given).items():
        if path in became:
            print(f"{path}: {text} = {became[path]} base units", file=sys.stderr)
    if sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Is that meant?", default=True, abort=True, err=True)


def _written(document: Mapping[str, Any]) -> dict[str, str]:
    """The texts that read as display units, by their paths."""
    return {path: text for path, text in _texts(document) if read_display(text) is not None}


def _texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}.{number}" if path else str(number))
