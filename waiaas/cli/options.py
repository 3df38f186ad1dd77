"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(command)


def paging(command: F) -> F:
    """``--limit`` and ``--cursor``."""
    command = click.option("--cursor", help="Go on where the page before ended.")(command)
    return click.option("--limit", type=click.IntRange(1, 1000), help="At most so many.")(command)


def more(cursor: str | None, has_more: bool) -> str:
    """What to say below a page that is not the last."""
    return f"There are more: --cursor {cursor}" if has_more and cursor else ""


def token_file(command: F) -> F:
    """``--token-file``."""
    return click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="File with the session's token [else $WAIAAS_SESSION_TOKEN].",
    )(command)
