"""The made parts of the documentation: routes, error codes, events, states, hooks, commands. Run to write them into docs/.

Each part stands between ``<!-- made: NAME -->`` (or ``<!-- made: file PATH -->``) and ``<!-- end -->``; a test compares what
stands there with what is printed here. Everything else on those pages is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click
from waiaas_evm.networks import BUILT_IN
from waiaas_solana.adapter import SolanaAdapter
from waiaas_solana.settings import SolanaSettings

from waiaas import errors, hookspecs
from waiaas.api.credentials import Credential
from waiaas.api.routes import ROUTES
from waiaas.cli.application import cli
from waiaas.engine.events import EVENTS
from waiaas.engine.rules import kill_switch_states
from waiaas.engine.rules.transaction_states import MOVES, NEW
from waiaas.engine.rules.waiting import MEANINGS, WaitCode
from waiaas.errors import PluginError, StartRefused, WaiaasError
from waiaas.interfaces.chain import Network

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(<!-- made: (?P<name>[a-z]+)(?: (?P<of>\S+))? -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
_WHO = {
    Credential.NOBODY: "nobody",
    Credential.SESSION: "session",
    Credential.OPERATOR: "operator",
    Credential.OPERATOR_PASSWORD: "operator, password only",
    Credential.OPERATOR_OR_SOCKET: "operator; on the admin socket nobody in particular",
    Credential.UNLOCK: "operator, password only",
    Credential.SESSION_OR_OPERATOR: "session (its own agent's), operator",
}
_WHEN = {
    "INTERNAL": "nobody foresaw this; the log has it under the answer's requestId",
    "MALFORMED": "the request cannot be read, or a field is missing or wrong; `details.field` names it",
    "UNKNOWN_FIELD": "a field or query parameter that the route does not have",
    "INVALID_ADDRESS": "not an address of the wallet's chain",
    "INVALID_AMOUNT": "not a decimal string of base units above zero",
    "INVALID_NETWORK": "no such network is installed, or it is not the wallet's",
    "TOKEN_MISMATCH": "the request says something else of its token than the chain does; `details` has what the chain says",
    "INVALID_RULES": "a policy's type is not installed, or its rules do not fit the type",
    "INVALID_CHANNEL": "a channel's type is not installed, or its config does not fit the type",
    "INVALID_IDEMPOTENCY_KEY": "the header is not 1 to 128 printable ASCII characters",
    "HOST_NOT_ALLOWED": "the Host header is neither a loopback name nor in `security.allowed_hosts`",
    "UNAUTHENTICATED": "no credential, a wrong, expired or revoked one; which is not said",
    "POLICY_DENIED": "a policy, or the lack of one, refuses; `details` says why, what remains, and whether it can pass later",
    "CONSTRAINT_DENIED": "a constraint of the session refuses; `details` as above",
    "TYPE_NOT_SUPPORTED": "the chain's plugin does not build this type of transaction",
    "FORBIDDEN": "a good credential, but not of the kind that the route asks for",
    "PASSWORD_REQUIRED": "the route wants the master password itself, not a token",
    "NOT_FOUND": "no such path or thing, or it is another agent's",
    "METHOD_NOT_ALLOWED": "the path does not take this method",
    "STATE_CONFLICT": "the thing is in a state that does not allow this",
    "IDEMPOTENCY_CONFLICT": "the key was used before with another body",
    "NAME_TAKEN": "another agent has the name, or one that looks like it (Unicode UTS 39)",
    "LIMIT_REACHED": "too many sessions of the agent, or renewals of the session",
    "BODY_TOO_LARGE": "the body is over 64 KiB, or over 1 MiB where policies or many ids are sent",
    "UNSUPPORTED_MEDIA_TYPE": "the body is not application/json",
    "CHAIN_REFUSED": "the chain's rules do not allow this payment; `details.reason` has the adapter's code",
    "AGENT_SUSPENDED": "the agent is suspended or terminated",
    "ROW_TAMPERED": "the row was changed outside of the daemon, so it decides nothing: `waiaas audit seals`",
    "KILL_SWITCH": "everything, or this session, is stopped; `details` has scope, state and since when",
    "CHAIN_MISSING": "the plugin of the agent's chain is not loaded; nothing is lost",
    "RATE_LIMITED": "too many requests in a minute, or too many at once against one limit",
    "LOCKED_OUT": "too many wrong master passwords over TCP; the socket still works",
    "MAX_PENDING_TX": "the agent has too many held payments",
    "MAX_ACTIVE_TX": "too many payments are under way",
    "CHAIN_UNREACHABLE": "no configured node answered; nothing was stored",
    "SIGNER_LOCKED": "the signer is locked or dead; nothing was stored; run `waiaas unlock`",
    "STOPPING": "the daemon is stopping; nothing was stored",
    "STORE_FULL": "the disk is full; nothing was stored",
    "BUSY": "the database, or every thread that may wait, is taken; nothing was stored",
    "START_REFUSED": "the daemon cannot begin; the message says why",
    "DATA_DIR_UNSAFE": "missing, readable by others, or with a symbolic link inside; the message has the command that mends it",
    "CONFIG_INVALID": "config.toml or a variable is wrong; every mistake is named with its line",
    "SCHEMA_MISMATCH": "the database is newer than the code, a script was changed, or the file is damaged",
    "ALREADY_RUNNING": "another daemon holds the data directory",
    "KEYSTORE_DAMAGED": "a keystore file is damaged; it is named, and must be restored from a backup",
    "WRONG_PASSWORD": "the master password is wrong",
    "WEAK_PASSWORD": "the master password is too short or too common; at init only",
    "BACKUP_DAMAGED": "a backup was changed, or is none: a chunk of it does not open, or what is in it does not fit together",
    "BACKUP_TRUNCATED": "a backup is shorter than it was: copy it again",
    "BACKUP_VERSION": "a backup has a format that this program does not read",
}


def routes() -> str:
    """The route table."""
    rows = [
        (f"`{route.method} {route.path}`", _WHO[route.credential], _statuses(route.status, route.also), route.says)
        for route in ROUTES
    ]
    return _table(("method and path", "who", "success", "what"), rows)


def codes() -> str:
    """Every code that an answer of the API can carry."""
    found = [kind for kind in _tree(WaiaasError) if not issubclass(kind, PluginError | StartRefused)]
    rows = [
        (f"`{code}`", str(kind.status), "yes" if kind.retryable else "no", _WHEN[code])
        for kind in sorted(found, key=lambda kind: kind.status)
        for code in kind.codes
    ]
    return _table(("code", "status", "retryable", "when"), rows)


def starting() -> str:
    """Codes of a daemon or command that cannot begin."""
    return _table(("code", "when"), [(f"`{code}`", _WHEN[code]) for code in StartRefused.codes])


def raised() -> str:
    """What a plugin may raise on purpose."""
    kinds = [kind for kind in _tree(PluginError) if kind is not PluginError]
    rows = [(f"`{kind.__name__}`", _codes_of(kind), _first_line(kind)) for kind in kinds]
    return _table(("exception", "codes", "meaning"), rows)


def events() -> str:
    """Every event that an audit row can carry."""
    rows = [
        (f"`{event.name}`", event.severity, "yes" if event.is_notified else "", event.title)
        for event in EVENTS.values()
    ]
    return _table(("event", "severity", "channels are told", "title"), rows)


def waiting() -> str:
    """Why a payment cannot go on, a row for each code."""
    return "\n".join(
        ["| `waiting.code` | why |", "| --- | --- |", *(f"| `{code}` | {MEANINGS[code]} |" for code in WaitCode)]
    )


def states() -> str:
    """The states of a transaction as a Mermaid diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    for before, afters in MOVES.items():
        lines += [f"  {'[*]' if before == NEW else before} --> {after}" for after in MOVES if after in afters]
        lines += [] if afters else [f"  {before} --> [*]"]
    return "\n".join([*lines, "```"])


