"""``waiaas kill-switch``: stop everything at once, and recover."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
from waiaas_sdk import Conflict, Held, Operator, Retry, Stops, Unreachable, WaiaasApiError

from waiaas.cli.amounts import Units
from waiaas.cli.connections import operator, operator_by_password
from waiaas.cli.exits import NOT_RUNNING, USAGE, Failure
from waiaas.cli.ids import is_part, whole, whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, at, print_facts, print_json, print_table, say

_PATIENCE_SECONDS = 5.0
_ASKED_WRONGLY = frozenset({400, 404, 409, 422})
"""What a daemon answers to who named something wrong; whatever else it says, the order is left as a file."""
_TRIES = 3
_ID_LENGTH = 36
_NOT_UNDERSTOOD = "that is no answer"
"""Nothing of what was typed: somebody may have taken the question for the one for the password."""
_NAMELESS = "somebody on this machine, who needs no credential to stop"


@click.group("kill-switch")
def kill_switch() -> None:
    """Stop everything, one agent or one session; see what is stopped; recover."""


def _scoped(command: click.decorators.FC) -> click.decorators.FC:
    command = click.option("--session", "session_id", help="This session alone.")(command)
    return click.option("--agent", "agent_name", help="This agent alone.")(command)


@kill_switch.command()
@_scoped
@click.option("--locked", is_flag=True, help="Sessions die too, and nobody recovers before the cooldown is over.")
@click.option("--reason", help="For whoever reads the audit trail.")
@json_option
@click.pass_obj
def activate(
    invocation: Invocation,
    *,
    agent_name: str | None,
    session_id: str | None,
    locked: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Stop everything, or one agent or session, now; needs no password and no daemon.

    Where no daemon answers, the order is left in the data directory and holds before the next signature.
    """
    _require_one(agent_name, session_id)
    state: Literal["SUSPENDED", "LOCKED"] = "LOCKED" if locked else "SUSPENDED"
    is_told, is_wider = True, False
    try:
        with Operator.over_socket(
            invocation.admin_socket, timeout=_PATIENCE_SECONDS, retry=Retry(attempts=1)
        ) as daemon:
            session_id = None if session_id is None else whole(daemon, "session", session_id)
            agent_name = None if agent_name is None else _agent_beginning(daemon, agent_name)
            daemon.kill_switch.activate(state, agent_id=agent_name, session_id=session_id, reason=reason)
    except WaiaasApiError as error:
        if error.status in _ASKED_WRONGLY:
            raise
        _require_whole(agent_name, session_id)
        is_told = False
        is_wider = not _leave_order(invocation.data_dir, state, agent_name, session_id, reason or "")
    if is_wider:
        agent_name = session_id = None
        state = "SUSPENDED"
    if as_json:
        door = "socket" if is_told else "file"
        return print_json({"state": state, "agent": agent_name, "session": session_id, "door": door})
    what = f"The agent {agent_name}" if agent_name else f"The session {session_id}" if session_id else "Everything"
    say(f"{what} is {state}: nothing is signed for it any more." if is_told else _left(what, state))
    if is_wider:
        say("There was no room for the order's words: the file is bare, and stops everything.")
    return say("Lift it with: waiaas kill-switch recover" + _options(agent_name, session_id))


def _agent_beginning(daemon: Operator, text: str) -> str:
    """An agent's id by its beginning. Nobody's password is asked for here, so names are the daemon's to look up."""
    found = daemon.ids_beginning(text, "agent") if is_part(text) else []
    return found[0] if len(found) == 1 else text


def _require_whole(agent: str | None, session: str | None) -> None:
    """An order in a file is read when nobody can be asked which of several was meant.

    :raises Failure: NOT_STOPPED, for the beginning of an id
    """
    for word in (session, agent):
        if word is not None and is_part(word):
            raise Failure(
                f"NOTHING IS STOPPED: no daemon says which {'session' if word is session else 'agent'} {word} is",
                hint="write the whole id, or stop everything: waiaas kill-switch activate",
                exit_code=USAGE,
                code="NOT_STOPPED",
            )


def _left(what: str, state: str) -> str:
    return f"No daemon took the order. {what} is {state} before the next signature: the order lies in stop.request."


def _leave_order(data_dir: Path, state: str, agent: str | None, session: str | None, reason: str) -> bool:
    """:returns: whether it lies there as it was given, and no wider

    :raises Failure: NOT_STOPPED, where the disk takes not even an empty file
    """
    from waiaas.config import DataDir
    from waiaas.engine.rules.kill_switch_states import LOCKED, SUSPENDED
    from waiaas.engine.stop_request import Order, StopRequest

    if not data_dir.is_dir():
        raise Failure(
            f"there is no data directory at {data_dir}", hint="name it with --data-dir", exit_code=NOT_RUNNING
        )
    path = DataDir.at(data_dir).stop_request
    order = Order(state=LOCKED if state == LOCKED else SUSPENDED, agent_id=agent, session_id=session, reason=reason)
    try:
        return StopRequest(path).leave(order)
    except OSError as problem:
        raise Failure(
            f"NOTHING IS STOPPED: no daemon took the order, and {path} cannot be written: {problem.strerror}",
            hint="end the daemon with: waiaas stop; or delete a file on that disk, and stop again",
            code="NOT_STOPPED",
        ) from None


