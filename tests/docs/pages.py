"""The pages, their links, and their blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("plugins/*/README.md"),
        *ROOT.glob("sdk/README.md"),
        *ROOT.glob("bench/README.md"),
    ]
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code. :param language: empty where none is named"""

    page: Path
    language: str
    code: str


def name(page: Path) -> str:
    """The page as people call it."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> list[str]:
    """Targets of links, external ones left out."""
    return [link for link in _LINK.findall(_prose(page)) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The headings as links name them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(_prose(page))}


def blocks(*languages: str) -> Iterator[Block]:
    """Every block of code in one of these languages."""
    for page in PAGES:
        for language, code in _FENCE.findall(page.read_text()):
            if language in languages:
                yield Block(page, language, code)


def words(page: Path) -> list[str]:
    """What stands in backticks outside of blocks."""
    return re.findall(r"`([^`\n]+)`", _prose(page))


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text())
