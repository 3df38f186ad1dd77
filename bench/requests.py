"""Requests that move nothing: a session reads its address; a send is denied."""

from dataclasses import dataclass, replace

from bench.figures import Figure, median, share
from bench.load import LoadResult, run_load
from bench.servers import Server
from bench.stage import Stage
from bench.wire import raw_request

CLIENTS = 16


def session_read(stage: Stage) -> Figure:
    """``GET /v1/wallet/address`` over 16 connections."""
    return _compare(stage, "session read", _ADDRESS)


def denied_send(stage: Stage) -> Figure:
    """A send above the policy's limit over 16 connections: refused with a reason, and kept for the audit."""
    body = stage.coin.body(stage.coin.recipient(), stage.coin.limit * 10)
    stage.coin.calls()
    question = _Question(method="POST", path="/v1/transactions/send", body=body, status=403)
    figure = _compare(stage, "denied send", question)
    return replace(figure, details={**figure.details, "node was asked": sorted(stage.coin.calls())})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What every client repeats. :param status: the only right answer's"""

    method: str
    path: str
    body: object = None
    status: int


_ADDRESS = _Question(method="GET", path="/v1/wallet/address", status=200)


def ask_address(server: Server, tokens: list[str], seconds: float) -> LoadResult:
    """The session read, against one server."""
    return _run(server, tokens, _ADDRESS, seconds)


def _compare(stage: Stage, name: str, question: _Question) -> Figure:
    ours, floor = [], []
    for _ in range(stage.rounds):
        ours.append(_run(stage.daemon, stage.tokens, question, stage.seconds))
        floor.append(_run(stage.floor, stage.floor.tokens, question, stage.seconds))
    return Figure(
        name=name,
        unit="/s",
        ours=median([run.rate for run in ours]),
        floor=median([run.rate for run in floor]),
        least_ratio=0.5,
        details={"ours": _seen(ours), "floor": _seen(floor)},
    )


def _seen(runs: list[LoadResult]) -> dict[str, str]:
    shares = {
        f"p{percent}": f"{1000 * median([share(run.latencies, percent) for run in runs]):.1f} ms"
        for percent in (50, 99)
    }
    return shares | {"cpu": f"{median([run.cpu_milliseconds for run in runs]):.2f} ms"}


def _run(server: Server, tokens: list[str], question: _Question, seconds: float) -> LoadResult:
    requests = [raw_request(question.method, question.path, token=token, body=question.body) for token in tokens]
    done = run_load(server, [[requests[n % len(requests)]] for n in range(CLIENTS)], seconds=seconds)
    if set(done.statuses) != {str(question.status)}:
        raise RuntimeError(f"{question.path} answered {done.statuses}, not {question.status} alone")
    return done
