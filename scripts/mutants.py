"""``make mutants``, the second half: every mutant that no test noticed must be explained in tests/mutants.toml, and only those.

An explanation names the function, the line before and the line after, so that it outlives changes elsewhere; one whose mutant
does not survive any more is stale. SQL in other letters is the same SQL: in the store such mutants need no explanation. With
patterns as arguments (``waiaas.engine.rules.fees*``) only those mutants are looked at.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_MUTMUT = Path(sys.executable).with_name("mutmut")
_NOTICED = frozenset({"killed", "timeout", "caught by type check", "skipped"})
_RESULT = re.compile(r"^\s*(?P<name>\S+__mutmut_\d+): (?P<status>.+)$")
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|AND|ORDER BY)\b")
_NUMBER = re.compile(r"__mutmut_\d+$")


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change. :param function: the mutated function as mutmut calls it, without the mutant's number"""

    function: str
    before: str
    after: str

    @property
    def is_same_statement(self) -> bool:
        """Whether nothing but the letters of a statement changed."""
        is_sql = self.function.startswith("waiaas.store.") and _SQL.search(self.before) is not None
        return is_sql and self.before.lower() == self.after.lower()


def main(patterns: Sequence[str]) -> int:
    """Exit code 0 when nothing is unexplained and nothing explained in vain."""
    found = {_mutant(name) for name in _unnoticed(_mutmut("results"), patterns)}
    survivors = {mutant for mutant in found if not mutant.is_same_statement}
    explained = _explained(_ROOT / "tests" / "mutants.toml", patterns)
    for mutant in sorted(survivors - explained):
        print(f"not noticed by any test: {mutant.function}\n  - {mutant.before}\n  + {mutant.after}")
    for mutant in sorted(explained - survivors):
        print(f"explained, and does not survive: {mutant.function}\n  - {mutant.before}\n  + {mutant.after}")
    print(f"{len(survivors)} not noticed, {len(survivors & explained)} of them explained")
    return int(survivors != explained)


def _unnoticed(results: str, patterns: Sequence[str]) -> Iterable[str]:
    """Names of mutants of which no test said anything, those that no test even runs included."""
    for line in results.splitlines():
        found = _RESULT.match(line)
        if found and found["status"] not in _NOTICED and _is_meant(found["name"], patterns):
            yield found["name"]


def _mutant(name: str) -> Mutant:
    lines = [line for line in _mutmut("show", name).splitlines() if not line.startswith(("---", "+++"))]
    before = [line[1:].strip() for line in lines if line.startswith("-")]
    after = [line[1:].strip() for line in lines if line.startswith("+")]
    return Mutant(_NUMBER.sub("", name), " ".join(before), " ".join(after))


def _explained(file: Path, patterns: Sequence[str]) -> set[Mutant]:
    """:raises ValueError: for an entry that does not say why"""
    found = set()
    for entry in tomllib.loads(file.read_text()).get("explained", []):
        if not entry.get("why", "").strip():
            raise ValueError(f"tests/mutants.toml does not say why {entry['function']} may be changed unnoticed")
        if _is_meant(entry["function"], patterns):
            found.add(Mutant(entry["function"], entry["before"], entry["after"]))
    return found


def _is_meant(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch(name, pattern) for pattern in patterns)


def _mutmut(*arguments: str) -> str:
    done = subprocess.run([_MUTMUT, *arguments], cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
