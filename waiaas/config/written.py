"""What a person wrote: the file and the variables, unjudged, and where in them each thing stands."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from waiaas.config.keys import SPECIAL_VARIABLES
from waiaas.config.lines import key_lines
from waiaas.config.problems import Problem, refusal, shorten

ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True, repr=False)
class Written:
    """Immutable. Its repr shows nothing, since plugins' tables may hold secrets.

    :param file: the path as messages show it; :param text: the whole file, empty where there is none
    :param table: the file as :mod:`tomllib` reads it
    :param variables: environment variables that begin with ``WAIAAS_``, the special ones left out
    """

    file: str
    text: str
    table: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        return key_lines(self.text)

    def line(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, or of the nearest table around it."""
        for depth in range(len(path), 0, -1):
            if (line := self._lines.get(path[:depth])) is not None:
                return line
        return None

    def in_file(self, path: tuple[str, ...], value: object, allowed: str, *, secret: bool = False) -> Problem:
        """A finding about a key of the file."""
        return Problem(
            source=self.file,
            line=self.line(path),
            key=".".join(path),
            value="***" if secret else shorten(value),
            allowed=allowed,
        )

    def in_variable(self, name: str, allowed: str, *, secret: bool = False) -> Problem:
        """A finding about an environment variable."""
        return Problem(
            source=ENVIRONMENT, key=name, value="***" if secret else shorten(self.variables[name]), allowed=allowed
        )


def read(file: Path, environ: Mapping[str, str]) -> Written:
    """Read the file once. A missing file is an empty one.

    :raises StartRefused: CONFIG_INVALID when it is no UTF-8, no TOML, or cannot be read
    """
    return parse(_text(file), str(file), environ)


def parse(text: str, file: str, environ: Mapping[str, str]) -> Written:
    """The same of a text that may never have been a file. Pure. :param file: the path as messages show it"""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem = Problem(source=file, key="the file", allowed=f"TOML 1.0, but: {str(error) or 'nested too deep'}")
        raise refusal([problem]) from None
    ours = {n: v for n, v in environ.items() if n.startswith("WAIAAS_") and n not in SPECIAL_VARIABLES}
    return Written(file=file, text=text, table=table, variables=ours)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        problem = Problem(source=str(file), key="the file", allowed=f"UTF-8 text, but byte {error.start} is none")
    except OSError as error:
        problem = Problem(source=str(file), key="the file", allowed=f"a readable file, but: {error.strerror}")
    raise refusal([problem])
