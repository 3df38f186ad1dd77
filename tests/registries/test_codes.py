"""Every error code is provoked: over HTTP on a running daemon, or, where HTTP cannot carry it, by the part that raises it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from waiaas_sdk import WaiaasApiError
from waiaas_sdk.codes import BY_CODE
from waiaas_sdk.errors import BY_STATUS

from tests.harness.data_directory import PASSWORD, copy_of
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House
from tests.registries.conftest import Plugged
from tests.registries.refusals import OWN_HOUSE, ask, on_shared
from waiaas import errors
from waiaas.api.waiting import WaitingRoom
from waiaas.config import DataDir, check, create, load
from waiaas.daemon.lock import DirectoryLock
from waiaas.engine.backup_reading import open_backup
from waiaas.engine.backup_writing import make_backup
from waiaas.errors import PluginError, StartRefused, WaiaasError
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.backup_cipher import backup_key
from waiaas.keystore.client import SignerClient
from waiaas.keystore.master import check_password_strength
from waiaas.keystore.records import KeyHeader
from waiaas.registry import parse
from waiaas.store.database import Store

pytestmark = pytest.mark.xdist_group("registries-codes")

UNFORESEEN = """
class Config(BaseModel):
    @classmethod
    def model_validate_json(cls, *given, **more): raise RuntimeError("the plugin's own words")

class Channel(NotificationChannel):
    type = "ODD"
    config_model = Config
    def render(self, notification): return ""
    def send(self, rendered, notification_id): return notification_id
    def health(self): return "ready"

@hookimpl
def waiaas_notification_channels():
    return [Channel]
