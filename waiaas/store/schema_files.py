"""The schema scripts: where they are, in what order they run, and what each must look like."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from waiaas.errors import StartRefused

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One forward step of the schema.

    :param version: 1, then counting up without gaps
    :param checksum: SHA-256 of the file's bytes, hex
    """

    version: int
    name: str
    checksum: str
    sql: str


def schema_folder() -> Path:
    """The folder of the scripts: inside the package when installed from a wheel, beside it in a checkout.

    :raises StartRefused: with code SCHEMA_MISMATCH when neither has any
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "schema", package.parent / "schema"):
        if any(folder.glob("0001_*.sql")):
            return folder
    raise StartRefused(
        "the schema scripts are missing from this installation", code="SCHEMA_MISMATCH", hint="install waiaas again"
    )


def read_scripts(folder: Path | None = None) -> tuple[Script, ...]:
    """All scripts, oldest first. Reads files.

    :param folder: the installation's own when left out
    :raises StartRefused: with code SCHEMA_MISMATCH for a gap, two scripts of one version, or a name that is not NNNN_word.sql
    """
    scripts = tuple(_read(path) for path in sorted((folder or schema_folder()).glob("*.sql")))
    for position, script in enumerate(scripts, start=1):
        if script.version != position:
            raise StartRefused(
                f"schema script {position:04d} is missing or doubled: {script.version:04d}_{script.name}.sql is in its place",
                code="SCHEMA_MISMATCH",
                hint="install waiaas again",
            )
    return scripts


def _read(path: Path) -> Script:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise StartRefused(
            f"{path.name} is not a schema script: the name must be NNNN_words.sql",
            code="SCHEMA_MISMATCH",
            hint="remove the file",
        )
    raw = path.read_bytes()
    return Script(
        version=int(match[1]), name=match[2], checksum=hashlib.sha256(raw).hexdigest(), sql=raw.decode("utf-8")
    )
