"""Importing one plugin and asking its hooks, each on its own, so that none can silence, wrap or break another.

Runs in the daemon for what is to be used, and in a child process for what is only to be looked at.
"""

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pluggy
from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError

from waiaas import hookspecs
from waiaas.interfaces.chain import ChainAdapter, Network
from waiaas.interfaces.events import Event
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource
from waiaas.interfaces.signing import Scheme
from waiaas.registry.installed import Installed
from waiaas.registry.records import Listener, Registers

STATEMENT = "waiaas_plugin_api"
_CHAIN = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_RESERVED = frozenset({"sources", "decimals"})
"""Keys of ``[prices]`` that cannot be a source's table too."""
_LONGEST = 300
Implementations = Mapping[str, Sequence[pluggy.HookImpl]]


class _Nothing(BaseModel):
    """Settings of a family that has none."""


class Fault(Exception):
    """Why a plugin is left out. :param api_version: what it stated, as far as that was learnt"""

    def __init__(self, message: str, api_version: int | None = None) -> None:
        super().__init__(message)
        self.message = printable(message)
        self.api_version = api_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one plugin brings."""

    api_version: int
    chains: Mapping[str, type[ChainAdapter]]
    policy_types: Mapping[str, PolicyType[Any]]
    channels: Mapping[str, type[NotificationChannel]]
    price_sources: Mapping[str, type[PriceSource]]
    listeners: tuple[Listener, ...]

    @property
    def registers(self) -> Registers:
        """The names alone."""
        return Registers(
            chains=tuple(self.chains),
            policy_types=tuple(self.policy_types),
            channels=tuple(self.channels),
            price_sources=tuple(self.price_sources),
        )


def printable(text: str) -> str:
    """A plugin's words on one line: unprintable characters (controls, bidi, zero-width) gone, at most 300."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(clean.split())[:_LONGEST]


def told_by(error: BaseException) -> str:
    """An exception in a few words; its own ``str`` may fail too."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - a plugin's exception may do anything
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def ask(plugin: Installed, api_version: int) -> Answer:
    """Import the plugin and call its hooks. May hang or end the process, as any import may: guard it.

    :raises Fault: for whatever the plugin does wrong
    """
    subject, stated = _imported(plugin, api_version)
    try:
        found = _implementations(subject, plugin.name)
        return Answer(
            api_version=api_version,
            chains=_collected(found, "waiaas_chain_adapters", _chain),
            policy_types=_collected(found, "waiaas_policy_types", _policy_type),
            channels=_collected(found, "waiaas_notification_channels", _channel),
            price_sources=_collected(found, "waiaas_price_sources", _price_source),
            listeners=tuple(_listener(plugin.name, hook) for hook in found.get("waiaas_event", ())),
        )
    except Fault as fault:
        raise Fault(fault.message, stated) from fault.__cause__


def ask_policy_types(plugin: Installed, api_version: int) -> Mapping[str, PolicyType[Any]]:
    """Import the plugin and call this one hook: what a process that only judges needs. As dangerous as :func:`ask`.

    :raises Fault: for whatever the plugin does wrong
    """
    subject, _ = _imported(plugin, api_version)
    return _collected(_implementations(subject, plugin.name), "waiaas_policy_types", _policy_type)


def _imported(plugin: Installed, api_version: int) -> tuple[object, int]:
    """The entry point's object and the version it states. :raises Fault: when that is another version"""
    subject = _attempt("import", plugin.entry_point.load)
    stated = _stated(subject, sys.modules.get(plugin.entry_point.module))
    if stated != api_version:
        said = f"it states plugin API {stated}" if stated is not None else f"it does not state {STATEMENT}"
        raise Fault(f"{said}, this is {api_version}", stated)
    return subject, stated


