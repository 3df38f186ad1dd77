"""A JSON-RPC node over real HTTP that answers as a test says, for tests of failover and of batches."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, Any]
"""A status, and JSON or the text itself."""
Serve = Callable[[Any], Reply]
"""From a request's JSON to the reply."""


class RpcNode:
    """What it was asked is in ``asked``: one entry a request, parsed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Any] = []

    @property
    def sizes(self) -> list[int]:
        """Questions in each request; 0 for one outside of a batch."""
        return [len(body) if isinstance(body, list) else 0 for body in self.asked]


@contextmanager
def rpc_node(serve: Serve) -> Iterator[RpcNode]:
    """A node while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer

        def log_message(self, *words: object) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            node.asked.append(body)
            status, answer = serve(body)
            raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node = RpcNode(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answering(answer: Callable[[Any], Any]) -> Serve:
    """Every question, alone or in a batch, gets what the function says: a result, or an error object in a dictionary."""

    def serve(body: Any) -> Reply:
        if isinstance(body, list):
            return 200, [_reply(call, answer) for call in body]
        return 200, _reply(body, answer)

    return serve


def _reply(call: Any, answer: Callable[[Any], Any]) -> Any:
    said = answer(call)
    return {"jsonrpc": "2.0", "id": call["id"], **(said if isinstance(said, dict) else {"result": said})}


def error(code: Any, message: str = "their words", data: Any = None) -> dict[str, Any]:
    """An error as :func:`answering` takes it."""
    return {"error": {"code": code, "message": message, "data": data}}
