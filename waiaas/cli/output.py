"""Printing: JSON for programs, tables for people; no colour and no markup from outside ever."""

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from waiaas.engine.rules.text import clean

if TYPE_CHECKING:  # rich is loaded when something is printed for a person
    from rich.console import Console

_NARROWEST = 40
_UNSEEN = re.compile(r"[^ -~\n]")


@dataclass(frozen=True, slots=True)
class Column:
    """:param when_wide: left out when the terminal has fewer columns than this"""

    name: str
    when_wide: int = 0
    is_right: bool = False
    is_whole: bool = False


def print_json(value: object) -> None:
    """One JSON document on stdout; what a terminal would obey or not show is written as an escape."""
    print(_UNSEEN.sub(_escaped, json.dumps(_plain(value), ensure_ascii=False, indent=2)))


def print_items(items: Sequence[object], *, also_called: str | None = None) -> None:
    """A whole list in the one shape that lists have, that of a page after which nothing comes.

    :param also_called: the key under which older versions gave the items; programs read it
    """
    whole: dict[str, object] = {"items": items, "cursor": None, "hasMore": False}
    print_json(whole | ({} if also_called is None else {also_called: items}))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f")


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True, mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def console() -> "Console":
    """Where people read. Width from the terminal or ``COLUMNS``; styles only on a terminal."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False, file=sys.stdout)


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table that fits: columns that need more room are left out, long values fold.

    :param empty: what to say when there are no rows
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    if not rows:
        out.print(empty)
        return
    width = max(_NARROWEST, out.width)
    chosen = [index for index, column in enumerate(columns) if column.when_wide <= width]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold")
    for index in chosen:
        column = columns[index]
        justify = "right" if column.is_right else "left"
        table.add_column(column.name, overflow="fold", justify=justify, no_wrap=column.is_whole, vertical="top")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(shown(row[index])) for index in chosen))
    out.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line; what is None is left out."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value is not None:
            table.add_row(Text(name), Text(shown(value)))
    out.print(table)


def print_done(facts: Mapping[str, object], words: str, as_json: bool) -> None:
    """What a command did that has nothing to show: for a program the facts, for a person a sentence."""
    if as_json:
        print_json(facts)
    else:
        say(words)


def say(text: str) -> None:
    """A line for a person, or several; none is broken, so that it can be copied, and none moves the cursor."""
    from rich.text import Text

    lines = (line[: len(line) - len(line.lstrip(" "))] + clean(line) for line in text.split("\n"))
    console().print(Text("\n".join(lines)), soft_wrap=True)


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
