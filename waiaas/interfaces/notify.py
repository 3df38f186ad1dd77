"""Notification channels: how a person hears of what happened."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A choice offered with a notification.

    :param token: opaque, single use, at most 64 bytes: a handle to a row that binds chat, user, transaction, digest,
        decision and expiry
    """

    label: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to a person.

    :param id: the same for every attempt at the same delivery
    :param event: an event's word, such as ``transaction.approval_requested``
    :param lines: label and value pairs, from decoded bytes and the host's own records, the most important first; any
        value is one line of at most 1000 characters, an address has at most 128
    :param quoted: words of the agent and of others, to be shown as such; shortened first where space is short
    :param severity: info, warning or critical
    :param locale: BCP 47
    """

    id: str
    event: str
    title: str
    lines: tuple[tuple[str, str], ...]
    quoted: tuple[tuple[str, str], ...] = ()
    severity: str = "info"
    locale: str = "en"
    buttons: tuple[Button, ...] = ()


Model = type[BaseModel]


class NotificationChannel(ABC):
    """One kind of channel; an instance serves one configured channel, for as long as its configuration stays as it is.

    The host delivers to one instance from one thread at a time, while ``health`` and a test may come from another; other
    channels have other threads. What is raised is masked of the configuration's secrets before it is kept.
    """

    type: ClassVar[str]
    """Upper snake case, unique among all installed plugins."""
    config_model: ClassVar[Model]
    """Reads the channel's configuration; secrets are ``SecretStr``."""

    def __init__(self, config: BaseModel) -> None:
        self.config = config

    @abstractmethod
    def render(self, notification: Notification) -> Any:
        """Pure, total; a JSON-able value. Escapes all; shortens ``quoted`` first, never amounts, recipients or buttons."""

    @abstractmethod
    def send(self, rendered: Any, notification_id: str) -> str:
        """Network, within a time limit of its own. At least once an id; returns the service's reference of the message.

        :raises RetryLater: the service is away or asks for patience; ``retry_after`` where it said how long
        :raises Undeliverable: this message can never go out here
        :raises Misconfigured: a person has to mend the channel
        """

    @abstractmethod
    def health(self) -> str:
        """Network. One word or sentence on whether messages can go out. :raises: as ``send`` does"""

    def close(self) -> None:  # noqa: B027 - most channels hold nothing
        """Let go of connections. The last call; may come while a ``send`` of another thread is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that was pressed. :param user: identity as the service attests it, never from text"""

    id: str
    user: str
    chat: str
    token: str


class Interactive(ABC):
    """A channel through which a person can answer."""

    @abstractmethod
    def poll(self, offset: str | None, seconds: int) -> tuple[tuple[Press, ...], str | None]:
        """Network. Presses since ``offset``. :raises Conflicted: when somebody else polls"""

    @abstractmethod
    def settle(self, press: Press, text: str) -> None:
        """Network. Tell the person what became of the press."""
