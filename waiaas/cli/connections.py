"""How commands reach the daemon: over the admin socket, and only over it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from waiaas_sdk import Client, Operator, Retry, Unauthenticated, WaiaasApiError

from waiaas.cli.exits import REFUSED, Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.operator_token import forget_token, read_token
from waiaas.cli.passwords import as_text, find_password, password_without_asking
from waiaas.cli.sign_of_life import sign_of_life

TOKEN_VARIABLE = "WAIAAS_SESSION_TOKEN"
_RETRY = Retry(attempts=3, longest_seconds=5.0, around=sign_of_life)
_ONCE = Retry(attempts=1, around=sign_of_life)
_TRIES = 3


@contextmanager
def anybody(invocation: Invocation) -> Iterator[Operator]:
    """The daemon without a credential: what nobody in particular may ask."""
    with Operator.over_socket(invocation.admin_socket, retry=_ONCE) as made:
        yield made


@contextmanager
def operator(invocation: Invocation, *, several: bool = False, seconds: float = 30.0) -> Iterator[Operator]:
    """The daemon as its operator: by the token of ``waiaas login`` where there is one, else by the password.

    It is looked for before anybody is asked for a password, and the password is asked for late: with a token only for what
    the daemon takes nothing less for.

    :param several: more than one call will be made: the password, which costs the daemon 150 ms each time, then buys a
        token for this command alone, which leaves no row in the audit trail, and is ended with the block
    :param seconds: how long one call may take
    :raises Unreachable: no daemon runs here
    """
    with anybody(invocation) as made:
        made.health()
    kept = read_token(invocation.data_dir)
    if kept is not None:
        by_token = operator_by_token(invocation, kept.token, seconds=seconds)
        with by_token as made, _ending(made):
            yield made
        return
    with operator_by_password(invocation, several=several, seconds=seconds) as made, _ending(made):
        yield made


@contextmanager
def operator_by_token(invocation: Invocation, token: str, *, seconds: float = 30.0) -> Iterator[Operator]:
    """The daemon by a token of ``waiaas login``. One that it takes no more is forgotten, and the password is asked for."""

    def end() -> None:
        forget_token(invocation.data_dir)

    with Operator.over_socket(
        invocation.admin_socket,
        lambda: _proved(invocation, seconds),
        token=token,
        is_brief=True,
        on_dead_token=end,
        timeout=seconds,
        retry=_RETRY,
    ) as made:
        yield made


@contextmanager
def operator_by_password(
    invocation: Invocation, *, several: bool = False, seconds: float = 30.0, is_proved: bool = True
) -> Iterator[Operator]:
    """The daemon by the password itself; whoever mistypes it is asked again.

    :param is_proved: the daemon can say whether a password is right; not while its signer is what has to be unlocked
    """
    with anybody(invocation) as made:
        made.health()
    given = password_without_asking(os.environ)
    if given is not None or not is_proved:
        password, remember = _wiped(given if given is not None else find_password(os.environ)), several
    else:
        password, remember = _proved(invocation, seconds), True
    door = invocation.admin_socket
    with Operator.over_socket(door, password, remember=remember, is_brief=True, timeout=seconds, retry=_RETRY) as made:
        yield made


@contextmanager
def _ending(made: Operator) -> Iterator[None]:
    """End the token that the block bought, and no other."""
    try:
        yield
    finally:
        # a daemon that went away has no tokens any more, and must not hide why the block failed
        with suppress(WaiaasApiError):
            made.logout_bought()


def _proved(invocation: Invocation, seconds: float) -> str:
    """The password, from wherever it comes; one that is typed is tried, and asked for again where it is wrong."""
    given = password_without_asking(os.environ)
    if given is not None:
        return _wiped(given)
    for left in reversed(range(_TRIES)):
        text = _wiped(find_password(os.environ))
        try:
            with Operator.over_socket(
                invocation.admin_socket, text, is_brief=True, timeout=seconds, retry=_RETRY
            ) as trial:
                trial.login()
                trial.logout()
            return text
        except Unauthenticated:
            if not left:
                raise
            click.echo("That is not the master password; once more.", err=True)
    raise AssertionError("the last try raises")


def _wiped(password: bytearray) -> str:
    try:
        return as_text(password)
    finally:
        password[:] = bytes(len(password))


@contextmanager
def agent(invocation: Invocation, token_file: Path | None) -> Iterator[Client]:
    """The daemon as an agent's session, whose token is in a file or in ``WAIAAS_SESSION_TOKEN``.

    There is no option for the token itself: arguments are seen by everyone on the machine.
    """
    with Client.over_socket(invocation.admin_socket, token=_token(token_file), retry=_RETRY) as made:
        yield made


def _token(token_file: Path | None) -> str:
    token = (
        token_file.read_text("utf-8-sig").strip()
        if token_file is not None
        else os.environ.get(TOKEN_VARIABLE, "").strip()
    )
    if not token.startswith("wai_sess_") or not token.isascii() or not token.isprintable():
        source = str(token_file) if token_file is not None else TOKEN_VARIABLE
        raise Failure(
            f"{source} holds no session token",
            hint=f"the operator issues one with: waiaas session issue AGENT; put it into {TOKEN_VARIABLE}",
            exit_code=REFUSED,
        )
    return token
