"""Signed checkpoints: a cut, an edit and a log written again are found against one, in the database and in an exported file.

Signatures here are real ones, by PyNaCl; the signer's own are tested where it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.store.test_audit_chain import log, sealed
from waiaas.keystore.checkpoints import checkpoint_message, is_checkpoint
from waiaas.store.audit import NO_HASH
from waiaas.store.audit_chain import verify_file, verify_with
from waiaas.store.audit_export import (
    BadExport,
    checkpoint_line,
    end_line,
    header_line,
    read_kept,
    row_line,
    verify_export,
)
from waiaas.store.audit_proof import KEY_CHANGED, Evidence, Kept
from waiaas.store.audit_report import AuditReport, Fault
from waiaas.store.database import Store
from waiaas.store.records import AuditRow, Checkpoint

INSTANCE = "0199aaaa-0000-7000-8000-000000000001"
OURS, THEIRS, NEXT = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
Tamper = Callable[..., None]


def signed(row: AuditRow, key: SigningKey = OURS, instance: str = INSTANCE) -> Checkpoint:
    """A checkpoint as the signer makes it."""
    signature = key.sign(checkpoint_message(instance, row.id, row.hash)).signature
    return Checkpoint(
        created_at=row.timestamp,
        audit_id=row.id,
        audit_hash=row.hash,
        public_key=bytes(key.verify_key).hex(),
        signature=signature.hex(),
    )


def fits(instance: str, checkpoint: Checkpoint) -> bool:
    return is_checkpoint(
        instance_id=instance,
        audit_id=checkpoint.audit_id,
        audit_hash=checkpoint.audit_hash,
        public_key=checkpoint.public_key,
        signature=checkpoint.signature,
    )


def evidence(*checkpoints: Checkpoint, kept: tuple[Checkpoint, ...] = (), key: SigningKey | None = None) -> Evidence:
    return Evidence(
        instance_id=INSTANCE,
        checkpoints=checkpoints,
        is_genuine=fits,
        kept=[Kept(instance_id=INSTANCE, checkpoint=one) for one in kept],
        key=bytes(key.verify_key).hex() if key else None,
    )


def found(report: AuditReport) -> list[tuple[Fault, int | None]]:
    return [(problem.fault, problem.row) for problem in report.problems]


def written_again(rows: list[AuditRow], first: int) -> list[AuditRow]:
    """The log with one row changed, and it and all that follow given hashes that fit."""
    kept = rows[: first - 1]
    before = kept[-1].hash if kept else NO_HASH
    for row in rows[first - 1 :]:
        actor = "nobody" if row.id == first else row.actor
        kept.append(sealed(row.id, before, details=row.details, actor=actor, event_type=row.event_type))
        before = kept[-1].hash
    return kept


def with_key_change(rows: list[AuditRow], before: SigningKey, after: SigningKey) -> list[AuditRow]:
    """The log with one more row, which says that another key signs from now on."""
    details = json.dumps({"before": bytes(before.verify_key).hex(), "after": bytes(after.verify_key).hex()})
    return [*rows, sealed(len(rows) + 1, rows[-1].hash, event_type=KEY_CHANGED, details=details)]


def test_a_log_that_agrees_with_its_checkpoints_is_intact() -> None:
    """Genuine checkpoints of rows that are there are counted, the newest is named, and nothing is found."""
    rows = log(9)
    report = verify_with(rows, evidence(signed(rows[3]), signed(rows[7]), key=OURS))
    assert (report.is_intact, report.checkpoints, report.newest) == (True, 2, signed(rows[7]))


@pytest.mark.parametrize("length", [0, 1, 6, 7])
def test_a_cut_tail_is_found(length: int) -> None:
    """Whoever cuts the log below a signed row is found, however much is left."""
    rows = log(9)
    report = verify_with(rows[:length], evidence(signed(rows[7])))
    assert found(report) == [(Fault.DELETED, length + 1)]


@pytest.mark.parametrize("first", [1, 5, 8])
def test_a_log_written_again_is_found(first: int) -> None:
    """A chain that fits in itself, written again from the first row or from the signed one, is not the one that was signed."""
    rows = log(9)
    report = verify_with(written_again(rows, first), evidence(signed(rows[7])))
    assert found(report) == [(Fault.REPLACED, 8)]


def test_rows_after_the_newest_checkpoint_are_not_covered() -> None:
    """What a checkpoint does not reach it does not prove: a change behind it passes, which is why they come often."""
    rows = log(9)
    assert verify_with(written_again(rows, 9), evidence(signed(rows[7]))).is_intact


def test_a_checkpoint_that_was_edited_is_named() -> None:
    """A checkpoint moved to another row, or given another hash, proves nothing and is a finding itself."""
    rows = log(9)
    good = signed(rows[3])
    for bad in (
        replace(good, audit_id=5, audit_hash=rows[4].hash),
        replace(good, audit_hash=rows[4].hash),
        replace(good, signature="00" * 64),
        replace(good, public_key=bytes(THEIRS.verify_key).hex()),
        signed(rows[3], instance="another"),
    ):
        report = verify_with(rows, evidence(bad))
        assert found(report) == [(Fault.FORGED, bad.audit_id)]
        assert report.checkpoints == 0


def test_a_log_and_its_checkpoints_written_again_are_found_against_the_key() -> None:
    """A forger who signs with a key of their own passes in itself, and not against the signer's key or a kept checkpoint."""
    rows = log(9)
    forged = written_again(rows, 2)
    theirs = signed(forged[7], THEIRS)
    assert verify_with(forged, evidence(theirs)).is_intact
    assert found(verify_with(forged, evidence(theirs, key=OURS))) == [(Fault.FORGED, 8)]
    assert found(verify_with(forged, evidence(theirs, kept=(signed(rows[4]),)))) == [(Fault.REPLACED, 5)]
    assert found(verify_with(rows, evidence(signed(rows[7], THEIRS), kept=(signed(rows[4]),)))) == [(Fault.FORGED, 8)]


