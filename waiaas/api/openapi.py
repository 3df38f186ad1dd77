"""The OpenAPI 3.1 document, made from the route table and the very models that validate."""

import json
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from waiaas import __version__
from waiaas.api.credentials import Credential
from waiaas.api.field_words import describe_all, describe_fields
from waiaas.api.models.wire import MAX_SAFE, ErrorAnswer, Nothing
from waiaas.api.route import AnyRoute

_REF = "#/components/schemas/{model}"
_SECURITY: Mapping[Credential, list[dict[str, list[str]]]] = {
    Credential.NOBODY: [],
    Credential.SESSION: [{"session": []}],
    Credential.OPERATOR: [{"masterPassword": []}, {"operator": []}],
    Credential.OPERATOR_PASSWORD: [{"masterPassword": []}],
    Credential.OPERATOR_OR_SOCKET: [{"masterPassword": []}, {"operator": []}],
    Credential.UNLOCK: [{"masterPassword": []}],
    Credential.SESSION_OR_OPERATOR: [{"session": []}, {"masterPassword": []}, {"operator": []}],
}
_SCHEMES = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "wai_sess_..., issued by the operator for one agent",
    },
    "operator": {"type": "http", "scheme": "bearer", "description": "wai_op_..., from POST /v1/operator/login"},
    "masterPassword": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Master-Password",
        "description": "as UTF-8 bytes; taken from loopback or the admin socket only",
    },
}
_ERRORS = {
    400: "The request cannot be read, or the Host header names another machine",
    401: "No valid credential; never says which part was wrong",
    403: "A policy, a constraint or a missing permission says no; `details` of a denied send has transactionId, policyId, "
    "type, code, reason, remaining, resetsAt, canRetry and retryAt",
    404: "There is no such thing, or it is another agent's",
    405: "The path does not take this method",
    409: "The thing is in another state, or the idempotency key was used for another request",
    413: "The body is over 64 KiB, or 1 MiB where policies or many ids are sent",
    415: "The body is not application/json",
    422: "The chain refuses this",
    423: "The agent is suspended, or everything is stopped",
    429: "Too many requests; Retry-After says how long to wait",
    500: "A mistake inside the daemon; the log has more under the requestId",
    502: "No node of the chain can be reached; nothing was stored",
    503: "Starting, stopping, full or locked; nothing was stored",
}
_MAX_ID = 128
_REQUEST_ID = {"description": "the request's id, as the daemon's log has it", "schema": {"type": "string"}}
_WAITS = frozenset({429, 503})
_SEND_HEADERS = (
    (
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 128},
        "the same key and body is the same payment",
    ),
    (
        "Prefer",
        {"type": "string", "examples": ["wait=20", "respond-async"]},
        "RFC 7240; at most wait=30, 10 by default",
    ),
)


_SERVER = "http://server.invalid"
_IDS = {
    "agents": "the agent's id, or its name",
    "sessions": "the session's id",
    "transactions": "the transaction's id",
    "policies": "the policy's id",
    "notification-channels": "the channel's id",
    "tokens": "the token's number on its list",
    "ids": "the beginning of an id",
}


@lru_cache(maxsize=4)
def with_server(document: bytes, url: str) -> bytes:
    """The document as made, with the address at which its reader found it. Pure; who asks at
    the same address shares the same bytes."""
    return document.replace(json.dumps(_SERVER).encode(), json.dumps(url).encode(), 1)


