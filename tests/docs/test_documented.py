"""Everything that users meet is documented, and what is documented exists."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from waiaas_sdk.codes import BY_CODE, OWN_CODES

from scripts import reference
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, links, name, words
from waiaas import builtin, hookspecs
from waiaas.cli.application import cli
from waiaas.config import load
from waiaas.config.keys import KEYS, PATTERNS, SPECIAL_VARIABLES
from waiaas.engine.events import EVENTS
from waiaas.interfaces.policy import PolicyType

PARTS = {
    "routes": "api.md",
    "codes": "api.md",
    "starting": "api.md",
    "states": "api.md",
    "switch": "operations.md",
    "waiting": "api.md",
    "events": "api.md",
    "raised": "plugins.md",
    "hooks": "plugins.md",
    "commands": "cli.md",
    "networks": "chains.md",
}
CLIENT_VARIABLES = {"WAIAAS_SESSION_TOKEN", "WAIAAS_URL"}
SECTIONS = "daemon|keystore|database|security|prices|notifications|plugins|rpc|fees"
NOUNS = "daemon|signer|plugin|operator|credential|agent|session|policy|transaction|channel|backup"
FILES = {
    "agent.py",
    "agent.sh",
    "daemon.lock",
    "daemon.pid",
    "daemon.json",
    "daemon.log",
    "plugins.lock",
    "daemon.py",
    "keystore.next",
    "keystore.switch",
}


def document(page: str) -> str:
    return (ROOT / "docs" / page).read_text()


def by_name(page: Path) -> str:
    return name(page)


def by_line(block: Block) -> str:
    return f"{name(block.page)}:{block.code.strip().splitlines()[0][:40]}"


@pytest.mark.parametrize("page", [page for page in PAGES if reference.parts_of(page.read_text())], ids=by_name)
def test_what_is_made_from_the_code_is_as_the_code_makes_it(page: Path) -> None:
    """Tables of routes, codes, events, states, hooks, commands and networks, and quoted files, are current."""
    assert page.read_text() == reference.made(page.read_text()), "run: python scripts/reference.py"


def test_every_table_of_the_code_is_on_a_page() -> None:
    """No made part was taken out of the documentation."""
    assert set(PARTS) == set(reference.PARTS)
    for part, page in PARTS.items():
        assert part in reference.parts_of(document(page))


def test_every_hook_is_documented() -> None:
    """Each function with a hook specification stands in the table of hooks."""
    specified = [name for name, value in vars(hookspecs).items() if hasattr(value, "waiaas_spec")]
    assert len(specified) >= 4
    for hook in specified:
        assert f"| `{hook}` |" in document("plugins.md")


def test_every_setting_is_documented() -> None:
    """Each key and each pattern of keys stands on the page about configuration."""
    page = document("configuration.md")
    for key in KEYS:
        section = page.split(f"## [{key.section}]")[1].split("\n## ")[0]
        assert f"| `{key.name}` |" in section
    for pattern in PATTERNS:
        assert f"`{pattern.path}`" in page
    for variable in SPECIAL_VARIABLES:
        assert variable in page


def test_every_policy_type_is_documented_with_its_rules() -> None:
    """Each built-in policy type has its row, with every field of its rules."""
    for kind in builtin.waiaas_policy_types():
        row = next(line for line in document("api.md").splitlines() if line.startswith(f"| `{kind.type}` |"))
        for field in kind.rules_model.model_fields:
            assert f"`{field}`" in row, f"{kind.type}.{field}"


@pytest.mark.parametrize("kind", builtin.waiaas_policy_types(), ids=lambda kind: kind.type)
def test_every_policy_type_has_a_section_whose_example_can_be_stored(kind: type[PolicyType[Any]]) -> None:
    """A section of docs/policies.md names every field of the rules, and its JSON examples are read by them."""
    section = document("policies.md").split(f"\n## {kind.type}\n")[1].split("\n## ")[0]
    for field in kind.rules_model.model_fields:
        assert f"`{field}`" in section, field
    for example in re.findall(r"```json\n(.*?)```", section, re.DOTALL):
        assert kind.rules_model.model_validate_json(example)


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Each relative link names a file of the repository, and each anchor a heading in it."""
    for link in links(page):
        target, _, anchor = link.partition("#")
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), link
        assert found.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(found), link


