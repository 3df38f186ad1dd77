"""What the system shows of a process to whoever may look."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

_WRITABLE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p ")


def shown(pid: int) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of the environment and the arguments."""
    for name in ("environ", "cmdline"):
        yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()


def signer_of(pid: int) -> int:
    """The only child of a daemon. :raises ValueError: where it has none, or several"""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    (child,) = [child for task in tasks for child in (task / "children").read_text().split()]
    return int(child)


def core_limit(pid: int) -> str:
    """The largest core file that the process may leave."""
    (line,) = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core")]
    return line.split()[4]


def memory(pid: int) -> Iterator[bytes]:
    """The private writable memory, range by range. :raises PermissionError: unless root asks"""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if found := _WRITABLE.match(line):
                start, end = (int(part, 16) for part in found.groups())
                with contextlib.suppress(OSError, ValueError):  # a range that went away or is none of ours
                    file.seek(start)
                    yield file.read(end - start)
