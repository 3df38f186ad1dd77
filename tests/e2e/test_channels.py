"""Notification channels on a running daemon: made, tried, changed and removed; told once, whatever else fails.

What a payment is matters nothing here, so these run on one chain alone.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from waiaas_notify_telegram.stand_in import BotApiServer
from waiaas_sdk import BadRequest, Conflict, Denied

from tests.e2e.chats import WAITS, facts, held, telling, told_of
from tests.harness.chains import ChainCase
from tests.harness.data_directory import PASSWORD
from tests.harness.deadline import until
from tests.harness.fixtures import CASES, MakeHouse
from tests.harness.house import House

pytestmark = pytest.mark.xdist_group("channels")


@pytest.fixture(scope="session")
def case() -> ChainCase:
    """The first."""
    return CASES[0]


@pytest.fixture
def service() -> Iterator[BotApiServer]:
    """A Bot API on this machine, at Telegram's pace."""
    with BotApiServer() as running:
        yield running


def test_a_channel_that_was_away_is_told_once_when_it_is_back(house: House, service: BotApiServer) -> None:
    """What could not be delivered waits, also over a restart, and is then delivered once; the log heard of it at once."""
    house.start()
    channel = telling(house, service)
    service.away()
    tx_id = held(house)
    until(lambda: house.operator.channels.show(channel).trouble, "an attempt to fail")
    assert logged(house, tx_id) == 1, "another channel is not touched"
    assert house.stop() == 0
    house.start()
    service.heal()
    until(lambda: told_of(service, tx_id), "the chat to be told after all")
    until(lambda: house.operator.channels.show(channel).waiting == 0, "everything to be delivered")
    assert len(told_of(service, tx_id)) == 1
    assert logged(house, tx_id) == 1
    assert house.operator.channels.show(channel).last_success_at


def logged(house: House, tx_id: str) -> int:
    """How often the LOG channel told of a payment that waits."""
    lines = [line["message"] for line in house.log() if line["logger"] == "waiaas.notifications"]
    return sum(WAITS in line and tx_id in line for line in lines)


def test_a_channel_that_hangs_holds_up_no_other(house: House, service: BotApiServer) -> None:
    """While one chat's service does not answer, another chat is told at once, and payments go on."""
    house.start()
    with BotApiServer() as slow:
        telling(house, slow)
        slow.hang(8)
        house.operator.agents.suspend(house.wallet().agent_id)
        until(lambda: slow.requests, "the slow one to be asked")
        telling(house, service)
        tx_id = held(house)
        until(lambda: told_of(service, tx_id), "the other chat to be told", 6)
        slow.heal()


def test_haste_is_met_with_patience(house: House, service: BotApiServer) -> None:
    """Several notices at once reach a chat that takes one a second, all of them, in order, none twice."""
    house.start()
    telling(house, service)
    ids = [held(house) for _ in range(4)]
    until(lambda: all(told_of(service, tx_id) for tx_id in ids), "all of them to be told")
    order = [facts(one)["Transaction"] for one in service.messages if one.text.startswith(WAITS)]
    assert order == ids


def test_a_notice_that_comes_late_says_what_became_of_the_payment(house: House, service: BotApiServer) -> None:
    """Delivered after the decision, a notice no longer asks for one."""
    house.start()
    service.away()
    channel = telling(house, service)
    tx_id = held(house)
    until(lambda: house.operator.channels.show(channel).trouble, "an attempt to fail: none is under way then")
    house.operator.transactions.reject(tx_id)
    service.heal()
    until(lambda: told_of(service, tx_id), "the chat to be told")
    (message,) = told_of(service, tx_id)
    assert facts(message)["State"] == "CANCELLED"
    assert "waiaas tx approve" not in message.text


def test_what_still_waits_is_told_before_what_waits_no_more(house: House, service: BotApiServer) -> None:
    """Of several requests for approval that a chat missed, the open one comes first, however many were taken back."""
    house.start()
    service.away()
    channel = telling(house, service)
    gone = [held(house) for _ in range(3)]
    for tx_id in gone:
        house.operator.transactions.reject(tx_id)
    open_one = held(house)
    service.heal()
    assert house.operator.channels.test(channel).delivered, "and a test that goes well ends the pause"
    until(lambda: all(told_of(service, tx_id) for tx_id in (*gone, open_one)), "all of them to be told")
    order = [facts(one)["Transaction"] for one in service.messages if one.text.startswith(WAITS)]
    assert order == [open_one, *gone]


