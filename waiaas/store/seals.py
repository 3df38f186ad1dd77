"""Seals: what tells a row that the daemon wrote from one that somebody else did.

Rows that decide who may do what carry a MAC over their deciding columns, under a key that only the unlocked signer derives. A
MAC alone would be good again on an older copy of its row, so the last MAC of every row is written down besides (``row_seals``),
all of those are summed up in one sealed record, and the pinned head outside of the database says how far that one had come.

A row that only became tighter is whole without a new seal: a suspended agent, a revoked session. That is how a stop can be
written down before anybody has unlocked the signer, and why nobody gains by it.
"""

import hmac
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from waiaas.store.records import Agent, Channel, Policy, PolicySet, Session, StateEntry

Name = tuple[str, str]
"""A row: its table and its key."""

RECORD = "row_seals"
"""The daemon_state key of the sealed record over all seals."""

# From the tightest to the loosest: whoever is CREATING becomes ACTIVE by itself.
_STATUSES = ("TERMINATED", "TERMINATING", "SUSPENDED", "ACTIVE", "CREATING")
_PLAIN = ("lockout", "events_cursor", "watched:", "distrusted", RECORD)
"""State that decides nothing, or that only tightens by being there."""
_UNORDERED = ("newest:", "time_seen")
"""State that changes with every payment: it carries a MAC, and an older value of it is as good as the last."""
_KNOWN_AT_MOST = 20_000
_MODULUS = 2**256


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the seals had come.

    :param number: of changes, counted up
    :param total: the sum over all of them, hex
    :param audit_id: the last audit row at that time
    """

    number: int
    total: str
    audit_id: int


def is_plain(key: str) -> bool:
    """Whether a key of daemon_state carries no MAC."""
    return key.startswith(_PLAIN)


def is_unordered(key: str) -> bool:
    """Whether an older value of a key of daemon_state is as good as its last."""
    return key.startswith(_UNORDERED)


def name_of(record: Any) -> Name:
    """Which row a record is of."""
    kind = type(record)
    key: str = record.key if kind is StateEntry else record.scope if kind is PolicySet else record.id
    return _TABLES[kind], key


def variants(record: Any) -> Sequence[Sequence[Any]]:
    """What the MAC of a whole row may cover: the row as it is now first, then every looser state that it may come from."""
    return _COVERED[type(record)](record)


def _agent(row: Agent) -> Sequence[Sequence[Any]]:
    fixed = [
        row.id,
        row.created_at,
        row.name,
        row.chain,
        row.network,
        row.form,
        row.key_scheme,
        row.public_key,
        row.address,
    ]
    fixed += [row.owner_address, row.owner_chain, row.owner_verified, row.resumed_after]
    looser = _STATUSES[_STATUSES.index(row.status) :] if row.status in _STATUSES else ()
    return [[*fixed, status] for status in looser]


def _session(row: Session) -> Sequence[Sequence[Any]]:
    fixed = [
        row.id,
        row.created_at,
        row.agent_id,
        row.token_hash,
        row.expires_at,
        row.absolute_expires_at,
        row.constraints,
    ]
    fixed += [row.renewal_count, row.max_renewals, row.last_renewed_at]
    revoked = [True, False] if row.revoked_at is not None else [False]
    stopped = [True, False] if row.stopped_at is not None else [False]
    return [[*fixed, is_revoked, is_stopped] for is_revoked in revoked for is_stopped in stopped]


def _policy(row: Policy) -> Sequence[Sequence[Any]]:
    return [[row.id, row.created_at, row.agent_id, row.type, row.rules, row.priority, row.enabled, row.version]]


def _channel(row: Channel) -> Sequence[Sequence[Any]]:
    return [[row.id, row.created_at, row.type, row.config, row.priority, row.enabled]]


def _state(row: StateEntry) -> Sequence[Sequence[Any]]:
    return [[row.key, row.value]]


_TABLES: Mapping[type, str] = {
    Agent: "agents",
    Session: "sessions",
    Policy: "policies",
    Channel: "notification_channels",
    PolicySet: "policy_sets",
    StateEntry: "daemon_state",
}
_COVERED: Mapping[type, Callable[[Any], Sequence[Sequence[Any]]]] = {
    Agent: _agent,
    Session: _session,
    Policy: _policy,
    Channel: _channel,
    StateEntry: _state,
}


class Keyed:
    """MACs under one key. Pure."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mac(self, table: str, columns: Sequence[Any]) -> str:
        """The MAC over a row's deciding columns, hex."""
        text = json.dumps([table, *columns], separators=(",", ":")).encode()
        return blake2b(text, key=self._key, digest_size=16, person=b"waiaas-row-mac").hexdigest()

    def of(self, record: Any) -> str:
        """The MAC of a record as it is."""
        return self.mac(name_of(record)[0], variants(record)[0])

    def fits(self, record: Any) -> bool:
        """Whether the record's MAC was made for it, or for a looser state of it."""
        if record.mac is None:
            return False
        table = name_of(record)[0]
        return any(_same(record.mac, self.mac(table, columns)) for columns in variants(record))

    def of_set(self, scope: str, version: int, policies: Iterable[Policy]) -> str:
        """The MAC over which policies are enabled."""
        members = sorted([one.id, one.version, one.mac] for one in policies)
        return self.mac("policy_sets", [scope, version, members])

    def part(self, name: Name, mac: str) -> int:
        """What one seal adds to the sum over all of them: nobody without the key can make sums meet."""
        text = json.dumps([*name, mac]).encode()
        return int.from_bytes(blake2b(text, key=self._key, digest_size=32, person=b"waiaas-row-part").digest())

    def of_position(self, position: Position) -> str:
        """The MAC over the record of all seals."""
        return self.mac(RECORD, [position.number, position.total, position.audit_id])


