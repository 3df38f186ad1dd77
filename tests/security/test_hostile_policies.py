"""A policy plugin that does its worst: its policies deny and say why, everything else goes on (invariant 10)."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiaas_sdk import Denied, Transaction

from tests.engine.hostile import CODE
from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.house import House, Wallet, confirmed
from tests.registries.conftest import Plugged, plugged
from tests.registry.conftest import Maker, make

__all__ = ["make", "plugged"]
pytestmark = pytest.mark.xdist_group("security-hostile-policies")

DEEDS = {
    "raise": "POLICY_UNREADABLE",
    "a word": "POLICY_UNREADABLE",
    "a strange window": "POLICY_UNREADABLE",
    "hoard": "POLICY_UNREADABLE",
    "exit": "POLICY_UNREADABLE",
    "exit at once": "POLICY_CRASHED",
    "segfault": "POLICY_CRASHED",
    "flood the socket": "POLICY_CRASHED",
    "spin": "POLICY_TIMEOUT",
    "spin in windows": "POLICY_TIMEOUT",
    "regex": "POLICY_TIMEOUT",
    "sleep": "POLICY_TIMEOUT",
    "sleep with the interpreter": "POLICY_TIMEOUT",
}


def test_every_misdeed_denies_and_others_pay_meanwhile(plugged: Plugged) -> None:
    """Agents under hostile policies are refused, each with the policy and the code; an agent without one pays all the time."""
    house = plugged("hostile", CODE).start()
    pid = house.daemon.pid
    stop = threading.Event()
    paid: list[Transaction] = []
    payer = threading.Thread(target=_pay_until, args=(house, house.instant(), stop, paid))
    payer.start()
    good, _ = _under(house, "fine")
    try:
        for how, code in DEEDS.items():
            wallet, policy = _under(house, how)
            assert _denied(house, wallet) == {"policyId": policy, "type": "HOSTILE", "tier": "DENY", "code": code}, how
            _enough_rest(house, good)
        before = len(paid)
        until(lambda: len(paid) > before, "another payment")
    finally:
        stop.set()
        payer.join()
    assert len(paid) >= len(DEEDS)
    assert house.operator.health().ready
    assert house.daemon.pid == pid


def _pay_until(house: House, wallet: Wallet, stop: threading.Event, paid: list[Transaction]) -> None:
    client = house.client(wallet)
    while not stop.is_set():
        paid.append(client.send(**house.case.payment(house.case.new_recipient())))
        confirmed(house, paid[-1])


def _under(house: House, how: str) -> tuple[Wallet, str]:
    wallet = house.instant()
    return wallet, house.operator.policies.create("HOSTILE", {"how": how}, agent_id=wallet.agent_id).id


def _denied(house: House, wallet: Wallet) -> dict[str, Any]:
    recipient = house.case.new_recipient()
    with pytest.raises(Denied) as refused:
        house.client(wallet).send(**house.case.payment(recipient))
    assert house.chain.payments(recipient=recipient) == []
    decision = json.loads(house.row(refused.value.details["transactionId"])["decision"])
    (verdict,) = [one for one in decision["verdicts"] if one["type"] == "HOSTILE"]
    return {key: verdict[key] for key in ("policyId", "type", "tier", "code")}


def _enough_rest(house: House, good: Wallet) -> None:
    """A plugin whose process had to be ended again and again is left alone for a while: wait until it judges again."""
    payment = house.case.payment(house.case.new_recipient())
    until(lambda: house.client(good).simulate(**payment).tier == "NOTIFY", "the plugin to judge again")


def test_a_judge_that_changes_its_mind_does_not_loosen(plugged: Plugged) -> None:
    """What it said at admission is not what it says at release: the stricter counts, and nothing is paid (invariant 8)."""
    house = plugged("hostile", CODE).start()
    wallet, recipient = house.wallet(), house.case.new_recipient()
    house.operator.policies.create("HOSTILE", {"how": "milder first"}, agent_id=wallet.agent_id)
    held = house.client(wallet).send(**house.case.payment(recipient))
    assert held.status == "QUEUED"
    house.operator.transactions.approve(held.id)
    row = house.until_status(held.id, "CANCELLED")
    assert "SECOND_THOUGHTS" in row["decision"]
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_an_uninstalled_plugin_denies_and_others_pay(plugged: Plugged, make: Maker) -> None:
    """After a restart its policies deny for want of their type, those of other agents go on."""
    house = plugged("hostile", CODE).start()
    wallet, _ = _under(house, "fine")
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    house.stop()
    for path in sorted(make.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    house.start()
    assert _denied(house, wallet)["code"] == "POLICY_TYPE_MISSING"
    confirmed(house, house.client(house.instant()).send(**house.case.payment(house.case.new_recipient())))


@pytest.mark.parametrize("end", [House.kill, House.stop], ids=["killed", "stopped"])
def test_no_process_outlives_the_daemon(plugged: Plugged, end: Callable[[House], object]) -> None:
    """Also one whose judge sleeps and holds the interpreter ends with the daemon, however that ends."""
    house = plugged("hostile", CODE).start()
    wallet, _ = _under(house, "sleep with the interpreter")
    judging = _processes(house.daemon.pid)
    assert judging
    payment = house.case.payment(house.case.new_recipient())
    thread = threading.Thread(target=_tried, args=(house, wallet, payment))
    thread.start()
    asleep = Path(f"/proc/{judging[0]}/comm")
    until(lambda: asleep.read_text() == "hostile-asleep\n", "the judge to sleep and hold the interpreter")
    end(house)
    thread.join()
    until(lambda: not any(map(_is_alive, judging)), "the processes that judge to end")


def _tried(house: House, wallet: Wallet, payment: Any) -> None:
    try:
        house.client(wallet).simulate(**payment)
    except Exception:  # noqa: BLE001 - the daemon is killed while it answers
        return


def _processes(daemon: int) -> list[int]:
    """The daemon's children that judge."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            is_child = f"\nPPid:\t{daemon}\n" in (path / "status").read_text()
            if is_child and b"judge_child" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_daemon_does_not_load_the_expression_language(house: House) -> None:
    """An EXPRESSION is checked and judged in a process of its own: the library is never mapped by the daemon."""
    house.start()
    wallet = house.instant()
    house.operator.policies.create("EXPRESSION", {"expression": "fee.above('0')"}, agent_id=wallet.agent_id)
    assert house.client(wallet).simulate(**house.case.payment(house.case.new_recipient())).tier == "DENY"
    (judging,) = _processes(house.daemon.pid)
    assert "cel_expr_python" in Path(f"/proc/{judging}/maps").read_text()
    assert "cel_expr_python" not in Path(f"/proc/{house.daemon.pid}/maps").read_text()
