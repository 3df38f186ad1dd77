"""Other people's libraries that read transactions: viem, ethers and @solana/kit in one long-lived node process."""

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

_CLIENTS = Path(__file__).parents[1] / "clients"


def node_for(package: str, folder: Path = _CLIENTS) -> str:
    """The node that runs a JavaScript package. Skips, loudly, without npm; fails where the package was only not installed."""
    node = shutil.which("node")
    if node is not None and (folder / "node_modules" / package).is_dir():
        return node
    if shutil.which("npm") is None:
        pytest.skip(f"NOT HELD AGAINST {package}: needs node, and `make clients` (npm)")
    pytest.fail(f"{package} is not installed; run `make clients`")


class Readers:
    """One process of node. Use from one thread."""

    def __init__(self) -> None:
        node = node_for("viem")
        self._process = subprocess.Popen(
            [node, str(_CLIENTS / "decode.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_CLIENTS,
        )

    def evm(self, raw: bytes) -> dict[str, dict[str, Any]]:
        """What viem and ethers read in EVM bytes, signed or not: fields, or ``error``."""
        return self._ask({"evm": "0x" + raw.hex()})

    def kit(self, base64: str) -> dict[str, Any]:
        """What @solana/kit reads in a Solana transaction: fields, or ``error``."""
        found: dict[str, Any] = self._ask({"solana": base64})["kit"]
        return found

    def _ask(self, request: dict[str, str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"node ended with {self._process.poll()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
