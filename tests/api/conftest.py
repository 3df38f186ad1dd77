"""The API behind a real Waitress on a free port and a socket in a temporary folder."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from waiaas.api.app import create_app
from waiaas.api.body_sizes import BodySizes
from waiaas.api.routes import ROUTES
from waiaas.config import Settings, load
from waiaas.daemon.server import Server

from .engine import PlayedEngine
from .records import OPERATOR_TOKEN, PASSWORD, SESSION_TOKEN

AS_SESSION = {"Authorization": f"Bearer {SESSION_TOKEN}"}
AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
BY_PASSWORD = {"X-Master-Password": PASSWORD.encode().decode("latin-1")}


@dataclass
class House:
    """A served API. :param http: over TCP; :param admin: over the socket"""

    engine: PlayedEngine
    server: Server
    http: httpx.Client
    admin: httpx.Client
    socket: Path

    def close(self) -> None:
        self.http.close()
        self.admin.close()
        self.server.drain(5)


Build = Callable[..., House]


def headers(**given: str) -> list[tuple[bytes, bytes]]:
    """Headers as bytes, so that any byte can be sent."""
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in given.items()]


def serve(settings: Settings, folder: Path, threads: int = 4, **security: Any) -> House:
    """:param threads: of each door; further keywords are keys of ``[security]``, whose rates are out of the way by default"""
    rates = {"rate_limit_global_rpm": 10**7, "rate_limit_session_rpm": 10**7, "rate_limit_tx_rpm": 10**7}
    chosen = replace(
        settings,
        daemon=replace(settings.daemon, threads=threads),
        security=replace(settings.security, **{**rates, **security}),
    )
    engine = PlayedEngine()
    path = folder / "admin.sock"
    app = create_app(engine.as_services(), chosen)
    server = Server(app, host="127.0.0.1", port=0, threads=threads, socket_path=path, most_body=BodySizes(ROUTES).of)
    server.start()
    http = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=10)
    admin = httpx.Client(base_url="http://localhost", transport=httpx.HTTPTransport(uds=str(path)), timeout=10)
    return House(engine=engine, server=server, http=http, admin=admin, socket=path)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(tmp_path_factory.mktemp("data"), {})


@pytest.fixture
def build(settings: Settings) -> Iterator[Build]:
    """Makes a house of its own, see :func:`serve`."""
    houses: list[House] = []
    with contextlib.ExitStack() as stack:

        def make(threads: int = 4, **security: Any) -> House:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="w"))
            houses.append(serve(settings, Path(folder), threads, **security))
            stack.callback(houses[-1].close)
            return houses[-1]

        yield make


@pytest.fixture(scope="session")
def shared_house(settings: Settings) -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="w") as folder:
        house = serve(settings, Path(folder))
        yield house
        house.close()


@pytest.fixture
def house(shared_house: House) -> House:
    """A house that other tests use too, its engine as new."""
    shared_house.engine.reset()
    shared_house.http.cookies.clear()
    return shared_house
