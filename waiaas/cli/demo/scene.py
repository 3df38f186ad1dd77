"""What all scenes share: the stage, the agent's wallet, its people, and how a payment is told and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from waiaas_sdk import Client, Transaction, WaiaasApiError

from waiaas.cli.amounts import Unit
from waiaas.cli.demo.narrator import Step
from waiaas.cli.demo.stage import Stage
from waiaas.cli.reasons import why

WAIT_SECONDS = 20.0


@dataclass(slots=True, kw_only=True)
class Scene:
    """:param paid: (recipient, amount, transaction) of everything that was paid; :param funded: what the faucet gave"""

    stage: Stage
    wallet: Client
    unit: Unit
    agent_id: str
    address: str
    funded: int
    paid: list[tuple[str, int, str]] = field(default_factory=list)

    def coins(self, text: str) -> int:
        """Base units of a decimal number of coins."""
        return self.unit.read(f"{text}{self.unit.symbol}")

    def balance(self, address: str) -> int:
        """What the chain itself says."""
        return self.stage.witness.balance(address)

    def ask(self, step: Step, amount: int, whom: str, address: str) -> None:
        """Tell what the agent asks for."""
        step.tell("agent asks", f"{self.unit.show(amount)} to the {whom}, {_short(address)}")

    def answered(self, step: Step, row: Transaction) -> None:
        """Tell what became of it and who decided."""
        step.tell("answer", f"{row.status}, tier {row.tier}")
        step.tell("decided by", why(row) or "nobody said")

    def refused(self, step: Step, error: WaiaasApiError) -> None:
        """Tell a refusal as the agent gets it."""
        details: Mapping[str, Any] = error.details
        step.tell("answer", f"{error.status} {error.code}")
        step.tell("decided by", f"{details.get('type')}: {details.get('reason')}")
        if error.hint:
            step.tell("hint", error.hint)

    def settled(self, step: Step, row: Transaction, whom: str, before: tuple[int, int]) -> None:
        """Tell balances before and after on the chain, and check that exactly the payment moved.

        :param before: of the agent and of the recipient
        """
        assert row.to_address is not None
        assert row.amount is not None
        agent, other = self.balance(self.address), self.balance(row.to_address)
        step.tell("agent", f"{self.unit.display(before[0])} → {self.unit.display(agent)}")
        step.tell(whom, f"{self.unit.display(before[1])} → {self.unit.display(other)}")
        gained, lost = other - before[1], before[0] - agent
        step.expect(f"the {whom} got exactly that", gained == row.amount, f"got {gained}")
        fee = lost - row.amount
        step.expect(f"the agent paid it and a fee of {fee}", 0 < fee < row.amount, f"the agent lost {lost}")
        self.paid.append((row.to_address, row.amount, row.id))

    def unmoved(self, step: Step, before: int) -> None:
        """Check that the agent still has what it had."""
        now = self.balance(self.address)
        step.expect("nothing left the wallet", now == before, f"it went from {before} to {now}")

    def final(self, row: Transaction) -> Transaction:
        """Wait until the transaction rests."""
        return self.wallet.wait_for(row.id, timeout=WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wallet.close()


def _short(address: str) -> str:
    return f"{address[:6]}…{address[-4:]}" if len(address) > 16 else address
