"""Changing ``config.toml`` by one key: comments and order stay, and what would not be accepted at a start is not written.

A value is judged by the same code as at a start: the whole file with the change in it. Findings that were there before are left
alone, so that a file with two mistakes can be mended one by one.
"""

import fcntl
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from waiaas.config.core import FREE_SECTIONS, OWNED_SECTIONS, read_core
from waiaas.config.data_dir import write_private
from waiaas.config.free import FEE_NAMES, is_owned, judge_free
from waiaas.config.keys import KEYS, Key, Type
from waiaas.config.plugin_tables import Models, secret_fields
from waiaas.config.problems import Problem, refusal
from waiaas.config.sections import SECTIONS
from waiaas.config.values import flatten
from waiaas.config.written import Written, parse
from waiaas.errors import StartRefused

Path_ = tuple[str, ...]
JudgeMore = Callable[[Written], list[Problem]]
"""Findings beyond the core keys: names of networks, tables of plugins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What was done. :param line: where the key stands now; None where it was taken out"""

    path: Path_
    line: int | None
    is_changed: bool


def parse_key(text: str) -> Path_:
    """A dotted key as TOML writes it: ``daemon.port``, ``rpc.solana.devnet``, ``plugins."my.plugin".url``.

    :raises StartRefused: CONFIG_INVALID for what is none
    """
    try:
        paths = list(flatten(tomllib.loads(f"{text} = 0"))) if "\n" not in text and "=" not in text else []
    except tomllib.TOMLDecodeError:
        paths = []
    if len(paths) != 1 or len(paths[0]) < 2:
        raise _refused(text, None, "a key such as daemon.port or rpc.solana.devnet; see: waiaas config show")
    return paths[0]


def core_key(path: Path_) -> Key | None:
    """The registry's key at a path."""
    return next((key for key in KEYS if (key.section, key.name) == path), None)


def require_known(path: Path_) -> None:
    """:raises StartRefused: CONFIG_INVALID for a path at which no key can be, saying what can"""
    section = path[0]
    if core_key(path) is not None or (section in OWNED_SECTIONS and len(path) > 2):
        return
    name = ".".join(path)
    if section == "rpc" and len(path) != 3:
        raise _refused(name, None, "rpc.<chain>.<network>")
    if section == "fees" and (len(path) != 4 or path[3] not in FEE_NAMES):
        raise _refused(name, None, "fees.<chain>.<network>.max or .daily_limit")
    if section in SECTIONS:
        names = ", ".join(key.name for key in KEYS if key.section == section)
        raise _refused(name, None, f"one of the keys {names} in [{section}]")
    if section not in FREE_SECTIONS:
        raise _refused(name, None, "a key in one of the sections " + ", ".join([*SECTIONS, *FREE_SECTIONS]))


def candidates(path: Path_, text: str) -> list[Any]:
    """What a person may mean by ``text``, the likeliest first; each is judged until one is accepted."""
    key = core_key(path)
    if key is None:
        meant = _json(text)
        return [text] if path[0] == "fees" or (isinstance(meant, str) and meant == text) else [meant, text]
    if key.type is Type.BOOLEAN:
        return [{"true": True, "false": False}.get(text.lower(), text)]
    if key.type in (Type.INTEGER, Type.TEXTS) or (key.type is Type.SIZE and text.isdecimal()):
        return [_json(text)]
    return [text]


def change(
    file: Path, environ: Mapping[str, str], path: Path_, values: Sequence[Any], judge_more: JudgeMore, *, secret: bool
) -> Edit:
    """Set a key to the first of ``values`` that is accepted, and write the file, whole and private, or not at all.

    :param values: of :func:`candidates`; empty takes the key out
    :param secret: the value must not be repeated in a message
    :raises StartRefused: CONFIG_INVALID with file, key, value and what is allowed; the file is as it was
    """
    with _alone(file.parent):
        before = parse(_read(file), str(file), environ)
        known = {_mark(problem) for problem in _judge(before, judge_more)}
        refused: StartRefused | None = None
        for text in [_with(before.text, path, value) for value in values] or [_without(before.text, path)]:
            after = parse(text, str(file), environ)
            problems = [problem for problem in _judge(after, judge_more) if _mark(problem) not in known]
            if not problems:
                if text != before.text:
                    write_private(file, text.encode())
                return Edit(path=path, line=after.line(path) if values else None, is_changed=text != before.text)
            refused = refused or _unwritten([_hidden(one) if secret else one for one in problems])
    assert refused is not None
    raise refused


def _judge(written: Written, judge_more: JudgeMore) -> list[Problem]:
    core = read_core(written)
    return [*core.problems, *judge_free(written), *judge_more(written)]


def _mark(problem: Problem) -> tuple[str, str, str | None]:
    """What makes a finding the same one before and after: not its line, which moves."""
    return (problem.key, problem.allowed, problem.value)


def _hidden(problem: Problem) -> Problem:
    return Problem(source=problem.source, line=problem.line, key=problem.key, value="***", allowed=problem.allowed)


def _with(text: str, path: Path_, value: Any) -> str:
    document = _document(text)
    table: Any = document
    for depth, name in enumerate(path[:-1]):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=depth < len(path) - 2)
        table = table[name]
        if not isinstance(table, MutableMapping):
            raise _refused(".".join(path), None, f"{'.'.join(path[: depth + 1])} is a value in the file, not a table")
    table[path[-1]] = value
    return tomlkit.dumps(document)


def _without(text: str, path: Path_) -> str:
    document = _document(text)
    table: Any = document
    for name in path[:-1]:
        if not isinstance(table, MutableMapping) or name not in table:
            return text
        table = table[name]
    if isinstance(table, MutableMapping) and path[-1] in table:
        del table[path[-1]]
    return tomlkit.dumps(document)


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as problem:
        raise _refused("the file", None, f"TOML 1.0, but: {problem}") from None


def _read(file: Path) -> str:
    if file.is_symlink():
        raise StartRefused(f"{file} is a symbolic link", code="DATA_DIR_UNSAFE", hint="put the real file in its place")
    return file.read_text("utf-8-sig") if file.exists() else ""


def _json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=lambda _: text)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value


def _refused(key: str, value: str | None, allowed: str) -> StartRefused:
    return _unwritten([Problem(source="config.toml", key=key, value=value, allowed=allowed)])


def _unwritten(problems: Sequence[Problem]) -> StartRefused:
    found = refusal(problems)
    found.hint = "nothing was written; see: waiaas config show --all"
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands at once would each write without the other's change."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def secret_at(path: Path_, models: Models) -> bool:
    """Whether a value must not be shown: addresses of nodes, secret fields of plugins, everything of an unknown plugin."""
    if path[0] == "rpc":
        return True
    if len(path) < 3 or not is_owned(path):
        return False
    model = models.get((path[0], path[1]))
    return model is None or path[2] in secret_fields(model)
