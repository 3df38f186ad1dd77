"""What is shown of several rows or sums is of one moment: nothing is left out or shown twice because it moves meanwhile."""

import ast
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.engine.nonce_node import Node
from tests.engine.nonces import AGENT, Engine, opened
from tests.test_architecture import ROOT
from waiaas.engine.admin import Admin, Lifecycle
from waiaas.engine.limits import Limits
from waiaas.engine.metrics import Metrics
from waiaas.engine.rules.transaction_states import UNFINISHED
from waiaas.store.listing import Listing
from waiaas.store.statements import Moment, Statements


@pytest.mark.parametrize("after", range(1, len(UNFINISHED)))
def test_a_row_that_moves_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A payment that goes from one status to the next between any two statements of the list is in it, once."""
    with opened(tmp_path, Node()) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        body = {"type": "TRANSFER", "to": "wyou", "amount": "5"}
        tx_id = engine.transactions.send(engine.session(), body, wait=0).view.row.id
        real, calls = Listing.page, list[None]()

        def page(self: Any, *given: Any, **more: Any) -> Any:
            calls.append(None)
            if len(calls) == 1 + after:
                meanwhile(lambda: engine.runner.advance(tx_id))
            return real(self, *given, **more)

        monkeypatch.setattr(Listing, "page", page)
        listed = [item.row for item in engine.transactions.pending(engine.operator).items]
        assert [(row.id, row.status) for row in listed] == [(tx_id, "PENDING")]
        assert engine.row(tx_id).status == "EXECUTING", "it was to move meanwhile"


VIEWS: dict[str, Callable[[Engine, str], object]] = {
    "a payment": lambda engine, tx_id: engine.transactions.get(engine.operator, tx_id),
    "payments": lambda engine, tx_id: engine.transactions.list(engine.operator),
    "what is not final": lambda engine, tx_id: engine.transactions.pending(engine.operator),
    "the answer to a send": lambda engine, tx_id: engine.transactions._outcome(
        engine.operator, tx_id, 0, replayed=False
    ),
    "approvals": lambda engine, tx_id: engine.approvals.list(engine.operator, 10),
    "limits": lambda engine, tx_id: limits_of(engine).list(engine.operator, None, 10),
    "limits of one": lambda engine, tx_id: limits_of(engine).of(AGENT),
    "stops and what they hold": lambda engine, tx_id: engine.kill_switch.view(engine.operator),
    "metrics": lambda engine, tx_id: metrics_of(engine).render(),
    "status": lambda engine, tx_id: admin_of(engine).status(engine.operator),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str) -> None:
    """All statements of a view that makes several run in one unit of one moment, a held payment and its approval included."""
    with opened(tmp_path, Node()) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="1")
        tx_id = engine.send(engine.session())
        assert engine.row(tx_id).status == "QUEUED"
        real, seen = Statements._execute, list[tuple[Moment, int]]()

        def execute(self: Statements, *given: Any) -> Any:
            seen.append((self.moment, id(self)))
            return real(self, *given)

        monkeypatch.setattr(Statements, "_execute", execute)
        VIEWS[view](engine, tx_id)
        monkeypatch.undo()
        assert seen
        assert {moment for moment, _ in seen} == {Moment.ONE}
        assert len({unit for _, unit in seen}) == 1


SHOWN = ("admin", "approvals", "audit", "channels", "limits", "metrics", "stops_view", "transactions", "wallet")


def test_what_is_shown_is_read_at_once() -> None:
    """In the modules that answer people and agents no unit whose statements see different moments is asked more than once.

    ``of_agent`` asks by id, else by name.
    """
    assert [found for name in SHOWN for found in asked_twice(ROOT / f"waiaas/engine/{name}.py")] == ["wallet.of_agent"]


def asked_twice(file: Path) -> Iterator[str]:
    """Functions that ask one reading unit more than one thing."""
    for function in ast.walk(ast.parse(file.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        for block in (one for one in ast.walk(function) if isinstance(one, ast.With)):
            opened_as, unit = block.items[0].context_expr, block.items[0].optional_vars
            is_read = isinstance(opened_as, ast.Call) and getattr(opened_as.func, "attr", "") == "read"
            if is_read and isinstance(unit, ast.Name) and _uses(block, unit.id) > 1:
                yield f"{file.stem}.{function.name}"


def _uses(block: ast.With, name: str) -> int:
    nodes = [node for statement in block.body for node in ast.walk(statement)]
    return sum(isinstance(node, ast.Name) and node.id == name for node in nodes)


def meanwhile(work: Callable[[], object]) -> None:
    """By another thread, to its end."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def limits_of(engine: Engine) -> Limits:
    judges = engine.bench.evaluator._judges
    return Limits(store=engine.store, judges=judges, chains=engine.chains, clock=engine.clock)


def metrics_of(engine: Engine) -> Metrics:
    return Metrics(engine.store, dict, dict, lambda: True, dict)


def admin_of(engine: Engine) -> Admin:
    return Admin(
        store=engine.store,
        signer=cast(Any, engine.pen),
        chains=engine.chains,
        clock=engine.clock,
        lifecycle=Lifecycle(started_at=1, instance_id="i"),
        stop=lambda: None,
        prices=dict,
        is_stopped=lambda: False,
    )
