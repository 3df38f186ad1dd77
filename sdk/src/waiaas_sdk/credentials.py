"""Which credential goes with which of the operator's calls."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from waiaas_sdk.codes import PasswordRequired
from waiaas_sdk.errors import Denied, Unauthenticated
from waiaas_sdk.models import OperatorToken
from waiaas_sdk.parsing import R, parse
from waiaas_sdk.transport import Answer, Call, Transport


class Credentials:
    """A password, a token, or both, and the calls made with them.

    With ``remember`` the password buys a token once; a token that expired is bought anew. Calls that the daemon wants the
    password itself for are repeated with it.

    :param password: or who is asked for it, once and not before it is needed
    :param is_brief: tokens bought here are for a minute, and leave no row in the audit trail
    :param on_dead_token: told when the token that was given is not valid any more
    """

    def __init__(
        self,
        *,
        password: str | Callable[[], str] | None = None,
        token: str | None = None,
        remember: bool = True,
        is_brief: bool = False,
        on_dead_token: Callable[[], None] | None = None,
    ) -> None:
        self._password = password
        self._token = token
        self._given = token
        self._remember = remember
        self._is_brief = is_brief
        self._on_dead_token = on_dead_token
        self._lock = threading.Lock()
        self._transport: Transport | None = None

    def attach(self, transport: Transport) -> None:
        """Say where calls go. Called once."""
        self._transport = transport

    def get(self, kind: type[R], path: str, query: Mapping[str, Any] | None = None) -> R:
        """Read ``path`` as a record."""
        return parse(kind, self.call("GET", path, query=query or {}, repeatable=True))

    def call(self, method: str, path: str, *, with_password: bool = False, **rest: Any) -> Answer:
        """Make a call as the operator.

        :param with_password: the daemon takes nothing less for it
        :raises WaiaasApiError: what went wrong
        """
        if with_password or (self._password is not None and not self._remember):
            return self._send(method, path, self._by_password(), rest)
        try:
            return self._call_by_token(method, path, rest)
        except Denied as error:
            if error.code != "PASSWORD_REQUIRED" or self._password is None:
                raise
            return self._send(method, path, self._by_password(), rest)

    def _call_by_token(self, method: str, path: str, rest: Mapping[str, Any]) -> Answer:
        """With the token that is known, or one that is bought: at first, or anew where the known one has expired."""
        token = self._token or (self.login().token if self._password is not None else None)
        try:
            return self._send(method, path, _by_token(token), rest)
        except Unauthenticated:
            if token is not None and token == self._given and self._on_dead_token is not None:
                self._on_dead_token()
            if self._password is None:
                raise
            return self._send(method, path, _by_token(self._login_after(token)), rest)

    def login(self, *, is_brief: bool | None = None) -> OperatorToken:
        """Buy a token with the password. :param is_brief: None is as the client was made"""
        body = {"brief": True} if (self._is_brief if is_brief is None else is_brief) else {}
        got = parse(OperatorToken, self._send("POST", "/v1/operator/login", self._by_password(), {"body": body}))
        self._token = got.token
        return got

    def _login_after(self, stale: str | None) -> str:
        """A token other than ``stale``; threads that find it stale together log in once."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            return self.login().token

    def logout_bought(self) -> None:
        """End the token if it was bought here; one that was given lives on."""
        if self._token != self._given:
            self.logout()

    def logout(self) -> None:
        """End the token, if there is one."""
        token, self._token = self._token, None
        if token is not None:
            self._send("POST", "/v1/operator/logout", _by_token(token), {"body": {}})

    def _by_password(self) -> dict[str, str]:
        if self._password is None:
            raise PasswordRequired(
                "this needs the master password, and the client has none",
                code="PASSWORD_REQUIRED",
                hint="use Operator.over_socket(path, password)",
            )
        if not isinstance(self._password, str):
            self._password = self._password()
        return {"X-Master-Password": _header_text(self._password)}

    def _send(self, method: str, path: str, credential: Mapping[str, str], rest: Mapping[str, Any]) -> Answer:
        if self._transport is None:
            raise RuntimeError("attach() comes first")
        return self._transport.call(Call(method=method, path=path, credential=credential, **rest))


def _by_token(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _header_text(password: str) -> str:
    """A password as a header's value: UTF-8 bytes, which HTTP carries as Latin-1 (RFC 9110 field values)."""
    return password.encode("utf-8").decode("latin-1")
