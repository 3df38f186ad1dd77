"""From a notification to messages that the Bot API takes. Pure and total.

Facts are never cut away: where they do not fit into one message they go on in another. The agent's own words come last and get
what room is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from waiaas.interfaces.notify import Button, Notification
from waiaas_notify_telegram.words import code, heading, shortened, tidy, units

LONGEST = 4096
"""UTF-16 code units of a message's text, after its markup is read (Bot API, sendMessage)."""
_MOST_LINES = 40
"""In one message. Telegram keeps the first 100 entities of a message; text beyond them would lose its protection."""
_ROOM_FOR_QUOTES = 160
_LONGEST_TITLE = 200
_LONGEST_LABEL = 64
_LONGEST_VALUE = 1024
_MOST_QUOTES = 8
_LONGEST_TOKEN = 64
_SEPARATOR = ": "
_QUOTES_HEADING = "Said by others, not checked"
_MARKS = {"critical": "CRITICAL"}


@dataclass(slots=True)
class _Sheet:
    """One message in the making. :param used: units of its text"""

    html: list[str] = field(default_factory=list)
    used: int = 0
    lines: int = 0

    def put(self, html: str, visible: int) -> None:
        """Add a line of so many units; the line break before it counts too."""
        self.html.append(html)
        self.used += visible + (self.lines > 0)
        self.lines += 1

    def has_room(self, visible: int, limit: int) -> bool:
        return self.lines < _MOST_LINES and self.used + 1 + visible <= limit


def messages(notification: Notification) -> list[dict[str, Any]]:
    """Bodies of ``sendMessage``, without the chat; at least one, in order."""
    limit = LONGEST - (_ROOM_FOR_QUOTES if notification.quoted else 0)
    sheets = [_Sheet()]
    title = _title(notification)
    sheets[-1].put(heading(title), units(title))
    for label, value in notification.lines:
        html, visible = _line(label, value, _LONGEST_VALUE)
        if not sheets[-1].has_room(visible, limit):
            sheets.append(_Sheet())
        sheets[-1].put(html, visible)
    _quote(sheets[-1], notification.quoted)
    bodies = [_body("\n".join(sheet.html)) for sheet in sheets]
    if keyboard := _keyboard(notification.buttons):
        bodies[-1]["reply_markup"] = {"inline_keyboard": keyboard}
    return bodies


def _title(notification: Notification) -> str:
    words = tidy(notification.title) or tidy(notification.event) or "Notification"
    mark = _MARKS.get(notification.severity, "")
    return shortened(f"{mark} - {words}" if mark else words, _LONGEST_TITLE)


def _line(label: str, value: str, room: int) -> tuple[str, int]:
    """Markup and visible length. The host's values have at most 1000 characters, so that no amount or address is cut."""
    name = shortened(tidy(label), _LONGEST_LABEL) or "-"
    shown = shortened(tidy(value), room) or "-"
    return f"{heading(name)}{_SEPARATOR}{code(shown)}", units(name) + len(_SEPARATOR) + units(shown)


def _quote(sheet: _Sheet, quoted: Sequence[tuple[str, str]]) -> None:
    """Each quote gets an equal part of the room that is left, and what those before it did not use."""
    if not quoted:
        return
    sheet.put("", 0)
    sheet.put(heading(_QUOTES_HEADING) + ":", units(_QUOTES_HEADING) + 1)
    chosen = quoted[:_MOST_QUOTES]
    for index, (label, words) in enumerate(chosen):
        share = (LONGEST - sheet.used) // (len(chosen) - index)
        room = share - 1 - len(_SEPARATOR) - units(shortened(tidy(label), _LONGEST_LABEL) or "-")
        if room > 0:
            sheet.put(*_line(label, words, room))


def _keyboard(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    return [
        [{"text": shortened(tidy(button.label), _LONGEST_LABEL) or "-", "callback_data": button.token}]
        for button in buttons
        if 0 < len(button.token.encode(errors="replace")) <= _LONGEST_TOKEN and button.token.isprintable()
    ]


def _body(text: str) -> dict[str, Any]:
    return {"text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
