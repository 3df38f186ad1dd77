"""The operator's credentials: the master password, and short-lived tokens bought with it. Nothing keeps the password."""

import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.actors import Actor
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.keystore_watch import KeystoreWatch
from waiaas.errors import NotReady, StartRefused, TooMany, Unauthenticated, WaiaasError
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Store, Unit

_log = logging.getLogger("waiaas.operator")
PREFIX = "wai_op_"
_LOCKOUT = "lockout"
_MAX_TOKENS = 64
_BRIEF_SECONDS = 60


class _Bought(NamedTuple):
    """A token that lives. :param end: Unix seconds; :param is_brief: no row tells of it"""

    end: int
    is_brief: bool


class Operator:
    """Lets the operator in. Thread-safe; tokens live in memory as SHA-256 and die with the process.

    :param on_unlocked: what has to happen before anything is signed
    :param watch: brings what commands did to the keystore on record
    """

    def __init__(
        self,
        *,
        store: Store,
        signer: SignerClient,
        journal: Journal,
        failures: CredentialFailures,
        settings: Settings,
        clock: Clock,
        on_unlocked: Callable[[], None],
        watch: KeystoreWatch,
    ) -> None:
        self._on_unlocked = on_unlocked
        self._watch = watch
        watch.on_change = self.forget_tokens
        self._store = store
        self._signer = signer
        self._journal = journal
        self._failures = failures
        self._security = settings.security
        self._clock = clock
        self._tokens: dict[str, _Bought] = {}
        self._lock = threading.Lock()

    def authenticate_password(self, password: bytearray, ip: str | None, door: Literal["tcp", "socket"]) -> Actor:
        """Check the master password: one Argon2 run in the signer. Wipes ``password``.

        :raises Unauthenticated: when it is wrong, :raises TooMany: while TCP is locked out, :raises NotReady: without a signer
        """
        try:
            if door == "tcp":
                self._require_no_lockout()
            if not self._signer.is_alive:
                raise NotReady(
                    "the signer is not running", code="SIGNER_LOCKED", hint="the operator runs `waiaas unlock`"
                )
            if not self._signer.verify_password(password):
                self._wrong(ip, door)
                raise Unauthenticated(
                    "the credential is not valid", hint="use the master password or an operator token"
                )
        finally:
            password[:] = bytes(len(password))
        self._right(door)
        self._look_at_keystore()
        return Actor(kind="operator", ip=ip, by_password=True)

    def authenticate_token(self, token: str, ip: str | None) -> Actor:
        """Who holds an operator token. :raises Unauthenticated: for a wrong or expired one"""
        bought = self._tokens.get(_hash(token))
        if bought is None or bought.end <= self._clock.now():
            self._failures.note("operator", ip)
            raise Unauthenticated("the credential is not valid", hint="use the master password or an operator token")
        return Actor(kind="operator", ip=ip)

    def login(self, actor: Actor, *, is_brief: bool = False) -> tuple[str, int]:
        """A token for the password that just came. Returns it and its end.

        :param is_brief: for one piece of work of a minute; it is not on record, as a password that comes with a request is not
        :raises Unauthenticated: without a password
        """
        if not actor.by_password:
            raise Unauthenticated("logging in needs the master password")
        ttl = self._security.operator_token_ttl
        token, end = (
            PREFIX + secrets.token_urlsafe(32),
            self._clock.now() + (min(_BRIEF_SECONDS, ttl) if is_brief else ttl),
        )
        if not is_brief:
            with self._store.write() as unit:
                details = {"expiresAt": end}
                self._journal.record(unit, "operator.logged_in", actor=actor.label, details=details, ip=actor.ip)
        with self._lock:
            live = {key: one for key, one in self._tokens.items() if one.end > self._clock.now()}
            while len(live) >= _MAX_TOKENS:
                live.pop(min(live, key=lambda key: live[key].end))
            live[_hash(token)] = _Bought(end, is_brief)
            self._tokens = live
        return token, end

    def logout(self, token: str) -> None:
        """End a token. May be called again."""
        with self._lock:
            known = self._tokens.pop(_hash(token), None)
        if known is not None and not known.is_brief:
            with self._store.write() as unit:
                self._journal.record(unit, "operator.logged_out", actor="operator")

    def unlock(self, password: bytearray, ip: str | None = None, door: Literal["tcp", "socket"] = "socket") -> None:
        """Open the keystore, starting a dead signer again. Wipes ``password``. May be called again.

        :raises Unauthenticated: when the password is wrong
        """
        try:
            if door == "tcp":
                self._require_no_lockout()
            self._signer.unlock(password)
        except StartRefused as problem:
            if problem.code != "WRONG_PASSWORD":
                raise NotReady(problem.message, code="SIGNER_LOCKED", hint=problem.hint) from None
            self._wrong(ip, door)
            raise Unauthenticated("the credential is not valid", hint="use the master password") from None
        finally:
            password[:] = bytes(len(password))
        with self._store.write() as unit:
            self._journal.record(unit, "signer.unlocked", actor="operator", ip=ip)
        self._on_unlocked()
        self._right(door)

    def forget_tokens(self) -> None:
        """End every token: they were bought with a password that is not the master password any more."""
        with self._lock:
            self._tokens = {}

    def _look_at_keystore(self) -> None:
        """A right password is the occasion: commands that change the keystore bring it right after."""
        try:
            self._watch.review()
        except (
            WaiaasError
        ) as problem:  # what is not on record yet stays where it is, and must not keep the operator out
            _log.error("what commands did to the keystore could not be recorded: %s", problem.message)

    def _require_no_lockout(self) -> None:
        with self._store.read() as unit:
            self._refuse_while_locked(_failures_in(unit)[1])

    def _refuse_while_locked(self, until: int) -> None:
        left = until - self._clock.now()
        if left > 0:
            raise TooMany(
                "too many wrong passwords over TCP",
                code="LOCKED_OUT",
                hint="wait, or use the CLI on the machine itself: the admin socket is never locked",
                retry_after=left,
            )

    def _wrong(self, ip: str | None, door: str) -> None:
        """Count a wrong password. Read and written in one unit: guesses made at the same time must not count as one.

        :raises TooMany: when the lock fell while this one was being tried; then nobody learns that it was wrong
        """
        self._failures.note("password", ip)
        if door != "tcp":
            return
        with self._store.write() as unit:
            count, until = _failures_in(unit)
            self._refuse_while_locked(until)
            is_over = count + 1 >= self._security.lockout_attempts
            until = self._clock.now() + self._security.lockout_seconds if is_over else 0
            unit.state.set(_LOCKOUT, json.dumps({"count": 0 if is_over else count + 1, "until": until}))
            if is_over:
                self._journal.record(unit, "credential.locked_out", actor="nobody", details={"until": until}, ip=ip)

    def _right(self, door: str) -> None:
        """Start the count again. :raises TooMany: when the lock fell while the password was being tried"""
        if door != "tcp":
            return
        with self._store.read() as unit:
            if _failures_in(unit) == (0, 0):
                return
        with self._store.write() as unit:
            self._refuse_while_locked(_failures_in(unit)[1])
            unit.state.set(_LOCKOUT, json.dumps({"count": 0, "until": 0}))


def _failures_in(unit: Unit) -> tuple[int, int]:
    """How many wrong passwords came over TCP since the last right one, and until when TCP is locked."""
    text = unit.state.get(_LOCKOUT)
    document = json.loads(text) if text else {}
    return int(document.get("count", 0)), int(document.get("until", 0))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
