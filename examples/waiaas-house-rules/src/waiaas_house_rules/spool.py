"""SPOOL: each notification becomes one file in a folder, for another program to carry on."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from waiaas.errors import Misconfigured, RetryLater
from waiaas.interfaces.notify import Notification, NotificationChannel


class SpoolConfig(BaseModel):
    """A secret would be a ``SecretStr``; this has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="an existing folder of the daemon's user")


class Spool(NotificationChannel):
    """One instance serves one configured channel."""

    type = "SPOOL"
    config_model = SpoolConfig

    def render(self, notification: Notification) -> Any:
        """Pure: no I/O. Amounts and recipients stay whole; the agent's own words are marked as such."""
        document = {
            "event": notification.event,
            "severity": notification.severity,
            "title": notification.title,
            "facts": [list(pair) for pair in notification.lines],
            "others say": [[label, words[:200]] for label, words in notification.quoted],
        }
        return json.dumps(document, ensure_ascii=True, indent=1)

    def send(self, rendered: Any, notification_id: str) -> str:
        """At least once an id: the same id gives the same file, so a second attempt does no harm."""
        folder: Path = self._folder()
        name = hashlib.sha256(notification_id.encode()).hexdigest()[:32] + ".json"
        temporary = folder / f".{name}"
        try:
            temporary.write_text(rendered)
            os.replace(temporary, folder / name)
        except OSError as problem:
            raise RetryLater(f"the spool cannot be written: {problem.strerror}") from None
        return name

    def health(self) -> str:
        """A word for people."""
        return f"{len(list(self._folder().glob('*.json')))} waiting"

    def _folder(self) -> Path:
        assert isinstance(self.config, SpoolConfig)
        if not self.config.folder.is_dir():
            raise Misconfigured("the spool folder does not exist", hint=f"make {self.config.folder}")
        return self.config.folder
