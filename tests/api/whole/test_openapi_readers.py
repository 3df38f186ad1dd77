"""The OpenAPI document as others read it: a linter finds nothing, and a client made from it pays through the daemon."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.harness.oracles import node_for

from .conftest import Doors

_FOLDER = Path(__file__).parents[2] / "openapi_client"
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def run(package: str, script: str, *arguments: str, cwd: Path, **environ: str) -> str:
    """Run a package's program under node, without a network of its own to need. :returns: its output"""
    command = [node_for(package, _FOLDER), str(_FOLDER / "node_modules" / package / script), *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **_QUIET, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_redocly_finds_nothing(doors: Doors, tmp_path: Path) -> None:
    """The document that the daemon serves keeps every recommended rule, warnings included."""
    document = tmp_path / "openapi.json"
    document.write_bytes(doors.http.get("/openapi.json").content)
    config = str(_FOLDER / "redocly.yaml")
    run("@redocly/cli", "bin/cli.js", "lint", str(document), "--config", config, "--max-problems", "20", cwd=tmp_path)


def test_a_generated_client_pays_and_reads(doors: Doors, tmp_path: Path) -> None:
    """Typed from the daemon's document, a client compiles, sends, is refused, lists and reads as the document says."""
    node = node_for("openapi-typescript", _FOLDER)
    for name in ("package.json", "tsconfig.json", "pay.ts"):
        shutil.copy(_FOLDER / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(_FOLDER / "node_modules")
    (tmp_path / "openapi.json").write_bytes(doors.http.get("/openapi.json").content)
    run(
        "openapi-typescript",
        "bin/cli.js",
        "openapi.json",
        "--output",
        "schema.d.ts",
        "--default-non-nullable=false",
        cwd=tmp_path,
    )
    run("typescript", "bin/tsc", "--project", ".", cwd=tmp_path)
    case = doors.house.case
    held = doors.http.get("/v1/wallet/assets", headers=doors.agent(doors.alice)).json()
    arguments = [case.new_recipient(), str(case.amount), doors.alice.agent_id]
    done = subprocess.run(
        [node, "pay.js", *arguments],
        cwd=tmp_path,
        env={
            "WAIAAS_URL": doors.house.daemon.url,
            "WAIAAS_SESSION_TOKEN": doors.alice.token,
            "WAIAAS_OPERATOR_TOKEN": doors.house.operator.login().token,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sent": 201,
        "why": "",
        "amount": str(case.amount),
        "memo": "by a generated client",
        "refused": [400, "INVALID_AMOUNT"],
        "listed": True,
        "native": True,
        "rules": {"asset": held["assets"][0]["assetId"], "daily_limit": "7"},
        "nobody": [404, "NOT_FOUND"],
    }
