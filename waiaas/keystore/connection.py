"""One life of the signer process, seen from the daemon: starting it, talking to it, noticing its end.

The thread that starts the process is the thread that reads its answers until the socket ends. That is on purpose: the kernel
kills the signer when the *thread* that started it ends (PDEATHSIG), so this thread must live exactly as long as the signer
may. Whoever calls, the main thread or a request's, the property is the same.
"""

import contextlib
import importlib.util
import itertools
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from waiaas.errors import BadRequest, NotReady, StartRefused, WaiaasError
from waiaas.keystore.failures import read_failure
from waiaas.keystore.wire import MAX_PACKET, NO_REQUEST, Operation, Outcome, encode, request_id, split

#: Seconds to wait for one answer. A signature takes well under a millisecond, an Argon2 run at most some seconds.
ANSWER_SECONDS = 30.0
#: Seconds to wait for the confirmation of a lock or a stop.
_ORDER_SECONDS = 10.0
_SPAWN_SECONDS = 20.0
_EXIT_SECONDS = 3.0
_LAST_WORDS_SECONDS = 1.0
_SEND_BUFFER = 212992

_BOOTSTRAP = (
    "import sys; sys.path += sys.argv.pop(1).split(chr(31)); "
    "from waiaas.keystore.signer import main; main(sys.argv[1:])"
)


class _Waiting:
    """One request's place in the queue of those without an answer."""

    __slots__ = ("answer", "done")

    def __init__(self) -> None:
        self.done = threading.Lock()
        self.done.acquire()
        self.answer: list[bytes] | WaiaasError | None = None


class SignerProcess:
    """A running signer. It is used until it ends, and never started again: a new one is made.

    :param keystore: the folder, absolute
    :param argon_slots: parallel Argon2 runs
    :param on_end: called once, on the reading thread, when the process ended without :meth:`close`
    :raises StartRefused: when no process can be started
    """

    def __init__(self, keystore: Path, argon_slots: int, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = itertools.count(NO_REQUEST + 1)
        self._ended = threading.Event()
        self._is_closing = False
        #: Whether this process holds the data key; kept by :class:`~waiaas.keystore.client.SignerClient`.
        self.is_unlocked = False
        self._last_words: WaiaasError | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(ANSWER_SECONDS), 0))
        started = threading.Event()
        command = (theirs, str(keystore), argon_slots, started)
        self._reader = threading.Thread(target=self._live, args=command, name="signer", daemon=True)
        self._reader.start()
        if not started.wait(_SPAWN_SECONDS) or self._process is None:
            self.close()
            raise self._last_words or StartRefused("the signer process could not be started")

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still answers."""
        return not self._ended.is_set()

    def ask(
        self, operation: Operation, fields: Sequence[bytes | bytearray] = (), seconds: float = ANSWER_SECONDS
    ) -> list[bytes]:
        """Send one request and wait for its answer. Thread-safe; requests of several threads are pipelined.

        :param seconds: how long to wait
        :raises WaiaasError: what the signer answered; NotReady SIGNER_LOCKED when it has ended or does not answer
        """
        number = next(self._numbers)
        waiting = _Waiting()
        self._waiting[number] = waiting
        try:
            self._send(encode(operation, number, fields))
            if self._ended.is_set():
                raise self._gone()
            if not waiting.done.acquire(timeout=seconds):
                raise NotReady("the signer does not answer", code="SIGNER_LOCKED", hint="run: waiaas status")
        finally:
            self._waiting.pop(number, None)
        if isinstance(waiting.answer, list):
            return waiting.answer
        raise waiting.answer or self._gone()

    def order(self, operation: Operation, fields: Sequence[bytes] = ()) -> None:
        """Have the signer do less from now on. One that does not confirm in time is killed: a dead signer signs nothing."""
        try:
            self.ask(operation, fields, _ORDER_SECONDS)
        except NotReady:
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process and wait for its end. May be called again."""
        self._is_closing = True
        with contextlib.suppress(OSError):  # The other end may have gone first.
            self._channel.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def _send(self, packet: bytearray) -> None:
        try:
            if len(packet) > MAX_PACKET:
                raise BadRequest(f"the signer takes at most {MAX_PACKET} bytes at once")
            self._channel.send(packet)
        except OSError:
            # The reader may still be about to hear why.
            self._ended.wait(_LAST_WORDS_SECONDS)
            raise self._gone() from None
        finally:
            # A packet may hold a password.
            packet[:] = bytes(len(packet))

    def _gone(self) -> WaiaasError:
        return self._last_words or NotReady("the signer has ended", code="SIGNER_LOCKED", hint="run: waiaas unlock")

    def _live(self, theirs: socket.socket, keystore: str, argon_slots: int, started: threading.Event) -> None:
        try:
            self._process = spawn(theirs, keystore, argon_slots)
            started.set()
            self._read()
        except StartRefused as failure:
            self._last_words = failure
        finally:
            theirs.close()
            self._end(started)

    def _read(self) -> None:
        buffer = bytearray(MAX_PACKET)
        view = memoryview(buffer)
        while size := self._receive(buffer):
            packet = view[:size]
            code, fields = split(packet)
            values = [bytes(field) for field in fields]
            answer = values if code == Outcome.DONE else read_failure(values)
            number = request_id(packet)
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                waiting.answer = answer
                waiting.done.release()
            elif number == NO_REQUEST and isinstance(answer, WaiaasError):
                self._last_words = answer

    def _receive(self, buffer: bytearray) -> int:
        try:
            return self._channel.recv_into(buffer)
        except ConnectionResetError:
            # A process that dies with requests unread resets the socket: said once, before what it had sent.
            return self._channel.recv_into(buffer)

    def _end(self, started: threading.Event) -> None:
        self._ended.set()
        while self._waiting:
            _, waiting = self._waiting.popitem()
            waiting.answer = self._gone()
            waiting.done.release()
        self._channel.close()
        if self._process is not None:
            _reap(self._process)
        started.set()
        if not self._is_closing:
            self._on_end()


def spawn(theirs: socket.socket, keystore: str, argon_slots: int) -> subprocess.Popen[bytes]:
    """Start the signer process; the calling thread must outlive it.

    :param theirs: the signer's end of a SOCK_SEQPACKET pair; closed here once the process has it
    :raises StartRefused: when the interpreter or a library is not there
    """
    # -I and -S: no environment, no user or site packages, no .pth files. The libraries' folders are named instead.
    libraries = "\x1f".join(_library_folders())
    settings = [str(theirs.fileno()), str(os.getpid()), keystore, str(argon_slots)]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, libraries, *settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            close_fds=True,
            # Nothing of the daemon's environment but what the loader needs to find the interpreter's own libraries.
            env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
            cwd="/",
        )
    except OSError as failure:
        raise StartRefused(f"the signer process could not be started ({failure.strerror})") from failure
    # While this end is open here, the end of the process would go unnoticed.
    theirs.close()
    return process


def _library_folders() -> list[str]:
    folders: dict[str, None] = {}
    for name in ("waiaas", "nacl", "coincurve", "_argon2_cffi_bindings", "Crypto", "_cffi_backend"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise StartRefused(f"the library {name} is not installed", hint="install WAIaaS again")
        file = Path(spec.origin)
        folders[str(file.parent.parent if spec.submodule_search_locations else file.parent)] = None
    return list(folders)


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
