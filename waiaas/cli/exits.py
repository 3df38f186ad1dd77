"""Exit codes, and the one line that an error becomes."""

from typing import TYPE_CHECKING

import click

from waiaas.errors import Denied, Stopped, Unauthenticated, WaiaasError

if TYPE_CHECKING:
    from waiaas_sdk import WaiaasApiError

OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
REFUSED = 4

_REFUSED_CODES = frozenset({"WRONG_PASSWORD"})
_REFUSED_STATUSES = frozenset({401, 403, 423})
_NOT_RUNNING_CODES = frozenset({"DAEMON_UNREACHABLE"})
_LONGEST_LINE = 2000


class Failure(Exception):
    """A command cannot go on.

    :param message: what is wrong; :param hint: what to do next
    """

    def __init__(self, message: str, *, hint: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code and the line for an error."""
    if isinstance(error, click.UsageError):
        return USAGE, one_line(_usage(error))
    if isinstance(error, click.ClickException):
        return FAILED, one_line(error.format_message())
    if isinstance(error, Failure):
        return error.exit_code, _with_hint(error.message, error.hint)
    if isinstance(error, WaiaasError):
        is_refused = isinstance(error, Denied | Stopped | Unauthenticated) or error.code in _REFUSED_CODES
        return REFUSED if is_refused else FAILED, _with_hint(error.message, error.hint)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return FAILED, one_line(f"{error.strerror or error}{where}")
    return _explain_answer(error)


def _explain_answer(error: BaseException) -> tuple[int, str]:
    """Errors of the client library; imported only now, when it has been."""
    from pydantic import ValidationError
    from waiaas_sdk import WaiaasApiError, WaitTimeout

    if isinstance(error, WaiaasApiError):
        return _code_of(error.status, error.code), _with_hint(_answer_text(error), _answer_hint(error))
    if isinstance(error, WaitTimeout):
        return FAILED, one_line(f"{error}; it goes on, see: waiaas tx show {error.transaction.id}")
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return USAGE, one_line(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return FAILED, one_line(f"{type(error).__name__}: {error}; run again with --debug, and please report it")


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


def _code_of(status: int, code: str) -> int:
    if code in _NOT_RUNNING_CODES:
        return NOT_RUNNING
    return REFUSED if status in _REFUSED_STATUSES else FAILED


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx is not None else "waiaas"
    return f"{error.format_message()} See: {command} --help"


def _with_hint(message: str, hint: str) -> str:
    text = message.rstrip(".")
    return one_line(f"{text}. {hint[:1].upper()}{hint[1:]}" if hint else text)


def one_line(text: str) -> str:
    """``text`` without line breaks and control characters, so that a message stays one line and moves no cursor."""
    joined = " ".join(text.split())
    return "".join(character for character in joined if character.isprintable())[:_LONGEST_LINE]
