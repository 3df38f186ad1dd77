"""Who may call a route, and how a caller proves to be that one. Deny by default; no cookie is ever read."""

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from waiaas.api.refusals import opaque_401
from waiaas.engine.actors import Actor, require_operator
from waiaas.errors import Denied, Unauthenticated

if TYPE_CHECKING:
    from waiaas.engine.services import Services

Door = Literal["tcp", "socket"]
_SESSION_PREFIX = "wai_sess_"
_OPERATOR_PREFIX = "wai_op_"
_MAX_TOKEN = 256


class Credential(Enum):
    """What a route asks for."""

    NOBODY = "nobody"
    SESSION = "session"
    OPERATOR = "operator"
    OPERATOR_PASSWORD = "operator_password"
    SESSION_OR_OPERATOR = "session_or_operator"
    OPERATOR_OR_SOCKET = "operator_or_socket"  # nobody in particular on the admin socket: only this user can enter it
    UNLOCK = "unlock"  # the master password, proved by the handler: the signer that could prove it is what is locked


@dataclass(slots=True)
class Shown:
    """What a request showed. :param authorization: the raw header; :param password: wiped when the request ends"""

    door: Door
    ip: str
    authorization: str | None = None
    password: bytearray | None = None

    def wipe(self) -> None:
        """Overwrite the password. May be called twice."""
        if self.password is not None:
            self.password[:] = bytes(len(self.password))
            self.password = None


class Gate:
    """Turns what was shown into an actor, and refuses one whom the route does not name."""

    def __init__(self, services: "Services") -> None:
        self._sessions = services.sessions
        self._operator = services.operator

    def admit(self, needed: Credential, shown: Shown) -> Actor:
        """Identify first, then judge: a good credential of the wrong kind is a refusal (403), never a failure (401).

        :raises Unauthenticated: one opaque error for every bad credential
        :raises Denied: for a caller whom the route does not name
        """
        if needed is Credential.NOBODY:
            return Actor(kind="nobody", ip=shown.ip)
        if needed is Credential.OPERATOR_OR_SOCKET and shown.door == "socket":
            return self._anybody(shown)
        if needed is Credential.UNLOCK and shown.password is not None:
            return Actor(kind="nobody", ip=shown.ip)
        actor = self._identify(needed, shown)
        _require(needed, actor)
        return actor

    def _anybody(self, shown: Shown) -> Actor:
        """The operator by a token that holds, for the audit's sake; else nobody in particular. No password is looked at: that
        takes a signer and its time."""
        token = _bearer(shown.authorization)
        if token is not None and token.startswith(_OPERATOR_PREFIX):
            with suppress(Unauthenticated):
                return self._operator.authenticate_token(token, shown.ip)
        return Actor(kind="nobody", ip=shown.ip)

    def _identify(self, needed: Credential, shown: Shown) -> Actor:
        token = _bearer(shown.authorization)
        if shown.password is not None and not (needed is Credential.SESSION and token):
            return self._operator.authenticate_password(shown.password, shown.ip, shown.door)
        if token is not None and token.startswith(_SESSION_PREFIX):
            return self._sessions.authenticate(token, shown.ip)
        if token is not None and token.startswith(_OPERATOR_PREFIX):
            return self._operator.authenticate_token(token, shown.ip)
        raise opaque_401()


def is_session(shown: Shown) -> bool:
    """Whether the caller shows a session's token, good or not, and no password: a program, and no person."""
    return shown.password is None and bearer_of(shown).startswith(_SESSION_PREFIX)


def bearer_of(shown: Shown) -> str:
    """The bearer token of a request that was admitted by one; empty without."""
    return _bearer(shown.authorization) or ""


def _bearer(header: str | None) -> str | None:
    """RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1)."""
    if header is None or len(header) > _MAX_TOKEN:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip(" ")
    return token if scheme.lower() == "bearer" and token.isascii() and token.isprintable() else None


def _require(needed: Credential, actor: Actor) -> None:
    if needed is Credential.SESSION_OR_OPERATOR and actor.kind in ("session", "operator"):
        return
    if needed is Credential.SESSION:
        if actor.kind == "session":
            return
        raise Denied("only an agent's session may do this", code="FORBIDDEN", hint="send a session token")
    require_operator(actor)
    if needed in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK) and not actor.by_password:
        raise Denied("this needs the master password itself", code="PASSWORD_REQUIRED", hint="send X-Master-Password")
