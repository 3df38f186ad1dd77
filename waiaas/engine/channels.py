"""The operator's notification channels: added, changed, tried, removed. Configurations are encrypted and shown masked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError
from uuid6 import uuid7

from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.channel_configs import ChannelConfigs
from waiaas.engine.journal import Journal
from waiaas.engine.live_channels import Live, LiveChannels, secrets
from waiaas.engine.rules.text import shown
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady, PluginError, WaiaasError
from waiaas.interfaces.misfits import misfit
from waiaas.interfaces.notify import Notification
from waiaas.registry import Registry
from waiaas.store.database import Store, Unit
from waiaas.store.records import Channel

MASK = "**********"
"""What stands for a secret in an answer; sent back, it keeps the secret that is stored."""
_MOST_CHANNELS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelView:
    """A channel as it may be shown.

    :param config: with secrets masked; None while it cannot be read (signer locked, plugin missing)
    :param waiting: notices that are not delivered; :param trouble: what kept the last of them that was tried
    :param same_as: another channel of the same type and configuration, so that everything is told twice. Looked for
        where one channel is shown, not in lists
    """

    channel: Channel
    config: Mapping[str, Any] | None
    waiting: int
    trouble: str | None
    same_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a test notice.

    :param reference: the service's own of the message; :param health: what the channel says of itself
    """

    delivered: bool
    reference: str | None = None
    health: str | None = None
    code: str | None = None
    message: str | None = None
    hint: str = ""


