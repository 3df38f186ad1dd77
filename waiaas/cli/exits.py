"""Exit codes, and what an error becomes: one line for a person, or one JSON object for a program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from waiaas.cli.system_errors import in_words
from waiaas.errors import Denied, Stopped, Unauthenticated, WaiaasError

if TYPE_CHECKING:
    from waiaas_sdk import WaiaasApiError

OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
REFUSED = 4

_CODES = {FAILED: "FAILED", USAGE: "USAGE", NOT_RUNNING: "DAEMON_UNREACHABLE", REFUSED: "REFUSED"}
_REFUSED_CODES = frozenset({"WRONG_PASSWORD"})
_REFUSED_STATUSES = frozenset({401, 403, 423})
_NOT_RUNNING_CODES = frozenset({"DAEMON_UNREACHABLE"})
_LONGEST_LINE = 2000


class Failure(Exception):
    """A command cannot go on.

    :param message: what is wrong; :param hint: what to do next
    :param code: for programs; left out it follows from the exit code
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        exit_code: int = FAILED,
        code: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.code = code or _CODES[exit_code]
        self.details = details or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An error as it is told. :param exit_code: of the process; :param code: for programs, such as POLICY_DENIED"""

    exit_code: int
    code: str
    message: str
    hint: str = ""
    retryable: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """For a person: what is wrong, and what to do next."""
        text = self.message.rstrip(".")
        stop = " " if text.endswith(("?", "!", ":")) else ". "
        return one_line(f"{text}{stop}{self.hint[:1].upper()}{self.hint[1:]}" if self.hint else text)

    def as_json(self) -> str:
        """For a program: one line of ASCII."""
        told = {
            "code": self.code,
            "message": one_line(self.message),
            "hint": one_line(self.hint),
            "retryable": self.retryable,
            "details": dict(self.details),
        }
        return json.dumps(told, default=str)


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code and the line for an error."""
    found = told(error)
    return found.exit_code, found.line


def told(error: BaseException) -> Told:
    """What to say of an error."""
    if isinstance(error, click.UsageError):
        return _told_of_usage(error)
    if isinstance(error, click.ClickException):
        return Told(exit_code=FAILED, code=_CODES[FAILED], message=error.format_message())
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Told(exit_code=FAILED, code="INTERRUPTED", message="stopped")
    if isinstance(error, Failure):
        return Told(
            exit_code=error.exit_code, code=error.code, message=error.message, hint=error.hint, details=error.details
        )
    if isinstance(error, WaiaasError):
        return _told_of_ours(error)
    if isinstance(error, OSError):
        return Told(exit_code=FAILED, code="SYSTEM_ERROR", message=in_words(error))
    if isinstance(error, UnicodeError):
        return Told(exit_code=FAILED, code="NOT_UTF8", message="what was given is not UTF-8 text")
    return _told_of_answer(error)


def _told_of_ours(error: WaiaasError) -> Told:
    is_refused = isinstance(error, Denied | Stopped | Unauthenticated) or error.code in _REFUSED_CODES
    return Told(
        exit_code=REFUSED if is_refused else FAILED,
        code=error.code,
        message=error.message,
        hint=error.hint,
        retryable=error.retryable,
        details=error.details,
    )


def _told_of_answer(error: BaseException) -> Told:
    """Errors of the client library; imported only now, when it has been."""
    from pydantic import ValidationError
    from waiaas_sdk import WaiaasApiError, WaitTimeout

    if isinstance(error, WaiaasApiError):
        return Told(
            exit_code=_exit_code_of(error.status, error.code),
            code=error.code,
            message=_answer_text(error),
            hint=_answer_hint(error),
            retryable=error.retryable,
            details=_answer_details(error),
        )
    if isinstance(error, WaitTimeout):
        see = f"it goes on, see: waiaas tx show {error.transaction.id}"
        details = {"transactionId": error.transaction.id}
        return Told(
            exit_code=FAILED, code="WAIT_TIMEOUT", message=str(error), hint=see, retryable=True, details=details
        )
    if isinstance(error, ValidationError):
        return _told_of_field(error.errors()[0])
    text = f"{type(error).__name__}: {error}"
    return Told(exit_code=FAILED, code="INTERNAL", message=text, hint="run again with --debug, and please report it")


def _told_of_field(item: Mapping[str, Any]) -> Told:
    from waiaas.interfaces.misfits import misfit

    where = ".".join(map(str, item["loc"]))
    return Told(exit_code=USAGE, code=_CODES[USAGE], message=f"{where}: {misfit(item)}", details={"field": where})


def _answer_text(error: "WaiaasApiError") -> str:
    if error.status == 401:
        return "the daemon does not accept this password or token"
    text = error.message
    if error.status == 403 and error.details.get("type"):
        text = f"refused by {error.details['type']}: {text}"
    if error.idempotency_key is not None and error.status == 0 and error.may_have_arrived:
        text += f"; the payment may have been accepted, repeat it with --idempotency-key {error.idempotency_key}"
    return text


def _answer_hint(error: "WaiaasApiError") -> str:
    if error.status == 401:
        return "try again with the right one"
    if error.status == 500 and error.request_id:
        return f"the daemon's log has the details under requestId {error.request_id}"
    return error.hint


def _answer_details(error: "WaiaasApiError") -> Mapping[str, Any]:
    details = dict(error.details)
    if error.request_id:
        details.setdefault("requestId", error.request_id)
    if error.idempotency_key is not None and error.may_have_arrived:
        details.setdefault("idempotencyKey", error.idempotency_key)
    return details


def _exit_code_of(status: int, code: str) -> int:
    if code in _NOT_RUNNING_CODES:
        return NOT_RUNNING
    return REFUSED if status in _REFUSED_STATUSES else FAILED


def _told_of_usage(error: click.UsageError) -> Told:
    command = error.ctx.command_path if error.ctx is not None else "waiaas"
    return Told(exit_code=USAGE, code=_CODES[USAGE], message=error.format_message(), hint=f"See: {command} --help")


def one_line(text: str) -> str:
    """``text`` without line breaks and control characters, so that a message stays one line and moves no cursor."""
    joined = " ".join(text.split())
    return "".join(character for character in joined if character.isprintable())[:_LONGEST_LINE]