"""


def tree(kind: type[WaiaasError] = WaiaasError) -> Iterator[type[WaiaasError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


STATUS = {
    code: kind.status for kind in tree() if not issubclass(kind, StartRefused | PluginError) for code in kind.codes
}
SHARED = [
    "MALFORMED",
    "UNKNOWN_FIELD",
    "INVALID_ADDRESS",
    "INVALID_AMOUNT",
    "INVALID_NETWORK",
    "TOKEN_MISMATCH",
    "INVALID_RULES",
    "INVALID_CHANNEL",
    "INVALID_IDEMPOTENCY_KEY",
    "HOST_NOT_ALLOWED",
    "UNAUTHENTICATED",
    "POLICY_DENIED",
    "CONSTRAINT_DENIED",
    "TYPE_NOT_SUPPORTED",
    "FORBIDDEN",
    "PASSWORD_REQUIRED",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "STATE_CONFLICT",
    "IDEMPOTENCY_CONFLICT",
    "NAME_TAKEN",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "CHAIN_REFUSED",
    "ROW_TAMPERED",
    "AGENT_SUSPENDED",
]
BY_PARTS = {"BUSY": "needs every waiting thread taken at one moment"}
"""Codes that HTTP carries and that are provoked in the part which raises them, with the reason."""
OF_PLUGINS = {code for kind in tree(PluginError) for code in kind.codes}
"""Raised by plugins; what the daemon makes of them is tested where it calls them (chains, channels)."""


def test_the_python_client_has_a_type_for_every_code() -> None:
    """The client's registry has the daemon's codes, each with a type of the code's status; where this fails after a new
    code: add a class and a line to sdk/src/waiaas_sdk/codes.py."""
    assert set(BY_CODE) == set(STATUS)
    for code, kind in BY_CODE.items():
        assert issubclass(kind, BY_STATUS.get(STATUS[code], WaiaasApiError)), code


def hold(answer: httpx.Response, code: str) -> None:
    """The answer is the error of that code, in the one shape of errors."""
    assert answer.json().get("code") == code, answer.text
    assert answer.status_code == STATUS[code]
    assert set(answer.json()) == {"code", "message", "retryable", "hint", "details", "requestId"}
    assert answer.json()["message"]
    assert ("Retry-After" in answer.headers) is (answer.status_code in (429, 503))


def test_every_code_is_provoked_somewhere() -> None:
    """No code was added without being provoked here, and none is awaited that is gone."""
    known = {code for kind in tree() for code in kind.codes}
    tried = {*SHARED, *OWN_HOUSE, *BY_PARTS, *AT_START, *OF_PLUGINS, "INTERNAL"}
    assert tried == known


@pytest.mark.parametrize("code", SHARED)
def test_every_code_is_answered_by_a_running_daemon(shared_house: House, code: str) -> None:
    """The daemon answers what provokes the code with the code, its status and the shape of an error."""
    hold(on_shared(shared_house)[code](), code)


@pytest.mark.parametrize("code", OWN_HOUSE)
def test_every_code_of_a_special_state_is_answered_in_it(make_house: MakeHouse, code: str) -> None:
    """In the state that the code speaks of, the running daemon answers with it."""
    provoke, environ = OWN_HOUSE[code]
    hold(provoke(make_house(environ=environ)), code)


def test_what_nobody_foresaw_says_nothing(plugged: Plugged) -> None:
    """A channel that raises while it reads its configuration makes that request fail with INTERNAL; no word of it leaves."""
    house = plugged("odd", UNFORESEEN).start()
    body: dict[str, object] = {"type": "ODD", "config": {}}
    answer = ask(house, "POST", "/v1/notification-channels", house.operator.login().token, json=body)
    hold(answer, "INTERNAL")
    assert "own words" not in answer.text
    assert any(answer.json()["requestId"] in line["message"] for line in house.log())


def test_busy_is_raised_when_every_seat_is_taken() -> None:
    """A read from a node is refused with BUSY while all threads that may wait do."""
    room = WaitingRoom(2)
    with room.for_outcome(), pytest.raises(WaiaasError) as caught, room.for_node():
        pass
    assert caught.value.code == "BUSY"


def test_the_signer_refuses_what_was_judged_before_a_stop(template: Path, tmp_path: Path) -> None:
    """A signature asked for under an older stop epoch is refused with KILL_SWITCH."""
    signer = SignerClient.start(copy_of(template, tmp_path / "copy").keystore)
    try:
        signer.unlock(bytearray(PASSWORD.encode()))
        handle, key = signer.generate(Scheme.ED25519)
        agent = "0199aaaa-0000-7000-8000-000000000001"
        header = KeyHeader(
            agent_id=agent,
            chain="nochain",
            chain_id="test:chain",
            scheme=Scheme.ED25519,
            public_key=key.data.hex(),
            address="somewhere",
            created_at=1,
        )
        signer.seal(handle, header)
        wish = {"agent_id": agent, "kind": "tx.nochain", "preimage": b"bytes", "hash": Hash.NONE}
        assert signer.sign(**wish, stop_epoch=0)  # type: ignore[arg-type]
        signer.raise_stop_epoch(1)
        with pytest.raises(WaiaasError) as caught:
            signer.sign(**wish, stop_epoch=0)  # type: ignore[arg-type]
    finally:
        signer.close()
    assert caught.value.code == "KILL_SWITCH"


# --- a start that is refused ---------------------------------------------------------------------------------------------


def _damaged_lock(paths: DataDir) -> None:
    parse("nonsense")


def _open_folder(paths: DataDir) -> None:
    paths.root.chmod(0o755)
    check(paths.root)


def _bad_config(paths: DataDir) -> None:
    load(paths.root, {"WAIAAS_DAEMON_PORT": "soon"})


def _newer_database(paths: DataDir) -> None:
    Store.open(paths.database).close()
    with closing(sqlite3.connect(paths.database, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO schema_version SELECT 9999, name, checksum, applied_at FROM schema_version LIMIT 1"
        )
    Store.open(paths.database)


def _second_daemon(paths: DataDir) -> None:
    first, second = DirectoryLock(paths.daemon_lock), DirectoryLock(paths.daemon_lock)
    first.take()
    try:
        second.take()
    finally:
        first.release()


def _damaged_keystore(paths: DataDir) -> None:
    master = paths.keystore / "master.json"
    master.write_text(master.read_text()[:-9])
    _unlock(paths, PASSWORD)


def _wrong_password(paths: DataDir) -> None:
    _unlock(paths, "another password")


def _weak_password(paths: DataDir) -> None:
    check_password_strength(bytearray(b"password"), 12)


def _unlock(paths: DataDir, password: str) -> None:
    signer = SignerClient.start(paths.keystore)
    try:
        signer.unlock(bytearray(password.encode()))
    finally:
        signer.close()


def _a_backup(paths: DataDir) -> bytes:
    """A backup of a directory that a daemon has named, as bytes."""
    Store.open(paths.database).close()
    with closing(sqlite3.connect(paths.database, isolation_level=None)) as connection:
        connection.execute("INSERT INTO daemon_state (key, value) VALUES ('instance_id', 'of-a-test')")
    key = backup_key((paths.keystore / "master.json").read_bytes(), bytearray(PASSWORD.encode()))
    return make_backup(paths, key, 1).path.read_bytes()


def _open_a_backup(paths: DataDir, text: bytes) -> None:
    file = paths.root / "changed.backup"
    file.write_bytes(text)
    open_backup(file, bytearray(PASSWORD.encode()), create(paths.root / "opened"))


def _edited_backup(paths: DataDir) -> None:
    text = _a_backup(paths)
    _open_a_backup(paths, text[:-1] + bytes([text[-1] ^ 1]))


def _cut_backup(paths: DataDir) -> None:
    _open_a_backup(paths, _a_backup(paths)[:-1])


def _newer_backup(paths: DataDir) -> None:
    text = _a_backup(paths)
    _open_a_backup(paths, text[:15] + b"\2" + text[16:])


AT_START: dict[str, Callable[[DataDir], None]] = {
    "START_REFUSED": _damaged_lock,
    "DATA_DIR_UNSAFE": _open_folder,
    "CONFIG_INVALID": _bad_config,
    "SCHEMA_MISMATCH": _newer_database,
    "ALREADY_RUNNING": _second_daemon,
    "KEYSTORE_DAMAGED": _damaged_keystore,
    "WRONG_PASSWORD": _wrong_password,
    "WEAK_PASSWORD": _weak_password,
    "BACKUP_DAMAGED": _edited_backup,
    "BACKUP_TRUNCATED": _cut_backup,
    "BACKUP_VERSION": _newer_backup,
}


@pytest.mark.parametrize("code", AT_START)
def test_every_code_of_a_refused_start_is_raised(template: Path, tmp_path: Path, code: str) -> None:
    """The step of the start that finds the fault raises StartRefused with the code and with words for people."""
    with pytest.raises(StartRefused) as caught:
        AT_START[code](copy_of(template, tmp_path / "copy"))
    assert caught.value.code == code
    assert caught.value.message
