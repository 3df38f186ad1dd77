"""Whole transfers, from request to CONFIRMED on a local chain. A client sends its next payment once a node took the last."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.coins import Coin
from bench.figures import Figure, median, share
from bench.load import LoadResult, run_load
from bench.servers import Server
from bench.stage import Stage
from bench.wire import raw_request


def transfers(clients: int, wallets: int) -> Callable[[Stage], Figure]:
    """The measurement for so many clients on so many wallets."""

    def measure(stage: Stage) -> Figure:
        return _measure(stage, clients, wallets)

    return measure


def _measure(stage: Stage, clients: int, wallets: int) -> Figure:
    each = max(1, stage.payments // clients)
    ours, floor = list[LoadResult](), list[LoadResult]()
    asked, floor_asked, methods = list[int](), list[int](), Counter[str]()
    stage.coin.calls()
    for _ in range(stage.rounds):
        ours.append(_counted(stage.daemon, asked, stage, stage.tokens[:wallets], clients, each))
        methods.update(stage.coin.calls())
        floor.append(_counted(stage.floor, floor_asked, stage, stage.floor.tokens[:wallets], clients, each))
        stage.coin.calls()
    paid = clients * each
    details: dict[str, Any] = {
        "confirmed": f"{min(len(run.final_latencies) for run in ours)} of {paid}",
        "ours": _times(ours),
        "floor": _times(floor),
        "node requests a payment": round(median(asked) / paid, 2),
        "node requests a payment, floor": round(median(floor_asked) / paid, 2),
    }
    if methods:
        details["node calls a payment"] = {
            method: round(n / paid / stage.rounds, 2) for method, n in sorted(methods.items())
        }
    return Figure(
        name=f"{stage.coin.label}transfers, {_counts(clients, 'client')} on {_counts(wallets, 'wallet')}",
        unit="/s",
        ours=median([run.rate for run in ours]),
        floor=median([run.rate for run in floor]),
        least_ratio=0.5,
        limit=stage.coin.least_rate if wallets == 1 else None,
        details=details,
    )


def pay(server: Server, coin: Coin, tokens: list[str], clients: int, each: int) -> LoadResult:
    """So many clients, on wallets in turn, make ``each`` payments; returns when all are final."""
    plan = [[_payment(coin, tokens[client % len(tokens)]) for _ in range(each)] for client in range(clients)]
    done = run_load(server, plan)
    if not set(done.statuses) <= {"201", "202"} or done.lost:
        raise RuntimeError(f"of {clients * each} payments {done.lost} were lost; answers: {done.statuses}")
    return done


def _counted(server: Server, asked: list[int], stage: Stage, tokens: list[str], clients: int, each: int) -> LoadResult:
    before = server.node_requests()
    done = pay(server, stage.coin, tokens, clients, each)
    asked.append(server.node_requests() - before)
    return done


def _payment(coin: Coin, token: str) -> bytes:
    return raw_request("POST", "/v1/transactions/send", token=token, body=coin.body(coin.recipient()))


def _counts(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}"


def _times(runs: list[LoadResult]) -> dict[str, str]:
    early = sum(run.statuses.get("202", 0) for run in runs)
    cpu = {"cpu": f"{median([run.cpu_milliseconds for run in runs]):.1f} ms"}
    accepted, confirmed = [run.latencies for run in runs], [run.final_latencies for run in runs]
    if early:
        cpu["answered before a node took them"] = str(early)
    return cpu | _shares("accepted", accepted) | _shares("confirmed", confirmed)


def _shares(what: str, latencies: list[list[float]]) -> dict[str, str]:
    return {
        f"{what} p{percent}": f"{1000 * median([share(run, percent) for run in latencies]):.0f} ms"
        for percent in (50, 99)
    }
