"""The daemon's log: JSON lines, rotated, private, with secrets masked whoever wrote them."""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

_SECRETS = re.compile(
    r"(wai_(?:sess|op)_)[A-Za-z0-9_-]+|((?i:x-master-password|authorization|password)['\"]?\s*[:=]\s*)\S+"
)
_QUIET = ("httpcore", "httpx", "waitress", "urllib3")


def redact(text: str) -> str:
    """Pure. ``text`` with tokens and passwords masked."""
    return _SECRETS.sub(lambda found: f"{found.group(1) or found.group(2)}***", text)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class _PrivateRotatingFile(RotatingFileHandler):
    """Opens every file of the rotation for the owner alone."""

    def _open(self):  # type: ignore[no-untyped-def]
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def set_up(path: Path, level: str, max_bytes: int, max_files: int) -> logging.Handler:
    """Send every logger's lines to ``path``, and warnings to standard error too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateRotatingFile(path, maxBytes=max_bytes, backupCount=max_files)
    handler.setFormatter(JsonLines())
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.WARNING)
    console.setFormatter(_Plain("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler, console]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


class _Plain(logging.Formatter):
    """Lines for a terminal: redacted, and without the stack."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(f"waiaas: {record.levelname.lower()}: {record.getMessage()}")
