"""The OpenAPI document tells the truth about the routes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from waiaas.api.openapi import make_document
from waiaas.api.route import AnyRoute
from waiaas.api.routes import ROUTES
from waiaas.errors import Malformed, PluginError, Refused, Stopped, Unavailable

from .conftest import AS_OPERATOR, AS_SESSION, BY_PASSWORD, House
from .test_routes import _bytes, name, path

DOCUMENT: dict[str, Any] = json.loads(make_document(ROUTES))


def operation(route: AnyRoute) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_served_as_made(house: House) -> None:
    """The document needs no credential and says that it is OpenAPI 3.1."""
    answer = house.http.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    served = answer.json()
    assert served.pop("servers") != DOCUMENT["servers"]
    assert served == {name: value for name, value in DOCUMENT.items() if name != "servers"}
    assert DOCUMENT["openapi"] == "3.1.0"


def test_the_server_is_the_one_that_was_asked(house: House) -> None:
    """Over TCP the address that the caller used, over the socket the one where TCP is served."""
    here = f"http://127.0.0.1:{house.server.port}"
    assert house.http.get("/openapi.json").json()["servers"][0]["url"] == here
    named = house.http.get("/openapi.json", headers={"Host": "localhost:9"}).json()
    assert named["servers"][0]["url"] == "http://localhost:9"
    assert house.admin.get("/openapi.json").json()["servers"][0]["url"] == here


def test_an_answer_that_the_document_does_not_name_is_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A status that a route's description lacks is a mistake of the table, and the log says which."""

    def refuse(verb: str, arguments: object) -> None:
        raise Stopped("no")

    house.engine.audit.before = refuse
    assert house.http.get("/v1/audit", headers=AS_OPERATOR).status_code == 423
    assert "GET /v1/audit answered 423" in caplog.text


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Unavailable("a plugin failed"), 502, "CHAIN_UNREACHABLE"),
        (Malformed("not an asset"), 400, "MALFORMED"),
        (Malformed("not an address", code="INVALID_ADDRESS"), 400, "INVALID_ADDRESS"),
        (Refused("NO_TOKEN", "no such token"), 422, "CHAIN_REFUSED"),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_what_a_plugin_raises_has_a_code_of_ours(house: House, problem: PluginError, status: int, code: str) -> None:
    """A plugin's own error never reaches the wire under a code that no list has."""

    def refuse(verb: str, arguments: object) -> None:
        raise problem

    house.engine.wallet.before = refuse
    answer = house.http.get("/v1/wallet/balance", headers=AS_SESSION)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    if status == 422:
        assert answer.json()["details"] == {"reason": "NO_TOKEN"}


def test_it_has_every_route_and_no_other() -> None:
    """Each row of the table is one operation with an id of its own."""
    found = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert found == {(route.method, route.path) for route in ROUTES}
    ids = [operation(route)["operationId"] for route in ROUTES]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    """No $ref dangles and no schema is left over."""
    wanted = set(references(DOCUMENT))
    for reference in wanted:
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    schemas = {f"#/components/schemas/{key}" for key in DOCUMENT["components"]["schemas"]}
    assert schemas <= wanted


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_it_names_credentials_and_errors(route: AnyRoute) -> None:
    """An operation says what it asks for, and documents the errors that follow from that."""
    found = operation(route)
    statuses = set(found["responses"])
    assert {"400", "429", "500", "503"} <= statuses
    assert bool(found["security"]) == ({"401", "403"} <= statuses)
    assert ("{id}" in route.path) <= ("404" in statuses)
    assert (route.method != "GET") == ("415" in statuses)
    assert str(route.status) in statuses


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=name)
def test_answers_are_what_the_document_says(house: House, route: AnyRoute) -> None:
    """A success has only fields that its schema has, and all that the schema requires."""
    credential = AS_SESSION if route.credential.value.startswith("session") else AS_OPERATOR
    answer = house.http.get(path(route), headers=credential)
    if route.gives is not None:
        TypeAdapter(route.gives).validate_json(answer.content)


def test_errors_have_the_shape_that_is_documented(house: House) -> None:
    """The error schema has exactly the fields of a real error."""
    schema = DOCUMENT["components"]["schemas"]["ErrorAnswer"]
    assert set(schema["properties"]) == set(house.http.get("/v1/agents").json())
    assert house.http.post("/v1/operator/login", headers=_bytes(BY_PASSWORD)).status_code == 200