def switch() -> str:
    """The states of the kill switch as a Mermaid diagram."""
    lines = ["```mermaid", "stateDiagram-v2", f"  [*] --> {kill_switch_states.ACTIVE}"]
    for before, afters in kill_switch_states.MOVES.items():
        lines += [f"  {before} --> {after}: {by}" for after, by in afters.items()]
    return "\n".join([*lines, "```"])


def hooks() -> str:
    """Every hook that a plugin can implement."""
    found = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, f"{hookspecs.PROJECT}_spec")}
    return _table(("hook", "what"), [(f"`{name}`", _first_line(hook)) for name, hook in found.items()])


def commands() -> str:
    """Every command of the command line, with its commands."""
    rows = [(f"`waiaas {path}`", about) for path, about in _commands(cli, ())]
    return _table(("command", "what"), rows)


def networks() -> str:
    """Every network of the chain plugins that are developed here."""
    price = SolanaSettings().price_floor
    rows = [
        *(_network_row(known.network, f"{_whole(known.traits.priority_floor, 9)} gwei") for known in BUILT_IN),
        *(_network_row(network, f"{price} µlamports") for network in SolanaAdapter.networks(SolanaSettings())),
    ]
    head = ("network", "CAIP-2", "native", "a block", "final", "fee cap of a payment", "floor of tips", "explorer")
    return _table(head, rows)


