"""``<agent id>.import.json``: a key that a command sealed and the daemon has yet to adopt (:doc:`docs/keystore.md`).

The record is pure. Sealing runs in the command, opening in the signer: the daemon between them sees clear fields and bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from waiaas.errors import BadRequest, StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import sodium
from waiaas.keystore.memory import Secret
from waiaas.keystore.records import (
    FIELD_CHECKS,
    PUBLIC_KEY_BYTES,
    VERSION,
    KeyHeader,
    canonical_json,
    damaged,
    is_hex,
    pretty_json,
    read_document,
    read_hex,
)

SUFFIX = ".import.json"
SOURCES = frozenset({"waiaas", "solana", "ethereum"})
_NETWORK = re.compile(r"[a-z][a-z0-9-]{0,31}")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """The clear fields, all authenticated with the key; and the key, sealed.

    :param name: the agent's name to be
    :param source: what kind of file the key came from
    """

    agent_id: str
    name: str
    chain: str
    network: str
    scheme: Scheme
    public_key: str
    source: str
    created_at: int
    version: int = VERSION
    nonce: bytes = b""
    ciphertext: bytes = b""

    def canonical(self) -> bytes:
        """The bytes that are authenticated together with the key."""
        return b"waiaas/import/v1\0" + canonical_json(self.clear())

    def clear(self) -> dict[str, Any]:
        """The clear fields by name."""
        return {name: getattr(self, name) for name in _CLEAR}


_CLEAR = tuple(field.name for field in fields(ImportRecord) if field.name not in ("nonce", "ciphertext"))


def file_name(agent_id: str) -> str:
    """How the file is called."""
    return agent_id + SUFFIX


def encode_import(record: ImportRecord) -> bytes:
    """The file's text."""
    return pretty_json({**record.clear(), "nonce": record.nonce.hex(), "ciphertext": record.ciphertext.hex()})


def decode_import(text: bytes, agent_id: str) -> ImportRecord:
    """Read the file; what it says is true only once the signer has opened it.

    :raises StartRefused: KEYSTORE_DAMAGED for anything but a well-formed record of this agent
    """
    called = file_name(agent_id)
    document = read_document(text, called, {*_CLEAR, "nonce", "ciphertext"})
    nonce = read_hex(document.pop("nonce"), sodium.NONCE_BYTES, called, "nonce")
    ciphertext = read_hex(document.pop("ciphertext"), 48, called, "ciphertext")
    _check(document, called)
    if document["agent_id"] != agent_id:
        damaged(called, "it is another agent's")
    return ImportRecord(**{**document, "scheme": Scheme(document["scheme"])}, nonce=nonce, ciphertext=ciphertext)


def seal_import(record: ImportRecord, secret: Secret, subkey: Secret, nonce: bytes) -> bytes:
    """The file's text with the key sealed in it.

    :param record: its clear fields count
    :raises BadRequest: for a name, chain or network that no file may hold
    """
    try:
        _check(record.clear(), file_name(record.agent_id))
    except StartRefused as failure:
        raise BadRequest(f"this cannot be imported: {failure.message}") from None
    sealed = sodium.seal(subkey, nonce, secret, record.canonical())
    return encode_import(ImportRecord(**record.clear(), nonce=nonce, ciphertext=sealed))


def open_import(text: bytes, agent_id: str, out: Secret, subkey: Secret) -> ImportRecord:
    """Open the file into 32 bytes of locked memory.

    :raises StartRefused: KEYSTORE_DAMAGED when it was edited, renamed, or belongs to another data key
    """
    record = decode_import(text, agent_id)
    if not sodium.open_into(out, subkey, record.nonce, record.ciphertext, record.canonical()):
        damaged(file_name(agent_id), "it was edited, or belongs to another master.json")
    return record


def fits(record: ImportRecord, header: KeyHeader) -> bool:
    """Whether a key file's header speaks of this very import."""
    named = (header.agent_id, header.chain, header.scheme, header.public_key, header.created_at)
    return named == (record.agent_id, record.chain, record.scheme, record.public_key, record.created_at)


def _check(document: Mapping[str, Any], called: str) -> None:
    for name in _CLEAR:
        check = _OWN_CHECKS.get(name) or FIELD_CHECKS[name]
        if not check(document[name]):
            damaged(called, f"its field {name} is malformed")
    if not is_hex(document["public_key"], PUBLIC_KEY_BYTES[document["scheme"]]):
        damaged(called, "its field public_key does not fit the scheme")


_OWN_CHECKS = {
    "name": lambda value: isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable(),
    "network": lambda value: isinstance(value, str) and _NETWORK.fullmatch(value) is not None,
    "source": lambda value: isinstance(value, str) and value in SOURCES,
}
