"""Scenes that provoke events on a running daemon. Each is given a fresh house factory and leaves its audit log behind."""

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from waiaas_notify_telegram.stand_in import BotApiServer
from waiaas_sdk import Denied, Stopped, Unauthenticated

from tests.harness.chains import TestChain
from tests.harness.commands import waiaas
from tests.harness.data_directory import PASSWORD, copy_of
from tests.harness.deadline import until
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House, confirmed
from tests.harness.keystore_commands import new_key_file, note_export, run_work, seal
from tests.harness.price_service import price_service
from tests.harness.prices import native_of, prices_of
from tests.harness.rows import edit_rows, without_seals
from tests.harness.watch import hold_at
from tests.registries import liar, mending
from tests.registries.conftest import Plugged

BROKEN = "raise RuntimeError('this plugin cannot be imported')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What scenes are played with."""

    make_house: MakeHouse
    plugged: Plugged
    chain: TestChain
    folder: Path


Scene = Callable[[Tools], House]


def management(tools: Tools) -> House:
    """An operator's day: agents, sessions, policies, logging in and out, and the daemon's own life."""
    house = tools.make_house().start()
    operator = house.operator
    operator.login()
    agent = operator.agents.create("bob", house.case.chain, house.case.network)
    operator.agents.rename(agent.id, "rob")
    (kind, rules), *_ = house.case.spending(instant_max=1)
    policy = operator.policies.create(kind, rules, agent_id=agent.id)
    operator.policies.update(policy.id, priority=3)
    operator.policies.delete(policy.id)
    token = operator.tokens.add(house.case.chain, house.case.network, tools.chain.new_token())
    operator.tokens.remove(token.id or "")
    issued = operator.sessions.issue(agent.id)
    house.client(issued.token).renew()
    operator.sessions.revoke(issued.id)
    operator.agents.suspend(agent.id)
    operator.agents.resume(agent.id)
    operator.agents.terminate(agent.id)
    operator.logout()
    assert house.stop() == 0
    return house


def channels(tools: Tools) -> House:
    """A chat is told, tried, changed and removed; then it is gone, and a notice cannot reach it."""
    house = tools.make_house().start()
    with BotApiServer(seconds_between=0) as service:
        there = house.operator.channels
        made = there.create("TELEGRAM", service.config())
        assert there.test(made.id).delivered
        there.update(made.id, config={"silent": True})
        there.delete(made.id)
        there.create("TELEGRAM", service.config(chat_id="404"))
        house.operator.agents.suspend(house.wallet().agent_id)
        until(
            lambda: house.rows("SELECT 1 FROM audit_log WHERE event_type = 'channel.failed'"), "the chat to be missed"
        )
    return house


def payments(tools: Tools) -> House:
    """Payments of every tier, decided in every way."""
    house = tools.make_house().start()
    amount = house.case.amount
    limits = {"instant_max": amount, "notify_max": 2 * amount, "delay_max": 3 * amount, "delay_seconds": 60}
    wallet = house.wallet(policies=house.case.spending(daily_limit=20 * amount, **limits))
    client = house.client(wallet)

    def send(times: int) -> str:
        return client.send(**house.case.payment(house.case.new_recipient(), times * amount)).id

    confirmed(house, send(1))
    confirmed(house, send(2))
    client.cancel(send(3))
    house.operator.transactions.reject(send(4))
    approved = send(4)
    house.operator.transactions.approve(approved)
    confirmed(house, approved)
    with pytest.raises(Denied):
        send(21)
    return house


def frozen(tools: Tools) -> House:
    """An agent goes on after a denial, under a policy that stops it then."""
    house = tools.make_house().start()
    stop = ("AUTO_STOP", {"max_denials": 1, "window_seconds": 3600})
    client = house.client(house.wallet(policies=[*house.case.spending(daily_limit=1), stop]))
    for _ in range(2):
        with pytest.raises(Denied):
            client.send(**house.case.payment(house.case.new_recipient()))
    return house


def refused_often(tools: Tools) -> House:
    """An agent asks again and again for what it is refused."""
    house = tools.make_house(environ={"WAIAAS_SECURITY_MAX_STORED_DENIALS": "10"}).start()
    client = house.client(house.wallet(policies=house.case.spending(daily_limit=1)))
    for _ in range(12):
        with pytest.raises(Denied):
            client.send(**house.case.payment(house.case.new_recipient()))
    return house


