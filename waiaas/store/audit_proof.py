"""What checkpoints prove about an audit log: whose they are, which rows they hold, and whether some are missing. Pure.

Signatures are checked by a function that is handed in. A signature proves nothing while nobody knows whose key made it: the key
is held against one that is known from elsewhere, the daemon's own signer or a checkpoint that a person kept. Without either,
the key of the newest checkpoint is taken for the installation's, and the report names it.

That another key came before a trusted one is believed when the trusted one signed the very row that says so: a log that was
written again can say anything, and the signer signs it later as it lies.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from waiaas.store.audit_report import AuditProblem, Fault
from waiaas.store.records import AuditRow, Checkpoint

KEY_CHANGED = "signer.checkpoint_key_changed"
"""The event that names a new key and the one before; both stand for the installation."""

IsGenuine = Callable[[str, Checkpoint], bool]
"""Whether a checkpoint's signature fits it, for an installation's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What the log says of a change. :param row: id and hash of the row that says so"""

    before: str
    after: str
    row: tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A checkpoint that somebody kept outside of the log, and the installation it says it is of."""

    instance_id: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a log is held against.

    :param instance_id: the installation that the log says it is of; None where it does not say
    :param checkpoints: those beside the log, by row
    :param kept: those that were handed in; :param key: the installation's key, where it is known
    """

    instance_id: str | None
    checkpoints: Sequence[Checkpoint]
    is_genuine: IsGenuine
    kept: Sequence[Kept] = ()
    key: str | None = None

    def genuine(self) -> list[Checkpoint]:
        """All that are what they say, beside the log and handed in, by row: what a walk may rely on."""
        own = [found for found in self.checkpoints if self._fits(found)]
        brought = [kept.checkpoint for kept in self.kept if self._is_ours(kept)]
        return sorted(own + brought, key=lambda found: found.audit_id)

    def problems(self, changes: Iterable[KeyChange]) -> Iterator[AuditProblem]:
        """Signatures that do not fit and keys that nobody knows. :param changes: of the key, as the log tells them"""
        yield from (self._unfit(found) for found in self.checkpoints if not self._fits(found))
        yield from self._problems_of_kept()
        genuine = self.genuine()
        signed = {(found.audit_id, found.audit_hash, found.public_key) for found in genuine}
        trusted = _connected(self._anchors(), list(changes), signed)
        strangers = [found for found in genuine if found.public_key not in trusted]
        yield from (_stranger(found) for found in strangers[:1])

    @property
    def is_key_known(self) -> bool:
        """Whether a key is known from elsewhere than the log."""
        return bool(self._known_keys())

    def _known_keys(self) -> set[str]:
        return {self.key} if self.key else {kept.checkpoint.public_key for kept in self.kept if self._is_ours(kept)}

    def _anchors(self) -> set[str]:
        known = self._known_keys()
        if not known and (all_ := self.genuine()):
            known = {all_[-1].public_key}
        return known

    def _fits(self, found: Checkpoint) -> bool:
        return self.instance_id is not None and self.is_genuine(self.instance_id, found)

    def _is_ours(self, kept: Kept) -> bool:
        return kept.instance_id == self.instance_id and self.is_genuine(kept.instance_id, kept.checkpoint)

    def _problems_of_kept(self) -> Iterator[AuditProblem]:
        for kept in self.kept:
            row = kept.checkpoint.audit_id
            if not self.is_genuine(kept.instance_id, kept.checkpoint):
                yield _forged(row, f"the given checkpoint of audit row {row} is not as it was signed")
            elif kept.instance_id != self.instance_id:
                text = f"the given checkpoint is of installation {kept.instance_id}, this log of {self.instance_id}"
                yield _forged(row, text)

    @staticmethod
    def _unfit(found: Checkpoint) -> AuditProblem:
        return _forged(found.audit_id, f"the checkpoint of audit row {found.audit_id} is not as it was signed")


def key_changes(rows: Iterable[AuditRow], into: list[KeyChange]) -> Iterator[AuditRow]:
    """The same rows; each change of the key that passes is put into ``into``."""
    for row in rows:
        if row.event_type == KEY_CHANGED and (change := _read(row)) is not None:
            into.append(change)
        yield row


def missing_checkpoints(ids: Sequence[int], count: int) -> Iterator[AuditProblem]:
    """Those that were taken out: they are numbered from 1 and never deleted.

    :param ids: of those that are there, rising; :param count: how many the database has numbered
    """
    gone = max(count, ids[-1] if ids else 0) - len(ids)
    if gone > 0:
        text = f"{gone} checkpoint{'s were' if gone > 1 else ' was'} deleted"
        yield AuditProblem(fault=Fault.DELETED, text=text)


def _connected(keys: set[str], changes: Sequence[KeyChange], signed: Set[tuple[int, str, str]]) -> set[str]:
    """The keys, those that followed them, and those before them that they vouch for.

    :param signed: row, hash and key of each genuine checkpoint
    """
    found, size = set(keys), -1
    while len(found) != size:
        size = len(found)
        for change in changes:
            if change.before in found:
                found.add(change.after)
            if change.after in found and (*change.row, change.after) in signed:
                found.add(change.before)
    return found


def _read(row: AuditRow) -> KeyChange | None:
    try:
        document = json.loads(row.details)
        before, after = document["before"], document["after"]
    except (ValueError, KeyError, TypeError):
        return None
    is_change = isinstance(before, str) and isinstance(after, str)
    return KeyChange(before=before, after=after, row=(row.id, row.hash)) if is_change else None


def _stranger(found: Checkpoint) -> AuditProblem:
    text = f"the checkpoint of audit row {found.audit_id} was signed by {found.public_key}, a key of somebody else"
    return _forged(found.audit_id, text)


def _forged(row: int, text: str) -> AuditProblem:
    return AuditProblem(fault=Fault.FORGED, row=row, text=text)
