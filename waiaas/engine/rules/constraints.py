"""Session constraints: what the operator narrowed when the session was issued. They only restrict.

On the wire they are camelCase. ``maxAmount`` and ``maxTotal`` measure the agent's native asset and no token; ``tokens``, a list
of {address, maxAmount, maxTotal}, measures each of its tokens, and where it is given no other token may move.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from waiaas.engine.rules.totals import VALUE_KINDS, leaving
from waiaas.engine.rules.verdicts import SESSION, Named, house
from waiaas.errors import BadRequest
from waiaas.interfaces.chain import Kind, Resolved, What
from waiaas.interfaces.misfits import misfit
from waiaas.interfaces.policy import AssetReader, Tier, Window

_AMOUNT = r"^[1-9][0-9]{0,77}$"
TOTAL = "session-total:"
COUNT = "session-count"


class TokenConstraint(BaseModel):
    """How much of one token the session may move."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    address: str
    maxAmount: str | None = Field(default=None, pattern=_AMOUNT)  # noqa: N815 - the wire's name
    maxTotal: str | None = Field(default=None, pattern=_AMOUNT)  # noqa: N815


class Constraints(BaseModel):
    """Every constraint is optional; one left out does not limit."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    maxAmount: str | None = Field(default=None, pattern=_AMOUNT)  # noqa: N815
    maxTotal: str | None = Field(default=None, pattern=_AMOUNT)  # noqa: N815
    maxTransactions: int | None = Field(default=None, ge=1, le=1_000_000_000)  # noqa: N815
    types: tuple[Annotated[Kind, Field(strict=False)], ...] | None = Field(default=None, strict=False)
    recipients: tuple[str, ...] | None = Field(default=None, strict=False)
    tokens: tuple[TokenConstraint, ...] | None = Field(default=None, strict=False)
    signMessages: bool | None = None  # noqa: N815


def read_constraints(document: Mapping[str, Any], reader: AssetReader | None = None) -> Constraints:
    """Read a session's constraints; with a reader, addresses become canonical.

    :raises BadRequest: naming the first field that is wrong
    """
    try:
        constraints = Constraints.model_validate(document)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(("constraints", *(str(part) for part in first["loc"])))
        raise BadRequest(f"{where}: {misfit(first)}", hint="see the session constraints in the documentation") from None
    return constraints if reader is None else _canonical(constraints, reader)


def constraint_windows(constraints: Constraints, native: str) -> Sequence[Window]:
    """The sums that the constraints need: everything the session ever moved, and how many transactions it sent."""
    wanted = []
    if constraints.maxTotal is not None:
        wanted.append(_total_window(native))
    wanted += [_total_window(token.address) for token in constraints.tokens or () if token.maxTotal is not None]
    if constraints.maxTransactions is not None:
        wanted.append(Window(name=COUNT, measure="count", seconds=None, scope="session"))
    return wanted


def judge_constraints(
    constraints: Constraints, resolved: Resolved, native: str, windows: Mapping[str, int]
) -> Sequence[Named]:
    """Pure. A denial for each constraint that the transaction breaks, and the bounds within which the others hold."""
    found = [*_by_type(constraints, resolved.intent.kind), *_by_recipient(constraints, resolved)]
    found += _by_amount(constraints.maxAmount, resolved, native)
    found += _by_total(constraints.maxTotal, resolved, native, windows)
    for token in constraints.tokens or ():
        found += _by_amount(token.maxAmount, resolved, token.address)
        found += _by_total(token.maxTotal, resolved, token.address, windows)
    return [*found, *_by_token(constraints, resolved, native), *_by_count(constraints, windows)]


def _canonical(constraints: Constraints, reader: AssetReader) -> Constraints:
    changes: dict[str, Any] = {}
    if constraints.recipients is not None:
        changes["recipients"] = tuple(reader.address(text) for text in constraints.recipients)
    if constraints.tokens is not None:
        changes["tokens"] = tuple(
            token.model_copy(update={"address": reader.asset(token.address)}) for token in constraints.tokens
        )
    return constraints.model_copy(update=changes)


def _total_window(asset: str) -> Window:
    where = {"asset": asset, "kinds": ",".join(VALUE_KINDS)}
    return Window(name=TOTAL + asset, measure="spent", seconds=None, scope="session", where=where)


def _denied(code: str, reason: str, **more: object) -> Named:
    return house(SESSION, Tier.DENY, code, reason, **more)


def _by_type(constraints: Constraints, kind: Kind) -> list[Named]:
    if constraints.types is None or kind in constraints.types:
        return []
    return [_denied("TYPE_NOT_ALLOWED", f"this session may not send {kind.value}")]


def _by_recipient(constraints: Constraints, resolved: Resolved) -> list[Named]:
    if constraints.recipients is None:
        return []
    outgoing = [effect for effect in resolved.effects if effect.what in (What.OUT, What.APPROVE)]
    strangers = [effect.to for effect in outgoing if effect.to not in constraints.recipients]
    return [_denied("RECIPIENT_NOT_ALLOWED", f"this session may not pay {strangers[0]}")] if strangers else []


def _by_amount(limit: str | None, resolved: Resolved, asset: str) -> list[Named]:
    if limit is None or leaving(resolved.effects, asset) <= int(limit):
        return []
    return [
        _denied("AMOUNT_ABOVE_MAX", f"this session may send at most {limit} of {asset} at once", remaining=int(limit))
    ]


def _by_total(limit: str | None, resolved: Resolved, asset: str, windows: Mapping[str, int]) -> list[Named]:
    amount = leaving(resolved.effects, asset)
    if limit is None or amount == 0:
        return []
    name, bound = TOTAL + asset, int(limit) - amount
    left = max(0, int(limit) - windows[name])
    if windows[name] > bound:
        reason = f"this session may send {limit} of {asset} in all and has {left} left"
        return [_denied("TOTAL_ABOVE_MAX", reason, remaining=left)]
    return [_within(name, bound, left - amount)]


def _by_token(constraints: Constraints, resolved: Resolved, native: str) -> list[Named]:
    if constraints.tokens is None:
        return []
    allowed = {token.address for token in constraints.tokens} | {native}
    other = [effect.asset for effect in resolved.effects if effect.asset is not None and effect.asset not in allowed]
    return [_denied("TOKEN_NOT_ALLOWED", f"this session may not move {other[0]}")] if other else []


def _by_count(constraints: Constraints, windows: Mapping[str, int]) -> list[Named]:
    if constraints.maxTransactions is None:
        return []
    if windows[COUNT] >= constraints.maxTransactions:
        return [
            _denied(
                "TRANSACTIONS_USED_UP",
                f"this session may send {constraints.maxTransactions} transactions and has",
                remaining=0,
            )
        ]
    return [_within(COUNT, constraints.maxTransactions - 1, None)]


def _within(window: str, bound: int, left: int | None) -> Named:
    return house(
        SESSION,
        Tier.INSTANT,
        "WITHIN_CONSTRAINT",
        "the session's constraints allow it",
        remaining=left,
        valid_while={window: bound},
    )
