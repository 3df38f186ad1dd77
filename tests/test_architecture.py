"""The house rules that no linter states: what a file may be called, hold and say."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEYSTORE = ROOT / "waiaas/keystore"
RULES = ROOT / "waiaas/engine/rules"
# Commands that read or write a key by the operator's own hand.
KEY_COMMANDS = {ROOT / "waiaas/cli/import_key.py", ROOT / "waiaas/cli/export_key.py"}

MAX_LINES = 400
JUNK_DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "base"}
KEY_WORDS = re.compile(r"private_key|secret_key|\bseed\b", re.IGNORECASE)
LEFT_UNDONE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|#\s*type:\s*ignore(?!\[)")
INDEX_ADDRESS = re.compile(r'--(extra-)?index-url|--find-links|"resolved"|https?://(?!spdx\.org)')
# What would make a rule's answer depend on when, where or how often it is asked.
IMPURE = {
    "asyncio",
    "datetime",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "threading",
    "time",
}


def python_files(*patterns: str) -> list[Path]:
    """:return: the Python files below the folders that the patterns name, without caches and installed packages"""
    folders = [folder for pattern in patterns for folder in ROOT.glob(pattern) if folder.is_dir()]
    skipped = {"__pycache__", "node_modules"}
    return sorted(file for folder in folders for file in folder.rglob("*.py") if not skipped & set(file.parts))


SHIPPED = python_files("waiaas", "sdk/src", "plugins/*/src")
TESTS = python_files("tests", "sdk/tests", "plugins/*/tests")
OURS = [*SHIPPED, *TESTS, *python_files("bench", "scripts")]


def shown(files: list[Path]) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in files]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """:return: ``file:line`` of every line that the pattern is found in"""
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def calls(source: str) -> Iterator[tuple[str, int]]:
    """:return: last name of the called function (``sleep`` of ``time.sleep``) and line of each call in a source text"""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if name is not None:
                yield name, node.lineno


def calls_of(name: str, files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for called, line in calls(file.read_text("utf-8"))
        if called == name
    ]


def imports(source: str) -> set[str]:
    """:return: top-level packages that a source text imports, relative imports aside"""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def test_the_checks_below_see_the_project() -> None:
    """A check that looks at no file proves nothing."""
    assert len(SHIPPED) > 50
    assert RULES / "transaction_states.py" in SHIPPED
    assert Path(__file__) in TESTS


def test_files_stay_readable() -> None:
    """No Python file has more than 400 lines."""
    assert shown([file for file in OURS if len(file.read_text("utf-8").splitlines()) > MAX_LINES]) == []


def test_no_junk_drawers() -> None:
    """No module or folder is named for having no subject."""
    drawers = [
        file for file in OURS if JUNK_DRAWERS & {part.removesuffix(".py") for part in file.relative_to(ROOT).parts}
    ]
    assert shown(drawers) == []


def test_key_material_is_named_in_the_keystore_alone() -> None:
    """The words for key material occur only below the keystore and in the commands that import or export a key."""
    elsewhere = [file for file in SHIPPED if KEYSTORE not in file.parents and file not in KEY_COMMANDS]
    assert lines_with(KEY_WORDS, elsewhere) == []


def test_nothing_is_left_undone() -> None:
    """No shipped file holds a note of unfinished work or a type error waved through without its code."""
    files = [file for file in OURS if file != Path(__file__)]
    assert lines_with(LEFT_UNDONE, files) == []


def test_only_command_lines_print() -> None:
    """Nothing prints but the command line: everything else answers, raises or logs."""
    doors = {"cli.py", "__main__.py"}
    silent = [file for file in SHIPPED if ROOT / "waiaas/cli" not in file.parents and file.name not in doors]
    assert calls_of("print", silent) == []


def fixed_sleeps(source: str) -> list[int]:
    """:return: lines of the sleeps in a source text that are not the pause of a loop that polls a condition"""
    tree = ast.parse(source)
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While)]
    polling = {line for loop in loops for line in range(loop.lineno, (loop.end_lineno or loop.lineno) + 1)}
    return [line for name, line in calls(source) if name == "sleep" and line not in polling]


def test_tests_wait_for_conditions() -> None:
    """No test sleeps for a fixed time: it polls a condition until its deadline."""
    sleeps = {str(file.relative_to(ROOT)): fixed_sleeps(file.read_text("utf-8")) for file in TESTS}
    assert {file: lines for file, lines in sleeps.items() if lines} == {}


def claimless(source: str) -> list[str]:
    """:return: names of the test functions in a source text whose docstring is not one line that ends its sentence"""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if not re.fullmatch(r"\S.*[.!?]", " ".join((ast.get_docstring(node) or "").split()))
    ]


def test_every_test_states_its_claim() -> None:
    """Each test says in its docstring what it claims."""
    claims = {str(file.relative_to(ROOT)): claimless(file.read_text("utf-8")) for file in TESTS}
    assert {file: names for file, names in claims.items() if names} == {}


def test_rules_read_nothing_but_their_arguments() -> None:
    """The engine's rules import no clock, randomness, system, thread, socket or database."""
    impure = {file.name: imports(file.read_text("utf-8")) & IMPURE for file in RULES.rglob("*.py")}
    assert {name: found for name, found in impure.items() if found} == {}


