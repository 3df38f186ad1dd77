"""LOG: each notification as one line of JSON in the daemon's log, on the logger ``waiaas.notifications``."""

import json
import logging
from typing import Any

from pydantic import BaseModel, ConfigDict

from waiaas.interfaces.notify import Notification, NotificationChannel

_LOGGER = logging.getLogger("waiaas.notifications")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}
_LONGEST_QUOTE = 200


class LogConfig(BaseModel):
    """Nothing can be configured."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogChannel(NotificationChannel):
    """Needs no service, and is never away. Buttons are named without their tokens, which are credentials."""

    type = "LOG"
    config_model = LogConfig

    def render(self, notification: Notification) -> dict[str, Any]:
        """``level`` and ``line``; the line is pure ASCII, so that no foreign word makes a line, a tag or an escape."""
        document = {
            "notification": notification.id,
            "event": notification.event,
            "severity": notification.severity,
            "title": notification.title,
            "lines": [list(pair) for pair in notification.lines],
            "quoted": [[label, _shortened(words)] for label, words in notification.quoted],
            "buttons": [button.label for button in notification.buttons],
        }
        level = _LEVELS.get(notification.severity, logging.CRITICAL)
        return {"level": level, "line": json.dumps(document, ensure_ascii=True).replace("\x7f", "\\u007f")}

    def send(self, rendered: Any, notification_id: str) -> str:
        """Log it; sending again logs again, with the same id."""
        _LOGGER.log(rendered["level"], "%s", rendered["line"])
        return notification_id

    def health(self) -> str:
        """Always the same word."""
        return "ready"


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST_QUOTE else words[: _LONGEST_QUOTE - 3] + "..."
