"""Where a backup is opened that is only looked at."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from waiaas.cli import backup_files
from waiaas.cli.exits import Failure
from waiaas.config import DataDir


@pytest.mark.parametrize("has_directory", [True, False])
def test_a_backup_is_opened_where_its_medium_learns_nothing(
    has_directory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the data directory, where the database lies open anyway, else in the system's place; not beside the file."""
    stick, data_dir, places = tmp_path / "stick", tmp_path / "data", list[Path]()
    stick.mkdir()
    (stick / "one.backup").write_bytes(b"")
    if has_directory:
        (data_dir / "backups").mkdir(parents=True)

    def opened(path: Path, password: bytearray, into: DataDir) -> None:
        places.append(into.root)
        raise Failure("enough was seen")

    monkeypatch.setattr(backup_files, "describe", lambda path: SimpleNamespace(created_at=0))
    monkeypatch.setattr(backup_files, "open_backup", opened)
    monkeypatch.setenv("WAIAAS_MASTER_PASSWORD", "x")
    with pytest.raises(Failure, match="enough"):
        backup_files.verify_backup(data_dir, stick / "one.backup")
    (place,) = places
    assert place.is_relative_to(data_dir / "backups" if has_directory else tempfile.gettempdir())
    assert not place.is_relative_to(stick)
    assert not place.exists()
