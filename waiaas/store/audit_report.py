"""What a verification of the audit log says."""

from dataclasses import dataclass
from enum import StrEnum

from waiaas.store.records import Checkpoint


class Fault(StrEnum):
    """What is wrong with a row."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REPLACED = "replaced"
    FORGED = "forged"  # a checkpoint that is not what it says
    STATUS = "status"  # a transaction's state and what was audited of it disagree
    DAMAGED = "damaged"  # the file cannot be read as a database


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProblem:
    """One thing that is wrong.

    :param row: the audit row's id; None where none is to blame
    :param text: a sentence for people
    """

    fault: Fault
    text: str
    row: int | None = None
    tx_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What was found.

    :param rows: how many rows were good: all of them, or those before the first bad one
    :param head: id and hash of the last good row; None where there is none
    :param problems: of the chain the first; of the transactions' states up to a hundred
    :param checkpoints: how many signatures the log was held against
    :param newest: the checkpoint of the newest row, of those that are genuine
    :param is_key_known: whether the signatures were held against a key from elsewhere; else whoever wrote the log may have
        made them
    """

    rows: int
    head: tuple[int, str] | None
    problems: tuple[AuditProblem, ...] = ()
    checkpoints: int = 0
    newest: Checkpoint | None = None
    is_key_known: bool = False

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
