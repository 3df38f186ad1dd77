"""The three standard streams as this program needs them, however it was started: by cron, in a locale of old.

A descriptor that is closed is opened on the null device, so that no file, socket or pipe of ours gets its number. What a
stream's encoding lacks is written in letters that it has, and never a traceback.
"""

import codecs
import json
import os
import sys
from typing import TextIO

_IN_ASCII = {"✓": "+", "✗": "x", "…": "...", "─": "-", "━": "-", "→": "->", "·": "*", "•": "*"}
_ERRORS = "waiaas-plain"


def settle() -> None:
    """To be called first of all, before anything is opened. May be called again."""
    for number in range(3):
        _open_if_closed(number)
    codecs.register_error(_ERRORS, _plainly)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _written(sys.stdout, 1)
    sys.stderr = _written(sys.stderr, 2)


def is_unicode(stream: TextIO) -> bool:
    """Whether whatever is written to it arrives."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)


def _written(stream: TextIO | None, number: int) -> TextIO:
    """The stream, which then can take every character."""
    made = stream or open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if hasattr(made, "reconfigure"):
        made.reconfigure(errors=_ERRORS)
    return made


def _plainly(problem: UnicodeError) -> tuple[str, int]:
    """Pure. A sign that stands for those that the encoding lacks, else their escapes as JSON has them."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    lacking = problem.object[problem.start : problem.end]
    return "".join(_IN_ASCII.get(one) or json.dumps(one)[1:-1] for one in lacking), problem.end
