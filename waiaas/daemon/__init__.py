"""The daemon: the one place that constructs everything, in order, and stops it in reverse.

*Owns* the life of the process: the directory's lock, the log, the signer's start, plugins, the doors, signals, the drain.
*May import* everything but ``cli``; waitress lives here alone.
*Invariant*: whoever is answered "ready" can be paid for; whatever was admitted before the stop is found again after the start.
"""

from waiaas.daemon.life import run

__all__ = ["run"]
