"""What the daemon itself remembers between starts, by key. What decides anything is sealed."""

from waiaas.errors import Stopped
from waiaas.store.records import StateEntry
from waiaas.store.sealer import Sealer
from waiaas.store.seals import is_plain
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

STATE_ENTRY = Shape(StateEntry, "daemon_state")
_SET = (
    "INSERT INTO daemon_state (key, value, mac) VALUES (?, ?, NULL)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, mac = excluded.mac"
)

# Inside a class that has a method of this name, ``all`` is that method.
Entries = list[StateEntry]


class State:
    """The daemon_state table, inside one unit."""

    def __init__(self, sql: Statements, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer

    def get(self, key: str) -> str | None:
        """The value of ``key``, or None where it was never set.

        :raises Stopped: ROW_TAMPERED where it is not what the daemon wrote last, or gone
        """
        if is_plain(key):
            return self.peek(key)
        found = self._seal.whole(lambda: self.entry(key), lambda entry: _refuse(entry.key))
        if found is None and self._is_missing(key):
            self._seal.seals.on_finding(("daemon_state", key))
            _refuse(key)
        return found.value if found is not None else None

    def _is_missing(self, key: str) -> bool:
        seals, name = self._seal.seals, ("daemon_state", key)
        if not seals.is_missing(name):
            return False
        with self._seal.looking_again():
            return seals.is_missing(name) and self.entry(key) is None

    def peek(self, key: str) -> str | None:
        """The value as it stands, whoever wrote it: for what may only tighten."""
        found = self.entry(key)
        return found.value if found is not None else None

    def entry(self, key: str) -> StateEntry | None:
        """The row as it stands."""
        row = self._sql.one(_BY_KEY, (key,))
        return STATE_ENTRY.read(row) if row else None

    def all(self) -> Entries:
        """Every row as it stands."""
        return [STATE_ENTRY.read(row) for row in self._sql.all(STATE_ENTRY.select("ORDER BY key"))]

    def set(self, key: str, value: str) -> None:
        """Set ``key``, new or not. Before the signer is unlocked it is not sealed: only what tightens is heeded then."""
        self._sql.run(_SET, (key, value))
        keyed = self._seal.seals.keyed
        if keyed is not None and not is_plain(key):
            self._seal.write(("daemon_state", key), keyed.of(StateEntry(key=key, value=value)))

    def bump(self, key: str) -> int:
        """Add one to a counter that starts at zero; returns it. :raises ValueError: where the value is not a number"""
        number = int(self.get(key) or "0") + 1
        self.set(key, str(number))
        return number


_BY_KEY = STATE_ENTRY.select("WHERE key = ?")


def _refuse(key: str) -> StateEntry:
    raise Stopped(
        f"what the daemon remembers as {key} was changed outside of it",
        code="ROW_TAMPERED",
        hint="the operator looks at `waiaas audit seals`",
    )
