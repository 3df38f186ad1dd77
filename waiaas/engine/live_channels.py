"""Live channels: an object of a plugin's class for each channel that is used, kept until its configuration changes.

Whatever a channel says or raises is masked of its configuration's secrets here, before anything is stored, logged or answered.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from waiaas.engine.rules.text import shown
from waiaas.errors import Misconfigured, PluginError, RetryLater
from waiaas.interfaces.notify import NotificationChannel
from waiaas.registry import Registry
from waiaas.store.records import Channel

_log = logging.getLogger("waiaas.outbox")
Unseal = Callable[[str], bytes]
"""Opens a channel's stored configuration, given as it stands in the database."""
_PLUGIN_AWAY_SECONDS = 3600
_TAMPERED_SECONDS = 60
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A channel that can be used. :param secrets: values that leave it in no text"""

    channel: NotificationChannel
    config: str
    secrets: tuple[str, ...]

    def masked(self, text: str) -> str:
        """``text`` without the secrets."""
        return masked(text, self.secrets)

    def told(self, text: object) -> str:
        """A channel's own words, fit to be stored and shown."""
        return shown(self.masked(str(text)))


class LiveChannels:
    """Makes and keeps them. Thread-safe.

    :param holds: whether a channel's row is as the daemon wrote it last
    """

    def __init__(
        self, registry: Registry, unseal: Unseal, holds: Callable[[Channel], bool] = lambda channel: True
    ) -> None:
        self._kinds = registry.channels
        self._holds = holds
        self._unseal = unseal
        self._live: dict[str, Live] = {}
        self._lock = threading.Lock()

    def of(self, channel: Channel) -> Live:
        """The object that serves ``channel`` as it is configured now.

        :raises NotReady: the signer is locked, so its configuration cannot be read
        :raises RetryLater: its plugin is not loaded, or its row was changed outside of the daemon
        :raises Misconfigured: its plugin does not take its configuration any more
        """
        if not self._holds(channel):
            raise RetryLater("its row was changed outside of the daemon", retry_after=_TAMPERED_SECONDS)
        with self._lock:
            known = self._live.get(channel.id)
            if known is not None and known.config == channel.config:
                return known
            made = self._make(channel)
            self._live[channel.id] = made
        if known is not None:
            known.channel.close()
        return made

    def forget(self, channel_id: str) -> None:
        """Close the object of a channel that is gone."""
        with self._lock:
            known = self._live.pop(channel_id, None)
        if known is not None:
            known.channel.close()

    def close(self) -> None:
        """Close them all."""
        for channel_id in tuple(self._live):
            self.forget(channel_id)

    def _make(self, channel: Channel) -> Live:
        kind = self._kinds.get(channel.type)
        if kind is None:
            raise RetryLater(
                f"no plugin knows the channel type {shown(channel.type)}", retry_after=_PLUGIN_AWAY_SECONDS
            )
        try:
            config = kind.config_model.model_validate_json(self._unseal(channel.config))
        except ValidationError:
            raise Misconfigured("the plugin does not take this channel's configuration any more") from None
        words = tuple(sorted(secrets(config), key=len)[::-1])
        return Live(channel=_constructed(kind, config, words), config=channel.config, secrets=words)


def _constructed(kind: type[NotificationChannel], config: BaseModel, words: Sequence[str]) -> NotificationChannel:
    """The plugin's object. Nothing that it says while it is made is passed on unmasked.

    :raises Misconfigured, RetryLater: whatever it raised
    """
    try:
        return kind(config)
    except PluginError as problem:
        become = RetryLater if isinstance(problem, RetryLater) else Misconfigured
        message, hint = (masked(text, words) for text in (problem.message, problem.hint))
        raise become(message, hint=hint, retry_after=problem.retry_after) from None
    except Exception as problem:  # noqa: BLE001 - a plugin may raise anything
        _log.error("a channel cannot be made: %s", masked("".join(traceback.format_exception(problem)), words))
        raise RetryLater(f"a fault of its plugin ({type(problem).__name__})") from None


def masked(text: str, words: Iterable[str]) -> str:
    """Pure. ``text`` without secret words. :param words: the longest first"""
    for word in words:
        text = text.replace(word, "***")
    return text


def secrets(value: Any) -> Iterator[str]:
    """Pure. Every secret in a configuration, however deep."""
    if isinstance(value, SecretStr | SecretBytes):
        found = value.get_secret_value()
        text = found.decode(errors="replace") if isinstance(found, bytes) else found
        if len(text) >= _SHORTEST_SECRET:
            yield text
        return
    inner: Iterable[Any] = ()
    if isinstance(value, BaseModel):
        inner = (getattr(value, name) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        inner = value
    for one in inner:
        yield from secrets(one)
