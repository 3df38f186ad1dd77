"""The notary signs the end of the log every hundred rows, or once the first unsigned row has waited a minute (invariant 20)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.data_directory import PASSWORD, make_template
from waiaas.engine.admin import Lifecycle
from waiaas.engine.checkpoints import Checkpoints, is_genuine
from waiaas.engine.journal import Journal
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.keystore.client import SignerClient
from waiaas.store.audit_chain import verify_file
from waiaas.store.audit_report import Fault
from waiaas.store.database import Store
from waiaas.store.records import AuditRow, Checkpoint
from waiaas.workers.notary import Notary

INSTANCE = "0199aaaa-0000-7000-8000-000000000001"


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> int:
        return int(self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def elapsed(self) -> float:
        return self.seconds


class Desk:
    """A store, a signer and a notary between them."""

    def __init__(self, root: Path, signer: SignerClient) -> None:
        self.path = root / "data" / "waiaas.db"
        self.store = Store.open(self.path)
        self.clock = Clock()
        self.woken = 0
        self.is_open = True
        self.journal = Journal(self.clock, after_stretch=self._wake)
        self.lifecycle = Lifecycle(started_at=0, instance_id=INSTANCE, is_own=True)
        self.checkpoints = self.made_with(signer)
        self.notary = Notary(self.checkpoints, lambda: self.is_open)
        with self.store.write() as unit:
            unit.state.set("instance_id", INSTANCE)
        self.write(1)
        self.notary.run_once()  # the first look signs at once what was there before

    def made_with(self, signer: SignerClient) -> Checkpoints:
        """As a new life of the daemon makes them."""
        return Checkpoints(
            store=self.store, signer=signer, journal=self.journal, clock=self.clock, lifecycle=self.lifecycle
        )

    def _wake(self) -> None:
        self.woken += 1

    def write(self, count: int) -> None:
        with self.store.write() as unit:
            for _ in range(count):
                self.journal.record(unit, "operator.logged_in", actor="operator")

    def signed(self) -> list[int]:
        with self.store.read() as unit:
            return [found.audit_id for found in unit.checkpoints.between(0, 10**9)]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerClient]:
    root = make_template(tmp_path_factory.mktemp("keys") / "data")
    client = SignerClient.start(root / "keystore")
    client.unlock(bytearray(PASSWORD.encode()))
    yield client
    client.close()


@pytest.fixture
def desk(tmp_path: Path, signer: SignerClient) -> Iterator[Desk]:
    (tmp_path / "data").mkdir()
    made = Desk(tmp_path, signer)
    yield made
    made.store.close()


def test_what_an_earlier_life_left_unsigned_is_signed_at_once(desk: Desk) -> None:
    """The first look of a process does not wait."""
    assert desk.signed() == [1]


def test_a_hundred_rows_are_signed_for_at_once(desk: Desk) -> None:
    """99 new rows wait, the hundredth does not; and each hundredth row wakes the notary."""
    desk.write(99)
    desk.notary.run_once()
    assert (desk.signed(), desk.woken) == ([1], 1)
    desk.write(1)
    desk.notary.run_once()
    assert desk.signed() == [1, 101]
    desk.write(250)
    desk.notary.run_once()
    assert (desk.signed(), desk.woken) == ([1, 101, 351], 3)


def test_one_row_waits_a_minute_at_most(desk: Desk) -> None:
    """From when it is first seen it waits less than 60 s, and is signed then; with nothing new nothing is signed."""
    desk.write(1)
    desk.notary.run_once()
    desk.clock.seconds += 59
    desk.notary.run_once()
    assert desk.signed() == [1]
    desk.clock.seconds += 1
    desk.notary.run_once()
    assert desk.signed() == [1, 2]
    desk.clock.seconds += 600
    desk.notary.run_once()
    desk.checkpoints.sign()
    assert desk.signed() == [1, 2]


def test_a_stop_signs_whatever_is_new(desk: Desk) -> None:
    """Without waiting for anything, and a second time without anything to sign."""
    desk.write(3)
    desk.checkpoints.sign()
    desk.checkpoints.sign()
    assert desk.signed() == [1, 4]


def test_nothing_is_signed_before_the_house_is_open(desk: Desk) -> None:
    """A locked signer, or a directory that nobody has looked at yet, is waited for."""
    desk.is_open = False
    desk.write(200)
    desk.notary.run_once()
    assert desk.signed() == [1]


def test_every_checkpoint_verifies(desk: Desk) -> None:
    """What the notary keeps is what the verification accepts, under the key that the signer has."""
    for _ in range(3):
        desk.write(100)
        desk.notary.run_once()
    report = verify_file(desk.path, transitions=MOVES, is_genuine=is_genuine, key=desk.checkpoints.key())
    assert (report.is_intact, report.checkpoints) == (True, 4)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerClient]:
    """A signer of another data key."""
    client = SignerClient.start(make_template(tmp_path_factory.mktemp("stranger") / "data") / "keystore")
    client.unlock(bytearray(PASSWORD.encode()))
    yield client
    client.close()


def noted(desk: Desk) -> AuditRow:
    with desk.store.read() as unit:
        (row,) = unit.audit.list(limit=10, event_type="signer.checkpoint_key_changed").items
    return row


def test_another_key_is_noted_before_it_signs(desk: Desk, stranger: SignerClient) -> None:
    """After the data key changed the log says which key follows which, and old checkpoints stay good."""
    desk.write(1)
    later = desk.made_with(stranger)
    later.keep_up()
    later.keep_up()
    assert desk.signed() == [1, noted(desk).id]
    report = verify_file(desk.path, is_genuine=is_genuine, key=later.key())
    assert (report.is_intact, report.checkpoints) == (True, 2)


def test_the_row_that_notes_another_key_is_signed_itself(
    desk: Desk, stranger: SignerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where others write right behind it: a signature further on would not tell it from a forger's."""
    desk.write(1)
    later = desk.made_with(stranger)
    note = later._note_new_key

    def note_among_others() -> None:
        note()
        desk.write(1)

    monkeypatch.setattr(later, "_note_new_key", note_among_others)
    later.keep_up()
    assert desk.signed() == [1, noted(desk).id, noted(desk).id + 1]
    assert verify_file(desk.path, is_genuine=is_genuine, key=later.key()).is_intact


def put_in(desk: Desk, stranger: SignerClient) -> None:
    """Somebody with the file writes a checkpoint of their own at the end of the table."""
    desk.write(1)
    with desk.store.write() as unit:
        head = unit.audit.head()
        assert head is not None
        key, signature = stranger.checkpoint(INSTANCE, *head)
        forged = Checkpoint(
            created_at=1, audit_id=head[0], audit_hash=head[1], public_key=key.hex(), signature=signature.hex()
        )
        assert unit.checkpoints.add(forged)
    desk.write(1)


@pytest.mark.parametrize("when", ["while it runs", "before a start where the directory is not its own"])
def test_a_key_that_cannot_be_ours_is_noted_and_not_taken_for_it(
    desk: Desk, signer: SignerClient, stranger: SignerClient, when: str
) -> None:
    """Somebody's checkpoint at the end of the table does not become the installation's by being found there."""
    put_in(desk, stranger)
    if when == "while it runs":
        desk.checkpoints.sign()
    else:
        desk.lifecycle.is_own = False
        desk.made_with(signer).sign()
    report = verify_file(desk.path, is_genuine=is_genuine, key=desk.checkpoints.key())
    assert [(problem.fault, problem.row) for problem in report.problems] == [(Fault.FORGED, 2)]
    assert '"unknown"' in noted(desk).details