def make_document(routes: Iterable[AnyRoute]) -> bytes:
    """The document as JSON, for :func:`with_server`. Pure; some 50 ms."""
    table = tuple(routes)
    schemas, components = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "WAIaaS",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": "Amounts are decimal strings in base units; times are Unix seconds; ids are UUID v7.",
        },
        "tags": [{"name": tag, "description": says} for tag, says in _tags(table)],
        "servers": [{"url": _SERVER, "description": "this daemon"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": _SCHEMES,
            "responses": {f"Error{status}": _error(status, says) for status, says in _ERRORS.items()},
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()


def errors_of(route: AnyRoute) -> tuple[int, ...]:
    """Every error status that a route can answer with."""
    found = {400, 405, 429, 500, 503, *route.errors}
    if route.credential is not Credential.NOBODY:
        found |= {401, 403}
    if route.credential in (Credential.SESSION, Credential.SESSION_OR_OPERATOR):
        found.add(423)
    if "{id}" in route.path or {"agent_id", "wallet_id"} & route.takes.model_fields.keys():
        found.add(404)
    if route.method != "GET":
        found |= {413, 415}
    return tuple(sorted(found))


Key = tuple[type[BaseModel], JsonSchemaMode]
Schemas = Mapping[Any, dict[str, Any]]


def _schemas(routes: tuple[AnyRoute, ...]) -> tuple[Schemas, dict[str, Any]]:
    wanted: dict[Key, None] = {(ErrorAnswer, "serialization"): None}
    for route in routes:
        if _has_body(route):
            wanted[route.takes, "validation"] = None
        for model in (route.gives, *route.also.values()):
            if model is not None:
                wanted[model, "serialization"] = None
    schemas, definitions = models_json_schema(list(wanted), by_alias=True, ref_template=_REF)
    parts: dict[str, Any] = definitions.get("$defs", {})
    describe_all(parts)
    return schemas, parts


def _tags(routes: tuple[AnyRoute, ...]) -> list[tuple[str, str]]:
    """Each room of handlers and what it is for, in the order of the table."""
    modules = dict.fromkeys(route.handler.__module__ for route in routes)
    return [(name.rpartition(".")[2], (sys.modules[name].__doc__ or "").partition("\n")[0]) for name in modules]


def _operation(route: AnyRoute, schemas: Schemas) -> dict[str, Any]:
    module = route.handler.__module__.rpartition(".")[2]
    operation: dict[str, Any] = {
        "operationId": f"{module}_{route.handler.__name__.rstrip('_')}",
        "summary": route.says,
        "tags": [module],
        "security": _SECURITY[route.credential],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if _has_body(route):
        operation["requestBody"] = {
            "required": any(field.is_required() for field in route.takes.model_fields.values()),
            "content": {"application/json": {"schema": schemas[route.takes, "validation"]}},
        }
    return operation


def _has_body(route: AnyRoute) -> bool:
    return route.method != "GET" and route.takes is not Nothing


def _parameters(route: AnyRoute) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "{id}" in route.path:
        schema = {"type": "string", "minLength": 1, "maxLength": _MAX_ID}
        says = _IDS.get(route.path.split("/")[2], "")
        found.append({"name": "id", "in": "path", "required": True, "description": says, "schema": schema})
    if route.method == "GET":
        found += _query(route)
    if route.also:
        found += [
            {"name": name, "in": "header", "required": False, "schema": schema, "description": says}
            for name, schema, says in _SEND_HEADERS
        ]
    return found


def _query(route: AnyRoute) -> list[dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = route.takes.model_json_schema(by_alias=True).get("properties", {})
    describe_fields(properties, route.takes)
    return [
        {"name": name, "in": "query", "required": False, "description": schema.pop("description", ""), "schema": schema}
        for name, schema in properties.items()
    ]


def _responses(route: AnyRoute, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/Error{status}"} for status in errors_of(route)
    }
    for status, model in {route.status: route.gives, **route.also}.items():
        schema = None if model is None else schemas[model, "serialization"]
        if str(status) in found and schema is not None:  # 422 is a failed transaction, or an error
            schema = {"oneOf": [schema, {"$ref": _REF.format(model="ErrorAnswer")}]}
        found[str(status)] = _success(route, status, schema)
    return found


def _success(route: AnyRoute, status: int, schema: dict[str, Any] | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.says, "headers": {"X-Request-Id": _REQUEST_ID}}
    if route.also:
        answer["headers"]["Idempotency-Replayed"] = {
            "description": "there where the key was used before and this is that payment",
            "schema": {"type": "string", "const": "true"},
        }
        answer["headers"]["Preference-Applied"] = {
            "description": "the wait that was granted (RFC 7240)",
            "schema": {"type": "string"},
        }
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    elif status != 204:
        answer["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return answer


def _error(status: int, says: str) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": _REQUEST_ID}
    if status in _WAITS:
        headers["Retry-After"] = {
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_SAFE},
            "description": "seconds",
        }
    if status == 401:
        headers["WWW-Authenticate"] = {"description": "how to authenticate", "schema": {"type": "string"}}
    schema = {"$ref": _REF.format(model="ErrorAnswer")}
    return {"description": says, "headers": headers, "content": {"application/json": {"schema": schema}}}
