"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

#: What ``--status`` may be; the database's own lists, as a test compares.
AGENT_STATUSES = ("CREATING", "ACTIVE", "SUSPENDED", "TERMINATING", "TERMINATED")
TRANSACTION_STATUSES = (
    "PENDING",
    "QUEUED",
    "EXECUTING",
    "SIGNED",
    "SUBMITTED",
    "CONFIRMED",
    "FAILED",
    "CANCELLED",
    "EXPIRED",
)

#: How the chains that run on this machine are called, for words alone: what may be paid there does not depend on it.
LOCAL_NETWORKS = ("localnet", "local", "regtest")

F = TypeVar("F", bound=Callable[..., Any])


def network_option(command: F) -> F:
    """``--network``, which each chain has a default for."""
    words = "Network of that chain [its own for trying things out: localnet of solana, local of evm]."
    return click.option("--network", help=words)(command)


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(command)


def one_of(statuses: tuple[str, ...]) -> Callable[[F], F]:
    """``--status``; another word is refused, since it would look like an empty list."""
    choice = click.Choice(statuses, case_sensitive=False)
    return click.option("--status", type=choice, metavar="STATUS", help=f"Only these: {', '.join(statuses)}.")


def paging(command: F) -> F:
    """``--limit`` and ``--cursor``."""
    command = click.option("--cursor", help="Go on where the page before ended.")(command)
    return click.option("--limit", type=click.IntRange(1, 200), help="At most so many.")(command)


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
