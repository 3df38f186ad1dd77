"""Whether the audit log explains every transaction's state: each change once, each a move that is allowed, the last one true.

A change of state is an audit row with a transaction and the details ``{"from": ..., "to": ...}``, where ``from`` is empty for a
new row (invariant 20).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice

from waiaas.store.audit_report import AuditProblem, Fault

_MOST = 100

Move = tuple[str, int, str]
"""Transaction, audit row, details."""


def check_states(
    moves: Iterable[Move], statuses: Iterable[tuple[str, str]], transitions: Mapping[str, Collection[str]]
) -> list[AuditProblem]:
    """Up to a hundred disagreements. Pure; both sides are walked once, side by side.

    :param moves: ordered by transaction, then by row
    :param statuses: every transaction's id and status, ordered by id
    :param transitions: status to the statuses it may become
    """
    return list(islice(_problems(moves, statuses, transitions), _MOST))


def _problems(
    moves: Iterable[Move], statuses: Iterable[tuple[str, str]], transitions: Mapping[str, Collection[str]]
) -> Iterator[AuditProblem]:
    stored = iter(statuses)
    row = next(stored, None)
    for tx_id, group in groupby(moves, key=lambda move: move[0]):
        while row is not None and row[0] < tx_id:
            yield _problem(row[0], f"transaction {row[0]} is {row[1]} and no change of its state was audited")
            row = next(stored, None)
        status = None
        if row is not None and row[0] == tx_id:
            status, row = row[1], next(stored, None)
        yield from _one(tx_id, group, status, transitions)
    while row is not None:
        yield _problem(row[0], f"transaction {row[0]} is {row[1]} and no change of its state was audited")
        row = next(stored, None)


def _one(
    tx_id: str, moves: Iterable[Move], status: str | None, transitions: Mapping[str, Collection[str]]
) -> Iterator[AuditProblem]:
    state = ""
    for _, audit_row, details in moves:
        move = _read(details)
        if move is None:
            continue
        before, after = move
        if before != state:
            text = f"takes transaction {tx_id} out of {before or 'nothing'}, where it was {state or 'not made yet'}"
            yield _problem(tx_id, f"audit row {audit_row} {text}", audit_row)
        elif after not in transitions.get(before, ()):
            text = f"takes transaction {tx_id} from {before or 'nothing'} to {after}, which cannot be"
            yield _problem(tx_id, f"audit row {audit_row} {text}", audit_row)
        state = after
    if status is None and state:
        yield _problem(tx_id, f"transaction {tx_id} was audited and its row is missing")
    elif status is not None and status != state:
        yield _problem(tx_id, f"transaction {tx_id} is {status}, its last audited state is {state or 'none'}")


def _read(details: str) -> tuple[str, str] | None:
    """The change that details tell of; None for rows about something else."""
    try:
        document = json.loads(details)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    before, after = document.get("from"), document.get("to")
    return (before, after) if isinstance(before, str) and isinstance(after, str) else None


def _problem(tx_id: str, text: str, row: int | None = None) -> AuditProblem:
    return AuditProblem(fault=Fault.STATUS, text=text, row=row, tx_id=tx_id)