@kill_switch.command()
@json_option
@click.pass_obj
def status(invocation: Invocation, as_json: bool) -> None:
    """What is stopped, since when, and what is held."""
    try:
        with operator(invocation, several=not as_json) as daemon:
            stops = daemon.kill_switch.status()
            if as_json:
                return print_json(stops)
            _print_stops(stops)
            return _print_held(daemon, stops.held, stops.held_count)
    except Unreachable as error:
        if error.code != "DAEMON_UNREACHABLE":
            raise
        lies = (invocation.data_dir / "stop.request").exists()
        hint = "an order to stop lies there, for the next start: stop.request" if lies else "see: waiaas status"
        raise Failure(f"no daemon runs in {invocation.data_dir}", hint=hint, exit_code=NOT_RUNNING) from None


@kill_switch.command()
@_scoped
@click.option(
    "--release",
    "release",
    multiple=True,
    metavar="TX|all|none",
    help="A held payment that goes on; may be given several times. The others end.",
)
@json_option
@click.pass_obj
def recover(
    invocation: Invocation, *, agent_name: str | None, session_id: str | None, release: tuple[str, ...], as_json: bool
) -> None:
    """Lift a stop, and choose which held payments go on; every other one within the stop ends."""
    _require_one(agent_name, session_id)
    if as_json and not release:
        raise Failure("say which payments go on", hint="--release all, none, or a payment's id", exit_code=USAGE)
    # the password is what lifts a stop, and is asked for before the choice, so that nobody types it there
    with operator_by_password(invocation, several=True) as daemon:
        session_id = None if session_id is None else whole(daemon, "session", session_id)
        agent_name = None if agent_name is None else whole_agent(daemon, agent_name)
        held = _held_within(daemon, agent_name, session_id)
        chosen = _ids(release, held) if release else _ask(daemon, held)
        try:
            done = daemon.kill_switch.recover(release=chosen, agent_id=agent_name, session_id=session_id)
        except Conflict as error:
            if ends := error.details.get("resetsAt"):
                raise Failure(f"it is LOCKED until {at(int(ends))}", hint=error.hint) from None
            raise
    if as_json:
        return print_json(done)
    return say(f"The stop is lifted. Payments that go on: {len(done.released)}; that ended: {len(done.cancelled)}.")


def _held_within(daemon: Operator, agent: str | None, session: str | None) -> Sequence[Held]:
    held = daemon.kill_switch.status().held
    if session is not None:
        return [one for one in held if one.session_id == session]
    agent_id = None if agent is None else daemon.agents.show(agent).id
    return [one for one in held if agent_id in (None, one.agent_id)]


def _ask(daemon: Operator, held: Sequence[Held]) -> Sequence[str]:
    """Which of them go on; who mistypes is asked again."""
    _print_held(daemon, held, len(held))
    if not held:
        return []
    for left in reversed(range(_TRIES)):
        answer: str = click.prompt("Which of these go on (all, none, or ids)", err=True)
        try:
            return _ids(answer.replace(",", " ").split(), held)
        except Failure as problem:
            if not left:
                raise Failure(_NOT_UNDERSTOOD, hint=problem.hint, exit_code=USAGE) from None
            click.echo(f"{_NOT_UNDERSTOOD}: {problem.hint}. Once more.", err=True)
    raise AssertionError("the last try raises")


def _ids(chosen: Sequence[str], held: Sequence[Held]) -> list[str]:
    if len(chosen) == 1 and chosen[0] in ("all", "none"):
        return [one.id for one in held] if chosen[0] == "all" else []
    if {"all", "none"} & set(chosen):
        raise Failure("all and none stand alone", hint="or name payments", exit_code=USAGE)
    return [_held_id(word, held) for word in chosen]


def _held_id(word: str, held: Sequence[Held]) -> str:
    """A payment by the beginning of its id; a whole one is for the daemon to know."""
    if not is_part(word) and len(word) >= _ID_LENGTH:
        return word
    found = [one.id for one in held if is_part(word) and one.id.startswith(word)]
    if len(found) != 1:
        what = "several held payments begin with" if found else "no held payment is"
        raise Failure(
            f"{what} {word}", hint="all, none, or ids of those above", exit_code=USAGE, details={"candidates": found}
        )
    return found[0]


def _require_one(agent: str | None, session: str | None) -> None:
    if agent is not None and session is not None:
        raise Failure("say --agent or --session, not both", hint="or neither, for everything", exit_code=USAGE)


def _options(agent: str | None, session: str | None) -> str:
    return f" --agent {agent}" if agent else f" --session {session}" if session else ""


def _print_stops(stops: Stops) -> None:
    ends = stops.recoverable_at
    print_facts(
        {
            "everything": stops.state,
            "since": None if stops.since is None else at(stops.since),
            "by": _NAMELESS if stops.by == "nobody" else stops.by or None,
            "reason": stops.reason or None,
            "recoverableAt": None if ends is None else at(ends),
        }
    )
    rows = [("agent", one.name, one.state, at(one.since), one.reason) for one in stops.agents]
    rows += [("session", one.id, "SUSPENDED", at(one.since), "") for one in stops.sessions]
    columns = [Column("what"), Column("which", is_whole=True), Column("state"), Column("since"), Column("why")]
    if rows:
        print_table(columns, rows, empty="")


def _print_held(daemon: Operator, held: Sequence[Held], count: int) -> None:
    units = Units.of(daemon) if held else None
    columns = [
        Column("id", is_whole=True),
        Column("state"),
        Column("amount", is_right=True, is_whole=True),
        Column("to", is_whole=True),
    ]
    rows = [
        (one.id, "signed, not sent" if one.is_signed else one.status, _amount(units, one), one.to_address)
        for one in held
    ]
    print_table(columns, rows, empty="No payment is held.")
    if count > len(held):
        say(f"There are {count - len(held)} more.")


def _amount(units: Units | None, one: Held) -> str:
    unit = None if units is None else units.of_asset(one.chain, one.network, one.asset)
    return str(one.amount) if unit is None or one.amount is None else unit.display(one.amount)