def test_a_test_that_goes_well_ends_the_pause(house: House, service: BotApiServer) -> None:
    """A blocked bot is paused for an hour; unblocked and tested, it is told what it missed. Disabled and enabled too."""
    house.start()
    channel = telling(house, service)
    for mend in (
        lambda: house.operator.channels.test(channel),
        lambda: [house.operator.channels.update(channel, enabled=enabled) for enabled in (False, True)],
    ):
        service.chat.trouble = (403, "Forbidden: bot was blocked by the user")
        tx_id = held(house)
        until(lambda: "blocked" in str(house.operator.channels.show(channel).trouble), "an attempt to fail")
        service.chat.trouble = None
        mend()
        until(partial(told_of, service, tx_id), "the chat to be told after all", 8)


def test_denials_of_one_kind_are_one_message(house: House, service: BotApiServer) -> None:
    """A dozen payments of a kind that policy refuses make one message at once, not a dozen; the approval after them is next."""
    house.start()
    telling(house, service)
    wallet = house.wallet(policies=house.case.spending(instant_max=1, daily_limit=1))
    for _ in range(12):
        payment = house.case.payment(house.case.new_recipient())
        with pytest.raises(Denied):
            house.client(wallet).send(**payment)
    tx_id = held(house)
    until(lambda: told_of(service, tx_id), "the approval to be told")
    assert len([one for one in service.messages if one.text.startswith("Payment refused")]) == 1


def test_a_broken_channel_is_told_of_elsewhere_and_mended(house: House, service: BotApiServer) -> None:
    """A chat that went away is named by the other channel; a new chat_id brings what had to wait, at once."""
    house.start()
    channel = telling(house, service)
    service.chat.trouble = (403, "Forbidden: bot was blocked by the user")
    tx_id = held(house)
    until(lambda: any("channel.failed" in str(line["message"]) for line in house.log()), "the log to name it")
    assert "blocked" in str(house.operator.channels.show(channel).trouble)
    service.chat.trouble = None
    house.operator.channels.update(channel, config={"silent": True})
    until(lambda: told_of(service, tx_id), "the chat to be told after all")
    assert told_of(service, tx_id)[0].is_silent


def test_the_configuration_is_encrypted_and_the_token_nowhere(house: House, service: BotApiServer) -> None:
    """The token stands in no file, log or answer, whether deliveries succeed or fail (invariant 16)."""
    house.start()
    channel = telling(house, service)
    held(house)
    until(lambda: service.messages, "the chat to be told")
    service.say(500, {"description": "{token}"})
    tx_id = held(house)
    until(lambda: house.operator.channels.show(channel).trouble, "an attempt to fail")
    service.say(403, {"ok": False, "description": "Forbidden: {token}"})
    trial = house.operator.channels.test(channel)
    assert (trial.delivered, trial.code) == (False, "MISCONFIGURED")
    shown = house.operator.channels.show(channel).model_dump_json() + trial.model_dump_json()
    shown += str(house.operator.audit.list(limit=100)) + str(house.operator.transactions.show(tx_id))
    assert house.stop() == 0
    secret = service.token.partition(":")[2].encode()
    assert secret not in shown.encode()
    files = [path for path in house.root.rglob("*") if path.is_file()]
    files += [path for path in house.beside.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if secret in path.read_bytes()] == []


