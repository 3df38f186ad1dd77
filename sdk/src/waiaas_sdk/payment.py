"""The body of a send: what an agent may ask for, checked before it leaves."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Required, TypedDict

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel

from waiaas_sdk.codes import InvalidAmount, Malformed, UnknownField
from waiaas_sdk.errors import BadRequest

Units = Annotated[int, Field(strict=True, ge=0, lt=10**78), PlainSerializer(str, return_type=str)]
"""Base units: an ``int``; a float, a string or a bool is refused, so that no amount is ever guessed."""

_AMOUNTS = frozenset({"amount", "value", "maxFee"})
_DIGITS = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)

Kind = Literal["TRANSFER", "TOKEN_TRANSFER", "CONTRACT_CALL", "APPROVE", "BATCH"]


class TokenFields(TypedDict, total=False):
    """A token by its ``address`` (or CAIP-19 id), and what you believe of it: the daemon compares that with the chain, and
    refuses the payment with TOKEN_MISMATCH where it differs."""

    address: Required[str]
    decimals: int
    symbol: str
    asset_id: str


class PaymentFields(TypedDict, total=False):
    """Keyword arguments of ``send`` and ``simulate``; which belong together is the daemon's to say.

    With a ``token`` (its address, or :class:`TokenFields`) and no ``type`` it is a TOKEN_TRANSFER. ``calldata`` is 0x-hex
    (EVM), ``instruction_data`` base64 (Solana), ``accounts`` a list of ``{"pubkey", "isSigner", "isWritable"}``,
    ``instructions`` the bodies of a BATCH. ``memo`` goes on chain, ``note`` to the approver only.
    """

    type: Kind
    to: str
    amount: int
    token: str | TokenFields
    memo: str
    note: str
    network: str
    calldata: str
    value: int
    program_id: str
    instruction_data: str
    accounts: list[dict[str, Any]]
    spender: str
    instructions: list[dict[str, Any]]


class _Token(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True)

    address: str
    decimals: int | None = None
    symbol: str | None = None
    asset_id: str | None = None


class _Payment(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    type: Kind = "TRANSFER"
    to: str | None = None
    amount: Units | None = None
    token: _Token | None = None
    memo: str | None = None
    note: str | None = None
    network: str | None = None
    calldata: str | None = None
    value: Units | None = None
    program_id: str | None = None
    instruction_data: str | None = None
    accounts: list[dict[str, Any]] | None = None
    spender: str | None = None
    instructions: list[dict[str, Any]] | None = None


class _Part(BaseModel):
    amount: Units


def read_body(model: type[BaseModel], given: Mapping[str, Any], *, within: str = "") -> dict[str, Any]:
    """The fields as a JSON body. What the daemon would refuse for its shape is refused here, in the same types.

    :param within: how the field is called, where ``model`` is a part of what was given
    :raises InvalidAmount, UnknownField, Malformed: naming the field
    """
    try:
        return model.model_validate(given).model_dump(by_alias=True, exclude_none=True)
    except ValidationError as problem:
        raise _refusal(problem, within) from None


def _refusal(problem: ValidationError, within: str) -> BadRequest:
    first = problem.errors(include_url=False, include_context=False)[0]
    field = within or ".".join(str(part) for part in first["loc"])
    kind = type(first["input"]).__name__
    if first["loc"] and first["loc"][-1] in _AMOUNTS:
        return InvalidAmount(
            f"{field} is a {kind}: an amount is an int of base units, 0 or more and under 10**78",
            code="INVALID_AMOUNT",
            hint="write base units, such as 10_000_000; for decimals multiply in integers, never in floats",
            details={"field": field},
        )
    if first["type"] == "extra_forbidden":
        return UnknownField(
            f"a payment has no field {field}", code="UNKNOWN_FIELD", hint="see PaymentFields", details={"field": field}
        )
    return Malformed(
        f"{field} is not valid: {first['msg']}", code="MALFORMED", hint="see PaymentFields", details={"field": field}
    )


def payment_body(fields: PaymentFields) -> dict[str, Any]:
    """The JSON body of a send.

    :raises InvalidAmount: for an amount that is not an ``int`` of 0 or more
    :raises UnknownField, Malformed: for another field that is wrong
    """
    given: dict[str, Any] = dict(fields)
    if isinstance(given.get("token"), str):
        given["token"] = {"address": given["token"]}
    if given.get("token") is not None:
        given.setdefault("type", "TOKEN_TRANSFER")
    if isinstance(given.get("instructions"), list):
        given["instructions"] = [_instruction(one, number) for number, one in enumerate(given["instructions"])]
    return read_body(_Payment, given)


def _instruction(body: Any, number: int) -> Any:
    """A part of a BATCH as it goes on the wire; an ``int`` is taken for its amount as well as the wire's text."""
    if not isinstance(body, Mapping):
        return body
    ready = dict(body)
    for name in _AMOUNTS & ready.keys():
        units = ready[name]
        if isinstance(units, str) and _DIGITS.fullmatch(units):
            continue
        ready[name] = read_body(_Part, {"amount": units}, within=f"instructions.{number}.{name}")["amount"]
    return ready
