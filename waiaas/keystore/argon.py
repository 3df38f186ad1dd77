"""Argon2id (RFC 9106) from a locked slot into a locked slot."""

from dataclasses import dataclass
from typing import Any

import _argon2_cffi_bindings as _argon  # type: ignore[import-untyped]

from waiaas.keystore.memory import Secret

SALT_BYTES = 16
MEMORY_RANGE = (32768, 1048576)
TIME_RANGE = (1, 20)
PARALLELISM_RANGE = (1, 16)

_ffi: Any = _argon.ffi
_lib: Any = _argon.lib


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgonParams:
    """The cost of one guess of the master password.

    :param memory_kib: 32768 to 1048576
    :param time: passes, 1 to 20
    :param parallelism: lanes, 1 to 16
    :raises ValueError: outside these ranges, which are also those a reader of ``master.json`` accepts
    """

    memory_kib: int = 65536
    time: int = 3
    parallelism: int = 4

    def __post_init__(self) -> None:
        _require("memory_kib", self.memory_kib, MEMORY_RANGE)
        _require("time", self.time, TIME_RANGE)
        _require("parallelism", self.parallelism, PARALLELISM_RANGE)


def _require(name: str, value: object, limits: tuple[int, int]) -> None:
    low, high = limits
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}")


def argon2id_into(out: Secret, password: Secret, salt: bytes, params: ArgonParams) -> None:
    """One run: tens to thousands of milliseconds, without the interpreter's lock.

    The library wipes its own working memory afterwards; while it runs, that memory is neither locked nor kept from a core
    by anything but the process's own limits.

    :param out: 32 bytes
    :param password: its slot is wiped by the library
    :param salt: 16 bytes
    """
    salt_buffer = _ffi.from_buffer("uint8_t[]", salt)
    context = _ffi.new("argon2_context *")
    context.out, context.outlen = _ffi.cast("uint8_t *", out.address), out.size
    context.pwd, context.pwdlen = _ffi.cast("uint8_t *", password.address), password.size
    context.salt, context.saltlen = _ffi.cast("uint8_t *", salt_buffer), len(salt)
    context.t_cost, context.m_cost = params.time, params.memory_kib
    context.lanes = context.threads = params.parallelism
    context.version = _lib.ARGON2_VERSION_13
    context.flags = _lib.ARGON2_FLAG_CLEAR_PASSWORD
    code = _lib.argon2_ctx(context, _lib.Argon2_id)
    if code != _lib.ARGON2_OK:
        raise MemoryError(f"Argon2 failed: {_ffi.string(_lib.argon2_error_message(code)).decode()}")
