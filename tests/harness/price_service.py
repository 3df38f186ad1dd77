"""A price service over real HTTP on loopback, which answers what a test tells it to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PriceService:
    """What it answers may be changed while it runs.

    :ivar answer: a document, or the very bytes of a body; :ivar status: of the answer
    :ivar asked: paths with their queries, in order
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer: Any = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.hangs = threading.Event()
        """Set: nothing is answered before :attr:`done`."""
        self.done = threading.Event()

    def says(self, word: str, usd: str, **more: Any) -> None:
        """One asset's price, as a JSON number with these very digits."""
        self.answer = f'{{"{word}": {{"usd": {usd}, "more": {json.dumps(more)}}}}}'.encode()


@contextmanager
def price_service() -> Iterator[PriceService]:
    """One that listens until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.asked.append(self.path)
            if service.hangs.is_set():
                service.done.wait(60)
            body = service.answer if isinstance(service.answer, bytes) else json.dumps(service.answer).encode()
            self.send_response(service.status)
            for name, value in {"Content-Length": str(len(body)), **service.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = PriceService(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.done.set()
        server.shutdown()
        server.server_close()
        thread.join()
