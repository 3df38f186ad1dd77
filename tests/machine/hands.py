"""What the machine's rules do their work with: one house, one model, and what belongs to both."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.engine.nonces import Crash
from tests.machine.desk import AGENTS, Desk, Signer
from tests.machine.fates import Fates
from tests.machine.model import Limits, Model, Scope, Session
from tests.machine.trail import Trail
from waiaas.errors import WaiaasError
from waiaas.testing.clock import FrozenClock

_DENIALS = ("POLICY_DENIED", "CONSTRAINT_DENIED")
BEFORE_COMMIT = ("before-release", "before-build", "after-build", "before-sign", "after-sign", "before-broadcast")
AFTER_COMMIT = ("after-release", "after-store", "after-broadcast")


class Hands(RuleBasedStateMachine):
    """A fresh house and its model."""

    template: ClassVar[Path]
    home: ClassVar[Path]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.home))
        self.clock, self.pen, self.node = FrozenClock(), Signer(), Fates()
        self.desk = Desk(self.folder, self.node, self.clock, self.pen, template=self.template)
        self.model = Model(now=self.clock.now(), limits={})
        self.policies: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.trail = Trail(self.desk.database)
        self.wrongs: list[str] = []
        self.news = 0
        self.node.on_take = self._taken

    def _scope(self, kind: str, which: int) -> Scope:
        return kind, {"all": "", "agent": AGENTS[which % len(AGENTS)], "session": self._session(which)}[kind]

    def _recover(self, scope: Scope) -> None:
        kind, name = scope
        release = self.model.held(scope)[::2]
        whom = {} if kind == "all" else {f"{kind}_id": name}
        switch = self.desk.kill_switch
        code = self._code(lambda: switch.recover(self.desk.operator, release=release, **whom))
        if self.model.may_recover(scope):
            assert code == ""
            self.model.recover(scope, release)
        else:
            assert code == "STATE_CONFLICT"

    def _issue(self, agent: str, most: int | None, ttl: int) -> None:
        constraints = {} if most is None else {"maxTotal": str(most)}
        issued = self.desk.sessions.issue(self.desk.operator, agent_id=agent, ttl=ttl, constraints=constraints)
        self.tokens[issued.session.id] = issued.token
        self.model.sessions[issued.session.id] = Session(agent=agent, expires=self.model.now + ttl, max_total=most)

    def _actor(self, session: str) -> Any:
        return self.desk.sessions.authenticate(self.tokens[session], None)

    def _session(self, which: int) -> str:
        """Mostly one that lives."""
        names = list(self.model.sessions)
        live = [name for name in names if self.model.is_live(name)]
        found = live if live and which % 8 else names
        return found[which % len(found)]

    def _row(self, which: int, *statuses: str) -> str:
        """A row in one of these statuses where there is one, else any."""
        rows = self.model.rows
        found = [tx_id for tx_id, row in rows.items() if row.status in statuses] or list(rows)
        return found[which % len(found)]

    def _send(self, which: int, amount: int, key: str | None) -> None:
        session = self._session(which)
        refusal = self.model.refusal(session, amount, key)
        row = self.model.send(session, amount) if refusal is None else None
        body = {"type": "TRANSFER", "to": "wyou", "amount": str(amount)}
        died, code = self._lives(
            lambda: self.desk.transactions.send(self._actor(session), body, idempotency_key=key, wait=0)
        )
        if row is None or (died == "before-admit"):
            assert died or code == ("" if refusal == "REPLAY" else refusal)
            return
        assert died or code in (_DENIALS if row.tier == "DENY" else ("",))
        self.model.add(self._new_id(), row, key)
        self.news = 4

    def _new_id(self) -> str:
        """The one row that the model has not heard of."""
        (found,) = self._ids() - self.model.rows.keys()
        return found

    def _ids(self) -> set[str]:
        with closing(sqlite3.connect(self.desk.database)) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM transactions")}

    def _advance(self, tx_id: str) -> None:
        before = len(self.pen.asked)
        died, _ = self._lives(lambda: self.desk.advance(tx_id))
        if len(self.pen.asked) > before and not self.model.may_be_signed(tx_id):
            self.wrongs.append(f"{tx_id} was signed")
        if not died and self.model.rows[tx_id].status == "SUBMITTED":
            self.model.rows[tx_id].is_noted |= tx_id in self.node.taken
        if died not in BEFORE_COMMIT:
            self.model.advance(tx_id)

    def _taken(self, tx_id: str) -> None:
        """A node gets bytes: for the first time only where nothing stops their row."""
        if tx_id not in self.node.taken and not self.model.may_be_signed(tx_id):
            self.wrongs.append(f"{tx_id} was sent")

    def _lives(self, call: Callable[[], object]) -> tuple[str, str]:
        """Where the daemon died meanwhile, and came back; and the code of an error."""
        try:
            return "", self._code(call)
        except Crash as crash:
            self._begin_again()
            return str(crash), ""

    @staticmethod
    def _code(call: Callable[[], object]) -> str:
        try:
            call()
        except WaiaasError as problem:
            return problem.code
        return ""

    def _begin_again(self) -> None:
        self.desk.close()
        self.desk = Desk(self.folder, self.node, self.clock, self.pen)


def rules_of(limits: Limits) -> dict[str, str]:
    return {
        "instant_max": str(limits.instant),
        "notify_max": str(limits.notify),
        "delay_max": str(limits.delay),
        "daily_limit": str(limits.daily),
    }
