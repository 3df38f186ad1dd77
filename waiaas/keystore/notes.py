"""``<note id>.note.json``: what a command did to the keystore beside the daemon, kept for the audit log.

A command writes the note before it acts; the daemon checks it under the subkey ``notes`` and takes it over.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from waiaas.keystore.records import (
    VERSION,
    canonical_json,
    damaged,
    is_agent_id,
    is_time,
    pretty_json,
    read_document,
    read_hex,
)

SUFFIX = ".note.json"
PURPOSE = "notes"
#: What commands may note. Nothing else gets into the audit log this way.
EVENTS = frozenset({"agent.exported"})
_DOMAIN = b"waiaas/note/v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """:param at: Unix seconds; :param details: texts alone"""

    id: str
    event: str
    agent_id: str
    at: int
    details: Mapping[str, str]
    mac: bytes = b""

    def signed(self, key: bytes) -> "Note":
        """The note with its MAC. :param key: the subkey, 32 bytes"""
        return replace(self, mac=blake2b(self._covered(), key=key, digest_size=32).digest())

    def is_from(self, key: bytes) -> bool:
        """Whether who wrote it had the data key."""
        return hmac.compare_digest(self.mac, self.signed(key).mac)

    def encode(self) -> bytes:
        """The file's text."""
        return pretty_json({**self._clear(), "mac": self.mac.hex()})

    def _covered(self) -> bytes:
        return _DOMAIN + canonical_json(self._clear())

    def _clear(self) -> dict[str, Any]:
        clear = {"version": VERSION, "id": self.id, "event": self.event, "agent_id": self.agent_id, "at": self.at}
        return {**clear, "details": dict(self.details)}


def file_name(note_id: str) -> str:
    """How the file is called."""
    return note_id + SUFFIX


def decode_note(text: bytes, note_id: str) -> Note:
    """Read the file; it still has to verify.

    :raises StartRefused: KEYSTORE_DAMAGED for anything but a well-formed record with this id
    """
    called = file_name(note_id)
    document = read_document(text, called, {"version", "id", "event", "agent_id", "at", "details", "mac"})
    details = document["details"]
    is_whole = (
        type(document["version"]) is int
        and document["version"] == VERSION
        and document["id"] == note_id
        and is_agent_id(note_id)
        and is_agent_id(document["agent_id"])
        and document["event"] in EVENTS
        and is_time(document["at"])
        and isinstance(details, dict)
        and all(isinstance(value, str) for value in details.values())
    )
    if not is_whole:
        damaged(called, "a field is malformed")
    return Note(
        id=note_id,
        event=document["event"],
        agent_id=document["agent_id"],
        at=document["at"],
        details=details,
        mac=read_hex(document["mac"], 32, called, "mac"),
    )
