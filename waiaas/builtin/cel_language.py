"""CEL over the facts: the variables and functions that an expression may use, and its evaluation.

Imported only where expressions are read or judged, which is a process of its own: neither the command line nor the daemon loads
the library. CEL has no loops, no I/O and no clock, its regular expressions take linear time, and types are checked before an
expression is stored.

CEL's integers have 64 bits, amounts have not: amounts are texts here, of base units or of dollars, and are compared by
functions of ours, exactly and without a float.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cel_expr_python import cel

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.money import USD_DECIMALS, leaving_value
from waiaas.interfaces.policy import Facts

UNLIMITED = "unlimited"
"""The units of an effect without a bound: more than every amount."""
_TEXT = cel.Type.STRING
_EFFECTS = cel.Type.List(cel.Type.Map(_TEXT, _TEXT))
_AMOUNT = re.compile(r"([0-9]{1,90})(?:\.([0-9]{1,30}))?", re.ASCII)
_LEAVING = frozenset({What.OUT.value, What.LOCKED.value, What.APPROVE.value})
_VARIABLES = {
    **dict.fromkeys(
        ("agent", "session", "chain", "network", "native", "kind", "fee", "owner_state", "leaving_usd"), _TEXT
    ),
    "now": cel.Type.INT,
    "held_seconds": cel.Type.INT,
    "effects": _EFFECTS,
    "prices": cel.Type.Map(_TEXT, _TEXT),
}


class Failed(Exception):
    """An expression that has no value for these facts."""


class PriceMissing(Exception):
    """An expression whose value depends on a price that there is not."""


def check(expression: str) -> None:
    """Whether it is an expression over these variables that is true or false. :raises Malformed: where not, and why"""
    try:
        found = _compiled(expression).return_type()
    except RuntimeError as problem:
        raise Malformed(f"expression: {_first_line(problem)}", hint="docs/policies.md has the variables") from None
    if found != cel.Type.BOOL:
        raise Malformed(f"expression: it is {found.name()}, not true or false", hint="compare it with something")


def is_true(expression: str, facts: Facts) -> bool:
    """Pure. The expression's value.

    :raises PriceMissing: where it has none for want of a price, and would have one with it
    :raises Failed: where it has none
    """
    variables = _variables(facts)
    try:
        return _value(expression, variables)
    except Failed:
        if not _is_true_or_false(expression, {**variables, **_any_price(facts)}):
            raise
    raise PriceMissing


def _is_true_or_false(expression: str, variables: Mapping[str, object]) -> bool:
    try:
        _value(expression, variables)
    except Failed:
        return False
    return True


def _value(expression: str, variables: Mapping[str, object]) -> bool:
    try:
        value = _compiled(expression).eval(data=variables)
    except RuntimeError as problem:
        raise Failed(_first_line(problem)) from None
    found = value.value()
    if value.type() != cel.Type.BOOL or not isinstance(found, bool):  # an error is a value of the type ERROR
        raise Failed(_first_line(found))
    return found


def _variables(facts: Facts) -> dict[str, object]:
    worth, unpriced = leaving_value(facts.effects, facts.resolved.assets, facts.prices)
    usd = {} if unpriced else {"leaving_usd": _dollars(worth)}
    return {
        "now": facts.now,
        "agent": facts.agent,
        "session": facts.session or "",
        "chain": facts.chain,
        "network": facts.network,
        "native": facts.native,
        "kind": facts.kind.value,
        "effects": [_effect(effect) for effect in facts.effects],
        "fee": str(facts.fee.units),
        "prices": {asset: price for asset, (price, _) in facts.prices.items()},
        "owner_state": facts.owner_state,
        "held_seconds": facts.held_seconds,
        **usd,
    }


def _any_price(facts: Facts) -> dict[str, object]:
    """What the facts would be like if everything were priced."""
    known = {asset: price for asset, (price, _) in facts.prices.items()}
    assets = {asset.id for asset in facts.resolved.assets} | {effect.asset for effect in facts.effects if effect.asset}
    return {"leaving_usd": "0", "prices": {**dict.fromkeys(assets, "0"), **known}}


def _effect(effect: Effect) -> dict[str, str]:
    return {
        "what": effect.what.value,
        "asset": effect.asset or "",
        "units": UNLIMITED if effect.units is None else str(effect.units),
        "to": effect.to or "",
        "method": effect.method or "",
    }


def _dollars(micro: int) -> str:
    whole, part = divmod(micro, 10**USD_DECIMALS)
    return f"{whole}.{part:0{USD_DECIMALS}d}"


def _leaving(effects: Sequence[Mapping[str, str]], asset: str) -> str:
    """Base units of an asset that leave, are locked, or may be taken later."""
    found = [one["units"] for one in effects if one["what"] in _LEAVING and one["asset"] == asset]
    return UNLIMITED if UNLIMITED in found else str(sum(int(units) for units in found))


def _compared(left: str, right: str) -> int:
    """-1, 0 or 1. :raises ValueError: when either is no amount"""
    (one, of_one), (other, of_other) = _fraction(left), _fraction(right)
    if of_one == 0 or of_other == 0:
        return (of_one == 0) - (of_other == 0)
    return (one * of_other > other * of_one) - (one * of_other < other * of_one)


def _fraction(text: str) -> tuple[int, int]:
    """Numerator and denominator; the denominator 0 is beyond every amount."""
    if text == UNLIMITED:
        return 1, 0
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no amount")
    part = found.group(2) or ""
    return int(found.group(1) + part), 10 ** len(part)


@lru_cache(maxsize=1)
def _environment() -> cel.Env:
    comparisons = {
        "above": lambda left, right: _compared(left, right) > 0,
        "atLeast": lambda left, right: _compared(left, right) >= 0,
        "below": lambda left, right: _compared(left, right) < 0,
        "atMost": lambda left, right: _compared(left, right) <= 0,
    }
    functions = [
        cel.FunctionDecl(name, [cel.Overload(name, cel.Type.BOOL, [_TEXT, _TEXT], is_member=True, impl=compare)])
        for name, compare in comparisons.items()
    ]
    leaving = cel.Overload("leaving", _TEXT, [_EFFECTS, _TEXT], is_member=True, impl=_leaving)
    return cel.NewEnv(variables=_VARIABLES, functions=[*functions, cel.FunctionDecl("leaving", [leaving])])


@lru_cache(maxsize=256)
def _compiled(expression: str) -> cel.Expression:
    return _environment().compile(expression)


def _first_line(problem: object) -> str:
    """The library's word, without the picture of where it points."""
    line = str(problem).split("\n", 1)[0]
    return re.sub(r"^[A-Z_]+: (ERROR: <input>:)?|( \[[A-Z_]+\]| \(in container ''\))$", "", line)
