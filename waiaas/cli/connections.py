"""How commands reach the daemon: over the admin socket, and only over it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from waiaas_sdk import Client, Operator, Retry, WaiaasApiError

from waiaas.cli.exits import REFUSED, Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.passwords import as_text, find_password

TOKEN_VARIABLE = "WAIAAS_SESSION_TOKEN"
_RETRY = Retry(attempts=3, longest_seconds=5.0)


@contextmanager
def anybody(invocation: Invocation) -> Iterator[Operator]:
    """The daemon without a credential: what nobody in particular may ask."""
    with Operator.over_socket(invocation.admin_socket, retry=Retry(attempts=1)) as made:
        yield made


@contextmanager
def operator(invocation: Invocation, *, several: bool = False, seconds: float = 30.0) -> Iterator[Operator]:
    """The daemon as its operator. It is looked for before anybody is asked for a password.

    :param several: more than one call will be made: the password, which costs the daemon 150 ms each time, then buys a
        token, and the token is ended with the block
    :param seconds: how long one call may take
    :raises Unreachable: no daemon runs here
    """
    with anybody(invocation) as made:
        made.health()
    password = find_password(os.environ)
    try:
        text = as_text(password)
    finally:
        password[:] = bytes(len(password))
    socket = invocation.admin_socket
    with Operator.over_socket(socket, text, remember=several, timeout=seconds, retry=_RETRY) as made:
        try:
            yield made
        finally:
            # a daemon that went away has no tokens any more, and must not hide why the block failed
            with suppress(WaiaasApiError):
                made.logout()


@contextmanager
def agent(invocation: Invocation, token_file: Path | None) -> Iterator[Client]:
    """The daemon as an agent's session, whose token is in a file or in ``WAIAAS_SESSION_TOKEN``.

    There is no option for the token itself: arguments are seen by everyone on the machine.
    """
    with Client.over_socket(invocation.admin_socket, token=_token(token_file), retry=_RETRY) as made:
        yield made


def _token(token_file: Path | None) -> str:
    token = token_file.read_text().strip() if token_file is not None else os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token.startswith("wai_sess_") or not token.isascii() or not token.isprintable():
        source = str(token_file) if token_file is not None else TOKEN_VARIABLE
        raise Failure(
            f"{source} holds no session token",
            hint=f"the operator issues one with: waiaas session issue AGENT; put it into {TOKEN_VARIABLE}",
            exit_code=REFUSED,
        )
    return token
