"""Notification channels on the wire. ``config`` is a document of the channel's type, in snake_case, which its plugin reads."""

from typing import TYPE_CHECKING, Any

from waiaas.api.models.wire import Answered, Asked, Count, Priority, UnixSeconds, Word

if TYPE_CHECKING:
    from waiaas.engine.channels import ChannelView, Trial


class CreateChannel(Asked):
    """:param type: such as ``TELEGRAM``, see GET /v1/plugins"""

    type: Word
    config: dict[str, Any]
    priority: Priority = 0
    enabled: bool = True


class ReplaceChannel(Asked):
    """What is left out stays, also within ``config``, where null takes a key out. The type cannot be changed."""

    config: dict[str, Any] | None = None
    priority: Priority | None = None
    enabled: bool | None = None


class ChannelItem(Answered):
    """A channel.

    :param config: secrets are masked; null while it cannot be read
    :param waiting: notices that are not delivered yet; :param trouble: what kept the last of them that was tried
    :param same_as: another channel of the same type and configuration: everything is told twice
    """

    id: str
    type: str
    config: dict[str, Any] | None
    priority: Priority
    enabled: bool
    created_at: UnixSeconds
    last_success_at: UnixSeconds | None
    last_failure_at: UnixSeconds | None
    waiting: Count
    trouble: str | None
    same_as: str | None

    @classmethod
    def of(cls, view: "ChannelView") -> "ChannelItem":
        """From the engine's view."""
        channel = view.channel
        return cls(
            id=channel.id,
            type=channel.type,
            config=None if view.config is None else dict(view.config),
            priority=channel.priority,
            enabled=channel.enabled,
            created_at=channel.created_at,
            last_success_at=channel.last_success_at,
            last_failure_at=channel.last_failure_at,
            waiting=view.waiting,
            trouble=view.trouble,
            same_as=view.same_as,
        )


class TrialItem(Answered):
    """What became of a test. :param reference: the service's own of the message; :param code: why it did not go out"""

    delivered: bool
    reference: str | None
    health: str | None
    code: str | None
    message: str | None
    hint: str

    @classmethod
    def of(cls, trial: "Trial") -> "TrialItem":
        """From the engine's."""
        return cls(
            delivered=trial.delivered,
            reference=trial.reference,
            health=trial.health,
            code=trial.code,
            message=trial.message,
            hint=trial.hint,
        )
