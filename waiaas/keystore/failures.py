"""Errors across the socket: the class by name, and what it carries. Only classes the signer raises on purpose come through."""

from collections.abc import Mapping, Sequence

from waiaas.errors import (
    BadRequest,
    Conflict,
    Denied,
    NotFound,
    NotReady,
    StartRefused,
    Stopped,
    TooMany,
    WaiaasError,
)

_CLASSES: Mapping[str, type[WaiaasError]] = {
    kind.__name__: kind
    for kind in (BadRequest, Conflict, Denied, NotFound, NotReady, StartRefused, Stopped, TooMany, WaiaasError)
}


def failure_fields(failure: Exception) -> list[bytes]:
    """An error as fields of an answer. Of an unexpected exception only its type's name: its text might hold anything."""
    if not isinstance(failure, WaiaasError) or type(failure).__name__ not in _CLASSES:
        failure = WaiaasError(f"the signer failed ({type(failure).__name__})")
    after = "" if failure.retry_after is None else str(failure.retry_after)
    return [part.encode() for part in (type(failure).__name__, failure.code, failure.message, failure.hint, after)]


def read_failure(fields: Sequence[bytes]) -> WaiaasError:
    """The error again, on the daemon's side."""
    name, code, message, hint, after = (field.decode() for field in fields)
    return _CLASSES[name](message, code=code, hint=hint, retry_after=int(after) if after else None)


def locked() -> NotReady:
    """The one answer to everything that needs the data key while nobody has given the password."""
    return NotReady("the signer is locked", code="SIGNER_LOCKED", hint="run: waiaas unlock")
