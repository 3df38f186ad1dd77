"""`python -m waiaas_solana.localnet`: serve until stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from .server import Localnet


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    :param arguments: the command line's, None for the process's own.
    :return: exit code: 0 stopped, 1 could not start.
    """
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, frame: stopped.set())
    try:
        localnet = Localnet(options.port, options.slot_seconds, options.finality_slots, options.confirmed_slots)
    except (OSError, ValueError) as error:
        print(f"can't serve a localnet on 127.0.0.1:{options.port}: {error}", file=sys.stderr)
        return 1
    with localnet:
        print(localnet.url, flush=True)
        stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="waiaas_solana.localnet", description="A Solana chain on this machine.")
    parser.add_argument("--port", type=int, default=8899, help="port on 127.0.0.1; 0 picks a free one (8899)")
    parser.add_argument("--slot-seconds", type=float, default=0.4, help="length of a slot (0.4)")
    parser.add_argument("--finality-slots", type=int, default=32, help="slots until final (32)")
    parser.add_argument("--confirmed-slots", type=int, default=1, help="slots until confirmed (1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
