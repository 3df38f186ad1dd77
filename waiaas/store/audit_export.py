"""The audit log as a file to keep: JSON lines, a header, then rows as they were hashed with their checkpoints, then an end.

::

    {"kind": "header", "format": "waiaas-audit", "version": 1, "instanceId": ..., "publicKey": ..., "exportedAt": ...}
    {"kind": "row", "id": 1, "timestamp": ..., "eventType": ..., ..., "details": "<stored text>", "prevHash": ..., "hash": ...}
    {"kind": "checkpoint", "instanceId": ..., "auditId": ..., "auditHash": ..., "publicKey": ..., "signature": ..., ...}
    {"kind": "end", "rows": ..., "checkpoints": ...}

A reader refuses a first line that is no header of this version, lines of any other kind or with other fields, a checkpoint of
another installation than the header's, anything after the end, and a file without an end: it was cut.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from waiaas.store.audit_chain import told, verify_with
from waiaas.store.audit_proof import Evidence, IsGenuine, Kept
from waiaas.store.audit_report import AuditProblem, AuditReport, Fault
from waiaas.store.records import AuditRow, Checkpoint

FORMAT, VERSION = "waiaas-audit", 1
_LONGEST_LINE = 8 * 1024 * 1024
_ROW: Mapping[str, tuple[str, bool]] = {
    "id": ("id", False), "timestamp": ("timestamp", False), "eventType": ("event_type", False), "actor": ("actor", False),
    "agentId": ("agent_id", True), "sessionId": ("session_id", True), "txId": ("tx_id", True), "details": ("details", False),
    "severity": ("severity", False), "ipAddress": ("ip_address", True), "prevHash": ("prev_hash", False),
    "hash": ("hash", False),
}  # fmt: skip
"""The file's word → the record's word, and whether it may be null."""
_CHECKPOINT: Mapping[str, tuple[str, bool]] = {
    "auditId": ("audit_id", False), "auditHash": ("audit_hash", False), "publicKey": ("public_key", False),
    "signature": ("signature", False), "createdAt": ("created_at", False),
}  # fmt: skip
_NUMBERS = frozenset({"id", "timestamp", "audit_id", "created_at"})


class BadExport(ValueError):
    """A file or a text that is not what :mod:`waiaas.store.audit_export` describes."""


def header_line(instance_id: str, public_key: str | None, exported_at: int) -> str:
    """The first line. :param public_key: of the newest checkpoint, hex, if there is any"""
    values = {"format": FORMAT, "version": VERSION, "instanceId": instance_id, "publicKey": public_key}
    return _line("header", {**values, "exportedAt": exported_at})


def row_line(row: AuditRow) -> str:
    """One row."""
    return _line("row", {word: getattr(row, name) for word, (name, _) in _ROW.items()})


def checkpoint_line(instance_id: str, checkpoint: Checkpoint) -> str:
    """One checkpoint; the same text is what a person keeps elsewhere."""
    values = {word: getattr(checkpoint, name) for word, (name, _) in _CHECKPOINT.items()}
    return _line("checkpoint", {"instanceId": instance_id, **values})


def end_line(rows: int, checkpoints: int) -> str:
    """The last line."""
    return _line("end", {"rows": rows, "checkpoints": checkpoints})


def read_row(document: Mapping[str, Any]) -> AuditRow:
    """A row's line, or the same fields from the API. :raises BadExport: missing, unknown or ill-typed fields"""
    return AuditRow(**_fields(document, _ROW))


