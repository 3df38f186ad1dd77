"""HTTP for tests of adapters: the host's client without its metrics and masking, and a scripted one without sockets."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from waiaas.errors import NodeFailure, NodeTrouble, Trouble, Unavailable
from waiaas.interfaces.chain import Http

_SECONDS = 10.0


class DirectHttp:
    """Implements :class:`waiaas.interfaces.chain.Http` over real endpoints; asks them in order.

    :param urls: at least one
    """

    def __init__(self, *urls: str, client: httpx.Client | None = None) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        # verify=False: loopback alone; loading certificates would cost 50 ms a client
        self._client = client or httpx.Client(timeout=_SECONDS, verify=False, trust_env=False)  # noqa: S501
        self._lock = threading.Lock()
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many HTTP requests were made, over all endpoints."""
        return self._requests

    @property
    def address(self) -> str:
        """The first endpoint's address."""
        return self._urls[0]

    @property
    def position(self) -> int:
        """The first."""
        return 1

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """The JSON of the first endpoint that answers with a 2xx.

        :raises NodeFailure: when none did
        """
        problem = Unavailable("no endpoint is configured")
        for url in self._urls:
            try:
                return self._ask(method, url + path, body)
            except Unavailable as away:
                problem = away
        raise problem

    def each(self) -> Sequence[Http]:
        """One client an endpoint; with one endpoint, this one."""
        return [self] if len(self._urls) == 1 else [DirectHttp(url, client=self._client) for url in self._urls]

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _ask(self, method: str, url: str, body: Any) -> Any:
        with self._lock:
            self._requests += 1
        try:
            response = self._client.request(method, url, json=body)
        except httpx.HTTPError as problem:
            words = f"it could not be asked ({type(problem).__name__})"
            raise _failure(Trouble.UNREACHABLE, words, url) from problem
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not response.is_success:
            kind = Trouble.LIMITED if response.status_code == httpx.codes.TOO_MANY_REQUESTS else Trouble.FAILED
            raise _failure(kind, f"HTTP {response.status_code}", url, answer)
        if answer is None and response.text.strip() != "null":
            raise _failure(Trouble.MALFORMED, "it did not answer in JSON", url)
        return answer


def _failure(kind: Trouble, words: str, url: str, answer: Any = None) -> NodeFailure:
    trouble = NodeTrouble(kind=kind, words=words, endpoint=url)
    return NodeFailure(f"the node did not answer: {words}", troubles=(trouble,), answer=answer)


class ScriptedHttp:
    """Implements :class:`waiaas.interfaces.chain.Http` by a function, for answers that no real node would give.

    :param answer: from (method, path, body) to the parsed JSON; may raise Unavailable
    :param others: further endpoints, for ``each``
    """

    def __init__(self, answer: Callable[[str, str, Any], Any], *others: Http) -> None:
        self._answer = answer
        self._others = others
        self.bodies: list[Any] = []

    @property
    def address(self) -> str:
        """Nowhere."""
        return "http://scripted.invalid"

    @property
    def position(self) -> int:
        """The first."""
        return 1

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """What the function says; the body is kept in ``bodies``."""
        self.bodies.append(body)
        return self._answer(method, path, body)

    def each(self) -> Sequence[Http]:
        """This one and the others."""
        return [self, *self._others]


def no_network(method: str, path: str, body: Any) -> Any:
    """For :class:`ScriptedHttp`: a pure method that asks a node fails its test.

    :raises AssertionError: always
    """
    raise AssertionError(f"a pure method asked the network: {method} {path or '/'}")