class Channels:
    """Thread-safe.

    :param at_least: so many must stay enabled
    :param on_mended: told of a channel that a person saw work, or changed: no pause after failures holds for it any more
    """

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        configs: ChannelConfigs,
        live: LiveChannels,
        journal: Journal,
        clock: Clock,
        at_least: int,
        on_mended: Callable[[str], None] = lambda channel_id: None,
    ) -> None:
        self._store = store
        self._kinds = registry.channels
        self._configs = configs
        self._live = live
        self._journal = journal
        self._clock = clock
        self._at_least = at_least
        self._on_mended = on_mended
        self._trial = threading.Lock()

    def create(
        self, actor: Actor, *, type: str, config: Mapping[str, Any], priority: int = 0, enabled: bool = True
    ) -> ChannelView:
        """Store a channel; it is told of everything from this commit on.

        :raises BadRequest: with INVALID_CHANNEL, naming the field but never its value
        :raises NotReady: while the signer is locked: the configuration could not be encrypted
        """
        require_operator(actor)
        self._read(type, config)
        channel = Channel(
            id=str(uuid7()),
            created_at=self._clock.now(),
            type=type,
            config=self._configs.seal(_text(config)),
            priority=priority,
            enabled=enabled,
        )
        with self._store.write() as unit:
            if len(unit.channels.list()) >= _MOST_CHANNELS:
                raise Conflict(f"there are {_MOST_CHANNELS} channels already", code="LIMIT_REACHED", hint="remove one")
            unit.channels.insert(channel)
            self._record(unit, "channel.created", actor, channel, {"enabled": enabled})
        return self._beside_others(channel)

    def list(self, actor: Actor) -> Sequence[ChannelView]:
        """All of them, by priority."""
        require_operator(actor)
        return self._store.at_once(lambda unit: [self._view(channel) for channel in unit.channels.list()])

    def get(self, actor: Actor, channel_id: str) -> ChannelView:
        """One. :raises NotFound: there is none"""
        require_operator(actor)
        return self._beside_others(self._found(channel_id))

    def replace(self, actor: Actor, channel_id: str, changes: Mapping[str, Any]) -> ChannelView:
        """Change it; what is left out stays, also within ``config``. What waits for it is tried at once.

        :param changes: of ``config`` (a value of None takes its key out), ``priority``, ``enabled``
        :raises Conflict: when somebody else changed it meanwhile, or too few channels would be enabled
        :raises Denied: PASSWORD_REQUIRED where a stored secret would be used with another configuration
        """
        require_operator(actor)
        before = self._found(channel_id)
        sealed = before.config
        if changes.get("config") is not None:
            stored = self._stored(before)
            config = _merged(stored, changes["config"])
            model = self._read(before.type, config)
            if config != stored:
                _require_right_to_secrets(actor, model, changes["config"])
            sealed = self._configs.seal(_text(config))
        enabled = changes.get("enabled", before.enabled)
        with self._store.write() as unit:
            if before.enabled and not enabled:
                self._require_enough(unit, without=channel_id)
            priority = changes.get("priority", before.priority)
            if not unit.channels.replace(
                channel_id, before=before.config, config=sealed, priority=priority, enabled=enabled
            ):
                raise Conflict("this channel was changed meanwhile", hint="read it again")
            unit.outbox.hasten(channel_id, self._clock.now())
            details = {"changed": sorted(changes), "enabled": enabled, "priority": priority}
            unit.after_commit(lambda: self._on_mended(channel_id))
            self._record(unit, "channel.changed", actor, before, details)
        return self._view(self._found(channel_id))

    def delete(self, actor: Actor, channel_id: str) -> None:
        """Remove it, with everything that waits for it."""
        require_operator(actor)
        channel = self._found(channel_id)
        with self._store.write() as unit:
            if channel.enabled:
                self._require_enough(unit, without=channel_id)
            if not unit.channels.delete(channel_id):
                raise NotFound("there is no such channel", hint="see `waiaas notify list`")
            self._record(unit, "channel.deleted", actor, channel, {})
        self._live.forget(channel_id)

    def test(self, actor: Actor, channel_id: str) -> Trial:
        """Send a notice through it now, past the outbox, also where it is disabled. Network, on the caller's thread.

        :raises Conflict: while another test is under way
        :raises NotReady: while the signer is locked
        """
        require_operator(actor)
        channel = self._found(channel_id)
        if not self._trial.acquire(blocking=False):
            raise Conflict("another channel is being tested", hint="try again in a moment")
        try:
            trial = self._try(channel)
        finally:
            self._trial.release()
        now = self._clock.now()
        with self._store.write() as unit:
            if trial.delivered:
                unit.channels.note_result(channel_id, success_at=now)
                unit.outbox.hasten(channel_id, now)
                unit.after_commit(lambda: self._on_mended(channel_id))
            else:
                unit.channels.note_result(channel_id, failure_at=now)
            self._record(unit, "channel.tested", actor, channel, {"delivered": trial.delivered, "code": trial.code})
        return trial

    def _try(self, channel: Channel) -> Trial:
        live: Live | None = None
        try:
            live = self._live.of(channel)
            notice = self._test_notice(channel)
            reference = live.told(live.channel.send(live.channel.render(notice), notice.id))
            return Trial(delivered=True, reference=reference, health=_health(live))
        except PluginError as problem:
            told = shown if live is None else live.told
            return Trial(delivered=False, code=problem.code, message=told(problem.message), hint=told(problem.hint))
        except Exception as problem:
            if live is None and isinstance(problem, WaiaasError):
                raise
            return Trial(
                delivered=False, code="PLUGIN_ERROR", message=f"a fault of its plugin ({type(problem).__name__})"
            )

    def _test_notice(self, channel: Channel) -> Notification:
        return Notification(
            id=f"test:{uuid7()}",
            event="channel.tested",
            title="A test of this notification channel",
            lines=(("Channel", channel.id), ("Means", "you will be told here of payments that wait for you")),
        )

    def _require_enough(self, unit: Unit, without: str) -> None:
        left = [channel for channel in unit.channels.list(enabled=True) if channel.id != without]
        if len(left) < self._at_least:
            raise Conflict(
                f"notifications.min_channels is {self._at_least} and {len(left)} would be enabled",
                hint="add or enable another channel first",
            )

    def _found(self, channel_id: str) -> Channel:
        with self._store.read() as unit:
            channel = unit.channels.get(channel_id)
        if channel is None:
            raise NotFound("there is no such channel", hint="see `waiaas notify list`")
        return channel

    def _stored(self, channel: Channel) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._configs.unseal(channel.config))
        return document

    def _read(self, type_: str, config: Mapping[str, Any]) -> BaseModel:
        kind = self._kinds.get(type_)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise BadRequest(f"there is no channel type {type_!r}", code="INVALID_CHANNEL", hint=f"installed: {known}")
        try:
            return kind.config_model.model_validate_json(_text(config))
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "config"
            fields = ", ".join(kind.config_model.model_fields) or "none"
            raise BadRequest(
                f"{type_}: {shown(where)}: {shown(misfit(first))}", code="INVALID_CHANNEL", hint=f"its fields: {fields}"
            ) from None

    def _view(self, channel: Channel) -> ChannelView:
        with self._store.read() as unit:
            waiting, trouble = unit.outbox.waiting(channel.id)
        return ChannelView(channel=channel, config=self._masked(channel), waiting=waiting, trouble=trouble)

    def _beside_others(self, channel: Channel) -> ChannelView:
        """With the first other channel that leads to the same place; secrets are compared too."""
        with self._store.read() as unit:
            others = [other for other in unit.channels.by_type(channel.type) if other.id != channel.id]
        try:
            reads = self._read(channel.type, self._stored(channel))
            twin = next((one.id for one in others if self._read(one.type, self._stored(one)) == reads), None)
        except (BadRequest, NotReady):
            twin = None  # a configuration that cannot be read is compared with nothing
        return replace(self._view(channel), same_as=twin)

    def _masked(self, channel: Channel) -> Mapping[str, Any] | None:
        """As the plugin's model writes it, which masks its secrets; unknown to a plugin that does not take it any more."""
        try:
            model = self._read(channel.type, self._stored(channel))
        except (BadRequest, NotReady):
            return None
        document: dict[str, Any] = model.model_dump(mode="json")
        return document

    def _record(self, unit: Unit, event: str, actor: Actor, channel: Channel, details: Mapping[str, Any]) -> None:
        about = {"channelId": channel.id, "type": channel.type, **details}
        self._journal.record(unit, event, actor=actor.label, details=about, ip=actor.ip)


def _require_right_to_secrets(actor: Actor, model: BaseModel, given: Mapping[str, Any]) -> None:
    """Secrets are shown to nobody, so nobody may lead one to an address of their own with a token that was stolen."""
    said = set(_texts(given))
    is_kept = any(secret not in said for secret in secrets(model))
    if is_kept and not actor.by_password:
        raise Denied(
            "changing this channel and keeping its secrets needs the master password itself",
            code="PASSWORD_REQUIRED",
            hint="send X-Master-Password, or give the secrets anew",
        )


def _health(live: Live) -> str:
    """What the channel says of itself, be it an error: the notice went out."""
    try:
        return live.told(live.channel.health())
    except Exception as problem:  # noqa: BLE001 - a plugin may raise anything
        return live.told(getattr(problem, "message", type(problem).__name__))


def _texts(given: object) -> Iterator[str]:
    """Every text that was given, whole: that a secret's letters stand somewhere does not mean that somebody knows it."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        yield from (text for one in given.values() for text in _texts(one))
    elif isinstance(given, Sequence):
        yield from (text for one in given for text in _texts(one))


def _text(config: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(config), sort_keys=True, ensure_ascii=True).encode()


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**before, **{key: value for key, value in given.items() if value != MASK}}
    return {key: value for key, value in merged.items() if value is not None}