def _attempt(what: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Fault:
        raise
    except (Exception, SystemExit) as error:
        raise Fault(f"{what} failed: {told_by(error)}") from error


def _stated(subject: object, module: object) -> int | None:
    """The version that the entry point's object states, or else its module."""
    stated = _attempt(f"reading {STATEMENT}", lambda: getattr(subject, STATEMENT, getattr(module, STATEMENT, None)))
    return stated if type(stated) is int else None


def _implementations(subject: object, name: str) -> Implementations:
    """The plugin's hook implementations, from a manager that knows no other plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _attempt("registering hooks", lambda: manager.register(subject, name))
    callers = manager.get_hookcallers(subject) or []
    found = {caller.name: caller.get_hookimpls() for caller in callers}
    for hook, implementations in found.items():
        if any(one.wrapper or one.hookwrapper for one in implementations):
            raise Fault(f"it wraps the hook {hook}: wrappers are refused")
    _attempt("checking hooks", manager.check_pending)
    if not found:
        raise Fault("it implements no hook (waiaas.hookspecs.hookimpl marks implementations)")
    return found


def _collected(found: Implementations, hook: str, read: Callable[[object], tuple[str, Any]]) -> dict[str, Any]:
    """Call one hook and read each class that it returns."""
    collected: dict[str, Any] = {}
    for implementation in found.get(hook, ()):
        classes = _attempt(hook, implementation.function)
        if not isinstance(classes, list | tuple):
            raise Fault(f"{hook} returned {type(classes).__name__}, not a list of classes")
        for name, value in (_attempt(hook, partial(read, one)) for one in classes):
            if name in collected:
                raise Fault(f"{hook} returned {name} twice")
            collected[name] = value
    return collected


def _chain(given: object) -> tuple[str, type[ChainAdapter]]:
    adapter = _concrete(given, ChainAdapter)
    _model(adapter, "settings_model")
    word = _word(adapter, "chain", _CHAIN)
    _forms(adapter)
    _networks(adapter)
    return word, adapter


def _forms(adapter: type[ChainAdapter]) -> None:
    """An agent is made with the first form and the scheme that it needs."""
    forms = getattr(adapter, "forms", None)
    if not isinstance(forms, Mapping) or not forms:
        raise Fault(f"{adapter.__name__}.forms names no form of address: no agent could be made")
    if not all(isinstance(form, str) and form and isinstance(scheme, Scheme) for form, scheme in forms.items()):
        raise Fault(f"{adapter.__name__}.forms is no mapping of words to schemes of the signer")


def _networks(adapter: type[ChainAdapter]) -> None:
    """The networks that it names with no settings of anybody's; a family whose settings have no defaults is not asked."""
    try:
        settings = (_Nothing if adapter.settings_model is BaseModel else adapter.settings_model)()
    except ValidationError:
        return
    found = _attempt(f"{adapter.__name__}.networks", lambda: tuple(adapter.networks(settings)))
    if not all(isinstance(one, Network) for one in found):
        raise Fault(f"{adapter.__name__}.networks returned what is no Network")
    names = [one.name for one in found]
    if len(set(names)) != len(names):
        raise Fault(f"{adapter.__name__}.networks returned two networks of one name")


def _policy_type(given: object) -> tuple[str, PolicyType[Any]]:
    kind = _concrete(given, PolicyType)
    _model(kind, "rules_model")
    if not isinstance(getattr(kind, "grants", None), bool):
        raise Fault(f"{kind.__name__}.grants is not a boolean")
    return _word(kind, "type", _TYPE), kind()


def _channel(given: object) -> tuple[str, type[NotificationChannel]]:
    channel = _concrete(given, NotificationChannel)
    _model(channel, "config_model")
    return _word(channel, "type", _TYPE), channel


def _price_source(given: object) -> tuple[str, type[PriceSource]]:
    source = _concrete(given, PriceSource)
    _model(source, "settings_model")
    name = _word(source, "name", _CHAIN)
    if name in _RESERVED:
        raise Fault(f"{source.__name__}.name is {name}, which means something else in [prices]")
    return name, source


def _concrete(given: object, wanted: type[Any]) -> Any:
    if not isinstance(given, type) or not issubclass(given, wanted):
        raise Fault(f"{getattr(given, '__name__', type(given).__name__)} is no class of {wanted.__name__}")
    if inspect.isabstract(given):
        missing = ", ".join(sorted(getattr(given, "__abstractmethods__", ())))
        raise Fault(f"{given.__name__} lacks {missing}")
    return given


def _model(owner: type[Any], name: str) -> None:
    model = getattr(owner, name, None)
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        raise Fault(f"{owner.__name__}.{name} is no pydantic model")
    if model is BaseModel:
        return  # an empty model: nothing is configured
    try:
        model.model_json_schema()
    except PydanticUserError:
        raise Fault(f"{owner.__name__}.{name} has no JSON Schema") from None


def _word(owner: type[Any], name: str, pattern: re.Pattern[str]) -> str:
    word = getattr(owner, name, None)
    if not isinstance(word, str) or not pattern.fullmatch(word):
        raise Fault(f"{owner.__name__}.{name} does not match {pattern.pattern}")
    return word


def _listener(plugin: str, implementation: pluggy.HookImpl) -> Listener:
    """An implementation may leave the argument out; what it asks for was checked against the specification."""
    function = implementation.function
    if not implementation.argnames:
        return Listener(plugin=plugin, tell=lambda event: function())

    def tell(event: Event) -> object:
        return function(event)

    return Listener(plugin=plugin, tell=tell)
