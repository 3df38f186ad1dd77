"""What is installed, found without importing anything of it, and the hash by which trust is pinned."""

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path

GROUP = "waiaas"
OWN_DISTRIBUTION = "waiaas"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DOMAIN = b"waiaas/plugin-files/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One entry point of the group ``waiaas``."""

    name: str
    version: str
    distribution: str
    entry_point: EntryPoint = field(repr=False)
    source: Distribution = field(repr=False)

    @property
    def is_own(self) -> bool:
        """Whether it comes with WAIaaS itself: code that already runs, which no hash can make safer."""
        return self.distribution == OWN_DISTRIBUTION


def installed() -> list[Installed]:
    """Every plugin on ``sys.path``, by name, then distribution. Reads metadata files, imports nothing."""
    found = []
    for point in entry_points(group=GROUP):
        source = point.dist
        if source is not None and _NAME.fullmatch(point.name):
            name = re.sub(r"[-_.]+", "-", source.name).lower()
            found.append(
                Installed(name=point.name, version=source.version, distribution=name, entry_point=point, source=source)
            )
    return sorted(found, key=lambda plugin: (plugin.name, plugin.distribution))


def digest(plugin: Installed) -> str:
    """``sha256:<hex>`` over the names and contents of a plugin's files. Reads them; imports nothing.

    The files are those of the distribution's RECORD, compiled ones and RECORD itself left out; for an editable install,
    everything in its packages' folders. A file that cannot be read counts as absent, which changes the hash.
    """
    lines = sorted(f"{name}\0{_content(path)}\n" for name, path in _files(plugin))
    total = hashlib.sha256(_DOMAIN)
    for line in lines:
        total.update(line.encode("utf-8", "surrogateescape"))
    return f"sha256:{total.hexdigest()}"


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


def _files(plugin: Installed) -> Iterator[tuple[str, Path]]:
    recorded = plugin.source.files
    if recorded is None or _is_editable(plugin.source):
        yield from _source_files(plugin)
        return
    for file in recorded:
        if file.suffix != ".pyc" and file.name != "RECORD":
            yield file.as_posix(), Path(str(file.locate()))


def _is_editable(source: Distribution) -> bool:
    """Whether the installer said so (PEP 660, by ``direct_url.json`` of PEP 610)."""
    text = source.read_text("direct_url.json")
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        return True  # then the folder that would be imported is the only truth
    return bool(isinstance(told, dict) and isinstance(told.get("dir_info"), dict) and told["dir_info"].get("editable"))


def _source_files(plugin: Installed) -> Iterator[tuple[str, Path]]:
    names = {plugin.entry_point.module.partition(".")[0]}
    names |= set((plugin.source.read_text("top_level.txt") or "").split())
    for name in sorted(names):
        for place in _places(name):
            yield from _under(place)


def _places(name: str) -> list[Path]:
    """Where a top-level module or package lies. Finding a top-level name imports nothing."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []


def _under(place: Path) -> Iterator[tuple[str, Path]]:
    if place.is_file():
        yield place.name, place
    for path in place.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield f"{place.name}/{path.relative_to(place).as_posix()}", path
