import json
from typing import Any

import pytest

from tests.registry.conftest import Maker
from waiaas.errors import NotFound, StartRefused
from waiaas.registry import Lock, Pin, digest, installed, parse, pin_all, trust

HASH = "sha256:" + "0" * 64


def pin(name: str, **changes: Any) -> Pin:
    return Pin(**{"name": name, "distribution": name, "version": "1", "hash": HASH, **changes})


def test_a_lock_reads_back_as_it_was_written() -> None:
    """Order, switches and hashes survive the file."""
    lock = Lock(pins=(pin("b", enabled=False), pin("a", examined=True)))
    assert parse(lock.render()) == lock


ENTRY = {"name": "a", "distribution": "a", "version": "1", "hash": HASH, "enabled": True, "examined": True}


@pytest.mark.parametrize(
    "document",
    [
        {"format": 2, "plugins": []},
        {"plugins": []},
        {"format": 1, "plugins": [ENTRY, ENTRY]},
        {"format": 1, "plugins": [{**ENTRY, "hash": "sha256:0"}]},
        {"format": 1, "plugins": [{**ENTRY, "name": "../a"}]},
        {"format": 1, "plugins": [{**ENTRY, "enabled": "yes"}]},
        {"format": 1, "plugins": [{**ENTRY, "extra": 1}]},
        {"format": 1, "plugins": [{k: v for k, v in ENTRY.items() if k != "distribution"}]},
        [],
    ],
)
def test_a_lock_that_is_not_wholly_understood_is_refused(document: object) -> None:
    """No guess is made about whom to trust: the start is refused with what to do."""
    with pytest.raises(StartRefused, match=r"plugins\.lock cannot be read"):
        parse(json.dumps(document))


def test_text_that_is_no_json_is_refused() -> None:
    """An empty or cut file is an error, not an empty lock."""
    for text in ("", "{", Lock(pins=(pin("a"),)).render()[:-5]):
        with pytest.raises(StartRefused):
            parse(text)


def test_trusting_again_keeps_the_place_of_a_plugin() -> None:
    """Order decides clashes, so renewing a pin does not move it; new ones come last."""
    lock = Lock(pins=(pin("b"), pin("a"))).put([pin("c"), pin("b", version="2")])
    assert [(p.name, p.version) for p in lock.pins] == [("b", "2"), ("a", "1"), ("c", "1")]
    assert [p.name for p in lock.drop("a").pins] == ["b", "c"]


def test_only_a_trusted_plugin_can_be_switched() -> None:
    """Enabling what the lock does not name says how to trust it."""
    with pytest.raises(NotFound) as error:
        Lock().switch("a", enabled=True)
    assert "waiaas plugins trust a" in error.value.hint


def test_trust_needs_one_installed_plugin_of_the_name(good: Maker) -> None:
    """An unknown name and a name that two distributions bring are refused."""
    with pytest.raises(NotFound):
        trust(Lock(), ["demo-none"])
    good("twin", "", name="demo-good")
    with pytest.raises(NotFound, match="more than one distribution"):
        trust(Lock(), ["demo-good"])
    assert pin_all().get("demo-good") is None
    assert good.imported("twin") == []


def test_init_pins_everything_installed_with_our_own_first(good: Maker) -> None:
    """Every plugin is in the lock of a new data directory, and a stranger's cannot take what is shipped."""
    pins = pin_all().pins
    assert pins[0].name == "waiaas-builtin"
    assert {plugin.name for plugin in installed()} == {pin.name for pin in pins}


def test_finding_and_hashing_plugins_imports_nothing(good: Maker) -> None:
    """Names, versions and hashes come from files alone."""
    found = next(plugin for plugin in installed() if plugin.name == "demo-good")
    assert (found.version, found.distribution) == ("1.0", "waiaas-demo-good")
    assert digest(found).startswith("sha256:")
    assert good.imported("good") == []


def hashed(name: str) -> str:
    return digest(next(plugin for plugin in installed() if plugin.name == name))


def test_the_hash_covers_every_recorded_file(good: Maker) -> None:
    """A change in the module, in the metadata or in the entry points, and a missing file, each change the hash."""
    seen = {hashed("demo-good")}
    info = good.folder / "waiaas_demo_good-1.0.dist-info"
    for file in (good.folder / "waiaas_demo_good.py", info / "METADATA"):
        file.write_bytes(file.read_bytes() + b"\n\n")
        seen.add(hashed("demo-good"))
    (info / "entry_points.txt").write_text("[waiaas]\ndemo-good = waiaas_demo_other\n")
    seen.add(hashed("demo-good"))
    (good.folder / "waiaas_demo_good.py").unlink()
    seen.add(hashed("demo-good"))
    assert len(seen) == 5


def test_the_hash_of_a_package_installed_for_editing_covers_its_folder(make: Maker) -> None:
    """Every source file counts, new ones and data files too; compiled files do not."""
    make("pack", "", editable=True)
    folder = make.folder / "waiaas_demo_pack"
    (make.folder / "waiaas_demo_pack.py").unlink()
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    seen = {hashed("demo-pack")}
    (folder / "part").mkdir()
    for name in ("part/code.py", "part/data.json"):
        (folder / name).write_text("1")
        seen.add(hashed("demo-pack"))
    (folder / "part/data.json").rename(folder / "part/other.json")
    seen.add(hashed("demo-pack"))
    assert len(seen) == 4
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "code.cpython-311.pyc").write_bytes(b"x")
    assert hashed("demo-pack") in seen
