"""One daemon a data directory."""

from pathlib import Path

import pytest

from waiaas.daemon.lock import DirectoryLock
from waiaas.errors import StartRefused


def test_a_second_daemon_is_refused(tmp_path: Path) -> None:
    """While one holds the directory another is told so, and can have it afterwards."""
    first, second = (DirectoryLock(tmp_path / "daemon.lock") for _ in range(2))
    first.take()
    with pytest.raises(StartRefused) as refusal:
        second.take()
    assert refusal.value.code == "ALREADY_RUNNING"
    assert "waiaas stop" in refusal.value.hint
    first.release()
    second.take()
    second.release()
