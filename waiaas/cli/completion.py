"""``waiaas completion``: what shells need to complete commands, options, and the names and ids that the daemon knows.

Names and ids come from the running daemon by the token of ``waiaas login``, within a second, or not at all: a key that is
pressed asks for no password, prints no error, and waits for nobody.
"""

from collections.abc import Callable, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from waiaas.cli.exits import USAGE, Failure

VARIABLE = "_WAIAAS_COMPLETE"
_SECONDS = 1.0
_MOST = 200
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
_KINDS = {
    "agent": "agents",
    "agent_name": "agents",
    "agent_id": "agents",
    "transaction": "transactions",
    "tx_id": "transactions",
    "release": "transactions",
    "policy_id": "policies",
    "session_id": "sessions",
    "channel": "channels",
}
"""What a parameter of this name takes; commands name theirs so."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands, names and ids: eval "$(waiaas completion bash)" in its start-up file."""
    kind = get_completion_class(shell)
    if kind is None:
        raise Failure(f"there is no completion for {shell}", exit_code=USAGE)
    # not the class's own source(), which starts a bash to look at its version
    click.echo(ShellComplete.source(kind(ctx.find_root().command, {}, "waiaas", VARIABLE)))


def teach(command: click.Command) -> None:
    """Have the command's parameters that name rows complete with those that there are."""
    for parameter in command.params:
        kind = _KINDS.get(parameter.name or "")
        if kind is not None:
            parameter._custom_shell_complete = _completer(kind)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            teach(inner)


def _completer(kind: str) -> Completer:
    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = _known(ctx, kind)
        except Exception:  # noqa: BLE001 - whatever is wrong, a key that is pressed is no place to say so
            return []
        return [item for item in found if item.value.startswith(incomplete)]

    return complete


def _known(ctx: click.Context, kind: str) -> Sequence[CompletionItem]:
    import os

    from waiaas_sdk import Operator, Retry

    from waiaas.cli.invocation import Invocation
    from waiaas.cli.operator_token import read_token

    invocation = Invocation.of(ctx.find_root().params.get("data_dir"), False, os.environ)
    kept = read_token(invocation.data_dir)
    if kept is None:
        return []
    with Operator.over_socket(
        invocation.admin_socket, token=kept.token, timeout=_SECONDS, retry=Retry(attempts=1)
    ) as daemon:
        return _items(daemon, kind)


def _items(daemon: Any, kind: str) -> Sequence[CompletionItem]:
    if kind == "agents":
        agents = daemon.agents.list(limit=_MOST).items
        return [CompletionItem(one.name) for one in agents] + [CompletionItem(one.id, help=one.name) for one in agents]
    if kind == "transactions":
        return [CompletionItem(one.id, help=one.status) for one in daemon.transactions.list(limit=_MOST).items]
    if kind == "policies":
        return [CompletionItem(one.id, help=one.type) for one in daemon.policies.list(limit=_MOST).items]
    if kind == "sessions":
        return [CompletionItem(one.id) for one in daemon.sessions.list(limit=_MOST).items if one.revoked_at is None]
    return [CompletionItem(one.id, help=one.type) for one in daemon.channels.list()]
