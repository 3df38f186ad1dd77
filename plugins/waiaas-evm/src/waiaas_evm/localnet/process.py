"""The node's process: started, known to be ready, and ended, also by the end of who started it."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from waiaas.errors import StartRefused

_READY_SECONDS = 30.0
_END_SECONDS = 5.0
_LISTENING = "Listening on "
_LAST_LINES = 5

# The shell becomes the node; a copy of it reads our end of a pipe and kills the node when that end closes without a word,
# as it does however we end. (PDEATHSIG would kill it as soon as the thread that started it ends.)
_KEEPER = 'exec 3<&0; (read -r _ <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-'


class AnvilProcess:
    """A running node that answers on ``port``.

    :param program: see :func:`~waiaas_evm.localnet.binary.find_anvil`
    :param port: 0 picks a free one
    :param options: further options of the program
    :raises StartRefused: it cannot serve; with its own last words, a port that is taken for example
    """

    def __init__(self, program: Path, port: int, options: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "anvil", str(program), "--port", str(port), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={name: value for name, value in os.environ.items() if not name.startswith("WAIAAS_")},
        )
        self._said: list[str] = []
        self._is_listening = threading.Event()
        self.port = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._wait_until_ready(port)

    @property
    def pid(self) -> int:
        """The node's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it; may be called twice."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):  # the keeper went first
                self._process.stdin.write("\n")  # the keeper has nothing to do any more
                self._process.stdin.close()
        self._process.kill()
        self._process.wait(_END_SECONDS)
        self._listener.join(_END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _listen(self) -> None:
        """Read what it prints, for as long as it prints: a full pipe would stop it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_LISTENING) and not self._is_listening.is_set():
                self.port = int(line.rpartition(":")[2])
                self._is_listening.set()
            self._said = [*self._said, line.strip()][-_LAST_LINES:]

    def _wait_until_ready(self, port: int) -> None:
        end = time.monotonic() + _READY_SECONDS
        while not self._is_listening.wait(0.005):
            if self._process.poll() is None and time.monotonic() < end:
                continue
            self._listener.join(_END_SECONDS if self._process.poll() is not None else 0)
            self.close()
            said = " ".join(line for line in self._said if line.startswith("Error")) or "it did not get ready in time"
            raise StartRefused(f"anvil cannot serve on 127.0.0.1:{port}: {said}", hint="--port 0 picks a free port")
