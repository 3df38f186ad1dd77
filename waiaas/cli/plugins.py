"""``waiaas plugins``: what is installed and trusted; needs no daemon and no password."""

import os

import click

from waiaas.cli.exits import Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, print_facts, print_json, print_table, say
from waiaas.cli.trust import read_lock, write_lock
from waiaas.config import DataDir, load
from waiaas.registry import Lock, PluginInfo, describe, to_wire
from waiaas.registry import trust as pin


@click.group()
def plugins() -> None:
    """Plugins: chains, policy types, notification channels, price sources."""


@plugins.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List what is installed: loaded, untrusted, disabled, failed or missing, and what each brings."""
    found = _described(invocation)
    if as_json:
        return print_json(to_wire(found))
    columns = [Column("name"), Column("version"), Column("status"), Column("brings"), Column("error")]
    rows = [(info.name, info.version, info.status.value, _brings(info), info.error) for info in found]
    print_table(columns, rows, empty="No plugins are installed.")
    return _say_what_is_missing()


def _say_what_is_missing() -> None:
    from waiaas.builtin.libraries import missing_types

    for why in missing_types().values():
        say(why)


@plugins.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Show one plugin."""
    found = [info for info in _described(invocation) if info.name == name]
    if not found:
        raise Failure(f"no plugin {name} is installed", hint="See: waiaas plugins list")
    if as_json:
        return print_json(found[0].to_wire())
    wire = found[0].to_wire()
    return print_facts({**wire, "registers": _brings(found[0])})


@plugins.command()
@click.argument("names", nargs=-1, required=True)
@json_option
@click.pass_obj
def trust(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Trust the plugins NAMES as they are installed now; a later change of their files has to be trusted again."""
    lock = _lock(invocation)
    _save(invocation, pin(lock, names))
    _told(as_json, "trusted", names)


@plugins.command()
@click.argument("name")
@json_option
@click.pass_obj
def forget(invocation: Invocation, name: str, as_json: bool) -> None:
    """Take a plugin out of plugins.lock: one that is gone is not listed any more, one that is installed is not trusted."""
    lock = _lock(invocation)
    if lock.get(name) is None:
        raise Failure(f"plugins.lock trusts no plugin {name}", hint="See: waiaas plugins list")
    _save(invocation, lock.drop(name))
    _told(as_json, "forgotten", (name,))


@plugins.command()
@click.argument("name")
@json_option
@click.pass_obj
def enable(invocation: Invocation, name: str, as_json: bool) -> None:
    """Let a trusted plugin load again."""
    _save(invocation, _lock(invocation).switch(name, enabled=True))
    _told(as_json, "enabled", (name,))


@plugins.command()
@click.argument("name")
@json_option
@click.pass_obj
def disable(invocation: Invocation, name: str, as_json: bool) -> None:
    """Keep a plugin from loading; policies of its types deny meanwhile."""
    _save(invocation, _lock(invocation).switch(name, enabled=False))
    _told(as_json, "disabled", (name,))


def _described(invocation: Invocation) -> tuple[PluginInfo, ...]:
    settings = load(invocation.data_dir, os.environ)
    lock = read_lock(settings.paths.plugins_lock)
    return describe(lock, settings.plugins.allow, settings.plugins.disable)


def _brings(info: PluginInfo) -> str:
    if info.registers is None:
        return "-"
    brought = info.registers
    names = [*brought.chains, *brought.policy_types, *brought.channels, *brought.price_sources]
    return ", ".join(names) or "listens only"


def _lock(invocation: Invocation) -> Lock:
    lock = read_lock(DataDir.at(invocation.data_dir).plugins_lock)
    if lock is None:
        raise Failure(f"there is no data directory at {invocation.data_dir}", hint="Make one with: waiaas init")
    return lock


def _save(invocation: Invocation, lock: Lock) -> None:
    write_lock(DataDir.at(invocation.data_dir).plugins_lock, lock)


def _told(as_json: bool, what: str, names: tuple[str, ...]) -> None:
    if as_json:
        print_json({what: list(names)})
    else:
        say(f"{', '.join(names)}: {what}. A running daemon sees it after a restart.")
