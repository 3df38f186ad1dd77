"""Whole transfers, from the request to CONFIRMED on the localnet. A client sends its next payment once a node took the last."""

from collections.abc import Callable

from solders.keypair import Keypair

from bench.figures import Figure, median, share
from bench.load import LoadResult, run_load
from bench.servers import Server
from bench.stage import Stage
from bench.wire import raw_request

_AMOUNT = 5_000_000


def transfers(clients: int, wallets: int) -> Callable[[Stage], Figure]:
    """The measurement for so many clients on so many wallets."""

    def measure(stage: Stage) -> Figure:
        return _measure(stage, clients, wallets)

    return measure


def _measure(stage: Stage, clients: int, wallets: int) -> Figure:
    each = max(1, stage.payments // clients)
    ours, floor, asked = [], [], []
    for _ in range(stage.rounds):
        stage.chain.requests()
        ours.append(pay(stage.daemon, stage.tokens[:wallets], clients, each))
        asked.append(stage.chain.requests())
        floor.append(pay(stage.floor, stage.floor.tokens[:wallets], clients, each))
    floor_http = stage.chain.requests()[0]
    paid = clients * each
    return Figure(
        name=f"transfers, {clients} client{'s' * (clients > 1)} on {wallets} wallet{'s' * (wallets > 1)}",
        unit="/s",
        ours=median([run.rate for run in ours]),
        floor=median([run.rate for run in floor]),
        least_ratio=0.5,
        details={
            "ours": _times(ours),
            "floor": _times(floor),
            "node requests a payment": round(median([http for http, _ in asked]) / paid, 2),
            "node requests a payment, floor": round(floor_http / paid, 2),
            "node calls a payment": {method: round(n / paid, 2) for method, n in sorted(asked[-1][1].items())},
        },
    )


def pay(server: Server, tokens: list[str], clients: int, each: int) -> LoadResult:
    """So many clients, on wallets in turn, make ``each`` payments; returns when all are final."""
    plan = [
        [_payment(tokens[client % len(tokens)], str(Keypair().pubkey())) for _ in range(each)]
        for client in range(clients)
    ]
    done = run_load(server, plan)
    if not set(done.statuses) <= {"201", "202"} or done.lost:
        raise RuntimeError(f"of {clients * each} payments {done.lost} were lost; answers: {done.statuses}")
    return done


def _payment(token: str, to: str) -> bytes:
    body = {"to": to, "amount": str(_AMOUNT)}
    return raw_request("POST", "/v1/transactions/send", token=token, body=body)


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
