"""Races against one limit: a volley of sends over as many connections, from two sessions of one agent, again and again.

Every round raises the agent's limit by a little and then asks for far more. What earlier rounds were let through is on its way
meanwhile, so that a window sums what is spent, what is reserved and what races.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.wire import Answer, Connection, raw_request
from tests.harness.house import House, Wallet, confirmed

SENDS = 200
_LARGEST = 3
"""So many times the usual amount do sends of unequal rounds ask for, at most."""
_AT_ONCE = {"Prefer": "respond-async"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What became of one volley, in base units.

    :param room: what was left of the limit before it
    :param admitted: the amounts that were let through; :param denied: those that were not
    :param others: every other answer: there should be none
    """

    room: int
    admitted: tuple[int, ...]
    denied: tuple[int, ...]
    others: tuple[Answer, ...]

    @property
    def left(self) -> int:
        """What is left of the limit after it."""
        return self.room - sum(self.admitted)

    @property
    def is_kept(self) -> bool:
        """Whether the limit was kept, and used up to one transaction: nothing that was denied would have had room."""
        return not self.others and bool(self.denied) and 0 <= self.left < min(self.denied)


class LimitRace:
    """One agent with two sessions and a daily limit, on a daemon that runs. :param rounds: how many it is funded for"""

    def __init__(self, house: House, rounds: int) -> None:
        self._house = house
        self._amount = house.case.amount
        self._random = random.Random(7)
        rules = {"instant_max": _LARGEST * self._amount, "daily_limit": 1}
        self.wallet: Wallet = house.wallet(units=rounds * 12 * self._amount, policies=house.case.spending(**rules))
        self._tokens = (self.wallet.token, house.operator.sessions.issue(self.wallet.agent_id).token)
        policies = house.operator.policies.list(agent_id=self.wallet.agent_id).items
        (self._policy,) = [one for one in policies if one.type == "SPENDING_LIMIT"]
        url = urlsplit(house.daemon.url)
        assert url.hostname is not None
        assert url.port is not None
        self._connections = [Connection(url.hostname, url.port) for _ in range(SENDS)]
        self._limit = 0
        self._taken = 0

    def run(self, number: int) -> Round:
        """One volley. Rounds of even numbers ask for equal amounts."""
        self._raise_limit(number)
        room = self._limit - self._taken
        amounts = [self._amount * (1 if number % 2 == 0 else self._random.randint(1, _LARGEST)) for _ in range(SENDS)]
        answers = self._volley(amounts)
        found = _sorted(room, amounts, answers)
        self._taken += sum(found.admitted)
        return found

    def settle(self) -> int:
        """Wait until everything that was let through is paid; returns how much that is."""
        rows = self._house.rows(
            "SELECT id FROM transactions WHERE agent_id = ? AND tier <> 'DENY'", self.wallet.agent_id
        )
        return sum(int(confirmed(self._house, row["id"])["amount"]) for row in rows)

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections:
            connection.close()

    def _raise_limit(self, number: int) -> None:
        """By 3 to 9 payments and a half, on top of what is left."""
        self._limit += (3 + number % 7) * self._amount + self._amount // 2
        rules = {**self._policy.rules, "daily_limit": str(self._limit)}
        self._house.operator.policies.update(self._policy.id, rules=rules)

    def _volley(self, amounts: Sequence[int]) -> list[Answer]:
        """Everything is sent before the first answer is read; the sessions take turns."""
        recipient = self._house.case.new_recipient()
        requests = [
            raw_request("POST", "/v1/transactions/send", token=self._tokens[n % 2], body=self._body(recipient, amount),
                        headers=_AT_ONCE)
            for n, amount in enumerate(amounts)
        ]  # fmt: skip
        for connection, request in zip(self._connections, requests, strict=True):
            connection.send(request)
        answers = [connection.answer() for connection in self._connections]
        while busy := [n for n, answer in enumerate(answers) if _is_busy(answer)]:
            for n in busy:  # nothing of it was stored, as the answer says; so it is sent again
                self._connections[n].send(requests[n])
            for n in busy:
                answers[n] = self._connections[n].answer()
        return answers

    def _body(self, recipient: str, amount: int) -> dict[str, object]:
        fields = self._house.case.payment(recipient, amount)
        token = fields.get("token")
        body: dict[str, object] = {**fields, "amount": str(amount)}
        return body | ({"token": {"address": token}} if token else {})


def _is_busy(answer: Answer) -> bool:
    """Whether all seats for who waits for a node were taken."""
    status, body = answer
    return status == 503 and json.loads(body)["code"] == "BUSY"


def _sorted(room: int, amounts: Sequence[int], answers: Sequence[Answer]) -> Round:
    admitted, denied, others = list[int](), list[int](), list[Answer]()
    for amount, answer in zip(amounts, answers, strict=True):
        status, body = answer
        if status in (201, 202):
            admitted.append(amount)
        elif status == 403 and json.loads(body)["code"] == "POLICY_DENIED":
            denied.append(amount)
        else:
            others.append(answer)
    return Round(room=room, admitted=tuple(admitted), denied=tuple(denied), others=tuple(others))
