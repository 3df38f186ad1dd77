"""A program that tells what it finds as a process: what an exec gives it, and a fork has to give it too."""

import gc
import json
import locale
import os
import random
import signal
import sys
import threading

_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR1)


def _facts() -> dict[str, object]:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return {
        "name": __name__,
        "arguments": sys.argv[1:],
        "environ": dict(sorted(os.environ.items())),
        "folder": os.getcwd(),
        "leads its session": os.getsid(0) == os.getpid(),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd") if _is_open(int(name))),
        "threads": (threading.active_count(), len(os.listdir("/proc/self/task"))),
        "signals": [str(signal.getsignal(number)).partition(" at ")[0] for number in _HANDLED],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "path": sys.path,
        "encodings": [(one.encoding, one.errors, one.line_buffering, one.isatty()) for one in streams],
        "locale": locale.getlocale(),
        "safe path": sys.flags.safe_path,
        "umask": os.umask(0o022),
        "dumpable": os.stat("/proc/self/mem").st_uid == os.getuid(),
        "collector": (gc.isenabled(), gc.get_threshold()),
        "input": sys.stdin.read(),
    }


def _is_open(descriptor: int) -> bool:
    """The one by which the folder was listed is closed by now."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.write(str(random.random()) if "draw" in sys.argv else json.dumps(_facts(), indent=1))
    sys.stderr.write("said\n")
    sys.exit(int(os.environ.get("LEAVE_WITH", "0")))
