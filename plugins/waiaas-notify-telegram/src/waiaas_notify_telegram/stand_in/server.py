"""The stand-in's HTTP: ``/bot<token>/<method>``, answers and refusals in the Bot API's form, and faults on demand."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from waiaas_notify_telegram.stand_in.chats import Chat, Chats, Message, Refusal

TOKEN = "123456789:AAF-stand-in-token-of-35-letters_xy"
CHAT = "4815162342"
_PATH = re.compile(r"/bot([^/]*)/(\w+)")
_TOKEN_FORM = re.compile(r"[0-9]+:[A-Za-z0-9_-]{35}", re.ASCII)


class BotApiServer:
    """One bot on a free port of this machine, as a context manager.

    :param seconds_between: the pause that one chat is given between two messages; Telegram's is a second
    """

    def __init__(self, *, token: str = TOKEN, seconds_between: float = 1.0) -> None:
        self.token = token
        self.chats = Chats(seconds_between)
        self.chat = self.chats.put(Chat(CHAT))
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self._fault: tuple[str, Any] = ("", None)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """For ``base_url``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def messages(self) -> list[Message]:
        """What the chat got."""
        return list(self.chat.messages)

    def config(self, **changes: Any) -> dict[str, Any]:
        """A TELEGRAM channel's configuration for it."""
        return {"bot_token": self.token, "chat_id": CHAT, "base_url": self.url, **changes}

    # --- faults; each lasts until ``heal``

    def away(self) -> None:
        """Close every connection without an answer."""
        self._fault = ("away", None)

    def fail(self, status: int = 502) -> None:
        """Answer a proxy's page."""
        self._fault = ("fail", status)

    def busy(self, seconds: int, *, after: int = 0) -> None:
        """Answer 429 to everything. :param after: so many messages are taken before"""
        self._fault = ("busy", (seconds, len(self.chat.messages) + after))

    def hang(self, seconds: float) -> None:
        """Answer late."""
        self._fault = ("hang", seconds)

    def say(self, status: int, answer: object) -> None:
        """Answer this to everything; ``{token}`` in its text becomes the bot's token."""
        self._fault = ("say", (status, answer))

    def heal(self) -> None:
        """No fault any more."""
        self._fault = ("", None)

    # --- one request

    def answer(self, path: str, body: bytes) -> tuple[int, bytes] | None:
        """Status and body; None closes the connection."""
        with self._lock:
            self.requests.append(path)
        kind, how = self._fault
        if kind == "away":
            return None
        if kind == "hang":
            time.sleep(how)
        if kind == "fail":
            return how, b"<html>bad gateway</html>"
        if kind == "say":
            return how[0], json.dumps(how[1]).replace("{token}", self.token).encode()
        try:
            if kind == "busy" and len(self.chat.messages) >= how[1]:
                raise Refusal(429, f"Too Many Requests: retry after {how[0]}", {"retry_after": how[0]})
            return 200, json.dumps({"ok": True, "result": self._call(path, body)}).encode()
        except Refusal as refusal:
            return refusal.status, json.dumps(_document(refusal)).encode()

    def _call(self, path: str, body: bytes) -> Any:
        found = _PATH.fullmatch(path)
        if found is None or not _TOKEN_FORM.fullmatch(found[1]):
            raise Refusal(404, "Not Found")
        if found[1] != self.token:
            raise Refusal(401, "Unauthorized")
        try:
            fields = json.loads(body or b"{}")
        except ValueError:
            raise Refusal(400, "Bad Request: can't parse JSON") from None
        with self._lock:
            self.bodies.append(fields)
        method = getattr(self, f"_{found[2]}", None) if found[2] in ("getMe", "getChat", "sendMessage") else None
        if method is None:
            raise Refusal(404, "Not Found: method not found")
        return method(fields)

    def _getMe(self, body: dict[str, Any]) -> Any:  # noqa: N802 - the service's word
        return {"id": int(self.token.partition(":")[0]), "is_bot": True, "username": "stand_in_bot"}

    def _getChat(self, body: dict[str, Any]) -> Any:  # noqa: N802 - the service's word
        return {"id": int(self.chats.find(body).number), "type": "private"}

    def _sendMessage(self, body: dict[str, Any]) -> Any:  # noqa: N802 - the service's word
        message = self.chats.send(body)
        return {"message_id": message.id, "chat": {"id": int(message.chat)}, "text": message.text}

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _document(refusal: Refusal) -> dict[str, Any]:
    document: dict[str, Any] = {"ok": False, "error_code": refusal.status, "description": refusal.description}
    return {**document, "parameters": refusal.parameters} if refusal.parameters else document


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    """Glue. Connections are kept."""

    stand_in: ClassVar[BotApiServer]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = self.stand_in.answer(self.path, body)
        if given is None:
            self.close_connection = True
            return
        status, content = given
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
