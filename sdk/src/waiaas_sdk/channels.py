"""Notification channels, for the operator."""

from collections.abc import Mapping
from typing import Any

from waiaas_sdk.credentials import Credentials
from waiaas_sdk.models import Channel, ChannelTest, Page
from waiaas_sdk.parsing import parse
from waiaas_sdk.transport import path_of

_PATH = "/v1/notification-channels"


class Channels:
    """Where people hear of what happens. ``config`` is a document of the type, snake_case; secrets come back masked."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def create(self, type: str, config: Mapping[str, Any], *, priority: int = 0, enabled: bool = True) -> Channel:
        """Add one. :param type: such as ``TELEGRAM``"""
        body = {"type": type, "config": dict(config), "priority": priority, "enabled": enabled}
        return parse(Channel, self._credentials.call("POST", _PATH, body=body))

    def list(self) -> list[Channel]:
        """All of them, by priority."""
        return self._credentials.get(Page[Channel], _PATH).items

    def show(self, channel_id: str) -> Channel:
        """One channel."""
        return self._credentials.get(Channel, path_of("v1", "notification-channels", channel_id))

    def update(
        self,
        channel_id: str,
        *,
        config: Mapping[str, Any] | None = None,
        priority: int | None = None,
        enabled: bool | None = None,
    ) -> Channel:
        """Change what is given, keep the rest, also within ``config``, where None takes a key out."""
        given = {"config": None if config is None else dict(config), "priority": priority, "enabled": enabled}
        body = {name: value for name, value in given.items() if value is not None}
        path = path_of("v1", "notification-channels", channel_id)
        return parse(Channel, self._credentials.call("PUT", path, body=body))

    def delete(self, channel_id: str) -> None:
        """Remove one, with what waits for it."""
        self._credentials.call("DELETE", path_of("v1", "notification-channels", channel_id))

    def test(self, channel_id: str) -> ChannelTest:
        """Send a notice through it now, and hear what became of it."""
        path = path_of("v1", "notification-channels", channel_id, "test")
        return parse(ChannelTest, self._credentials.call("POST", path, body={}))
