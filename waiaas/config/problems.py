"""What is wrong with a configuration: every finding at once, each with file, line, key, value and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.errors import StartRefused

_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong key.

    :param source: the file's path, or ``environment``; :param line: from 1, where it is known
    :param key: dotted path, or the variable's name
    :param value: as written, shortened; None where it is secret or there is none
    """

    source: str
    key: str
    allowed: str
    line: int | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        shown = "" if self.value is None else f" = {self.value}"
        return f"{place}: {self.key}{shown}: allowed is {self.allowed}"


def shorten(value: object) -> str:
    """A value for a message: quoted, without control characters, at most 80 characters."""
    text = ascii(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def refusal(problems: Sequence[Problem]) -> StartRefused:
    """The one error that names all of them."""
    count = "one wrong key" if len(problems) == 1 else f"{len(problems)} wrong keys"
    return StartRefused(
        f"the configuration has {count}:\n  " + "\n  ".join(str(problem) for problem in problems),
        code="CONFIG_INVALID",
        hint="mend what is named and start again; `waiaas config validate` checks without starting",
        details={
            "errors": [
                {"file": p.source, "line": p.line, "key": p.key, "value": p.value, "allowed": p.allowed}
                for p in problems
            ]
        },
    )
