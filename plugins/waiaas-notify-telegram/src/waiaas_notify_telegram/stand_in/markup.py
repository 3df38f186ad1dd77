"""``parse_mode`` HTML as the Bot API documents it: which tags there are, and what is refused ("can't parse entities")."""

import re
from dataclasses import dataclass

from waiaas_notify_telegram.stand_in.finding import found

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
MOST_ENTITIES = 100
_SPECIAL = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?|<", re.ASCII)
_START = re.compile(r"<([^\s>]*)((?:\s+[a-zA-Z-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[a-zA-Z0-9.-]+))*)\s*>")
_END = re.compile(r"</([^\s>]*)\s*>")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_LAST_OF_BASIC_PLANE = 0xFFFF
_SURROGATES = range(0xD800, 0xE000)


class ParseError(Exception):
    """What the markup is refused for, as the service says it."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A part of a text that is more than text. :param offset: in UTF-16 code units, like :param length:"""

    type: str
    offset: int
    length: int
    text: str


def units(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


class _Reader:
    def __init__(self, html: str) -> None:
        self._html = html
        self._text: list[str] = []
        self._length = 0
        self._open: list[tuple[str, int, int]] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        at = 0
        while special := _SPECIAL.search(self._html, at):
            self._put(self._html[at : special.start()])
            at = self._tag(special.start()) if special[0] == "<" else self._reference(special)
        self._put(self._html[at:])
        if self._open:
            raise ParseError(f"Can't find end tag corresponding to start tag {self._open[-1][0]}")
        return "".join(self._text), self._entities

    def _put(self, text: str) -> None:
        self._text.append(text)
        self._length += units(text)

    def _reference(self, found_one: re.Match[str]) -> int:
        decimal, hexadecimal, named = found_one.groups()
        number = ord(_NAMED[named]) if named else int(decimal) if decimal else int(hexadecimal, 16)
        if number in _SURROGATES:
            raise ParseError("Text contains invalid Unicode characters after decoding HTML entities")
        self._put(chr(number) if 0 < number <= 0x10FFFF else found_one[0])
        return found_one.end()

    def _tag(self, at: int) -> int:
        end = _END.match(self._html, at)
        if end is not None:
            self._close(end[1].lower(), at)
            return end.end()
        start = _START.match(self._html, at)
        if start is None:
            raise ParseError(f"Unclosed start tag at byte offset {self._byte(at)}")
        name = start[1].lower()
        if name not in TAGS or (name == "span" and "tg-spoiler" not in start[2]):
            raise ParseError(f'Unsupported start tag "{name}" at byte offset {self._byte(at)}')
        self._open.append((name, self._length, len(self._text)))
        return start.end()

    def _close(self, name: str, at: int) -> None:
        if not self._open:
            raise ParseError(f"Unexpected end tag at byte offset {self._byte(at)}")
        expected, offset, first = self._open.pop()
        if name not in ("", expected):
            raise ParseError(
                f'Unmatched end tag at byte offset {self._byte(at)}, expected "</{expected}>", found "</{name}>"'
            )
        inner = "".join(self._text[first:])
        if inner:
            self._entities.append(Entity(TAGS[expected], offset, self._length - offset, inner))

    def _byte(self, at: int) -> int:
        return len(self._html[:at].encode())


def parse(html: str) -> tuple[str, tuple[Entity, ...]]:
    """The text that a person sees, and what in it is styled or clickable, found by the service included.

    :raises ParseError: as Telegram refuses it
    """
    text, entities = _Reader(html).read()
    return finished(text, entities)


def finished(text: str, entities: list[Entity]) -> tuple[str, tuple[Entity, ...]]:
    """Trimmed, the first hundred entities kept, then everything else found that Telegram finds outside code."""
    cut = units(text) - units(text.lstrip())
    visible = text.strip()
    kept = [Entity(one.type, one.offset - cut, one.length, one.text) for one in entities][:MOST_ENTITIES]
    shielded = [one for one in kept if one.type in ("code", "pre")]
    automatic = [
        Entity(kind, units(visible[:start]), units(visible[start:end]), visible[start:end])
        for kind, start, end in found(visible)
    ]
    free = [one for one in automatic if not any(_overlap(one, other) for other in shielded)]
    return visible, tuple(sorted([*kept, *free], key=lambda one: (one.offset, -one.length)))


def _overlap(one: Entity, other: Entity) -> bool:
    return one.offset < other.offset + other.length and other.offset < one.offset + one.length