class Seals:
    """What one store knows of its rows' seals. Thread-safe.

    Without :meth:`require` nothing is sealed and every row is whole: for a store that no daemon uses. Required and not
    opened, nothing can be sealed or checked yet, and what loosens is refused.
    """

    def __init__(self) -> None:
        self.is_required = False
        self.keyed: Keyed | None = None
        self.position = Position(number=0, total="", audit_id=0)
        #: Called with the name of a row that was found not to be whole; on any thread, also inside a unit.
        self.on_finding: Callable[[Name], None] = lambda name: None
        #: Called after each commit that changed a seal.
        self.on_change: Callable[[], None] = lambda: None
        self._latest: dict[Name, str] = {}
        self._pending: dict[Name, str | None] = {}
        self._known: dict[Name, Any] = {}
        self._lock = threading.Lock()
        #: Held from before a commit that changes seals until they are known here: whoever doubts a row looks again under it.
        self.settling = threading.RLock()

    def require(self) -> None:
        """From now on rows have to be sealed."""
        self.is_required = True

    @property
    def is_locked(self) -> bool:
        """Whether rows have to be sealed and cannot be yet."""
        return self.is_required and self.keyed is None

    def begin(self, keyed: Keyed, latest: Mapping[Name, str], position: Position) -> None:
        """Take the key and what was sealed last. Inside the writer lock."""
        with self._lock:
            self._latest, self._pending, self._known = dict(latest), {}, {}
            self.position, self.keyed = position, keyed

    def latest(self) -> Mapping[Name, str]:
        """Every row's last seal."""
        with self._lock:
            return dict(self._latest)

    def holds(self, record: Any) -> bool:
        """Whether the row is as the daemon wrote it last, or tighter. Cheap for a row that was looked at before."""
        if self.keyed is None:
            return True
        name = name_of(record)
        if not self._is_last(name, record.mac):
            return False
        if self._known.get(name) == record:
            return True
        if not self.keyed.fits(record):
            return False
        if len(self._known) >= _KNOWN_AT_MOST:
            self._known.clear()
        self._known[name] = record
        return True

    def set_holds(self, scope: str, one: PolicySet | None, policies: Sequence[Policy]) -> bool:
        """Whether these are the policies that the daemon enabled last. Each of them has to hold besides."""
        if self.keyed is None:
            return True
        name = ("policy_sets", scope)
        if one is None:
            return not policies and not self.is_missing(name)
        if not self._is_last(name, one.mac):
            return False
        seen = (one, tuple((policy.id, policy.version, policy.mac) for policy in policies))
        if self._known.get(name) == seen:
            return True
        if not _same(one.mac, self.keyed.of_set(scope, one.version, policies)):
            return False
        self._known[name] = seen
        return True

    def is_missing(self, name: Name) -> bool:
        """Whether a row that is not there ought to be."""
        return self.keyed is not None and name in self._latest and self._pending.get(name, "") is not None

    def _is_last(self, name: Name, mac: str | None) -> bool:
        if mac is None:
            return False
        if name[0] == "daemon_state" and is_unordered(name[1]):
            return True
        # A reader may be a moment ahead of the commit that it sees the end of.
        return mac in (self._latest.get(name), self._pending.get(name))

    # --- by the one who writes, inside the writer lock

    def note(self, name: Name, mac: str | None) -> None:
        """A row's seal changed, or went with its row; in force once committed."""
        self._pending[name] = mac

    @property
    def pending(self) -> Mapping[Name, str | None]:
        """What changed in the unit that is writing."""
        return self._pending

    def following(self, audit_id: int) -> Position:
        """The position once what is pending is committed."""
        assert self.keyed is not None
        total = int(self.position.total or "0", 16)
        for name, mac in self._pending.items():
            before = self._latest.get(name)
            total -= self.keyed.part(name, before) if before is not None else 0
            total += self.keyed.part(name, mac) if mac is not None else 0
        return replace(
            self.position, number=self.position.number + 1, total=f"{total % _MODULUS:064x}", audit_id=audit_id
        )

    def committed(self, position: Position) -> None:
        """What was pending holds."""
        with self._lock:
            for name, mac in self._pending.items():
                if mac is None:
                    self._latest.pop(name, None)
                else:
                    self._latest[name] = mac
            self.position = position
            self._pending = {}

    def dropped(self) -> None:
        """What was pending never was."""
        self._pending = {}


def summed(keyed: Keyed, latest: Mapping[Name, str]) -> str:
    """The sum over all seals, hex. Pure."""
    return f"{sum(keyed.part(name, mac) for name, mac in latest.items()) % _MODULUS:064x}"


def _same(one: str, other: str) -> bool:
    return one.isascii() and hmac.compare_digest(one, other)
