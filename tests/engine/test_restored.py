"""The mark of a restore: believed whatever it holds, and harmless whatever it holds."""

import json
from pathlib import Path

import pytest

from waiaas.engine.restored import UNREADABLE, Restored, RestoreMark


def mark(folder: Path, content: bytes) -> RestoreMark:
    """One with this content."""
    path = folder / "restored.json"
    path.write_bytes(content)
    return RestoreMark(path)


def test_a_mark_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What the restore wrote is what the next start tells."""
    written = Restored(file="kept.backup", made_at=1, restored_at=2)
    assert mark(tmp_path, written.encoded()).read() == written
    assert RestoreMark(tmp_path / "none").read() is None


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[]", b"1", b"{}", b"\xff", b"[" * 100_000, b'{"file": 1, "made_at": 1, "restored_at": 1}'],
)
def test_a_mark_that_cannot_be_read_is_one(content: bytes, tmp_path: Path) -> None:
    """Damaging it takes nothing back, and stops no start."""
    assert mark(tmp_path, content).read() == UNREADABLE


def test_the_name_of_a_backup_makes_no_line_and_no_escape(tmp_path: Path) -> None:
    """It stands in the reason of each suspension, wherever that is read (invariant 13)."""
    content = json.dumps({"file": "x\n\x1b[2J\u202ey" + "z" * 999, "made_at": 1, "restored_at": 2}).encode()
    found = mark(tmp_path, content).read()
    assert found is not None
    assert found.why.isprintable()
    assert len(found.why) < 400