def _network_row(network: Network, floor: str) -> tuple[str, ...]:
    """:param floor: of what is offered for one unit of gas or compute beyond what must be paid"""
    return (
        f"`{network.name}`" + (" (test)" if network.is_test else ""),
        f"`{network.chain_id}`",
        network.native.symbol,
        f"{network.block_milliseconds / 1000:g} s",
        network.finality,
        _whole(network.fee_max, network.native.decimals),
        floor,
        network.explorer.removeprefix("https://").partition("/")[0] or "none",
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "routes": routes,
    "codes": codes,
    "starting": starting,
    "raised": raised,
    "events": events,
    "states": states,
    "switch": switch,
    "waiting": waiting,
    "hooks": hooks,
    "commands": commands,
    "networks": networks,
}


def made(text: str) -> str:
    """``text`` with every made part as it is today. :raises KeyError: for a part that nobody makes"""
    return _BLOCK.sub(lambda found: f"{found[1]}{_part(found['name'], found['of'])}\n{found.group(5)}", text)


def _part(name: str, of: str | None) -> str:
    return PARTS[name]() if of is None else _file(ROOT / of)


def _file(path: Path) -> str:
    """A whole file as a block of code."""
    return f"```{path.suffix.removeprefix('.').replace('py', 'python')}\n{path.read_text().rstrip()}\n```"


def parts_of(text: str) -> list[str]:
    """The names of the made parts in ``text``."""
    return [found["name"] for found in _BLOCK.finditer(text)]


def _commands(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _commands(command, (*above, name))
        else:
            yield " ".join((*above, name)), command.get_short_help_str(limit=120)


def _tree(kind: type[WaiaasError]) -> Iterator[type[WaiaasError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _tree(below)


def _codes_of(kind: type[WaiaasError]) -> str:
    return ", ".join(f"`{code}`" for code in kind.codes) + (", or the adapter's own" if kind is errors.Refused else "")


def _statuses(status: int, also: Mapping[int, object]) -> str:
    return ", ".join(str(one) for one in (status, *also))


def _whole(units: int, decimals: int) -> str:
    """Base units in whole ones, exactly."""
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".") if part else str(whole)


def _first_line(subject: object) -> str:
    return (subject.__doc__ or "").strip().splitlines()[0].replace("``", "`")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> int:
    """Write every page that has made parts."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        if made(text) != text:
            page.write_text(made(text))
            print(f"wrote {page.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
