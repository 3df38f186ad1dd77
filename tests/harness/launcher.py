"""Runs the shipped daemon with a test's observer and clock. Started as a process of its own; its orders come by standard input.

The shipped code has no switch for any of this: ``waiaas.daemon.run`` takes observer and clock as arguments.
"""

import json
import os
import sys
from pathlib import Path

from tests.harness.shifted_clock import ShiftedClock
from tests.harness.watch import Watch, Watcher
from waiaas import daemon


def main() -> int:
    """Read the orders, run, print the address once ready."""
    orders = json.loads(sys.stdin.readline())
    watcher = Watcher(Watch.from_json(orders["watch"]), Path(orders["gates"]))
    return daemon.run(
        Path(orders["root"]),
        password=bytearray(orders["password"].encode()) if orders["password"] else None,
        environ=orders["environ"],
        observe=watcher,
        clock=ShiftedClock(Path(orders["clock"])),
        on_ready=_tell,
    )


def _tell(url: str) -> None:
    os.write(1, f"{url}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
