"""A daemon to ask wrongly: what a refusal has to be, and values that no field takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from waiaas_sdk.payment import payment_body

from tests.harness.house import House, Wallet

_STORED = (
    "agents",
    "sessions",
    "transactions",
    "policies",
    "reservations",
    "spend_ledger",
    "pending_approvals",
    "tokens",
)
_ERROR = {"code", "message", "retryable", "hint", "details", "requestId"}
GENEROUS = 10**30


@dataclass
class Target:
    """The daemon, an agent with a generous policy, and who may ask what."""

    house: House
    http: httpx.Client
    wallet: Wallet
    operator: dict[str, str]
    session: dict[str, str]

    def counts(self) -> dict[str, int]:
        """Rows of every table that a request might write to."""
        return {table: self.house.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in _STORED}

    def payment(self, **changes: Any) -> dict[str, Any]:
        """A payment that would be made, with changes."""
        return {**payment_body(self.house.case.payment(self.house.case.new_recipient())), **changes}

    def of_form(self, form: str, **changes: Any) -> dict[str, Any]:
        """A payment of the native asset or of some token, with changes; a dot leads into ``token``."""
        body: dict[str, Any] = {"to": self.house.case.new_recipient(), "amount": str(self.house.case.amount)}
        if form == "token":
            body |= {"type": "TOKEN_TRANSFER", "token": {"address": self.house.case.new_recipient()}}
        for field, value in changes.items():
            outer, _, inner = field.partition(".")
            body[outer] = {**body["token"], inner: value} if inner else value
        return body

    def refused(self, method: str, path: str, headers: Mapping[str, str], **rest: Any) -> dict[str, Any]:
        """Ask; hold the answer to be a whole refusal that stored nothing. Its fields, and ``status``."""
        before = self.counts()
        answer = self.http.request(method, path, headers=headers, **rest)
        assert self.counts() == before, (answer.status_code, answer.text)
        return {**whole(answer), "status": answer.status_code}


def whole(answer: httpx.Response) -> dict[str, Any]:
    """The fields of a 4xx. :raises AssertionError: for any other status or shape"""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
    fields: dict[str, Any] = answer.json()
    assert set(fields) == _ERROR, fields
    assert fields["code"].isupper(), fields
    assert fields["message"], fields
    assert fields["hint"], fields
    assert fields["requestId"] == answer.headers["X-Request-Id"]
    return fields


@pytest.fixture(scope="module")
def target(shared_house: House) -> Iterator[Target]:
    """One daemon for all of this module."""
    wallet = shared_house.wallet(policies=shared_house.case.spending(instant_max=GENEROUS))
    with httpx.Client(base_url=shared_house.daemon.url, timeout=60) as client:
        operator = {"Authorization": f"Bearer {shared_house.operator.login().token}"}
        yield Target(shared_house, client, wallet, operator, {"Authorization": f"Bearer {wallet.token}"})


WRONG_TYPES: list[Any] = [None, True, 0, 1, -1, 1.5, [], ["1"], {}, {"a": 1}]
TEXTS: list[Any] = [value for value in WRONG_TYPES if value is not None] + ["x" * 5000]


def each(field: str, *values: Any) -> list[dict[str, Any]]:
    """The field with each of the values; a dot leads into an object."""
    outer, _, inner = field.partition(".")
    return [{outer: {inner: value} if inner else value} for value in values]
