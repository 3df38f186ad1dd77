"""The lockout: wrong passwords over TCP are counted, however close together they come."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from waiaas.clock import SystemClock
from waiaas.config import Settings
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.keystore_watch import KeystoreWatch
from waiaas.engine.operator import Operator
from waiaas.errors import StartRefused, TooMany, Unauthenticated
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Store, Unit


class Busy:
    """A store whose next write comes after something else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.before_write: Callable[[], None] | None = None

    def read(self) -> AbstractContextManager[Unit]:
        return self._store.read()

    def write(self) -> AbstractContextManager[Unit]:
        before, self.before_write = self.before_write, None
        if before is not None:
            before()
        return self._store.write()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    made = Store.open(tmp_path / "waiaas.db")
    yield made
    made.close()


RIGHT = b"the right one"


class CountingSigner:
    """Knows the password. :ivar runs: how often it was asked, each time one run of Argon2"""

    is_alive = True

    def __init__(self) -> None:
        self.runs = 0

    def verify_password(self, password: bytearray) -> bool:
        self.runs += 1
        return password == RIGHT

    def unlock(self, password: bytearray) -> None:
        if not self.verify_password(password):
            raise StartRefused("the password is wrong", code="WRONG_PASSWORD")


def operator_of(store: Store, busy: Busy, attempts: int, signer: Any = None) -> Operator:
    clock = SystemClock()
    journal = Journal(clock)
    signer = signer or CountingSigner()
    settings: Any = SimpleNamespace(security=SimpleNamespace(lockout_attempts=attempts, lockout_seconds=600))
    return Operator(
        store=cast(Store, busy),
        signer=cast(SignerClient, signer),
        journal=journal,
        failures=CredentialFailures(store, journal, clock),
        settings=cast(Settings, settings),
        clock=clock,
        on_unlocked=lambda: None,
        watch=cast(KeystoreWatch, SimpleNamespace(review=lambda: None)),
    )


def guess(operator: Operator) -> None:
    with pytest.raises((Unauthenticated, TooMany)):
        operator.authenticate_password(bytearray(b"wrong"), "127.0.0.1", "tcp")


def locked_out(operator: Operator) -> bool:
    try:
        operator.authenticate_password(bytearray(b"wrong"), "127.0.0.1", "tcp")
    except TooMany:
        return True
    except Unauthenticated:
        return False
    return False


def test_wrong_passwords_at_the_same_moment_all_count(store: Store) -> None:
    """Two guesses of which one is counted while the other is about to be are two."""
    busy = Busy(store)
    operator = operator_of(store, busy, attempts=2)
    busy.before_write = lambda: guess(operator)
    guess(operator)
    assert locked_out(operator)


def test_a_late_wrong_password_lifts_no_lockout(store: Store) -> None:
    """A guess that was under way when the lockout began does not end it."""
    busy = Busy(store)
    operator = operator_of(store, busy, attempts=2)

    def two_others() -> None:
        guess(operator)
        guess(operator)

    busy.before_write = two_others
    guess(operator)
    assert locked_out(operator)


@pytest.mark.parametrize("how", ["authenticate_password", "unlock"])
@pytest.mark.parametrize("password", [RIGHT, b"wrong"])
def test_while_it_lasts_no_password_is_tried(store: Store, how: str, password: bytes) -> None:
    """The lockout is looked at before Argon2 runs: a right and a wrong password get one answer, which costs the signer nothing;
    over the socket both are tried."""
    signer = CountingSigner()
    operator = operator_of(store, Busy(store), 2, signer)
    for _ in range(2):
        guess(operator)
    runs = signer.runs
    for _ in range(3):
        shown = bytearray(password)
        with pytest.raises(TooMany) as caught:
            getattr(operator, how)(shown, "127.0.0.1", "tcp")
        assert caught.value.code == "LOCKED_OUT"
        assert shown == bytes(len(password))
    assert signer.runs == runs == 2
    with contextlib.suppress(Unauthenticated):
        getattr(operator, how)(bytearray(password), None, "socket")
    assert signer.runs == 3
