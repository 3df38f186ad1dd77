"""The example plugin runs as it stands: installed, trusted and judging."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House
from waiaas.interfaces.notify import Notification


def test_the_example_plugin_waits_for_trust_and_then_judges(make_house: MakeHouse, example_site: Path) -> None:
    """Installed, it is untrusted; trusted, its policy type holds back what has no memo, and lets the rest pass."""
    house = make_house(environ={"PYTHONPATH": str(example_site)})
    assert listed(house, example_site)["status"] == "untrusted"
    waiaas(house, example_site, "plugins", "trust", "house-rules")
    brought = listed(house, example_site)["registers"]
    assert brought == {"chains": [], "policyTypes": ["MEMO_REQUIRED"], "channels": ["SPOOL"], "priceSources": []}
    house.start()
    rules = {"at_least": str(house.case.amount)}
    wallet, to = house.instant(), house.case.new_recipient()
    house.operator.policies.create("MEMO_REQUIRED", rules, agent_id=wallet.agent_id)
    client = house.client(wallet)
    explained = house.case.payment(to)
    explained["memo"] = "invoice 7"
    assert client.send(**explained).tier == "INSTANT"
    held = client.send(**house.case.payment(to))
    assert (held.tier, held.status) == ("APPROVAL", "QUEUED")
    assert held.decision is not None
    assert held.decision["code"] == "MEMO_MISSING"


def test_the_example_policy_type_keeps_its_promises(example_site: Path) -> None:
    """The example's own tests, which run the kit of policy types on it, pass where it is installed."""
    tests = ROOT / "examples/waiaas-house-rules/tests"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tests)]
    environ = {**os.environ, "PYTHONPATH": str(example_site)}
    done = subprocess.run(
        command, check=False, env=environ, cwd=example_site, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_example_channel_makes_one_file_for_one_notification(
    example_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered twice under one id, a notification is one file with its facts."""
    monkeypatch.syspath_prepend(str(example_site))
    module = importlib.import_module("waiaas_house_rules.spool")
    spool = module.Spool(module.SpoolConfig(folder=tmp_path))
    notice = Notification(id="a:1", event="transaction.delayed", title="Payment delayed", lines=(("Amount", "5"),))
    for _ in range(2):
        spool.send(spool.render(notice), notice.id)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["facts"] == [["Amount", "5"]]
    assert spool.health() == "1 waiting"


def waiaas(house: House, site: Path, *arguments: str) -> str:
    """The command line, with the plugin installed."""
    command = [sys.executable, "-P", "-m", "waiaas.cli", "--data-dir", str(house.root), *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": str(house.beside), "PYTHONPATH": str(site)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(house: House, site: Path) -> dict[str, object]:
    """The plugin as ``waiaas plugins list`` shows it."""
    plugins = json.loads(waiaas(house, site, "plugins", "list", "--json"))["plugins"]
    (found,) = [plugin for plugin in plugins if plugin["name"] == "house-rules"]
    return dict(found)
