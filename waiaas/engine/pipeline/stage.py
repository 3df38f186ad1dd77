"""What a stage is: what it is given, and what it says about how to go on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.actors import Actor
from waiaas.engine.chains import Chains
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.acceptances import Acceptances
from waiaas.engine.pipeline.evaluate import Evaluator
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.suspensions import Suspensions
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.rules.waiting import Wait
from waiaas.engine.stop_request import Order
from waiaas.engine.waits import Waits
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Store
from waiaas.store.records import Transaction

Observer = Callable[[str, str], None]
"""Told (step, transaction id) before and after each durable step. Tests inject one to stop the process there."""


class Go(Enum):
    """What the lane does next with the row."""

    ON = "on"  # the next stage may run at once
    LATER = "later"  # the same stage again, after a while; the account's lane waits
    DONE = "done"  # the row needs nothing more from the lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """:param seconds: how long LATER is; :param wait: why, where it is for more than a moment"""

    go: Go
    seconds: float = 0.0
    wait: Wait | None = None


ON = Progress(go=Go.ON)
DONE = Progress(go=Go.DONE)


def later(seconds: float, wait: Wait | None = None) -> Progress:
    """The same stage again after ``seconds``."""
    return Progress(go=Go.LATER, seconds=seconds, wait=wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The tools that stages share.

    :param on_signed: called after each commit that stored signed bytes or a final outcome; moves the pinned head
    :param heed_stop: looks for an order to stop that lies in the data directory, and carries it out
    :param require_no_stop: raises ``Stopped`` where one lies there; for who passes the gate, and may be who is waited for
    :param hold_stop: makes an order to stop hold although the database cannot be written
    :param is_open: whether this data directory was found to be the one it was: nothing is admitted or signed before
    :param waits: why payments cannot go on, as the lanes and the confirmers find it
    """

    store: Store
    chains: Chains
    signer: SignerClient
    evaluator: Evaluator
    transitions: Transitions
    outcomes: Outcomes
    gate: Gate
    suspensions: Suspensions
    acceptances: Acceptances
    settings: Settings
    clock: Clock
    observe: Observer
    on_signed: Callable[[], None]
    heed_stop: Callable[[], None]
    require_no_stop: Callable[[], None]
    hold_stop: Callable[[Actor, Order], None]
    is_open: Callable[[], bool]
    waits: Waits = field(default_factory=Waits)


def deadline(row: Transaction, timeout: int) -> int:
    """When an unsigned row is too old to be paid: counted from admission, or from the end of its hold."""
    held_until = max(row.due_at or 0, row.approved_at or 0)
    return max(row.created_at, held_until) + timeout