def read_kept(text: str) -> list[Kept]:
    """The checkpoints in a text: one line of JSON, or many as an export has them.

    :raises BadExport: where there is none, or a line cannot be read
    """
    documents = [_document(line) for line in text.split("\n") if line.strip()]
    kept = [_read_kept(document) for document in documents if document.get("kind") == "checkpoint"]
    if not kept:
        raise BadExport("there is no checkpoint in it")
    return kept


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does; a database begins otherwise. Reads a few bytes."""
    with path.open("rb") as file:
        return file.read(1) == b"{"


def verify_export(
    path: Path,
    *,
    is_genuine: IsGenuine,
    kept: Iterable[Kept] = (),
    on_row: Callable[[int], None] | None = None,
) -> AuditReport:
    """Verify an exported file: its form, the chain, and every checkpoint, also those that are handed in. Reads it twice.

    :param on_row: told of each row that was read, for who waits
    """
    brought = tuple(kept)
    try:
        instance_id, checkpoints = _survey(path)
        evidence = Evidence(instance_id=instance_id, checkpoints=checkpoints, is_genuine=is_genuine, kept=brought)
        rows = (read_row(document) for document in _lines(path) if document["kind"] == "row")
        return verify_with(told(rows, on_row), evidence)
    except BadExport as fault:
        text = f"the export cannot be read: {fault}"
        return AuditReport(rows=0, head=None, problems=(AuditProblem(fault=Fault.DAMAGED, text=text),))


def _survey(path: Path) -> tuple[str, list[Checkpoint]]:
    """Header, form and end of the file; its checkpoints."""
    walk = _lines(path)
    instance_id = _read_header(next(walk, {}))
    rows, checkpoints, end = 0, list[Checkpoint](), None
    for document in walk:
        if end is not None:
            raise BadExport("something follows its end")
        if document["kind"] == "row":
            rows += 1
        elif document["kind"] == "checkpoint":
            kept = _read_kept(document)
            if kept.instance_id != instance_id:
                raise BadExport(f"it mixes installations {instance_id} and {kept.instance_id}")
            checkpoints.append(kept.checkpoint)
        else:
            end = document
    if end is None:
        raise BadExport("it has no end: it was cut off")
    if (end.get("rows"), end.get("checkpoints")) != (rows, len(checkpoints)):
        raise BadExport("rows or checkpoints are missing: its end counts others")
    return instance_id, checkpoints


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            document = _document(line)
            if document.get("kind") not in (("header",) if number == 1 else ("row", "checkpoint", "end")):
                raise BadExport(f"line {number} is of no kind that belongs there")
            yield document


def _read_header(document: Mapping[str, Any]) -> str:
    if document.get("format") != FORMAT or not isinstance(document.get("instanceId"), str):
        raise BadExport("it does not begin with the header of an audit export")
    if document.get("version") != VERSION or type(document["version"]) is not int:
        raise BadExport(f"it has version {document.get('version')!a}, this program reads {VERSION}")
    return str(document["instanceId"])


def _read_kept(document: Mapping[str, Any]) -> Kept:
    fields = _fields({name: value for name, value in document.items() if name != "instanceId"}, _CHECKPOINT)
    instance_id = document.get("instanceId")
    if not isinstance(instance_id, str):
        raise BadExport("a checkpoint names no installation")
    return Kept(instance_id=instance_id, checkpoint=Checkpoint(**fields))


def _fields(document: Mapping[str, Any], words: Mapping[str, tuple[str, bool]]) -> dict[str, Any]:
    given = {word: value for word, value in document.items() if word != "kind"}
    if given.keys() != words.keys():
        raise BadExport(f"fields are missing or unknown: {', '.join(sorted(given.keys() ^ words.keys()))[:100]}")
    fields = {}
    for word, (name, may_be_null) in words.items():
        value = given[word]
        fits = type(value) is (int if name in _NUMBERS else str) or (may_be_null and value is None)
        if not fits:
            raise BadExport(f"its field {word} has a value of the wrong type")
        fields[name] = value
    return fields


def _document(line: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BadExport("a line is not JSON") from None
    if not isinstance(document, dict):
        raise BadExport("a line is no JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key occurs twice")
    return document


def _line(kind: str, values: Mapping[str, Any]) -> str:
    return json.dumps({"kind": kind, **values}, ensure_ascii=False, separators=(",", ":")) + "\n"
