"""A program with a session is never sent to the operator's password, nor to the operator's commands."""

import re

import pytest

from waiaas.api.credentials import Credential
from waiaas.api.route import AnyRoute
from waiaas.api.routes import ROUTES
from waiaas.errors import Denied, NotReady, Stopped, WaiaasError

from .conftest import AS_OPERATOR, AS_SESSION, BY_PASSWORD, House
from .test_routes import ask, name

OPERATORS = [
    route for route in ROUTES if "session" not in route.credential.value and route.credential is not Credential.NOBODY
]
PASSWORD = re.compile(r"password|operator token|master", re.IGNORECASE)


@pytest.mark.parametrize("route", OPERATORS, ids=name)
def test_the_operators_routes_send_a_session_to_a_person(house: House, route: AnyRoute) -> None:
    """The refusal names the operator and no credential; so it does for a token that ended."""
    for credential in (AS_SESSION, {"Authorization": "Bearer wai_sess_" + "x" * 43}):
        fields = ask(house.http, route, credential).json()
        assert not PASSWORD.search(fields["hint"] + fields["message"]), fields
    refused = ask(house.http, route, AS_SESSION).json()
    assert (refused["code"], "operator" in refused["hint"]) == ("FORBIDDEN", True)


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        (NotReady("locked", hint="run `waiaas unlock`"), "ask the operator: run `waiaas unlock`"),
        (NotReady("locked", hint="run: waiaas unlock"), "ask the operator: run: waiaas unlock"),
        (NotReady("locked", hint="the operator runs `waiaas unlock`"), "the operator runs `waiaas unlock`"),
        (Stopped("stopped", hint="a person lifts it: `waiaas kill-switch recover`"), None),
        (
            Stopped("gone", hint="unlock it with the master password"),
            "this is for the operator to do: ask the operator",
        ),
        (
            Denied("no", hint="`waiaas tx cancel-onchain` gives it up"),
            "POST /v1/transactions/{id}/cancel-onchain gives it up",
        ),
        (Denied("no", hint="send at most 5 base units"), None),
    ],
    ids=lambda value: None if isinstance(value, WaiaasError) else str(value)[:20],
)
def test_what_only_a_person_can_run_is_put_to_a_person(house: House, problem: WaiaasError, hint: str | None) -> None:
    """Whatever the engine's hint is, a session gets it as the operator's business; the operator gets it as it is."""
    given = problem.hint

    def refuse(verb: str, arguments: object) -> None:
        raise type(problem)(problem.message, hint=given)

    house.engine.transactions.before = refuse
    body = {"to": "x", "amount": "1"}
    assert house.http.post("/v1/transactions/send", json=body, headers=AS_SESSION).json()["hint"] == (hint or given)
    assert house.http.get("/v1/transactions", headers=AS_OPERATOR).json()["hint"] == given
    assert house.admin.get("/v1/transactions", headers=BY_PASSWORD_BYTES).json()["hint"] == given


BY_PASSWORD_BYTES = [(key.encode(), value.encode("latin-1")) for key, value in BY_PASSWORD.items()]