def test_every_room_says_what_it_owns() -> None:
    """Each room's docstring names what it owns, what it may import, and its invariant."""
    rooms = [*ROOT.glob("waiaas/*/__init__.py"), *ROOT.glob("waiaas/engine/*/__init__.py"), ROOT / "waiaas/__init__.py"]
    words = ("*Owns*", "*May import*", "*Invariant*")
    assert shown([room for room in rooms if not all(word in room.read_text("utf-8") for word in words)]) == []


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-uv.txt",
        "tests/clients/package-lock.json",
        "tests/clients/package.json",
        "tests/openapi_client/package-lock.json",
        "tests/openapi_client/package.json",
    ],
)
def test_locks_name_no_index(name: str) -> None:
    """A lock file says what to install and its hash, never from where."""
    text = "\n".join(line for line in (ROOT / name).read_text("utf-8").splitlines() if '"url"' not in line)
    assert INDEX_ADDRESS.findall(text) == []


def pinned(text: str) -> set[str]:
    """:return: normalised names of the distributions that a requirements file pins with at least one hash"""
    return set(re.findall(r"^([a-z0-9-]+)==\S+(?: ; [^\\]+)? \\\n\s+--hash=sha256:", text, re.MULTILINE))


def test_requirements_pin_every_dependency() -> None:
    """Every dependency of every distribution of this repository is pinned with its hash."""
    projects = [ROOT / "pyproject.toml", ROOT / "sdk/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    documents = [tomllib.loads(project.read_text("utf-8")) for project in projects]
    wanted = {
        re.split(r"[^A-Za-z0-9._-]", requirement)[0].replace("_", "-").lower()
        for document in documents
        for requirement in document["project"]["dependencies"] + document.get("dependency-groups", {}).get("dev", [])
    }
    own = {document["project"]["name"] for document in documents}
    assert wanted - own - pinned((ROOT / "requirements.txt").read_text("utf-8")) == set()


def test_every_plugin_is_held_to_the_import_rules() -> None:
    """Each plugin's package is among those that import-linter reads and confines to the public rooms."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    packages = {folder.name for folder in ROOT.glob("plugins/*/src/*") if (folder / "__init__.py").exists()}
    confined = [
        contract for contract in settings["contracts"] if contract["name"].startswith("Plugins import the public")
    ]
    assert packages <= set(settings["root_packages"])
    assert packages == set(confined[0]["source_modules"])


@pytest.mark.parametrize(
    ("pattern", "caught", "passed"),
    [
        (KEY_WORDS, "private_key = b''", "public_key = b''"),
        (KEY_WORDS, "def derive(seed):", "def seeded():"),
        (LEFT_UNDONE, "x = 1  # TODO later", "todo_list = []"),
        (LEFT_UNDONE, "x()  # type: ignore", "x()  # type: ignore[attr-defined]"),
        (INDEX_ADDRESS, "--index-url https://example.org/simple", "a==1 \\"),
        (INDEX_ADDRESS, '"resolved": "https://example.org/a.tgz"', '"integrity": "sha512-a"'),
    ],
)
def test_patterns_catch_what_they_are_for(pattern: re.Pattern[str], caught: str, passed: str) -> None:
    """Each pattern finds the line it forbids and lets its harmless neighbour pass."""
    assert pattern.search(caught)
    assert not pattern.search(passed)


def test_a_fixed_sleep_is_told_from_a_pause() -> None:
    """A sleep is found by either name, and only the pause of a polling loop passes."""
    source = "time.sleep(1)\nsleep(2)\nevent.wait(3)\nwhile not paid():\n    time.sleep(0.01)\n"
    assert fixed_sleeps(source) == [1, 2]


def test_a_claim_is_a_sentence() -> None:
    """A test without docstring, or with one that ends in the middle, has no claim."""
    source = 'def test_a(): ...\ndef test_b():\n    """No end"""\ndef test_c():\n    """It holds."""\n'
    assert claimless(source) == ["test_a", "test_b"]
