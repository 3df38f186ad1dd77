"""``waiaas notify``: how people hear of what happens."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from waiaas_sdk import Channel, Operator

from waiaas.cli.connections import operator
from waiaas.cli.exits import FAILED, USAGE, Failure
from waiaas.cli.ids import whole
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import F, json_option
from waiaas.cli.output import Column, at, print_done, print_facts, print_items, print_json, print_table, say


def _fields(command: F) -> F:
    """``--config``, ``--set`` and ``--secret``."""
    command = click.option(
        "--secret", "secrets", multiple=True, metavar="KEY", help="Ask for this key's value, or read it from a pipe."
    )(command)
    command = click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One key of the configuration.")(
        command
    )
    return click.option("--config", "document", metavar="FILE", help="JSON file, or - for stdin.")(command)


@click.group()
def notify() -> None:
    """Notification channels. Secrets never stand in a command line, where others could read them.

    Example: waiaas notify add TELEGRAM --set chat_id=123456 --secret bot_token
    """


@notify.command()
@click.argument("channel_type", metavar="TYPE")
@_fields
@click.option("--priority", default=0, show_default=True, help="Higher ones are listed first.")
@click.option("--disabled", is_flag=True, help="Stored, not used.")
@json_option
@click.pass_obj
def add(
    invocation: Invocation,
    /,
    channel_type: str,
    *,
    document: str | None,
    pairs: Sequence[str],
    secrets: Sequence[str],
    priority: int,
    disabled: bool,
    as_json: bool,
) -> None:
    """Add a channel of TYPE, such as TELEGRAM; see: waiaas plugins list."""
    config = read_config(document, pairs, secrets)
    with operator(invocation, several=bool(pairs)) as daemon:
        _refuse_secrets(daemon, channel_type, pairs)
        made = daemon.channels.create(channel_type, config, priority=priority, enabled=not disabled)
    if made.same_as is not None and not as_json:
        click.echo(
            f"Channel {made.same_as} leads to the same place: everything is told there twice."
            f" To remove the new one: waiaas notify remove {made.id}",
            err=True,
        )
    _print(made, as_json)


@notify.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List channels."""
    with operator(invocation) as daemon:
        found = daemon.channels.list()
    if as_json:
        return print_items(found, also_called="channels")
    columns = [
        Column("id", is_whole=True),
        Column("type"),
        Column("on"),
        Column("waiting", is_right=True),
        Column("last delivery", when_wide=90),
        Column("trouble", when_wide=110),
    ]
    rows = [(c.id, c.type, c.enabled, c.waiting, at(c.last_success_at), c.trouble) for c in found]
    print_table(columns, rows, empty="No channels: nobody is told of anything.")
    return None


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_obj
def show(invocation: Invocation, channel: str, as_json: bool) -> None:
    """Show one channel; its secrets are masked."""
    with operator(invocation) as daemon:
        _print(daemon.channels.show(whole(daemon, "channel", channel)), as_json)


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@_fields
@click.option("--priority", type=int)
@json_option
@click.pass_obj
def update(
    invocation: Invocation,
    /,
    channel: str,
    *,
    document: str | None,
    pairs: Sequence[str],
    secrets: Sequence[str],
    priority: int | None,
    as_json: bool,
) -> None:
    """Change CHANNEL; keys that are not given stay, --set KEY=null takes one out."""
    config = read_config(document, pairs, secrets)
    with operator(invocation, several=bool(pairs)) as daemon:
        if pairs:
            _refuse_secrets(daemon, daemon.channels.show(whole(daemon, "channel", channel)).type, pairs)
        _print(
            daemon.channels.update(whole(daemon, "channel", channel), config=config or None, priority=priority), as_json
        )


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_obj
def enable(invocation: Invocation, channel: str, as_json: bool) -> None:
    """Use CHANNEL."""
    with operator(invocation) as daemon:
        _print(daemon.channels.update(whole(daemon, "channel", channel), enabled=True), as_json)


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_obj
def disable(invocation: Invocation, channel: str, as_json: bool) -> None:
    """Keep CHANNEL, but tell it nothing."""
    with operator(invocation) as daemon:
        _print(daemon.channels.update(whole(daemon, "channel", channel), enabled=False), as_json)


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_obj
def test(invocation: Invocation, channel: str, as_json: bool) -> int | None:
    """Send a notice through CHANNEL now, and say what became of it."""
    with operator(invocation) as daemon:
        trial = daemon.channels.test(whole(daemon, "channel", channel))
    if as_json:
        print_json(trial)
    elif trial.delivered:
        say(f"Delivered ({trial.health}). Look there: the message is {trial.reference}.")
    else:
        raise Failure(f"it was not delivered: {trial.message}" + (f"; {trial.hint}" if trial.hint else ""))
    return None if trial.delivered else FAILED


