import dataclasses
from pathlib import Path

import pytest

from waiaas.config.keys import KEYS, SPECIAL_VARIABLES, Key, Type
from waiaas.config.sections import SECTIONS
from waiaas.config.settings import load
from waiaas.config.template import render_default, render_page
from waiaas.errors import StartRefused

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    Type.INTEGER: int,
    Type.SIZE: int,
    Type.BOOLEAN: bool,
    Type.TEXT: str,
    Type.PATH: str,
    Type.TEXTS: tuple[str, ...],
}


def another(key: Key) -> tuple[str, object]:
    """A value other than the default, as a variable writes it and as the settings hold it."""
    if key.type in (Type.INTEGER, Type.SIZE):
        assert key.high is not None
        number = key.high if key.default != key.high else key.high - 1
        return str(number), number
    if key.type is Type.BOOLEAN:
        return ("false", False) if key.default else ("true", True)
    if key.type is Type.TEXTS:
        return '["one", "two"]', ("one", "two")
    if key.choices:
        other = next(choice for choice in key.choices if choice != key.default)
        return other, other
    return ("127.0.0.2", "127.0.0.2") if key.name == "hostname" else ("else/where", "else/where")


def test_the_records_of_the_sections_hold_exactly_the_keys_of_the_registry() -> None:
    """Every key has a typed field of its section's record, in the registry's order, and no field lacks a key."""
    for section, record in SECTIONS.items():
        fields = [(field.name, field.type) for field in dataclasses.fields(record)]
        keys = [(key.name, KINDS[key.type]) for key in KEYS if key.section == section]
        assert fields == keys


def test_no_two_keys_share_a_variable() -> None:
    """Every key's variable is its own, and none is one of the special variables."""
    variables = [key.variable for key in KEYS]
    assert len(set(variables)) == len(variables)
    assert not set(variables) & set(SPECIAL_VARIABLES)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_a_variable_sets_its_key(key: Key, tmp_path: Path) -> None:
    """The variable of each key changes the setting of that name, and ``explain`` names the variable."""
    text, value = another(key)
    settings = load(tmp_path, {key.variable: text})
    assert getattr(getattr(settings, key.section), key.name) == value
    assert {e.source for e in settings.explain() if e.key == key.path} == {key.variable}
    untouched = load(tmp_path, {})
    assert getattr(getattr(untouched, key.section), key.name) == key.default != value


@pytest.mark.parametrize("key", [key for key in KEYS if key.low is not None], ids=lambda key: key.path)
def test_a_number_out_of_range_is_refused_at_both_ends(key: Key, tmp_path: Path) -> None:
    """One below the smallest and one above the largest are refused; the ends themselves are taken."""
    assert key.low is not None
    assert key.high is not None
    for end in (key.low, key.high):
        assert getattr(getattr(load(tmp_path, {key.variable: str(end)}), key.section), key.name) == end
    for beyond in (key.low - 1, key.high + 1):
        (tmp_path / "config.toml").write_text(f"[{key.section}]\n{key.name} = {beyond}\n")
        with pytest.raises(StartRefused, match=f"config.toml:2: {key.path} = {beyond}: allowed is"):
            load(tmp_path, {})


def test_the_default_file_loads_and_says_what_no_file_says(tmp_path: Path) -> None:
    """The file that init writes holds every key at its default."""
    bare = load(tmp_path, {})
    (tmp_path / "config.toml").write_text(render_default())
    full = load(tmp_path, {})
    assert full.warnings == ()
    for section in SECTIONS:
        assert getattr(full, section) == getattr(bare, section)
    assert all(e.source.startswith("config.toml:") for e in full.explain())


def test_explained_lines_are_the_lines_of_the_file(tmp_path: Path) -> None:
    """Each line that ``explain`` names begins with the key it was named for."""
    text = render_default()
    (tmp_path / "config.toml").write_text(text)
    lines = text.splitlines()
    for explained in load(tmp_path, {}).explain():
        number = int(explained.source.partition(":")[2])
        assert lines[number - 1].startswith(explained.key.partition(".")[2] + " = ")


def test_the_documentation_is_made_from_the_registry() -> None:
    """``docs/configuration.md`` is what the registry of keys prints today."""
    assert (ROOT / "docs" / "configuration.md").read_text() == render_page()
