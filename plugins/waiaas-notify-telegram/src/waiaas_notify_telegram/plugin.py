"""The entry point. Light to import: the channel, and httpx with it, loads when the host asks for it."""

from collections.abc import Sequence

from waiaas.hookspecs import hookimpl
from waiaas.interfaces.notify import NotificationChannel

waiaas_plugin_api = 1


@hookimpl
def waiaas_notification_channels() -> Sequence[type[NotificationChannel]]:
    """TELEGRAM."""
    from waiaas_notify_telegram.channel import TelegramChannel  # noqa: PLC0415 - see above

    return [TelegramChannel]
