"""EXPRESSION without its library, as on musl: the daemon runs, the type is missing, what it would have judged is denied."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import FRIEND, ROOT, RULES, Program

_HIDE = """
import sys
class Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "cel_expr_python":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Hidden)
"""


@pytest.fixture
def chain(made: Program) -> Iterator[None]:
    """A localnet that the directory's configuration names."""
    options = made.command("localnet", "solana", "--port", "0", "--block-seconds", "0.05")
    with subprocess.Popen(options, env=made.variables(), stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        made.environ["WAIAAS_RPC_SOLANA_LOCALNET"] = serving.stdout.readline().strip()
        yield
        made("stop", "--timeout", "20")
        serving.send_signal(signal.SIGTERM)


@pytest.mark.usefixtures("chain")
def test_a_policy_whose_library_is_gone_denies_and_the_house_runs(made: Program, tmp_path: Path) -> None:
    """What was allowed with the library is denied without it, with the code and what to install; every view says why."""
    made.json("start", "--detach")
    made.json("agent", "create", "bot", "--chain", "solana", "--network", "localnet")
    assert made("agent", "fund", "bot", "1SOL").code == 0
    assert made("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--rules", json.dumps(RULES)).code == 0
    rules = json.dumps({"expression": "kind == 'nothing'", "verdict": "deny"})
    assert made("policy", "create", "EXPRESSION", "--agent", "bot", "--rules", rules).code == 0
    token = {"WAIAAS_SESSION_TOKEN": made.json("session", "issue", "bot")["token"]}
    assert made("tx", "send", FRIEND, "1000000", **token).code == 0
    assert made("stop").code == 0
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(_HIDE)
    made.executed = True
    made.environ["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "hide"), str(ROOT), str(ROOT / "sdk/src")])
    made.json("start", "--detach")
    denied = made("tx", "send", FRIEND, "1000000", "--json", **token)
    assert denied.code == 4, denied.err
    assert "POLICY_TYPE_MISSING" in denied.out + denied.err
    assert "waiaas[expression]" in denied.out + denied.err
    refused = made("policy", "create", "EXPRESSION", "--agent", "bot", "--rules", rules)
    assert "waiaas[expression]" in refused.line
    for view in (["policy", "types"], ["plugins", "list"], ["doctor"]):
        assert "cel-expr-python" in made(*view).out.replace("\n", " "), view
    assert "cel-expr-python" in (made.data_dir / "logs/daemon.log").read_text("utf-8")