def lateness(tools: Tools) -> House:
    """An approval that nobody gives, and bytes that the chain never takes."""
    house = tools.make_house().start()
    waiting = house.wallet(policies=house.case.spending(instant_max=0))
    held = house.client(waiting).send(**house.case.payment(house.case.new_recipient()))
    house.clock.shift(100_000)
    house.until_status(held.id, "EXPIRED")
    tools.chain.swallow(None)
    wallet = house.instant()
    lost = house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    house.until_status(lost.id, "SUBMITTED")
    tools.chain.outlive_bytes()
    house.until_status(lost.id, "FAILED")
    return house


def credentials(tools: Tools) -> House:
    """A stranger with a made-up token, and one who guesses the password over TCP until the door is shut."""
    house = tools.make_house(environ={"WAIAAS_SECURITY_LOCKOUT_ATTEMPTS": "2"}).start()
    with pytest.raises(Unauthenticated):
        house.client("wai_sess_" + "x" * 43).address()
    statuses = [guess(house).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    return house


def guess(house: House) -> httpx.Response:
    """One wrong password over TCP."""
    return httpx.post(f"{house.daemon.url}/v1/operator/login", headers={"X-Master-Password": "guess"}, json={})


def prices(tools: Tools) -> House:
    """A price that leaps from one answer to the next."""
    house = tools.make_house()
    with price_service() as service:
        service.says("coin", "142.5")
        house.environ |= {
            "WAIAAS_PRICES_SOURCES": '["http"]',
            "WAIAAS_PRICES_REFRESH_SECONDS": "5",
            "WAIAAS_PRICES_HTTP_URL": service.url,
            "WAIAAS_PRICES_HTTP_PATH": "{key}.usd",
            "WAIAAS_PRICES_HTTP_ASSETS": json.dumps({native_of(house): "coin"}),
        }
        house.start()
        until(lambda: prices_of(house, "http"), "the first price")
        service.says("coin", "1.425")
        until(lambda: house.rows("SELECT 1 FROM audit_log WHERE event_type = 'price.held_back'"), "the leap to be seen")
    return house


def signer(tools: Tools) -> House:
    """The signer dies and is unlocked again."""
    house = tools.make_house().start()
    house.daemon.kill_signer()
    until(lambda: not house.operator.health().ready, "the signer's death to be noticed")
    house.operator.unlock()
    assert house.operator.health().ready
    return house


def keystore(tools: Tools) -> House:
    """Keys come in and go out, password and data key change, while a daemon runs and while none does."""
    house = tools.make_house().start()
    chain, network = house.case.chain, house.case.network
    agent = house.operator.agents.adopt(seal(house.root, "immigrant", chain, network, new_key_file()))
    note_export(house.root, agent.id)
    house.operator.unlock()
    assert house.stop() == 0
    seal(house.root, "lost", "nowhere", network, new_key_file())
    house.start()
    assert house.stop() == 0
    assert run_work(house.root, "change", new=PASSWORD).returncode == 0
    house.start()
    assert house.stop() == 0
    assert run_work(house.root, "rekey", new=PASSWORD).returncode == 0
    house.start()
    changed = "SELECT 1 FROM audit_log WHERE event_type = 'signer.checkpoint_key_changed'"
    until(lambda: house.rows(changed), "the new key of checkpoints to be noted")
    return house


def moved(tools: Tools) -> House:
    """A directory that was used is copied, and a daemon started on the copy."""
    first = tools.make_house().start()
    wallet = first.instant()
    confirmed(first, first.client(wallet).send(**first.case.payment(first.case.new_recipient())))
    assert first.stop() == 0
    copy = copy_of(first.root, tools.folder / "copy")
    return House(copy.root, first.case, tools.chain).start()


def tampered(tools: Tools) -> House:
    """Somebody sets the clock, and edits a policy and an agent beside the daemon; the operator takes the rows as they are."""
    house = tools.make_house().start()
    wallets = [house.instant() for _ in range(2)]
    house.clock.jump(3600)
    edit_rows(house, "UPDATE policies SET rules = '{}' WHERE agent_id = ?", wallets[0].agent_id)
    edit_rows(house, "UPDATE agents SET address = 'mine' WHERE id = ?", wallets[1].agent_id)
    for wallet in wallets:
        with pytest.raises((Denied, Stopped)):
            house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    events = "SELECT * FROM audit_log WHERE event_type = 'clock.jumped'"
    until(lambda: house.rows(events), "the clock to be looked at")
    house.operator.admin.accept_rows()
    return house


def upgraded(tools: Tools) -> House:
    """A directory whose daemon sealed no rows yet, and another setting."""
    house = tools.make_house().start()
    house.instant()
    assert house.stop() == 0
    without_seals(house)
    house.environ["WAIAAS_SECURITY_DELAY_SECONDS"] = "299"
    return house.start()


def restored(tools: Tools) -> House:
    """A backup is made and put in the place of the directory."""
    house = tools.make_house().start()
    wallet = house.instant()
    made = house.operator.admin.backup()
    assert house.stop() == 0
    kept = shutil.copy(house.paths.backups / made.file, tools.folder / made.file)
    assert waiaas(house.root, "backup", "restore", str(kept), "--force").returncode == 0
    house.start()
    house.operator.admin.backup()
    house.operator.agents.resume(wallet.agent_id, confirm_spent=True)
    return house


def broken_plugin(tools: Tools) -> House:
    """A trusted plugin cannot be imported."""
    return tools.plugged("broken", BROKEN).start()


def lies(tools: Tools) -> House:
    """An adapter that builds another payment than was judged, gives one up that the chain has, and lies about the time."""
    return liar.lies(tools.plugged, tools.make_house().case, tools.chain, tools.folder)


def stuck(tools: Tools) -> House:
    """A payment on an EVM chain that no block takes."""
    return mending.replacements(tools.make_house(), mending.stuck)


def vanished(tools: Tools) -> House:
    """A payment on an EVM chain that was final and is gone."""
    return mending.replacements(tools.make_house(), mending.vanished)


def damaged_key(tools: Tools) -> House:
    """A key file that cannot be read."""
    return mending.damaged_key(tools.make_house())


def emergency(tools: Tools) -> House:
    """Everything is stopped with a payment signed and not sent; the person who lifts the stop lets it not go."""
    house = tools.make_house().start(hold_at("after-store"))
    house.client(house.instant()).send(wait=0, **house.case.payment(house.case.new_recipient()))
    house.held("after-store")
    with ThreadPoolExecutor(1) as pool:
        stop = pool.submit(house.operator.kill_switch.activate)
        until(lambda: house.operator.health().status == "stopped", "the stop")
        house.let_go("after-store")
        stop.result()
    house.operator.kill_switch.recover(release=[])
    return house


SCENES: Mapping[Scene, frozenset[str]] = {
    management: frozenset(
        {
            "daemon.started",
            "daemon.stopped",
            "operator.logged_in",
            "operator.logged_out",
            "agent.creation_started",
            "agent.created",
            "agent.renamed",
            "agent.suspended",
            "agent.resumed",
            "agent.terminated",
            "session.issued",
            "session.renewed",
            "session.revoked",
            "policy.created",
            "policy.changed",
            "policy.deleted",
            "token.added",
            "token.removed",
        }
    ),
    payments: frozenset(
        {
            "transaction.admitted",
            "transaction.denied",
            "transaction.delayed",
            "transaction.approval_requested",
            "transaction.approved",
            "transaction.rejected",
            "transaction.released",
            "transaction.cancelled",
            "transaction.signed",
            "transaction.confirmed",
            "transaction.notified",
        }
    ),
    refused_often: frozenset({"transaction.denied", "transaction.denials_only_counted"}),
    channels: frozenset({"channel.created", "channel.tested", "channel.changed", "channel.deleted", "channel.failed"}),
    frozen: frozenset({"policy.froze"}),
    lateness: frozenset({"transaction.expired", "transaction.failed"}),
    credentials: frozenset({"credential.refused", "credential.locked_out"}),
    prices: frozenset({"price.held_back"}),
    signer: frozenset({"signer.died", "signer.unlocked"}),
    keystore: frozenset(
        {
            "agent.imported",
            "agent.import_refused",
            "agent.exported",
            "password.changed",
            "keystore.rekeyed",
            "signer.checkpoint_key_changed",
        }
    ),
    moved: frozenset({"daemon.directory_moved", "daemon.generation_began"}),
    restored: frozenset({"backup.created", "daemon.restored", "agent.reconciled"}),
    tampered: frozenset({"policy.tampered", "row.tampered", "rows.accepted", "clock.jumped"}),
    upgraded: frozenset({"rows.sealed", "configuration.changed"}),
    broken_plugin: frozenset({"plugin.failed"}),
    lies: frozenset({"transaction.mismatch_refused", "transaction.landed_late", "clock.disagrees"}),
    stuck: frozenset(
        {
            "transaction.overdue",
            "transaction.replacement_asked",
            "transaction.replacement_refused",
            "transaction.sped_up",
            "transaction.cancel_signed",
            "account.used_elsewhere",
        }
    ),
    vanished: frozenset({"transaction.reorged"}),
    damaged_key: frozenset({"agent.key_damaged"}),
    emergency: frozenset({"kill_switch.activated", "kill_switch.recovered", "transaction.withheld"}),
}
"""Scene → the events that it provokes."""
