"""Tables for people: nothing in one is ever cut.

A column that must stay whole (an address, an id) and has no room beside the others stands below its row, with its name before
it; any other column folds. So a table is as wide as the terminal at most, and holds everything at every width. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

_GAP = 2
_LEAST = 10
_LONGEST_WORD = 10
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """:param when_wide: left out when the terminal has fewer columns than this
    :param is_whole: never folded, as long as it is no longer than the terminal is wide; below the row where there is no room
    :param is_below: not left out but below the row, where there is no room for it
    """

    name: str
    when_wide: int = 0
    is_right: bool = False
    is_whole: bool = False
    is_below: bool = False


def table_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int, rule: str = "─") -> list[str]:
    """The head, a rule, and the rows. :param rows: a text for each column; it may have several lines"""
    shown = [i for i, column in enumerate(columns) if column.when_wide <= width or column.is_below]
    natural = {i: max(cell_len(columns[i].name), *(_widest(row[i]) for row in rows)) for i in shown}
    least = {i: natural[i] if columns[i].is_whole else _least(columns[i].name, [row[i] for row in rows]) for i in shown}
    beside = _placed([i for i in shown if columns[i].when_wide <= width], natural, least, width)
    head = [(columns[i].name, size, columns[i].is_right) for i, size in beside.items()]
    lines = [_joined(head), rule * min(width, sum(beside.values()) + _GAP * (len(beside) - 1))]
    below = [i for i in shown if i not in beside]
    for row in rows:
        lines += _row(columns, row, beside)
        lines += _under([(columns[i].name, row[i]) for i in below if row[i] not in ("", "-")], width)
    return lines


def facts_lines(facts: Mapping[str, str], width: int) -> list[tuple[str, str]]:
    """Names and values, a line each; a long value goes on below itself. The first of a pair is the name, padded."""
    names = max((cell_len(name) for name in facts), default=0) + _GAP
    lines = []
    for name, value in facts.items():
        for index, part in enumerate(fold(value, max(_LEAST, width - names))):
            lines.append((_pad("" if index else name, names), part))
    return lines


def fold(text: str, width: int) -> list[str]:
    """The text in lines of ``width`` cells at most: between words where there are some, inside of one that is longer."""
    lines = []
    for line in text.split("\n"):
        lines += list(_fold_line(line, width)) or [""]
    return lines


def _fold_line(line: str, width: int) -> Iterator[str]:
    current = ""
    for word in line.split(" "):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= width:
            current = joined
            continue
        if current:
            yield current
        current = word
        while cell_len(current) > width:
            piece = _first_cells(current, width)
            yield piece
            current = current[len(piece) :]
    if current:
        yield current


def _first_cells(text: str, width: int) -> str:
    """The longest beginning that fits, one character at least: a wide one may stand alone."""
    size = 0
    for index, character in enumerate(text):
        size += cell_len(character)
        if size > width and index:
            return text[:index]
    return text


def _widest(text: str) -> int:
    return max(cell_len(line) for line in text.split("\n"))


def _least(name: str, texts: Sequence[str]) -> int:
    """The room that a column needs in which words are folded: its longest word, unless that is very long."""
    words = max((cell_len(word) for text in texts for word in text.split()), default=0)
    return max(cell_len(name), min(words, _LONGEST_WORD))


def _placed(shown: Sequence[int], natural: Mapping[int, int], least: Mapping[int, int], width: int) -> dict[int, int]:
    """The columns that stand beside each other, with their widths: as many as have room, in their order."""
    beside: dict[int, int] = {}
    left = width + _GAP
    for i in shown:
        size = least[i] if beside else min(least[i], width)
        if size + _GAP <= left:
            beside[i] = size
            left -= size + _GAP
    for i in sorted(beside, key=lambda i: natural[i] - beside[i]):
        more = min(natural[i] - beside[i], left)
        beside[i] += more
        left -= more
    return beside


def _row(columns: Sequence[Column], row: Sequence[str], beside: Mapping[int, int]) -> Iterator[str]:
    folded = {i: fold(row[i], size) for i, size in beside.items()}
    for number in range(max(map(len, folded.values()))):
        cells = [
            (folded[i][number] if number < len(folded[i]) else "", size, columns[i].is_right)
            for i, size in beside.items()
        ]
        yield _joined(cells)


def _under(facts: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """What has no room beside: named, several on a line where they fit."""
    room = max(_LEAST, width - len(_INDENT))
    current = ""
    for name, value in facts:
        piece = f"{name} {' '.join(value.split(chr(10)))}"
        joined = f"{current}{' ' * _GAP}{piece}" if current else piece
        if cell_len(joined) <= room:
            current = joined
            continue
        if current:
            yield _INDENT + current
        *full, current = fold(piece, room)
        yield from (_INDENT + line for line in full)
    if current:
        yield _INDENT + current


def _joined(cells: Sequence[tuple[str, int, bool]]) -> str:
    return (" " * _GAP).join(_pad(text, size, is_right) for text, size, is_right in cells).rstrip()


def _pad(text: str, size: int, is_right: bool = False) -> str:
    space = " " * max(0, size - cell_len(text))
    return space + text if is_right else text + space
