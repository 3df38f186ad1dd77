"""The log: JSON lines, private, rotated, and without a secret, whoever wrote it (invariant 16)."""

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from waiaas.daemon.logs import redact, set_up

TOKEN = "wai_sess_" + "a1B2-_" * 7
OPERATOR = "wai_op_" + "Zz9_-x" * 7


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A log that is set up, and everything as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    path = tmp_path / "logs" / "daemon.log"
    handler = set_up(path, "debug", 2000, 2)
    yield path
    handler.close()
    root.handlers[:] = before
    root.setLevel(level)


def test_every_line_is_json(log: Path) -> None:
    """A line holds time, level, logger and message, also when the message has line breaks."""
    logging.getLogger("waiaas.test").info("one\ntwo %s", "three")
    (line,) = log.read_text().splitlines()
    document = json.loads(line)
    assert (document["level"], document["logger"], document["message"]) == ("info", "waiaas.test", "one\ntwo three")


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN}",
        f"Authorization: Bearer {OPERATOR}",
        f"{{'X-Master-Password': 'hunter2hunter2', 'Authorization': 'Bearer {TOKEN}'}}",
        "password=hunter2hunter2",
        'x-master-password: "hunter2hunter2"',
    ],
)
def test_secrets_are_masked(log: Path, text: str) -> None:
    """Tokens and passwords do not reach the file, in messages or in stacks."""
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logging.getLogger("waiaas.test").exception("failed: %s", text)
    written = log.read_text()
    for secret in (TOKEN[9:], OPERATOR[7:], "hunter2hunter2"):
        assert secret not in written


def test_what_is_no_secret_stays() -> None:
    """Redaction leaves the rest of a line alone."""
    assert redact("agent 01a2 paid 5 to wai") == "agent 01a2 paid 5 to wai"


def test_files_are_private_and_rotated(log: Path) -> None:
    """Old files are kept up to the number that was set, and others can read none of them."""
    for number in range(100):
        logging.getLogger("waiaas.test").info("line %d %s", number, "x" * 50)
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["daemon.log", "daemon.log.1", "daemon.log.2"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
