"""What commands do to a keystore beside the daemon, each in a process of its own, as the command line does it.

Run as a program: orders come by standard input, as JSON; steps may kill it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from tests.harness import forks
from tests.harness.data_directory import CHEAP, PASSWORD

_SECONDS = 60


def run_work(root: Path, work: str, **orders: Any) -> subprocess.CompletedProcess[str]:
    """Do one piece of work in a process of its own.

    :param work: ``seal``, ``note``, ``change`` or ``rekey``
    :param orders: ``kill``: the step, or the beginning of its name, after which it kills itself
    """
    return forks.run(
        "tests.harness.keystore_commands",
        stdin=json.dumps({"root": str(root), "work": work, **orders}),
        timeout=_SECONDS,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(root.parent)},
    )


def new_key_file() -> list[int]:
    """What an id.json of a new key holds."""
    key = SigningKey.generate()
    return [*bytes(key), *bytes(key.verify_key)]


def seal(root: Path, name: str, chain: str, network: str, numbers: Sequence[int], password: str = PASSWORD) -> str:
    """Seal the key of an id.json as an import; the agent's id to be."""
    done = run_work(root, "seal", name=name, chain=chain, network=network, numbers=list(numbers), password=password)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def note_export(root: Path, agent_id: str, password: str = PASSWORD) -> None:
    """Note an export that is about to be made."""
    done = run_work(root, "note", agent_id=agent_id, password=password)
    assert done.returncode == 0, done.stderr


def main() -> None:
    """The process."""
    orders = json.loads(sys.stdin.read())
    sys.stdout.write(_WORKS[orders["work"]](orders))


def _observer(orders: Mapping[str, Any]) -> Callable[[str], None]:
    def observe(step: str) -> None:
        os.write(2, f"{step}\n".encode())
        if "kill" in orders and step.startswith(orders["kill"]):
            os.kill(os.getpid(), signal.SIGKILL)

    return observe


def _seal(orders: Mapping[str, Any]) -> str:
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.key_files import read_key_file
    from waiaas.keystore.opened import opened

    with Desk() as desk:
        key = read_key_file(desk, json.dumps(orders["numbers"]).encode(), None)
        with opened(Path(orders["root"]) / "keystore", desk, _password(orders)) as keystore:
            return keystore.seal(key, name=orders["name"], chain=orders["chain"], network=orders["network"])


def _note(orders: Mapping[str, Any]) -> str:
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.opened import opened

    with Desk() as desk, opened(Path(orders["root"]) / "keystore", desk, _password(orders)) as keystore:
        keystore.note("agent.exported", orders["agent_id"], {"format": "waiaas"})
    return ""


def _change(orders: Mapping[str, Any]) -> str:
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.rewrapping import change_password

    with Desk() as desk:
        folder, new = Path(orders["root"]) / "keystore", bytearray(orders["new"].encode())
        change_password(folder, desk, _password(orders), new, CHEAP, min_length=12, observe=_observer(orders))
    return ""


def _rekey(orders: Mapping[str, Any]) -> str:
    from waiaas.config import DataDir
    from waiaas.engine.rekeying import rekey
    from waiaas.keystore.desk import Desk

    with Desk() as desk:
        paths, new = DataDir.at(Path(orders["root"])), bytearray(orders["new"].encode())
        count = rekey(paths, desk, _password(orders), new, CHEAP, min_length=12, observe=_observer(orders))
    return str(count)


def _password(orders: Mapping[str, Any]) -> bytearray:
    return bytearray(orders.get("password", PASSWORD).encode())


_WORKS = {"seal": _seal, "note": _note, "change": _change, "rekey": _rekey}

if __name__ == "__main__":
    main()
