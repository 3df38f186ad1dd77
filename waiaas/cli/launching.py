"""How ``waiaas start`` becomes a daemon: how the password reaches it, in the foreground or detached.

A password of the environment stays readable in ``/proc/<pid>/environ`` until the process image is replaced. So it goes into a
pipe, and the program executes itself without the variable, before any plugin is imported.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, NoReturn

from waiaas_sdk import WaiaasApiError

from waiaas.cli.connections import TOKEN_VARIABLE, anybody
from waiaas.cli.exits import FAILED, OK, REFUSED, Failure, one_line
from waiaas.cli.invocation import Invocation
from waiaas.cli.output import print_json, say
from waiaas.cli.passwords import VARIABLE, find_password, take_from_environment
from waiaas.cli.processes import announced, not_working
from waiaas.config import Settings

_LONGEST = 4096
_POLL_SECONDS = 0.02


def has_password_in_environment(environ: Mapping[str, str]) -> bool:
    """Whether this very process image holds the password."""
    return VARIABLE in environ


def exec_without_password(arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Become the same program, with the password in a pipe instead of the environment."""
    clean = {name: value for name, value in environ.items() if name != TOKEN_VARIABLE}
    password = take_from_environment(clean)
    if password is None:
        raise Failure(f"{VARIABLE} is not set")
    reading = into_pipe(password)
    os.set_inheritable(reading, True)
    os.execve(sys.executable, [*program(), *arguments, "--password-fd", str(reading)], clean)


def exec_without_secret(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """For commands that import plugins and need no password: become the same program without the variable, if it is set."""
    if VARIABLE in environ:
        clean = {name: value for name, value in environ.items() if name != VARIABLE}
        os.execve(sys.executable, [*program(), *arguments], clean)


def program() -> list[str]:
    """The command line of this program, by interpreter; -P keeps the working directory off ``sys.path``."""
    return [sys.executable, "-P", "-m", "waiaas.cli"]


def into_pipe(password: bytearray) -> int:
    """The reading end of a pipe that holds ``password``, which is wiped here."""
    reading, writing = os.pipe()
    try:
        os.write(writing, password)
    finally:
        password[:] = bytes(len(password))
        os.close(writing)
    return reading


def read_pipe(descriptor: int) -> bytearray:
    """The password from the pipe, which is closed.

    :raises Failure: nothing in it
    """
    password = bytearray()
    try:
        while chunk := os.read(descriptor, _LONGEST):
            password += chunk
    except OSError:
        raise Failure("--password-fd is for the program's own use", hint="run: waiaas start") from None
    os.close(descriptor)
    if not password:
        raise Failure("no password arrived through the pipe", hint="run: waiaas start")
    return password


def hold(invocation: Invocation, password: bytearray | None) -> int:
    """Run the daemon in this process until it ends. :param password: None starts it locked"""
    from waiaas import daemon

    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    told = partial(_tell_ready, invocation.data_dir)
    return daemon.run(invocation.data_dir, password=password, environ=environ, on_ready=told)


def _tell_ready(data_dir: Path, url: str) -> None:
    print(f"WAIaaS is ready at {url}. Stop it with Ctrl-C or: waiaas stop", flush=True)
    for line in not_working(announced(data_dir).get("notLoaded")):
        print(line, flush=True)


def detach(invocation: Invocation, settings: Settings, timeout: int, *, locked: bool, as_json: bool) -> int:
    """Start the daemon in a session of its own and wait until it is ready, or up and locked where that is wanted.

    :raises Failure: with the daemon's own last words when it ends first, or when time is up
    """
    _refuse_second(invocation)
    environ = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    password = take_from_environment(environ)
    with tempfile.TemporaryFile() as words:
        if locked:
            child = _spawn(invocation, environ, ["--locked"], (), words)
        else:
            child = _spawn_with(
                invocation, environ, password if password is not None else find_password(environ), words
            )
        try:
            _wait_until_ready(invocation, child, words, timeout, locked)
        except BaseException:  # also Ctrl-C: what was asked for is a daemon that is ready, or none
            child.terminate()
            raise
    facts = announced(invocation.data_dir)
    if as_json:
        told = {"pid": child.pid, "url": facts.get("url"), "dataDir": str(invocation.data_dir)}
        print_json({**told, "notLoaded": facts.get("notLoaded", [])})
    else:
        state = "up and locked" if locked else "ready"
        say(f"The daemon is {state} at {facts.get('url')} (process {child.pid}, log {settings.paths.log}).")
        for line in not_working(facts.get("notLoaded")):
            say(line)
    return OK


def _refuse_second(invocation: Invocation) -> None:
    try:
        with anybody(invocation) as found:
            found.health()
    except WaiaasApiError:
        return
    raise Failure(f"a daemon runs in {invocation.data_dir} already", hint="See: waiaas status")


def _spawn_with(
    invocation: Invocation, environ: Mapping[str, str], password: bytearray, words: IO[bytes]
) -> "subprocess.Popen[bytes]":
    reading = into_pipe(password)
    try:
        return _spawn(invocation, environ, ["--password-fd", str(reading)], (reading,), words)
    finally:
        os.close(reading)


def _spawn(
    invocation: Invocation,
    environ: Mapping[str, str],
    options: Sequence[str],
    descriptors: Sequence[int],
    words: IO[bytes],
) -> "subprocess.Popen[bytes]":
    debug = ["--debug"] if invocation.debug else []
    return subprocess.Popen(
        [*program(), "--data-dir", str(invocation.data_dir), *debug, "start", *options],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        pass_fds=descriptors,
        start_new_session=True,
        cwd="/",
    )


def _wait_until_ready(
    invocation: Invocation, child: "subprocess.Popen[bytes]", words: IO[bytes], timeout: int, locked: bool
) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if child.poll() is not None:
            raise _last_words(words, child.returncode)
        if _is_ready(invocation, child.pid, locked):
            return
        time.sleep(_POLL_SECONDS)
    raise Failure(f"the daemon was not ready within {timeout} s and was stopped", hint="look into its log")


def _is_ready(invocation: Invocation, pid: int, locked: bool) -> bool:
    if announced(invocation.data_dir).get("pid") != pid:
        return False
    try:
        with anybody(invocation) as found:
            health = found.health()
            return health.ready or health.status == "stopped" or (locked and health.status == "locked")
    except WaiaasApiError:
        return False


def _last_words(words: IO[bytes], code: int) -> Failure:
    """What the daemon said last, without the program's name before it, and the code that it left with."""
    words.seek(0)
    lines = [line for line in words.read().decode(errors="replace").splitlines() if line.strip()]
    said = one_line(lines[-1]).removeprefix("waiaas: ") if lines else f"it said nothing and left with code {code}"
    return Failure(f"the daemon did not start: {said}", exit_code=REFUSED if code == REFUSED else FAILED)