def test_a_kept_checkpoint_finds_what_the_others_hide() -> None:
    """When every checkpoint beside the log is gone, one that a person kept still finds the cut and the new chain."""
    rows = log(9)
    kept = (signed(rows[7]),)
    assert verify_with(rows, evidence(kept=kept)).is_intact
    assert found(verify_with(rows[:5], evidence(kept=kept))) == [(Fault.DELETED, 6)]
    assert found(verify_with(written_again(rows, 3), evidence(kept=kept))) == [(Fault.REPLACED, 8)]


def test_a_kept_checkpoint_of_another_installation_or_edited_is_named() -> None:
    """What somebody hands in is not believed either."""
    rows = log(9)
    other = Kept(instance_id="another", checkpoint=signed(rows[7], instance="another"))
    edited = Kept(instance_id=INSTANCE, checkpoint=replace(signed(rows[7]), audit_id=6))
    for kept, word in ((other, "installation another"), (edited, "not as it was signed")):
        report = verify_with(rows, replace(evidence(), kept=[kept]))
        assert [problem.fault for problem in report.problems] == [Fault.FORGED]
        assert word in report.problems[0].text


@pytest.mark.parametrize("anchor", ["new key", "kept old one", "nothing"])
def test_old_checkpoints_stay_good_under_a_new_key(anchor: str) -> None:
    """Where the log says that one key followed another, signatures of both are the installation's."""
    rows = with_key_change(log(9), OURS, NEXT)
    both = (signed(rows[4]), signed(rows[9], NEXT))
    given = {"key": NEXT} if anchor == "new key" else {"kept": (signed(rows[2]),)} if anchor == "kept old one" else {}
    assert verify_with(rows, evidence(*both, **given)).is_intact
    stranger = (signed(rows[4], THEIRS), signed(rows[9], NEXT))
    assert found(verify_with(rows, evidence(*stranger, key=NEXT))) == [(Fault.FORGED, 5)]


def test_a_key_that_the_log_alone_connects_to_ours_is_a_forgers() -> None:
    """A log written again can claim that ours followed the forger's; ours never signed that very row."""
    rows = with_key_change(log(9), THEIRS, OURS)
    rows.append(sealed(11, rows[-1].hash, event_type="daemon.started", details="{}"))
    forged = (signed(rows[4], THEIRS), signed(rows[10], OURS))
    assert found(verify_with(rows, evidence(*forged, key=OURS))) == [(Fault.FORGED, 5)]
    assert found(verify_with(rows, evidence(forged[0], kept=forged[1:]))) == [(Fault.FORGED, 5)]


# --- in a database ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(store: Store) -> list[AuditRow]:
    """Nine rows in the store, two checkpoints, and the installation's id."""
    with store.write() as unit:
        unit.state.set("instance_id", INSTANCE)
        made = [unit.audit.append(timestamp=n, event_type="thing.happened", actor="system") for n in range(1, 10)]
        assert unit.checkpoints.add(signed(made[3]))
        assert unit.checkpoints.add(signed(made[7]))
    return made


def check(path: Path, **given: object) -> AuditReport:
    return verify_file(path, is_genuine=fits, **given)  # type: ignore[arg-type]


def test_the_store_keeps_checkpoints_in_order(store: Store, rows: list[AuditRow]) -> None:
    """The newest is found, those of a stretch are listed, and none is added for a row that is signed or behind."""
    with store.write() as unit:
        assert unit.checkpoints.last() == signed(rows[7])
        assert not unit.checkpoints.add(signed(rows[7]))
        assert not unit.checkpoints.add(signed(rows[5]))
        assert unit.checkpoints.between(0, 9) == [signed(rows[3]), signed(rows[7])]
        assert unit.checkpoints.between(4, 7) == []
        assert unit.checkpoints.between(4, 8) == [signed(rows[7])]


