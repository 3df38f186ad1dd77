"""The two records of the keystore as values and as JSON: what is written, and what a reader must reject.

Pure: bytes in, values out. :doc:`docs/keystore.md` describes the same formats for other implementations.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NoReturn

from waiaas.errors import StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore.argon import ArgonParams

MAX_FILE_BYTES = 8192
VERSION = 1

_AGENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CHAIN = re.compile(r"[a-z][a-z0-9-]{0,31}")
_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")
_ADDRESS = re.compile(r"[!-~]{1,256}")
_HEX_DIGITS = frozenset("0123456789abcdef")
_LATEST = 2**53

PUBLIC_KEY_BYTES: Mapping[str, int] = {Scheme.ED25519: 32, Scheme.ECDSA_SECP256K1: 33, Scheme.BIP340_SECP256K1: 32}

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHeader:
    """The clear fields of an agent's key file; they are authenticated together with the key.

    :param agent_id: UUID in lower case, also the file's name
    :param chain: the adapter's chain name; the signer signs kinds of this chain alone
    :param chain_id: CAIP-2
    :param public_key: lower-case hexadecimal; 32 bytes, 33 for ECDSA
    :param address: the account's text form, printable ASCII
    :param created_at: Unix seconds
    """

    agent_id: str
    chain: str
    chain_id: str
    scheme: Scheme
    public_key: str
    address: str
    created_at: int
    version: int = VERSION

    def to_json(self) -> bytes:
        """The fields as JSON with sorted keys, no spaces, ASCII."""
        return canonical_json({name: getattr(self, name) for name in _HEADER_FIELDS})

    def canonical(self) -> bytes:
        """The bytes that are authenticated together with the key."""
        return b"waiaas/agent-key/v1\0" + self.to_json()


_HEADER_FIELDS = tuple(field.name for field in fields(KeyHeader))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One agent's key file: its header, and the sealed key (32 bytes and a tag)."""

    header: KeyHeader
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterRecord:
    """``master.json``: how the password becomes a key, and the data key sealed under it.

    :param check: 32 bytes by which a wrong password and a damaged file are told apart
    """

    params: ArgonParams
    salt: bytes
    check: bytes
    created_at: int
    nonce: bytes
    ciphertext: bytes

    def canonical(self) -> bytes:
        """The bytes that are authenticated with the data key: everything but nonce, ciphertext and checksum."""
        return b"waiaas/master/v1\0" + canonical_json(_master_clear(self))


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces, ASCII. For strings, integers and objects of these alone."""
    return _ENCODER.encode(value).encode("ascii")


def encode_key(record: KeyRecord) -> bytes:
    """The text of ``<agent-id>.json``."""
    document = {name: getattr(record.header, name) for name in _HEADER_FIELDS}
    return pretty_json({**document, "nonce": record.nonce.hex(), "ciphertext": record.ciphertext.hex()})


def decode_key(text: bytes, name: str) -> KeyRecord:
    """Read an agent's key file.

    :param name: how the file is called in errors
    :raises StartRefused: KEYSTORE_DAMAGED for anything but a well-formed record of this version
    """
    document = read_document(text, name, {*_HEADER_FIELDS, "nonce", "ciphertext"})
    nonce, ciphertext = document.pop("nonce"), document.pop("ciphertext")
    try:
        header = decode_header(document)
    except ValueError as failure:
        damaged(name, str(failure))
    return KeyRecord(
        header=header, nonce=read_hex(nonce, 24, name, "nonce"), ciphertext=read_hex(ciphertext, 48, name, "ciphertext")
    )


def decode_header(document: Mapping[str, Any]) -> KeyHeader:
    """Check the clear fields of a key file, and nothing else beside them.

    :raises ValueError: naming the field that is not well-formed
    """
    for field in _HEADER_FIELDS:
        if field not in document or not FIELD_CHECKS[field](document[field]):
            raise ValueError(f"its field {field} is missing or malformed")
    if len(document) != len(_HEADER_FIELDS):
        raise ValueError("it has unknown fields")
    header = KeyHeader(**{**document, "scheme": Scheme(document["scheme"])})
    if not is_hex(header.public_key, PUBLIC_KEY_BYTES[header.scheme]):
        raise ValueError("its field public_key does not fit the scheme")
    return header


def parse_object(text: bytes) -> dict[str, Any]:
    """One JSON object: UTF-8, no duplicate keys, no NaN and no infinities.

    :raises ValueError: otherwise
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def is_agent_id(text: object) -> bool:
    """Whether this is a UUID in lower case, and so safe as a file's name."""
    return isinstance(text, str) and _AGENT_ID.fullmatch(text) is not None


