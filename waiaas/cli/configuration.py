"""``waiaas config``: what is configured and where it comes from; needs no daemon."""

import os
import sys
from typing import Any

import click

from waiaas.cli.invocation import Invocation
from waiaas.cli.launching import exec_without_secret
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, print_json, print_table, say, shown
from waiaas.cli.trust import load_plugins
from waiaas.config import Settings, load
from waiaas.config.plugin_tables import Models
from waiaas.registry import installed


@click.group()
def config() -> None:
    """The configuration: defaults, then config.toml, then WAIAAS_<SECTION>_<KEY>."""


@config.command()
@click.option("--all", "show_all", is_flag=True, help="Also keys of networks and plugins that are not set.")
@json_option
@click.pass_obj
def show(invocation: Invocation, show_all: bool, as_json: bool) -> None:
    """Show every key, its value and where it came from; secrets are masked."""
    settings = load(invocation.data_dir, os.environ)
    found = settings.explain(*_known(settings)) if show_all else settings.explain()
    if as_json:
        items = [{"key": item.key, "value": item.value, "source": item.source} for item in found]
        return print_json({"dataDir": str(invocation.data_dir), "keys": items, "warnings": list(settings.warnings)})
    rows = [(item.key, item.value, item.source) for item in found]
    print_table([Column("key"), Column("value"), Column("from")], rows, empty="There are no keys.")
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    return None


@config.command()
@json_option
@click.pass_obj
def validate(invocation: Invocation, as_json: bool) -> None:
    """Check config.toml and the environment, also against the plugins that are installed."""
    settings = load(invocation.data_dir, os.environ)
    warnings = [*settings.warnings, *_judge_plugins(settings)]
    if as_json:
        return print_json({"valid": True, "warnings": warnings})
    for warning in warnings:
        say(f"warning: {warning}")
    say("The configuration is valid.")
    return None


@config.command()
@click.argument("key")
@json_option
@click.pass_obj
def get(invocation: Invocation, key: str, as_json: bool) -> None:
    """Print the value of KEY, such as daemon.port or rpc.solana.devnet; secrets are masked."""
    from waiaas.cli.config_keys import look_up

    found = look_up(invocation.data_dir, key)
    if as_json:
        return print_json({"key": found.key, "value": found.value, "source": found.source})
    click.echo(found.value if isinstance(found.value, str) else shown(found.value))
    return None


@config.command("set")
@click.argument("key")
@click.argument("value")
@json_option
@click.pass_obj
def set_(invocation: Invocation, key: str, value: str, as_json: bool) -> None:
    """Write VALUE for KEY into config.toml; comments stay. Lists and tables are JSON; - reads a secret from standard input.

    What a start would refuse is refused here, and the file stays as it was.
    """
    from waiaas.cli.config_keys import put

    text = sys.stdin.read().removesuffix("\n") if value == "-" else value
    _tell(put(invocation.data_dir, key, text), as_json)


@config.command()
@click.argument("key")
@json_option
@click.pass_obj
def unset(invocation: Invocation, key: str, as_json: bool) -> None:
    """Take KEY out of config.toml, so that its default counts again."""
    from waiaas.cli.config_keys import put

    _tell(put(invocation.data_dir, key, None), as_json)


def _tell(done: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return print_json(done)
    where = f"{done['file']}:{done['line']}" if done["line"] else done["file"]
    is_now = "at its plugin's default" if done["value"] is None else shown(done["value"])
    say(f"{done['key']} is {is_now} now ({where})." if done["changed"] else f"{where} said so already.")
    if done["overriddenBy"]:
        say(f"warning: {done['overriddenBy']} is set in this environment and wins over the file.")
    if done["restart"]:
        say("A daemon runs and goes on with what it read when it started: waiaas stop, then waiaas start.")
    for warning in done["warnings"]:
        say(f"warning: {warning}")
    return None


def _judge_plugins(settings: Settings) -> tuple[str, ...]:
    """Read every table of networks and plugins, as the daemon does at its start. Returns warnings."""
    networks, models = _known(settings)
    warnings = settings.check_names(networks, [plugin.name for plugin in installed()], models)
    for (section, name), model in models.items():
        read = settings.plugin_table if section == "plugins" else settings.price_table
        read(name, model)
    settings.decimals()
    return warnings


def _known(settings: Settings) -> tuple[list[tuple[str, str]], Models]:
    """Networks and models of the plugins that load; imports them."""
    exec_without_secret(sys.argv[1:], os.environ)
    networks: list[tuple[str, str]] = []
    registry = load_plugins(settings)
    for chain, (plugin, adapter) in registry.chains.items():
        table = settings.plugin_table(plugin, adapter.settings_model)
        networks += [(chain, network.name) for network in adapter.networks(table)]
    return networks, registry.settings_models
