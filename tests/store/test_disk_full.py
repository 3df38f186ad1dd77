"""A full disk: refused with STORE_FULL, nothing half written, and back to work as soon as there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.samples import transaction
from waiaas.clock import SystemClock
from waiaas.errors import NotReady, StartRefused
from waiaas.store import file_copy
from waiaas.store.audit_chain import verify_file
from waiaas.store.database import Store, Unit
from waiaas.store.migrator import migrate
from waiaas.store.schema_files import Script, read_scripts

BIG = '{"note":"' + "x" * 20_000 + '"}'
NO_LIMIT = 2**30


def allow_pages(store: Store, more: int | None) -> None:
    """Let this thread's connection grow the file by so many pages; by any number where None."""
    with store.read() as unit:
        (now,) = unit._sql.one("PRAGMA page_count") or (0,)
        unit._sql.one(f"PRAGMA max_page_count = {NO_LIMIT if more is None else now + more}")


def fill(unit: Unit, agent_id: str) -> None:
    for _ in range(40):
        row = transaction(agent_id, metadata=BIG)
        unit.transactions.insert(row)
        unit.audit.append(timestamp=1, event_type="transaction.created", actor="system", tx_id=row.id, details=BIG)


def test_a_full_disk_refuses_and_recovers(store: Store, agent_id: str, path: Path) -> None:
    """Without room a write answers STORE_FULL and leaves nothing; reads go on; with room again writes work."""
    allow_pages(store, 5)
    for _ in range(3):
        with pytest.raises(NotReady) as caught, store.write() as unit:
            fill(unit, agent_id)
        assert (caught.value.code, caught.value.status, caught.value.retryable) == ("STORE_FULL", 503, True)
        with store.read() as unit:
            assert unit.transactions.list(limit=1).items == ()
            assert unit.audit.head() is None
    allow_pages(store, None)
    with store.write() as unit:
        fill(unit, agent_id)
    with store.read() as unit:
        assert unit.audit.head() is not None
    assert verify_file(path).is_intact


def test_a_unit_that_hit_the_end_of_the_disk_never_commits(store: Store, agent_id: str) -> None:
    """Catching STORE_FULL inside the unit does not save it: later statements raise too, and so does its end."""
    allow_pages(store, 5)

    def work() -> None:
        with store.write() as unit:
            with pytest.raises(NotReady):
                fill(unit, agent_id)
            with pytest.raises(NotReady):
                unit.state.set("key", "value")

    with pytest.raises(NotReady) as caught:
        work()
    assert caught.value.code == "STORE_FULL"
    allow_pages(store, None)
    with store.read() as unit:
        assert unit.state.get("key") is None
        assert unit.audit.head() is None


LIMITED = """
import resource, sys
from pathlib import Path
from tests.store.samples import agent
from tests.store.test_disk_full import fill
from waiaas.errors import NotReady
from waiaas.store.database import Store
store = Store.open(Path(sys.argv[1]))
row = agent()
with store.write() as unit:
    unit.agents.insert(row)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
try:
    with store.write() as unit:
        fill(unit, row.id)
except NotReady as fault:
    sys.stdout.write(fault.code + "\\n")
with store.read() as unit:
    assert unit.audit.head() is None and unit.agents.count() == 1
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
with store.write() as unit:
    fill(unit, row.id)
store.close()
sys.stdout.write("recovered\\n")
"""


def test_a_write_error_of_the_system_is_a_full_disk_too(path: Path) -> None:
    """When the system refuses to let the log grow, at whatever statement or commit that shows, the answer is STORE_FULL."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", LIMITED, str(path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.returncode) == (["STORE_FULL", "recovered"], 0), done.stderr
    assert verify_file(path).rows == 40


def test_a_start_without_room_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that cannot write its copy or its schema says so, and leaves no half copy behind."""
    scripts = read_scripts()
    migrate(path, scripts, backups=path.parent / "backups", clock=SystemClock())
    more = Script(version=len(scripts) + 1, name="more", checksum="0" * 64, sql="CREATE TABLE more (id INTEGER);")

    def no_room(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_copy, "_sync", no_room)
    with pytest.raises(StartRefused, match="No space left"):
        migrate(path, [*scripts, more], backups=path.parent / "backups", clock=SystemClock())
    assert list((path.parent / "backups").iterdir()) == []
    monkeypatch.undo()
    Store.open(path).close()
