"""Every service method that is told who asks refuses whom it is not for: routes are not its only door."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import waiaas.engine
from waiaas.engine.actors import Actor
from waiaas.errors import Denied

BOTH = {
    "Transactions.cancel",
    "Transactions.cancel_onchain",
    "Transactions.get",
    "Transactions.list",
    "Transactions.pending",
    "Transactions.send",
    "Transactions.simulate",
    "Transactions.speed_up",
    "Replacements.ask",
}
"""For sessions and the operator alike: they look at whose the row is. Tests of payments and wishes hold them."""
OF_SESSIONS = {
    "Sessions.renew",
    "Wallet.address",
    "Wallet.assets",
    "Wallet.balance",
    "Wallet.connect_info",
    "Wallet.require_sendable",
}
FOR_NOBODY = {"KillSwitch.activate", "KillSwitch.hold", "Operator.login"}
"""A stop may come from whoever reaches the socket; who logs in shows a password."""


def told_who_asks() -> Iterator[tuple[str, type, Callable[..., object]]]:
    """Every public method of a class of the engine whose first argument is the actor."""
    for module in pkgutil.iter_modules(waiaas.engine.__path__, "waiaas.engine."):
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            for name, function in inspect.getmembers(cls, inspect.isfunction):
                first = [*inspect.signature(function).parameters][1:2]
                if cls.__module__ == module.name and not name.startswith("_") and first == ["actor"]:
                    yield f"{cls.__name__}.{name}", cls, function


METHODS = {name: (cls, function) for name, cls, function in told_who_asks()}


def test_the_walk_sees_the_services() -> None:
    """What is excepted is there, and most is not excepted."""
    assert METHODS.keys() >= BOTH | OF_SESSIONS | FOR_NOBODY
    assert len(METHODS) > 50


@pytest.mark.parametrize("kind", ["session", "nobody", "system"])
@pytest.mark.parametrize("name", sorted(METHODS.keys() - BOTH - OF_SESSIONS - FOR_NOBODY))
def test_only_the_operator_may(name: str, kind: Any) -> None:
    """A session, nobody and the house itself are refused with FORBIDDEN by the method itself."""
    assert refusal(name, Actor(kind=kind)) == "FORBIDDEN"


@pytest.mark.parametrize("kind", ["operator", "nobody", "system"])
@pytest.mark.parametrize("name", sorted(OF_SESSIONS))
def test_only_a_session_may(name: str, kind: Any) -> None:
    """Whoever is no agent's session is refused with FORBIDDEN by the method itself."""
    assert refusal(name, Actor(kind=kind)) == "FORBIDDEN"


def test_a_session_stops_nothing() -> None:
    """The kill switch is for whoever reaches the socket or has the password, and for no agent."""
    assert refusal("KillSwitch.activate", Actor(kind="session")) == "FORBIDDEN"


def refusal(name: str, actor: Actor) -> str:
    """The code of the refusal. The service was never made, so that whatever else the method does is an error."""
    cls, function = METHODS[name]
    more = [one for one in [*inspect.signature(function).parameters.values()][2:] if one.default is one.empty]
    positional = [None for one in more if one.kind is not one.KEYWORD_ONLY]
    named = {one.name: None for one in more if one.kind is one.KEYWORD_ONLY}
    with pytest.raises(Denied) as refused:
        function(object.__new__(cls), actor, *positional, **named)
    return refused.value.code
