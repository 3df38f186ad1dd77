"""The site map: one WSGI application from the route table. It knows no server."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import falcon
from pydantic import BaseModel, ValidationError

from waiaas.api.bodies import parse_object, read_body
from waiaas.api.body_sizes import BodySizes
from waiaas.api.call import Call, Given, Reply, Site, Visit
from waiaas.api.credentials import Door, Gate, is_session
from waiaas.api.frontdoor import FrontDoor
from waiaas.api.hosts import Hosts
from waiaas.api.limits import Rates
from waiaas.api.openapi import errors_of, make_document
from waiaas.api.planned import Planned, refuse, unserved
from waiaas.api.refusals import (
    error_body,
    error_headers,
    from_falcon,
    from_plugin,
    from_validation,
    internal,
    opaque_401,
)
from waiaas.api.route import AnyRoute, Seat
from waiaas.api.routes import ROUTES
from waiaas.api.waiting import WaitingRoom
from waiaas.errors import NotFound, PluginError, Unauthenticated, WaiaasError

if TYPE_CHECKING:
    from waiaas.config import Settings
    from waiaas.engine.services import Services

Responder = Callable[..., None]
_log = logging.getLogger("waiaas.api")
_MAX_ID = 128
_BYTES_A_VALUE = 16  # on average, at least: what is denser than any real request costs memory and says nothing


def create_app(
    services: "Services", settings: "Settings", door: Door = "tcp", routes: tuple[AnyRoute, ...] = ROUTES
) -> falcon.App[falcon.Request, falcon.Response]:
    """The API as a WSGI application.

    :param services: the engine
    :param door: what a request counts as when the server does not say so in its environment (``waiaas.door``)
    :raises TypeError: for two routes with one method and path
    """
    security = settings.security
    rates = Rates(
        global_rpm=security.rate_limit_global_rpm,
        session_rpm=security.rate_limit_session_rpm,
        tx_rpm=security.rate_limit_tx_rpm,
    )
    site = Site(
        services=services,
        gate=Gate(services),
        rates=rates,
        waiting={name: WaitingRoom(settings.daemon.threads) for name in ("tcp", "socket")},
        document=cache(lambda: make_document(routes)),
        is_behind_tls=settings.daemon.behind_tls_proxy,
    )
    front = FrontDoor(
        door=door,
        hosts=Hosts(security.allowed_hosts),
        rates=rates,
        origins=security.cors_origins,
        own_allowance=[route.path for route in routes if route.own_allowance],
        sizes=BodySizes(routes),
    )
    app = falcon.App(middleware=[front])
    _add_routes(app, site, routes)
    app.add_error_handler(Exception, _refuse)
    app.add_error_handler(falcon.HTTPError, _refuse)
    return app


def _add_routes(app: falcon.App[Any, Any], site: Site, routes: tuple[AnyRoute, ...]) -> None:
    paths: dict[str, dict[str, Responder]] = {}
    for route in routes:
        methods = paths.setdefault(route.path, {})
        if route.method in methods:
            raise TypeError(f"{route.method} {route.path} is in the table twice")
        methods[route.method] = _responder(site, route)
        if route.method == "GET":  # RFC 9110, 9.3.2: the same without a body, which falcon and the server leave out
            methods["HEAD"] = methods["GET"]
    for one in unserved(routes):
        paths.setdefault(one.path, {})[one.method] = _refuser(site, one)
    for path, methods in paths.items():
        responders = {f"on_{method.lower()}": responder for method, responder in methods.items()}
        app.add_route(path, SimpleNamespace(**responders, on_options=_no_options(sorted(methods))))


def _refuser(site: Site, one: Planned) -> Responder:
    def respond(req: falcon.Request, resp: falcon.Response, **params: str) -> None:
        refuse(one, req, site.gate, site.rates)

    return respond


def _no_options(allowed: list[str]) -> Responder:
    def on_options(req: falcon.Request, resp: falcon.Response, **params: str) -> None:
        raise falcon.HTTPMethodNotAllowed(allowed)

    return on_options


def _responder(site: Site, route: AnyRoute) -> Responder:
    """What falcon calls: credential, allowances, input, handler, answer; in this order."""

    statuses = frozenset(errors_of(route))

    def respond(req: falcon.Request, resp: falcon.Response, id: str = "") -> None:
        visit: Visit = req.context.visit
        visit.statuses = statuses
        if visit.shown.door not in route.doors:
            raise NotFound("there is nothing at this path")
        actor = site.gate.admit(route.credential, visit.shown)
        if actor.agent is not None:
            site.rates.count_agent(actor.agent.id)
            if route.counts_as_send:
                site.rates.count_send(actor.agent.id)
        call = Call(site=site, actor=actor, visit=visit, header=req.get_header, id=id)
        asked = _read_input(route, req, call)
        if len(id) > _MAX_ID or not id.isprintable():
            raise NotFound("there is no such thing", hint="check the id")
        with call.waiting.for_node() if route.seat is Seat.NODE else nullcontext():
            given = route.handler(call, asked)
        _write(resp, route, given)

    return respond


def _read_input(route: AnyRoute, req: falcon.Request, call: Call) -> BaseModel:
    if route.method == "GET":
        fields: dict[str, Any] = dict(req.params)
    else:
        body = read_body(req.env["wsgi.input"], call.visit.length or 0, route.most_body)
        fields = parse_object(body, most_values=route.most_body // _BYTES_A_VALUE)
    try:
        model: BaseModel = route.takes.model_validate(fields)
    except ValidationError as problem:
        if route.if_unreadable is not None:
            route.if_unreadable(call, fields)
        raise from_validation(problem) from None
    return model


def _write(resp: falcon.Response, route: AnyRoute, given: Given) -> None:
    resp.status = route.status
    if isinstance(given, Reply):
        resp.status = given.status or route.status
        resp.content_type = given.content_type
        resp.set_headers(dict(given.headers))
        given_body = given.body
    else:
        given_body = given
    if isinstance(given_body, BaseModel):
        resp.data = given_body.__pydantic_serializer__.to_json(given_body, by_alias=True)
    elif given_body is not None:
        resp.data = given_body


def _refuse(req: falcon.Request, resp: falcon.Response, problem: Exception, params: dict[str, Any]) -> None:
    """Every error in one shape."""
    visit: Visit | None = getattr(req.context, "visit", None)
    request_id = visit.id if visit is not None else ""
    if isinstance(problem, falcon.HTTPError):
        for name, value in _allow(problem).items():
            resp.set_header(name, value)
        error: WaiaasError = from_falcon(problem)
    elif isinstance(problem, Unauthenticated):
        error = opaque_401()
    elif isinstance(problem, PluginError):
        error = from_plugin(problem)
    elif isinstance(problem, WaiaasError) and problem.status != 500:
        error = problem
    else:
        error = internal(problem, request_id)
    if visit is not None and visit.statuses and error.status not in visit.statuses:
        _log.error("%s %s answered %d, which its description does not name", req.method, req.uri_template, error.status)
    resp.status = error.status
    resp.content_type = "application/json"
    resp.data = error_body(error, request_id, is_for_session=visit is not None and is_session(visit.shown))
    resp.set_headers(error_headers(error))


def _allow(problem: falcon.HTTPError) -> dict[str, str]:
    headers = dict(problem.headers or {})
    return {"Allow": headers["Allow"]} if "Allow" in headers else {}
