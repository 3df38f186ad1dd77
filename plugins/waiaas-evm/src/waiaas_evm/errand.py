"""The call that a payment makes, as a record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The call that a transaction makes.

    :param to: whom it calls: the recipient of money, the contract of a token
    :param recipient: who gains; the account itself where nothing is paid
    :param units: of the asset; 0 where nothing is paid
    :param token: the contract's address; None for native money
    """

    to: str
    value: int
    data: bytes
    recipient: str
    units: int
    token: str | None = None
