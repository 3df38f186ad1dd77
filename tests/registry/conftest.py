"""Real little distributions, made on the fly: a module and its dist-info in a folder on ``sys.path``."""

import base64
import hashlib
import importlib
import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from waiaas.registry import Lock, Pin, digest, installed

HEAD = """
import os, pathlib
from pydantic import BaseModel
from waiaas.hookspecs import hookimpl
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource

waiaas_plugin_api = 1
"""

POLICY = """
class Rules(BaseModel):
    pass

class Policy(PolicyType[Rules]):
    type = {type!r}
    rules_model = Rules
    grants = False
    def windows(self, rules, resolved): return ()
    def judge(self, rules, facts): return None

@hookimpl
def waiaas_policy_types():
    return [Policy]
"""

CHANNEL = """
class Channel(NotificationChannel):
    type = "PIGEON"
    config_model = BaseModel
    def render(self, notification): return ""
    def send(self, rendered, notification_id): return notification_id
    def health(self): return "ready"

@hookimpl
def waiaas_notification_channels():
    return [Channel]
"""


class Maker:
    """Installs plugins ``demo-<word>``: the module is the head and ``code``; each import of it leaves a mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.folder.mkdir()

    def __call__(
        self,
        word: str,
        code: str,
        *,
        head: str = HEAD,
        name: str | None = None,
        point: str = "",
        editable: bool = False,
    ) -> Path:
        module = self.folder / f"waiaas_demo_{word}.py"
        mark = f"with open({str(self.marks / word)!r}, 'a') as file: file.write('%d\\n' % os.getpid())\n"
        module.write_text(f"import os\n{mark}{textwrap.dedent(head)}\n{textwrap.dedent(code)}")
        info = self.folder / f"waiaas_demo_{word}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: waiaas-demo-{word}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[waiaas]\n{name or 'demo-' + word} = {module.stem}{point}\n")
        files = [module, info / "METADATA", info / "entry_points.txt"]
        if editable:
            (info / "direct_url.json").write_text(json.dumps({"url": "file:///x", "dir_info": {"editable": True}}))
            files.remove(module)
        rows = [f"{file.relative_to(self.folder)},{_recorded(file)},{file.stat().st_size}" for file in files]
        (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n")
        importlib.invalidate_caches()
        return module

    def imported(self, word: str) -> list[int]:
        """The processes that imported the module, in order."""
        mark = self.marks / word
        return [int(line) for line in mark.read_text().split()] if mark.exists() else []


def pinned(*words: str, examined: bool = True) -> Lock:
    """A lock that trusts these plugins as they are installed now, without running any of them."""
    found = {plugin.name: plugin for plugin in installed()}
    return Lock(
        pins=tuple(
            Pin(
                name=name,
                distribution=found[name].distribution,
                version=found[name].version,
                hash=digest(found[name]),
                examined=examined,
            )
            for name in (f"demo-{word}" for word in words)
        )
    )


def _recorded(file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@contextmanager
def workshop(folder: Path) -> Iterator[Maker]:
    """A maker whose distributions are found by this process and its children until the block ends."""
    maker = Maker(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(maker.folder))
        yield maker
    for module in [name for name in sys.modules if name.startswith("waiaas_demo_")]:
        del sys.modules[module]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    """A workshop for one test."""
    with workshop(tmp_path) as maker:
        yield maker


@pytest.fixture
def good(make: Maker) -> Maker:
    """With one healthy plugin, ``demo-good``, that brings the policy type GOOD and the channel PIGEON."""
    make("good", POLICY.format(type="GOOD") + CHANNEL)
    return make
