"""Printing: JSON for programs, tables for people; no colour and no markup from outside ever."""

import json
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from waiaas.cli.streams import is_unicode
from waiaas.cli.tables import Column, facts_lines, fold, table_lines
from waiaas.engine.rules.text import clean

__all__ = [
    "Column",
    "at",
    "counted",
    "print_done",
    "print_facts",
    "print_items",
    "print_json",
    "print_table",
    "say",
    "shown",
]

_NARROWEST = 40
_UNSEEN = re.compile(r"[^ -~\n]")


def print_json(value: object) -> None:
    """One JSON document on stdout; what a terminal would obey or not show is written as an escape."""
    print(_UNSEEN.sub(_escaped, json.dumps(_plain(value), ensure_ascii=not is_unicode(sys.stdout), indent=2)))


def print_items(items: Sequence[object], *, also_called: str | None = None) -> None:
    """A whole list in the one shape that lists have, that of a page after which nothing comes.

    :param also_called: the key under which older versions gave the items; programs read it
    """
    whole: dict[str, object] = {"items": items, "cursor": None, "hasMore": False}
    print_json(whole | ({} if also_called is None else {also_called: items}))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f")


def _plain(value: object) -> Any:
    dump = getattr(
        value, "model_dump", None
    )  # a record of pydantic's; asking by class would import it for every command
    if dump is not None:
        return dump(by_alias=True, mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table as wide as the terminal at most, see :mod:`waiaas.cli.tables`.

    :param empty: what to say when there are no rows
    """
    if not rows:
        return say(empty)
    rule = "─" if is_unicode(sys.stdout) else "-"
    head, *rest = table_lines(columns, [[shown(value) for value in row] for row in rows], _width(), rule)
    click.secho(head, bold=True)
    click.echo("\n".join(rest))
    return None


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line; what is None is left out."""
    texts = {name: shown(value) for name, value in facts.items() if value is not None}
    for name, value in facts_lines(texts, _width()):
        click.echo(click.style(name, dim=True) + value)


def _width() -> int:
    """Columns of the terminal, or of ``COLUMNS``."""
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def print_done(facts: Mapping[str, object], words: str, as_json: bool) -> None:
    """What a command did that has nothing to show: for a program the facts, for a person a sentence."""
    if as_json:
        print_json(facts)
    else:
        say(words)


def explain(text: str) -> None:
    """A sentence for a person, broken between words where the terminal ends: nobody copies it."""
    say("\n".join(fold(text, _width())))


def say(text: str) -> None:
    """A line for a person, or several; none is broken, so that it can be copied, and none moves the cursor."""
    click.echo("\n".join(line[: len(line) - len(line.lstrip(" "))] + clean(line) for line in text.split("\n")))


def counted(number: int, one: str, many: str) -> str:
    """``1 policy``, ``2 policies``."""
    return f"{number} {one if number == 1 else many}"


def shown(value: object) -> str:
    """A value as a person reads it; foreign characters that hide or reorder text are gone."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple):
        value = json.dumps(_plain(value), ensure_ascii=False)
    return "\n".join(clean(line) for line in str(value).splitlines()) or "-"


def at(seconds: int | None) -> str:
    """Unix seconds as local time."""
    return "-" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
