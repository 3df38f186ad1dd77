"""The body of a send: what an agent may ask for, checked before it leaves."""

from typing import Annotated, Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

Units = Annotated[int, Field(strict=True, ge=0, lt=10**78), PlainSerializer(str, return_type=str)]
"""Base units: an ``int``; a float, a string or a bool is refused, so that no amount is ever guessed."""

Kind = Literal["TRANSFER", "TOKEN_TRANSFER", "CONTRACT_CALL", "APPROVE", "BATCH"]


class PaymentFields(TypedDict, total=False):
    """Keyword arguments of ``send`` and ``simulate``; which belong together is the daemon's to say.

    ``token`` is the token's address. ``calldata`` is 0x-hex (EVM), ``instruction_data`` base64 (Solana), ``accounts`` a list
    of ``{"pubkey", "isSigner", "isWritable"}``, ``instructions`` the bodies of a BATCH. ``memo`` goes on chain, ``note`` to
    the approver only.
    """

    type: Kind
    to: str
    amount: int
    token: str
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


class _Payment(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    type: Kind = "TRANSFER"
    to: str | None = None
    amount: Units | None = None
    token: str | None = None
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
    body = _Payment.model_validate(dict(fields)).model_dump(by_alias=True, exclude_none=True)
    if "token" in body:
        body["token"] = {"address": body["token"]}
    return body