def test_checkpoints_can_be_neither_changed_nor_deleted(store: Store, rows: list[AuditRow]) -> None:
    """The table refuses both, also to the program itself."""
    for statement in ("UPDATE audit_checkpoints SET audit_id = 3", "DELETE FROM audit_checkpoints"):
        with pytest.raises(Exception, match="written once"), store.write() as unit:
            unit._sql.run(statement)


def test_a_file_is_held_against_its_checkpoints(path: Path, rows: list[AuditRow], tamper: Tamper) -> None:
    """Tail and counter cut behind every trigger: the checkpoint of a row that is gone shows it."""
    assert check(path).checkpoints == 2
    tamper("DELETE FROM audit_log WHERE id > 6", "UPDATE sqlite_sequence SET seq = 6 WHERE name = 'audit_log'")
    assert found(check(path)) == [(Fault.DELETED, 7)]
    assert verify_file(path).is_intact


@pytest.mark.parametrize("gone", ["audit_id = 4", "audit_id = 8", "1"])
def test_checkpoints_that_were_taken_out_are_missed(
    path: Path, rows: list[AuditRow], tamper: Tamper, gone: str
) -> None:
    """They are numbered without gaps, so that a first, a last or all of them cannot go unnoticed."""
    tamper(f"DELETE FROM audit_checkpoints WHERE {gone}")
    (problem,) = check(path).problems
    assert (problem.fault, "deleted" in problem.text) == (Fault.DELETED, True)


def test_a_file_without_the_installations_name_proves_nothing(path: Path, rows: list[AuditRow], tamper: Tamper) -> None:
    """Whoever takes the id away, that signatures are bound to, has every checkpoint named instead of ignored."""
    tamper("DELETE FROM daemon_state")
    assert {fault for fault, _ in found(check(path))} == {Fault.FORGED}


# --- as a file to keep --------------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> list[str]:
    rows = log(9)
    made = [header_line(INSTANCE, bytes(OURS.verify_key).hex(), 99)]
    for row in rows:
        made.append(row_line(row))
        if row.id in (4, 8):
            made.append(checkpoint_line(INSTANCE, signed(row)))
    return [*made, end_line(9, 2)]


@pytest.fixture
def exported(tmp_path: Path) -> Callable[[list[str]], AuditReport]:
    def verify(lines: list[str], *kept: Kept) -> AuditReport:
        path = tmp_path / "export.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        return verify_export(path, is_genuine=fits, kept=kept)

    return verify


def test_an_export_is_verified_on_its_own(lines: list[str], exported: Callable[..., AuditReport]) -> None:
    """Rows and checkpoints come back as they went in, foreign text and line separators in it included."""
    report = exported(lines)
    assert (report.is_intact, report.rows, report.checkpoints) == (True, 9, 2)
    odd = sealed(1, NO_HASH, details='{"note":"\u2028\u0085\\n\U0001f600"}')
    one = [header_line(INSTANCE, None, 1), row_line(odd), end_line(1, 0)]
    assert exported(one).is_intact


def test_every_line_that_is_missing_from_an_export_is_missed(
    lines: list[str], exported: Callable[..., AuditReport]
) -> None:
    """Take any one line away, or any number from the end: the export is no longer good."""
    for at in range(len(lines)):
        assert not exported(lines[:at] + lines[at + 1 :]).is_intact
        assert not exported(lines[:at]).is_intact
    assert not exported([*lines, lines[2]]).is_intact
    assert not exported([lines[0], *lines]).is_intact


def test_a_cut_export_with_a_new_end_is_found_by_a_checkpoint(
    lines: list[str], exported: Callable[..., AuditReport]
) -> None:
    """An end that counts the rows that are left is no proof; the kept checkpoint is."""
    cut = [*lines[:4], end_line(3, 0)]
    kept = read_kept(lines[5])
    assert exported(cut).is_intact
    assert found(exported(cut, *kept)) == [(Fault.DELETED, 4)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version":1', '"version":2'),
        ('"version":1', '"version":true'),
        ('"format":"waiaas-audit"', '"format":"other"'),
        ('"kind":"row"', '"kind":"rows"'),
        ('"actor":"system"', '"actor":5'),
        ('"actor":"system"', '"actor":"system","actor":"nobody"'),
        ('"actor":"system",', ""),
        ('"actor":"system"', '"actor":"system","more":1'),
        (INSTANCE + '","auditId":4', "another" + '","auditId":4'),
    ],
)
def test_an_export_of_another_form_is_refused(
    lines: list[str], exported: Callable[..., AuditReport], old: str, new: str
) -> None:
    """Other versions, kinds, types, fields and installations are damage that is named, not rows that are passed over."""
    at = next(index for index, line in enumerate(lines) if old in line)
    report = exported([*lines[:at], lines[at].replace(old, new), *lines[at + 1 :]])
    assert [problem.fault for problem in report.problems] == [Fault.DAMAGED]


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"kind":"checkpoint"}', '{"kind":"end","rows":0}'])
def test_a_text_without_a_checkpoint_is_refused(text: str) -> None:
    """What a person hands in by mistake is said to be no checkpoint."""
    with pytest.raises(BadExport):
        read_kept(text)
