"""The command line.

*Owns*: commands, what they print, exit codes, and where the master password comes from; click and rich live here alone.
*May import*: everything below; a running daemon is talked to through ``waiaas_sdk`` over the admin socket only.
*Invariant*: the password is said to the admin socket and to nothing else, and stored nowhere; an error is one line on stderr
that says what to do next, and an exit code: 0 done, 1 failed, 2 usage, 3 daemon not running, 4 refused.

Importing this package is cheap: each command's module is imported when the command is chosen.
"""

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """The ``waiaas`` program."""
    from waiaas.cli.streams import settle

    settle()
    from waiaas.cli.application import run

    code = run(sys.argv[1:])
    gc.freeze()  # what is about to end with the process need not be looked through for cycles: a sixth of a command's time
    sys.exit(code)
