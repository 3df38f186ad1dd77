"""On which line of a TOML text each key stands, for messages; only worked out when there is something to complain about."""

import tomllib

from waiaas.config.values import flatten

_LONGEST = 600
"""Lines beyond which no search is made: the work grows with the square of the length."""


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line, from 1, on which the statement of each key begins. ``text`` must be valid TOML.

    Exact without a parser of our own: a key appears with the first prefix of whole lines that parses and holds it, and its
    statement begins after the last prefix that parsed before.
    """
    lines = text.splitlines(keepends=True)
    found: dict[tuple[str, ...], int] = {}
    begin = 0
    for end in range(1, min(len(lines), _LONGEST) + 1):
        try:
            table = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        for path in flatten(table):
            for depth in range(1, len(path) + 1):
                found.setdefault(path[:depth], begin + 1)
        for name in table:
            found.setdefault((name,), begin + 1)
        begin = end
    return found
