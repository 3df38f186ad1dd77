"""The engine that the machine drives: two agents, nobody works unless told, and it can die at any durable step."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.engine.nonces import AGENT, Engine, Pen
from tests.machine.fates import Fates, FatesAdapter, row_of
from tests.machine.model import (
    APPROVAL_SECONDS,
    COOLDOWN_SECONDS,
    DELAY_SECONDS,
    EXECUTION_SECONDS,
    FEE_DAILY,
    MAX_ACTIVE,
    MAX_PENDING,
)
from waiaas.engine.failures import CredentialFailures
from waiaas.store.records import Agent
from waiaas.testing.clock import FrozenClock
from waiaas.workers.confirmer import Confirmer
from waiaas.workers.timekeeper import Timekeeper

OTHER = replace(AGENT, id="0199aaaa-0000-7000-8000-000000000002", name="other", address="wtheirs", public_key="11" * 32)
AGENTS = (AGENT.id, OTHER.id)
_SETTINGS = {
    "WAIAAS_FEES_NONCE_ONE_DAILY_LIMIT": str(FEE_DAILY),
    "WAIAAS_SECURITY_DELAY_SECONDS": str(DELAY_SECONDS),
    "WAIAAS_SECURITY_APPROVAL_TIMEOUT": str(APPROVAL_SECONDS),
    "WAIAAS_SECURITY_EXECUTION_TIMEOUT": str(EXECUTION_SECONDS),
    "WAIAAS_SECURITY_MAX_PENDING_TX": str(MAX_PENDING),
    "WAIAAS_SECURITY_MAX_ACTIVE_TX": str(MAX_ACTIVE),
    "WAIAAS_SECURITY_MAX_SESSIONS_PER_AGENT": "1000",
    "WAIAAS_SECURITY_KILL_SWITCH_RECOVERY_COOLDOWN": str(COOLDOWN_SECONDS),
}
_DATABASE = "waiaas.db"


class Signer(Pen):
    """Outlives the engine. :param asked: the rows that it signed for, in order"""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def sign(self, **request: Any) -> bytes:
        made = super().sign(**request)
        self.asked.append(row_of(self.signed[-1]))
        return made


class Desk(Engine):
    """One life of the daemon. :param template: a database to begin with, where the folder has none"""

    adapter = FatesAdapter
    people: Sequence[Agent] = (AGENT, OTHER)

    def __init__(
        self, folder: Path, node: Fates, clock: FrozenClock, pen: Signer, *, template: Path | None = None
    ) -> None:
        if template is not None:
            shutil.copyfile(template, folder / _DATABASE)
        super().__init__(folder, node, clock=clock, pen=pen, types=(), **_SETTINGS)
        self.database = folder / _DATABASE
        self._failures = CredentialFailures(self.store, self.journal, self.clock)

    def advance(self, tx_id: str) -> None:
        """One stage of one row, with the node asked anew whether it is there, and what nodes took is noted."""
        self.chains.get("nonce", "one")._healthy_until = 0.0
        self.runner.advance(tx_id)
        self.acceptances.flush()

    def tick(self) -> None:
        """One round of the clock's worker; a new one looks at everything."""
        Timekeeper(self.bench, self._failures, self.wake).run_once()

    def confirm(self) -> None:
        """One round of the chain's worker; a new one looks at everything."""
        Confirmer(self.bench, "nonce", "one", self.wake_first).run_once()
        self.acceptances.flush()


def make_template(folder: Path) -> Path:
    """A migrated database with the agents in it."""
    Desk(folder, Fates(), FrozenClock(), Signer()).close()
    return folder / _DATABASE
