"""How long after the commit of a stop the last signature is made, with 16 clients that send and send.

The daemon runs in a process of this module, ``python -m bench.stop``, which notes two moments on its own clock: when the commit
that stops everything is done, and when each signature comes out of the signer, also one that is dropped afterwards. Nothing
else of the daemon is changed.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from waiaas_sdk import Client, Operator, Retry, WaiaasApiError

from bench.coins import Coin
from bench.coins_solana import Lamports
from bench.figures import Figure, median
from bench.servers import PASSWORD, Daemon
from waiaas import daemon as house
from waiaas.engine.kill_switch import KillSwitch
from waiaas.keystore.client import SignerClient

_CLIENTS, _WALLETS = 16, 16
_POUR_SECONDS, _QUIET_SECONDS = 1.0, 0.5
_LIMIT_MILLISECONDS = 100.0


class _NotedDaemon(Daemon):
    """The daemon in a process that notes. :ivar notes: one ``what seconds`` a line"""

    def __init__(self, folder: Path, coin: Coin) -> None:
        super().__init__(folder, coin)
        self.notes = folder / "notes"
        self.notes.touch()

    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, "-m", "bench.stop", str(self.root), str(self.notes)]


def stop_to_last_signature(folder: Path, rounds: int) -> Figure:
    """The longest of some rounds; in each everything is stopped over the socket, and recovered with nothing released."""
    folder.mkdir()
    answers: list[float] = []
    with Lamports() as coin:
        daemon = _NotedDaemon(folder, coin)
        daemon.start()
        with daemon:
            tokens = daemon.wallets(_WALLETS)
            for _ in range(rounds):
                answers.append(_round(daemon, coin, tokens))
    late, signed = _late(daemon.notes)
    if len(late) != rounds or signed < _CLIENTS:
        raise RuntimeError(f"{len(late)} stops were noted, and {signed} signatures")
    return Figure(
        name="from a stop's commit to the last signature, 16 clients",
        unit="ms",
        ours=1000 * max(late),
        floor=None,
        higher_is_better=False,
        limit=_LIMIT_MILLISECONDS,
        details={
            "rounds": rounds,
            "signatures in all": signed,
            "the answer to the stop": f"{1000 * median(answers):.0f} ms",
        },
    )


def _round(daemon: _NotedDaemon, coin: Coin, tokens: list[str]) -> float:
    over = threading.Event()
    clients = [threading.Thread(target=_pour, args=(daemon, coin, token, over)) for token in tokens[:_CLIENTS]]
    for client in clients:
        client.start()
    time.sleep(_POUR_SECONDS)
    socket = daemon.root / "run" / "admin.sock"
    with Operator.over_socket(socket) as nobody:
        began = time.perf_counter()
        nobody.kill_switch.activate()
        answered = time.perf_counter() - began
    time.sleep(_QUIET_SECONDS)
    over.set()
    for client in clients:
        client.join()
    with Operator.over_socket(socket, PASSWORD, remember=False) as operator:
        operator.kill_switch.recover(release=[])
    return answered


def _pour(daemon: Daemon, coin: Coin, token: str, over: threading.Event) -> None:
    with Client(f"http://127.0.0.1:{daemon.port}", token=token, retry=Retry(attempts=1)) as client:
        while not over.is_set():
            try:
                client.send(to=coin.recipient(), amount=coin.amount, wait=0)
            except WaiaasApiError:
                continue


def _late(notes: Path) -> tuple[list[float], int]:
    """For each stop, the seconds to the last signature behind it, 0 where there is none; and how many signatures there were."""
    lines = [line.split() for line in notes.read_text().splitlines()]
    stops = [float(at) for what, at in lines if what == "stop"][
        1:
    ]  # the first is the start, which tells the signer too
    signed = sorted(float(at) for what, at in lines if what == "sign")
    ends = [*stops[1:], float("inf")]
    # what is signed after a recovery was judged after it; a round's quiet end keeps the two apart
    late = [
        max((at - stop for at in signed if stop < at < min(end, stop + _QUIET_SECONDS)), default=0.0)
        for stop, end in zip(stops, ends, strict=True)
    ]
    return late, len(signed)


def main() -> int:
    """Run the daemon, noting. Arguments: the data directory, and where the notes go."""
    root, notes = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)

    def note(what: str) -> None:
        os.write(notes, f"{what} {time.perf_counter()}\n".encode())

    begins = _noting(KillSwitch._rise, lambda: note("stop"), is_before=True)
    KillSwitch._rise = begins  # type: ignore[assignment, method-assign]
    SignerClient.sign = _noting(SignerClient.sign, lambda: note("sign"), is_before=False)  # type: ignore[assignment, method-assign]
    return house.run(root, password=bytearray(PASSWORD.encode()), on_ready=lambda url: print(url, flush=True))


def _noting(call: Callable[..., object], note: Callable[[], None], *, is_before: bool) -> Callable[..., object]:
    def noted(*arguments: object, **named: object) -> object:
        if is_before:
            note()
        answer = call(*arguments, **named)
        if not is_before:
            note()
        return answer

    return noted


if __name__ == "__main__":
    sys.exit(main())