def test_every_page_is_reached_from_the_readme() -> None:
    """Following links from the README leads to every page of the documentation."""
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
    assert set(ROOT.glob("docs/*.md")) <= reached


@pytest.mark.parametrize("block", list(blocks("sh")), ids=by_line)
def test_commands_in_the_documentation_are_commands(block: Block) -> None:
    """Each ``waiaas`` command line in a block parses: command, arguments and options exist."""
    for line in block.code.splitlines():
        for command in _commands_of(line):
            _parse(command)


@pytest.mark.parametrize("block", list(blocks("json", "toml", "python")), ids=by_line)
def test_documents_and_code_in_the_documentation_can_be_read(block: Block, tmp_path: Path) -> None:
    """JSON is JSON, Python compiles, and a piece of config.toml is one that the daemon takes."""
    if block.language == "json":
        for part in block.code.split("\n{") if block.code.startswith("{") and "\n{" in block.code else [block.code]:
            json.loads(part if part.lstrip().startswith("{") else "{" + part)
    elif block.language == "python":
        compile(block.code, name(block.page), "exec")
    elif "[build-system]" not in block.code:
        (tmp_path / "config.toml").write_text(block.code)
        assert load(tmp_path, {}).warnings == ()


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_variables_settings_and_events_that_are_named_exist(page: Path) -> None:
    """A WAIAAS_ variable, a setting or an event in backticks is one that the code knows."""
    variables = {key.variable for key in KEYS} | set(SPECIAL_VARIABLES) | CLIENT_VARIABLES
    for variable in re.findall(r"WAIAAS_[A-Z_]*[A-Z]", page.read_text()):
        is_free = variable.startswith(("WAIAAS_RPC_", "WAIAAS_FEES_", "WAIAAS_PRICES_", "WAIAAS_PLUGINS_"))
        assert is_free or variable in variables, variable
    known = {key.path for key in KEYS} | set(EVENTS) | FILES
    for word in words(page):
        if re.fullmatch(rf"({SECTIONS}|{NOUNS})\.[a-z_]+", word):
            assert word in known, word


def _commands_of(line: str) -> list[list[str]]:
    """The ``waiaas`` command lines in a line of shell, those in ``$(...)`` included."""
    inner = re.findall(r"\$\((waiaas [^()]*)\)", line)
    outer = re.sub(r"\$\([^()]*\)", "x", line)
    found = [shlex.split(part, comments=True) for part in [*inner, outer]]
    return [words[1:] for words in found if words and words[0] == "waiaas"]


def _parse(arguments: list[str]) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and arguments:
        found = command.get_command(context, arguments[0])
        assert found is not None, f"there is no command {' '.join(arguments)}"
        command, arguments = found, arguments[1:]
    assert not isinstance(command, click.Group), "a group alone is no command"
    command.make_context(command.name, arguments)


def test_every_invariant_names_tests_that_exist() -> None:
    """Each of the twenty has a promise, a state and, unless it belongs to later, tests that are in the tree."""
    page = document("invariants.md")
    promises, proofs = (_rows(part) for part in page.split("## The tests"))
    assert list(promises) == list(proofs) == [str(number) for number in range(1, 21)]
    for number, row in promises.items():
        named = re.findall(r"`([\w/.-]+)::(\w+)`", proofs[number])
        assert named or row.endswith("| later: owners |"), number
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"


def _rows(text: str) -> dict[str, str]:
    return {found[1]: found[0] for found in re.finditer(r"^\| (\d+) \|.*$", text, re.MULTILINE)}


def test_every_error_of_the_client_is_on_its_page() -> None:
    """The client's page names the type of each code."""
    page = (ROOT / "sdk/README.md").read_text()
    assert [
        kind.__name__ for kind in {*BY_CODE.values(), *OWN_CODES.values()} if f"`{kind.__name__}`" not in page
    ] == []
