"""The table of commands, and how one run of the program goes."""

import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from waiaas.cli.exits import FAILED, OK, USAGE, told
from waiaas.cli.invocation import Invocation

_HERE = "waiaas.cli"
_YOUNG = 50_000
_COMPLETING = "_WAIAAS_COMPLETE"
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("starting:init", "Make the data directory, the keystore and config.toml."),
    "start": ("starting:start", "Run the daemon, in the foreground or with --detach."),
    "stop": ("running:stop", "Let the daemon finish what is under way and stop."),
    "status": ("running:status", "Whether the daemon runs and is ready."),
    "login": ("logging_in:login", "Ask for the password once, for a session of work."),
    "logout": ("logging_in:logout", "End what login began."),
    "unlock": ("running:unlock", "Unlock the signer of a running daemon."),
    "demo": ("demo:demo", "Watch the whole product work, on a chain of its own."),
    "config": ("configuration:config", "Show and check the configuration."),
    "agent": ("agents:agent", "Agents: create, list, show, suspend, fund, ..."),
    "session": ("sessions:session", "Sessions: the tokens that agent programs use."),
    "policy": ("policies:policy", "Policies: who may spend what."),
    "token": ("tokens:token", "Tokens that wallets show: list, add, remove."),
    "tx": ("transactions:tx", "Transactions: list, show, approve, reject, cancel, send."),
    "kill-switch": ("kill_switch:kill_switch", "Stop everything, an agent or a session at once; recover."),
    "notify": ("notifying:notify", "Notification channels: how people hear of payments that wait."),
    "audit": ("audit:audit", "Read and verify the audit trail."),
    "backup": ("backup:backup", "Encrypted backups: create, verify, restore, list."),
    "db": ("database:db", "Look at the database; needs no daemon."),
    "password": ("password:password", "Change the master password, or the data key."),
    "plugins": ("plugins:plugins", "Plugins: what is installed, trusted and loaded."),
    "completion": ("completion:completion", "Have bash, zsh or fish complete commands and names."),
    "localnet": ("localnet:localnet", "Serve a chain on this machine until stopped."),
    "doctor": ("doctor:doctor", "Check this installation and say how to mend it."),
}
"""Command → where it lives in this package and what it is for. Nothing is imported for a list of them."""

INNER: Mapping[str, str] = {"faucet": "localnet:faucet"}
"""Commands that other commands run; in no list."""


@dataclass(frozen=True, slots=True)
class _Extension:
    """A command that an installed distribution brings in the entry-point group ``waiaas.cli``."""

    value: str
    distribution: str


class LazyGroup(click.Group):
    """A group whose commands are imported when they are chosen."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Ours in the table's order, then plugins'."""
        return [*COMMANDS, *sorted(_extensions())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        place = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else INNER.get(cmd_name)
        if place is not None:
            module, attribute = place.split(":")
            found: click.Command = getattr(importlib.import_module(f"{_HERE}.{module}"), attribute)
            return _taught(found)
        extension = _extensions().get(cmd_name)
        return None if extension is None else _load_extension(ctx, cmd_name, extension)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table alone."""
        rows = [(name, about) for name, (_, about) in COMMANDS.items()]
        rows += [(name, f"From {extension.distribution}.") for name, extension in sorted(_extensions().items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _taught(command: click.Command) -> click.Command:
    """While a shell completes, the command knows what there is to choose from."""
    if _COMPLETING in os.environ:
        from waiaas.cli.completion import teach

        teach(command)
    return command


def _extensions() -> Mapping[str, _Extension]:
    from importlib.metadata import entry_points

    points = entry_points(group="waiaas.cli")
    return {
        point.name: _Extension(point.value, point.dist.name if point.dist else "?")
        for point in points
        if point.name not in COMMANDS
    }


def _load_extension(ctx: click.Context, name: str, extension: _Extension) -> click.Command:
    """Import a plugin's command, if ``plugins.lock`` trusts its distribution."""
    from waiaas.cli.extensions import require_trust

    # the group's options are parsed by now, its callback comes later
    invocation = Invocation.of(ctx.params.get("data_dir"), False, os.environ)
    require_trust(invocation.data_dir, name, extension.distribution)
    module, _, attribute = extension.value.partition(":")
    command: Any = getattr(importlib.import_module(module), attribute or name)
    if not isinstance(command, click.Command):
        raise click.ClickException(f"{extension.value} of {extension.distribution} is not a click command")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--data-dir", type=click.Path(path_type=Path), help="Data directory [$WAIAAS_DATA_DIR, else ~/.waiaas].")
@click.option("--debug", is_flag=True, help="Show stack traces.")
@click.version_option(package_name="waiaas", prog_name="waiaas")
@click.pass_context
def cli(ctx: click.Context, data_dir: Path | None, debug: bool) -> None:
    """Wallets for AI agents: every payment judged by policy before a key is touched.

    First steps: waiaas demo; or waiaas init, then waiaas start.
    """
    ctx.obj = Invocation.of(data_dir, debug, os.environ)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    :returns: the process's exit code
    """
    debug = "--debug" in arguments
    _start_lightly()
    try:
        result = cli.main(args=list(arguments), prog_name="waiaas", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else OK
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        print(help_wanted.ctx.get_help() if help_wanted.ctx else help_wanted.format_message(), file=sys.stderr)
        return USAGE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        # whoever read our output went away; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where a failure becomes a line and a code
        if debug:
            import traceback

            traceback.print_exc()
        found = told(error)
        print(found.as_json() if wants_json(arguments) else f"waiaas: {found.line}", file=sys.stderr)
        return found.exit_code


def _start_lightly() -> None:
    """Keep what no command uses out of its start.

    httpx brings a command line of its own, and with it rich's markup and pygments, where these happen to be installed; with
    None in its place importing it fails, and httpx goes on without, as it does where they are not. And the collector of cycles
    need not look through modules that are just being made; a daemon sets it anew once it is assembled.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether errors are for a program. Looked at before parsing: a command line that cannot be parsed is an error too."""
    given = list(arguments)
    return "--json" in (given[: given.index("--")] if "--" in given else given)
