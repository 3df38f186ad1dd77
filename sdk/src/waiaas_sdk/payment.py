"""The body of a send: what an agent may ask for, checked before it leaves."""

from typing import Annotated, Any, Literal, Required, TypedDict

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

Units = Annotated[int, Field(strict=True, ge=0, lt=10**78), PlainSerializer(str, return_type=str)]
"""Base units: an ``int``; a float, a string or a bool is refused, so that no amount is ever guessed."""

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


def payment_body(fields: PaymentFields) -> dict[str, Any]:
    """The JSON body of a send.

    :raises pydantic.ValidationError: for an unknown field, or an amount that is not an ``int`` of 0 or more
    """
    given: dict[str, Any] = dict(fields)
    if isinstance(given.get("token"), str):
        given["token"] = {"address": given["token"]}
    if given.get("token") is not None:
        given.setdefault("type", "TOKEN_TRANSFER")
    return _Payment.model_validate(given).model_dump(by_alias=True, exclude_none=True)
