"""A daemon that is ready and of which something does not work: health says how much, its operator is told what to do."""

import json
import sqlite3
from contextlib import closing

from waiaas_solana.networks import NETWORKS

from tests.harness.commands import done, waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import House
from waiaas.registry import Pin, parse

__all__ = ["one_case"]
GHOST = Pin(name="waiaas-ghost", distribution="waiaas-ghost", version="1", hash="sha256:" + "0" * 64)


def test_what_does_not_work_is_told_by_health_status_doctor_and_start(house: House) -> None:
    """A trusted plugin that is gone, and a node that is away while a payment is on its way; both are over when they are."""
    trusted = parse(house.paths.plugins_lock.read_text())
    house.paths.plugins_lock.write_text(trusted.put([GHOST]).render())
    house.start()
    health = house.operator.health()
    assert (health.ready, health.degraded, health.plugins_not_loaded, health.networks_in_trouble) == (True, True, 1, 0)
    assert "ghost" not in json.dumps(health.model_dump())
    told = waiaas(house.root, "status").stdout
    assert "Not working: waiaas-ghost: missing" in told
    assert "waiaas plugins forget waiaas-ghost" in told
    found = json.loads(waiaas(house.root, "doctor", "--json").stdout)["findings"]
    assert any(one["check"] == "daemon" and "waiaas-ghost" in one["text"] for one in found)
    _trouble_is_told(house)
    done(house.root, "plugins", "forget", "waiaas-ghost")
    assert parse(house.paths.plugins_lock.read_text()).get("waiaas-ghost") is None
    ended = waiaas(house.root, "plugins", "forget", "waiaas-ghost")
    assert (ended.returncode, "waiaas plugins list" in ended.stderr) == (1, True)
    _a_former_id_is_told_at_start(house)


def _a_former_id_is_told_at_start(house: House) -> None:
    """A token as an earlier version listed it: the log says what to do."""
    assert house.stop() == 0
    (former,) = next(one for one in NETWORKS if one.name == "testnet").former_ids
    with closing(sqlite3.connect(house.paths.database)) as database, database:
        database.execute(
            "INSERT INTO tokens (id, created_at, chain, network, asset, symbol, decimals)"
            " VALUES (77, 0, 'solana', 'testnet', ?, 'X', 0)",
            (f"{former}/token:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",),
        )
    house.start()
    (told,) = [line["message"] for line in house.log() if former in line["message"]]
    assert "`waiaas token remove 77`" in told


def _endpoints_are_asked(house: House, *, is_away: bool) -> None:
    """One row each: the house's own node, away or there; one that is nowhere, with a key in its address that is not told."""
    urls = json.dumps([house.chain.url, "http://user:secret@127.0.0.1:1/secret"])
    told = waiaas(house.root, "doctor", "--network", "--json", environ=house.case.environ(*json.loads(urls))).stdout
    found = [one for one in json.loads(told)["findings"] if one["check"] == "network"]
    assert [one["grade"] for one in found] == ["problem" if is_away else "ok", "problem"]
    assert all(f"{house.case.chain}/{house.case.network} endpoint" in one["text"] for one in found)
    assert ("height" in found[0]["text"]) is not is_away
    assert f"rpc.{house.case.chain}.{house.case.network}" in found[1]["text"]
    assert "secret" not in told


def _trouble_is_told(house: House) -> None:
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.chain.stand_still()
    sent = house.client(wallet).send(**house.case.payment(recipient), wait=0)
    house.until_status(sent.id, "SUBMITTED")
    house.chain.away()
    until(lambda: house.operator.health().networks_in_trouble == 1, "the trouble to be met")
    seen = house.client(wallet).transaction(sent.id).waiting
    assert seen is not None
    assert "127.0.0.1" not in seen.reason + seen.hint
    assert seen.code in waiaas(house.root, "tx", "show", sent.id).stdout
    _endpoints_are_asked(house, is_away=True)
    details = waiaas(house.root, "status", "--details").stdout
    assert f"rpc.{house.case.chain}.{house.case.network}" in details
    assert "http://127.0.0.1" in details
    house.chain.away(False)
    _endpoints_are_asked(house, is_away=False)
    until(lambda: house.operator.health().networks_in_trouble == 0, "the trouble to be over")
    assert house.client(wallet).transaction(sent.id).waiting is None