def test_a_channel_can_be_tried_changed_and_removed(house: House, service: BotApiServer) -> None:
    """A test reaches the chat past the outbox; changes keep what they leave out; a removed channel hears nothing."""
    house.start()
    service.chats.seconds_between = 0  # a changed channel is another object, which knows nothing of the one before
    channels = house.operator.channels
    made = channels.create("TELEGRAM", service.config(), enabled=False)
    assert made.config is not None
    assert made.config["bot_token"] == "*" * 10
    trial = channels.test(made.id)
    assert (trial.delivered, trial.reference, trial.health) == (True, "1", "ready, as stand_in_bot")
    changed = channels.update(made.id, config={**made.config, "silent": True, "base_url": None}, enabled=True)
    assert changed.config == {**made.config, "silent": True, "base_url": "https://api.telegram.org"}
    channels.update(made.id, config={"base_url": service.url})
    assert channels.test(made.id).delivered, "the masked token that was sent back kept the stored one"
    with pytest.raises(BadRequest, match="chat_id"):
        channels.update(made.id, config={"chat_id": None})
    channels.delete(made.id)
    assert [one.type for one in channels.list()] == ["LOG"]
    count = len(service.messages)
    tx_id = held(house)
    until(lambda: logged(house, tx_id), "the log to be told")
    assert len(service.messages) == count


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("PIGEON", {}, "no channel type"),
        ("TELEGRAM", {"chat_id": "1"}, "bot_token"),
        ("TELEGRAM", {"chat_id": "1", "bot_token": "canary-token"}, "bot_token"),
        ("TELEGRAM", {"chat_id": "1", "bot_token": "1:" + "x" * 35, "base_url": "http://x.example"}, "https"),
        ("LOG", {"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_configuration_is_refused(
    shared_house: House, kind: str, config: dict[str, object], words: str
) -> None:
    """The field is named, what was given for a secret is not repeated, and nothing is stored."""
    with pytest.raises(BadRequest, match=words) as problem:
        shared_house.operator.channels.create(kind, config)
    assert problem.value.code == "INVALID_CHANNEL"
    assert "canary" not in str(problem.value)
    assert [one.type for one in shared_house.operator.channels.list()] == ["LOG"]


def test_a_token_alone_leads_no_stored_secret_elsewhere(house: House, service: BotApiServer) -> None:
    """Who holds an operator token and not the password may change a channel's address only with its secrets anew."""
    house.start()
    channel = telling(house, service)
    bought = {"Authorization": f"Bearer {house.operator.login().token}"}
    url = f"{house.daemon.url}/v1/notification-channels/{channel}"
    with BotApiServer() as thief:
        for extra in ({}, {"bot_token": "*" * 10}):
            body = {"config": {"base_url": thief.url, **extra}}
            refused = httpx.put(url, json=body, headers=bought)
            assert (refused.status_code, refused.json()["code"]) == (403, "PASSWORD_REQUIRED")
        httpx.post(f"{url}/test", json={}, headers=bought, timeout=30).raise_for_status()
        assert thief.requests == []
    assert httpx.put(url, json={"priority": 3, "config": {}}, headers=bought).status_code == 200
    anew = {"config": {"silent": True, "bot_token": service.token}}
    assert httpx.put(url, json=anew, headers=bought).status_code == 200


def test_the_last_channel_that_is_asked_for_stays(make_house: MakeHouse) -> None:
    """With notifications.min_channels, fewer cannot be enabled: the next start would refuse."""
    house = make_house(environ={"WAIAAS_NOTIFICATIONS_MIN_CHANNELS": "1"}).start()
    (log,) = house.operator.channels.list()
    with pytest.raises(Conflict, match="min_channels"):
        house.operator.channels.update(log.id, enabled=False)
    with pytest.raises(Conflict, match="min_channels"):
        house.operator.channels.delete(log.id)


def test_the_commands_add_try_list_and_remove(house: House, service: BotApiServer) -> None:
    """`waiaas notify` does it all; the token comes through a pipe, never in the arguments."""
    house.start()

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "waiaas.cli", "--data-dir", str(house.root), "notify", *arguments]
        environ = {**os.environ, "WAIAAS_MASTER_PASSWORD": PASSWORD}
        return subprocess.run(command, input=stdin, env=environ, capture_output=True, text=True, check=False)

    sets = ["--set", f"chat_id={service.config()['chat_id']}", "--set", f"base_url={service.url}"]
    added = run("add", "TELEGRAM", *sets, "--secret", "bot_token", "--json", stdin=service.token + "\n")
    assert added.returncode == 0, added.stderr
    channel = json.loads(added.stdout)["id"]
    tried = run("test", channel)
    assert tried.returncode == 0, tried.stderr
    assert "ready, as stand_in_bot" in tried.stdout
    assert service.messages[0].text.startswith("A test of this notification channel")
    assert {one["type"] for one in json.loads(run("list", "--json").stdout)["channels"]} == {"LOG", "TELEGRAM"}
    assert "TELEGRAM" in run("list").stdout
    assert run("update", channel, "--set", "chat_id=77").returncode == 0
    failed = run("test", channel)
    assert failed.returncode == 1
    assert "chat not found" in failed.stderr
    for command in (["update", channel], ["add", "TELEGRAM", *sets]):
        exposed = run(*command, "--set", f"bot_token={service.token}")
        assert exposed.returncode == 2
        assert "--secret bot_token" in exposed.stderr
        assert service.token not in exposed.stderr
    assert run("update", channel, *sets[:2]).returncode == 0
    twin = run("add", "TELEGRAM", *sets, "--secret", "bot_token", "--json", stdin=service.token)
    assert (json.loads(twin.stdout)["sameAs"], twin.stderr) == (channel, "")
    assert run("disable", channel).returncode == run("enable", channel).returncode == 0
    assert service.token not in run("show", channel).stdout
    assert run("remove", channel).returncode == 0
    assert run("show", channel).returncode == 1
    assert run("add", "TELEGRAM", "--set", "nonsense").returncode == 2