def encode_master(record: MasterRecord, checksum: Callable[[bytes], bytes]) -> bytes:
    """The text of ``master.json``.

    :param checksum: BLAKE2b-256; it finds damage without the password, and proves nothing against an attacker
    """
    document = {**_master_clear(record), "nonce": record.nonce.hex(), "ciphertext": record.ciphertext.hex()}
    return pretty_json({**document, "checksum": checksum(canonical_json(document)).hex()})


def decode_master(text: bytes, name: str, checksum: Callable[[bytes], bytes]) -> MasterRecord:
    """Read ``master.json``.

    :raises StartRefused: KEYSTORE_DAMAGED for anything but a whole, well-formed record of this version
    """
    document = read_document(text, name, _MASTER_FIELDS)
    if read_hex(document.pop("checksum"), 32, name, "checksum") != checksum(canonical_json(document)):
        damaged(name, "its checksum does not match")
    if document["version"] != VERSION or type(document["version"]) is not int or document["kdf"] != "argon2id":
        damaged(name, "its version or kdf is not one that this WAIaaS reads")
    if not is_time(document["created_at"]):
        damaged(name, "its field created_at is malformed")
    return MasterRecord(
        params=read_params(document, name),
        created_at=document["created_at"],
        **{field: read_hex(document[field], size, name, field) for field, size in _MASTER_BYTES.items()},
    )


_MASTER_BYTES = {"salt": 16, "check": 32, "nonce": 24, "ciphertext": 48}
_MASTER_FIELDS = {"version", "kdf", "memory_kib", "time", "parallelism", "created_at", "checksum", *_MASTER_BYTES}


def _master_clear(record: MasterRecord) -> dict[str, Any]:
    params = record.params
    return {
        "version": VERSION,
        "kdf": "argon2id",
        "memory_kib": params.memory_kib,
        "time": params.time,
        "parallelism": params.parallelism,
        "salt": record.salt.hex(),
        "check": record.check.hex(),
        "created_at": record.created_at,
    }


def read_params(document: Mapping[str, Any], name: str) -> ArgonParams:
    """The costs of Argon2 in a record. :raises StartRefused: KEYSTORE_DAMAGED outside what a reader accepts"""
    try:
        return ArgonParams(
            memory_kib=document["memory_kib"], time=document["time"], parallelism=document["parallelism"]
        )
    except ValueError as failure:
        damaged(name, str(failure))


def read_document(text: bytes, name: str, expected: set[str]) -> dict[str, Any]:
    """One JSON object with exactly these fields.

    :param name: how the file is called in errors
    :raises StartRefused: KEYSTORE_DAMAGED otherwise
    """
    try:
        document = parse_object(text)
    except ValueError:
        damaged(name, "it is not the JSON that was written")
    if document.keys() != expected:
        odd = ", ".join(sorted(document.keys() ^ expected)[:3])
        damaged(name, f"fields are missing or unknown: {odd[:100]!a}")
    return document


def read_hex(value: object, size: int, name: str, field: str) -> bytes:
    """Bytes of exactly this size from lower-case hexadecimal. :raises StartRefused: KEYSTORE_DAMAGED otherwise"""
    if not isinstance(value, str) or not is_hex(value, size):
        damaged(name, f"its field {field} is not {size} bytes in lower-case hexadecimal")
    return bytes.fromhex(value)


def is_hex(text: str, size: int) -> bool:
    """Whether this is lower-case hexadecimal of exactly so many bytes."""
    return len(text) == 2 * size and set(text) <= _HEX_DIGITS


def is_time(value: object) -> bool:
    """Whether this is a whole number of seconds that a record may hold."""
    return type(value) is int and 0 <= value < _LATEST


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


FIELD_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "agent_id": is_agent_id,
    "chain": _matches(_CHAIN),
    "chain_id": _matches(_CAIP2),
    "scheme": lambda value: isinstance(value, str) and value in PUBLIC_KEY_BYTES,
    "public_key": lambda value: isinstance(value, str),
    "address": _matches(_ADDRESS),
    "created_at": is_time,
    "version": lambda value: type(value) is int and value == VERSION,
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("duplicate keys")
    return document


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def pretty_json(document: Mapping[str, Any]) -> bytes:
    """A record as its file's text."""
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def damaged(name: str, why: str) -> NoReturn:
    """Name a file that cannot be used as it is, and what to restore.

    :raises StartRefused: KEYSTORE_DAMAGED, always
    """
    raise StartRefused(
        f"keystore/{name} is damaged: {why}",
        code="KEYSTORE_DAMAGED",
        hint=f"restore keystore/{name} from a backup; no other file is affected",
    )