@notify.command()
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_obj
def remove(invocation: Invocation, channel: str, as_json: bool) -> None:
    """Remove CHANNEL, with what waits for it."""
    with operator(invocation) as daemon:
        daemon.channels.delete(whole(daemon, "channel", channel))
    print_done({"id": channel, "removed": True}, f"{channel} is removed.", as_json)


def read_config(document: str | None, pairs: Sequence[str], secrets: Sequence[str]) -> dict[str, Any]:
    """A configuration from a JSON file, from KEY=VALUE pairs, and from what is asked for.

    :raises Failure: what cannot be read
    """
    config = {} if document is None else _document(document)
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise Failure(f"--set wants KEY=VALUE, not {pair!r}", exit_code=USAGE)
        config[key] = _value(value)
    if document == "-" and secrets:
        raise Failure("--secret and --config - cannot both be read from stdin", exit_code=USAGE)
    for key in secrets:
        config[key] = _asked(key)
    return config


def _refuse_secrets(daemon: Operator, channel_type: str, pairs: Sequence[str]) -> None:
    """A secret in a command line is in the shell's history and in the list of processes: another door takes it.

    :raises Failure: naming the key, never its value
    """
    if not pairs:
        return
    schemas = {name: schema for plugin in daemon.catalogue.plugins() for name, schema in plugin.channel_schemas.items()}
    secret = secret_fields(schemas.get(channel_type, {}))
    for key in (pair.partition("=")[0] for pair in pairs if not pair.endswith("=null")):
        if key in secret:
            raise Failure(
                f"{key} is a secret, and a command line is read by others and kept by the shell."
                f" Use --secret {key}, which asks for it; change the secret, for it was shown already",
                exit_code=USAGE,
            )


def secret_fields(schema: Mapping[str, Any]) -> frozenset[str]:
    """The fields of a JSON Schema that hold a secret, at the top or in a choice with null."""
    fields = schema.get("properties", {})
    return frozenset(name for name, field in fields.items() if any(part.get("writeOnly") for part in _parts(field)))


def _parts(field: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [field, *field.get("anyOf", ()), *field.get("oneOf", ()), field.get("items", {})]


def _document(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read().removeprefix("\ufeff") if name == "-" else Path(name).read_text("utf-8-sig")
        read = json.loads(text)
    except OSError as problem:
        raise Failure(f"{name} cannot be read: {problem.strerror}", exit_code=USAGE) from None
    except ValueError:
        raise Failure(f"{name} is not JSON", exit_code=USAGE) from None
    if not isinstance(read, dict):
        raise Failure(f"{name} is not a JSON object", exit_code=USAGE)
    return read


def _value(text: str) -> Any:
    """A number, true, false or null as that; anything else as it stands."""
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(read, float | str | Mapping | list) else read


def _asked(key: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(key, hide_input=True, err=True)
    return answer.strip()


def _print(found: Channel, as_json: bool) -> None:
    if as_json:
        return print_json(found)
    print_facts(
        {
            "id": found.id,
            "type": found.type,
            "on": found.enabled,
            "priority": found.priority,
            "configuration": found.config,
            "waiting": found.waiting,
            "trouble": found.trouble,
            "last delivery": at(found.last_success_at) if found.last_success_at else None,
            "last failure": at(found.last_failure_at) if found.last_failure_at else None,
        }
    )
    return None
