"""A shell under the daemon's user writes into the database of a running daemon: it gains nothing and is named (10, 14)."""

import json
from collections.abc import Mapping

import httpx
import pytest
from waiaas_sdk import Denied, Stopped, Unauthenticated, WaiaasApiError

from tests.harness.commands import waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed
from tests.harness.rows import edit_rows

case = one_case  # what is claimed here is about the house, not about a chain

POLICIES: Mapping[str, str] = {
    "edited": "UPDATE policies SET rules = json_set(rules, '$.instant_max', '999999999999') WHERE agent_id = ?",
    "deleted": "DELETE FROM policies WHERE agent_id = ?",
    "disabled": "UPDATE policies SET enabled = 0 WHERE agent_id = ?",
    "version": "UPDATE policies SET version = version + 1 WHERE agent_id = ?",
    "set": "DELETE FROM policy_sets WHERE scope = ?",
    "inserted": "INSERT INTO policies (id, created_at, agent_id, type, rules, updated_at)"
    " SELECT lower(hex(randomblob(16))), created_at, agent_id, type, rules, updated_at FROM policies WHERE agent_id = ?",
}


def pay(house: House, wallet: Wallet) -> str:
    """The code of the refusal of a usual payment."""
    with pytest.raises(WaiaasApiError) as refused:
        house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    assert isinstance(refused.value, Denied | Stopped | Unauthenticated)
    details = refused.value.details or {}
    return str(details.get("code") or refused.value.code)


def told(house: House, event: str, agent_id: str) -> list[dict[str, object]]:
    return house.rows("SELECT * FROM audit_log WHERE event_type = ? AND agent_id = ?", event, agent_id)


def about(house: House, agent_id: str) -> list[dict[str, object]]:
    """What was told of an agent's policies, or of its set where none of them is left."""
    whose = "agent_id = ? OR json_extract(details, '$.key') = ?"
    return house.rows(f"SELECT * FROM audit_log WHERE event_type = 'policy.tampered' AND ({whose})", agent_id, agent_id)


@pytest.mark.parametrize("statement", POLICIES.values(), ids=POLICIES.keys())
def test_a_policy_that_somebody_else_touched_denies(shared_house: House, statement: str) -> None:
    """After each edit of an agent's policies everything of that agent is denied, with a critical event; others pay on."""
    wallet = shared_house.instant()
    edit_rows(shared_house, statement, wallet.agent_id)
    assert pay(shared_house, wallet) == "POLICY_TAMPERED"
    assert pay(shared_house, wallet) == "POLICY_TAMPERED"
    found = until(lambda: about(shared_house, wallet.agent_id), "the edit to be told")
    assert {row["severity"] for row in found} == {"critical"}


def test_a_policy_for_everybody_denies_everybody(house: House) -> None:
    """A global policy that somebody inserted speaks for nobody: everything is denied until the operator deletes it."""
    house.start()
    wallet = house.instant()
    columns = "id, created_at, agent_id, type, rules, updated_at"
    edit_rows(
        house,
        f"INSERT INTO policies ({columns}) SELECT 'theirs', created_at, NULL, type, rules, updated_at FROM policies",
    )
    assert pay(house, wallet) == "POLICY_TAMPERED"
    house.operator.policies.delete("theirs")
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agents SET address = 'mine' WHERE id = ?",
        "UPDATE agents SET owner_address = 'me', owner_verified = 1 WHERE id = ?",
    ],
    ids=["address", "owner"],
)
def test_an_agent_that_somebody_else_changed_is_stopped(shared_house: House, statement: str) -> None:
    """Its sends are refused by a code that says why, its address is shown to nobody, and no resume mends it."""
    wallet = shared_house.instant()
    edit_rows(shared_house, statement, wallet.agent_id)
    assert pay(shared_house, wallet) == "ROW_TAMPERED"
    headers = {"Authorization": f"Bearer {wallet.token}"}
    assert httpx.get(shared_house.daemon.url + "/v1/wallet/address", headers=headers).status_code == 423
    until(lambda: told(shared_house, "row.tampered", wallet.agent_id), "the edit to be told")
    with pytest.raises(Stopped):
        shared_house.operator.agents.resume(wallet.agent_id)


def test_a_suspended_agent_is_not_resumed_by_its_row(shared_house: House) -> None:
    """ACTIVE written over SUSPENDED lets nothing go on."""
    wallet = shared_house.instant()
    shared_house.operator.agents.suspend(wallet.agent_id)
    edit_rows(shared_house, "UPDATE agents SET status = 'ACTIVE', suspended_at = NULL WHERE id = ?", wallet.agent_id)
    assert pay(shared_house, wallet) in ("ROW_TAMPERED", "AGENT_SUSPENDED")


SESSIONS: Mapping[str, str] = {
    "constraints": 'UPDATE sessions SET constraints = \'{"maxAmount":"9"}\' WHERE id = ?',
    "expiry": "UPDATE sessions SET expires_at = expires_at + 9, absolute_expires_at = absolute_expires_at + 9 WHERE id = ?",
    "agent": "UPDATE sessions SET agent_id = (SELECT MIN(id) FROM agents) WHERE id = ?",
    "deleted": "DELETE FROM sessions WHERE id = ?",
}


@pytest.mark.parametrize("statement", SESSIONS.values(), ids=SESSIONS.keys())
def test_a_session_that_somebody_else_changed_is_dead(shared_house: House, statement: str) -> None:
    """Every change of its row ends it, with the one opaque answer that every bad credential gets."""
    shared_house.instant()
    wallet = shared_house.instant()
    edit_rows(shared_house, statement, wallet.session_id)
    assert pay(shared_house, wallet) == "UNAUTHENTICATED"


def test_a_revoked_session_does_not_come_back(shared_house: House) -> None:
    """A revoked session whose row says otherwise lets nobody in."""
    wallet = shared_house.instant()
    shared_house.operator.sessions.revoke(wallet.session_id)
    edit_rows(shared_house, "UPDATE sessions SET revoked_at = NULL WHERE id = ?", wallet.session_id)
    assert pay(shared_house, wallet) == "UNAUTHENTICATED"


def test_an_inserted_session_lets_nobody_in(shared_house: House) -> None:
    """A token whose hash somebody wrote into the database is worth nothing."""
    wallet, digest = shared_house.instant(), "9b0a6a3cbb9a7e9f9fbb4a54a4cfd7cd4d4d8c1c3d2a3f6a2b9c2b1d0e9f8a7b"
    edit_rows(
        shared_house,
        "INSERT INTO sessions SELECT 'theirs', created_at, agent_id, ?, expires_at, absolute_expires_at, constraints,"
        " usage_stats, renewal_count, max_renewals, last_renewed_at, revoked_at, mac, stopped_at FROM sessions WHERE id = ?",
        digest,
        wallet.session_id,
    )
    headers = {"Authorization": "Bearer wai_sess_theirs"}
    assert httpx.get(shared_house.daemon.url + "/v1/connect-info", headers=headers).status_code == 401


@pytest.mark.parametrize("statement", ["UPDATE daemon_state SET value = '0' WHERE key = 'policy_epoch'"])
def test_what_the_daemon_remembers_stops_everything_when_touched(house: House, statement: str) -> None:
    """An edited count of policy changes denies everything; a person who looked takes the rows as they are."""
    house.start()
    wallet = house.instant()
    edit_rows(house, statement)
    assert pay(house, wallet) == "ROW_TAMPERED"
    assert [one.key for one in house.operator.admin.accept_rows()] == ["policy_epoch"]
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


def test_an_unstopped_switch_is_a_stop(house: House) -> None:
    """ACTIVE written over the kill switch, while the daemon runs or not, leaves everything stopped."""
    house.start()
    wallet = house.instant()
    house.operator.kill_switch.activate()
    edit_rows(house, "UPDATE daemon_state SET value = json_set(value, '$.state', 'ACTIVE') WHERE key = 'kill_switch'")
    assert pay(house, wallet) == "KILL_SWITCH"
    assert house.stop() == 0
    house.start()
    assert pay(house, wallet) == "KILL_SWITCH"


def test_an_edit_beside_a_stopped_daemon_is_named_at_start(house: House) -> None:
    """A policy and a session edited while no daemon ran: told at start, before anybody asks, and denied."""
    house.start()
    wallet, other = house.instant(), house.instant()
    assert house.stop() == 0
    edit_rows(house, POLICIES["edited"], wallet.agent_id)
    edit_rows(house, SESSIONS["constraints"], other.session_id)
    house.start()
    assert told(house, "policy.tampered", wallet.agent_id)
    assert told(house, "row.tampered", other.agent_id)
    assert (pay(house, wallet), pay(house, other)) == ("POLICY_TAMPERED", "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM row_seals", "UPDATE daemon_state SET value = '\"theirs\"' WHERE key = 'keystore_master'"],
    ids=["seals", "keystore"],
)
def test_what_the_daemon_remembers_of_the_keystore_keeps_no_start_back(house: House, statement: str) -> None:
    """The daemon starts, shows what was changed, and starts again once a person accepted it: only a running one can."""
    house.start()
    assert house.stop() == 0
    edit_rows(house, statement)
    house.start()
    assert "keystore_master" in {one.key for one in house.operator.admin.findings()}
    house.operator.admin.accept_rows()
    assert house.stop() == 0
    house.start()
    assert house.operator.admin.findings() == []


def test_settings_that_changed_between_two_starts_are_told(house: House) -> None:
    """Another node, another delay: audited with before and after, where of a node's address only the host is shown."""
    house.start()
    assert house.stop() == 0
    house.environ["WAIAAS_SECURITY_DELAY_SECONDS"] = "7"
    house.start()
    (row,) = house.rows("SELECT * FROM audit_log WHERE event_type = 'configuration.changed'")
    assert '"security.delay_seconds":{"after":7,"before":300}' in str(row["details"])
    assert house.stop() == 0
    house.start()
    assert len(house.rows("SELECT * FROM audit_log WHERE event_type = 'configuration.changed'")) == 1


def test_a_clock_set_forward_opens_no_window(house: House) -> None:
    """With the day's limit used up, a machine whose clock is set two days forward still denies; two days later it pays."""
    house.start()
    limit = house.case.amount
    wallet = house.instant(daily_limit=limit)
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    house.clock.jump(2 * 86400)
    assert "LIMIT" in pay(house, wallet)
    house.clock.jump(-2 * 86400)
    house.clock.shift(86400 + 60)
    wallet = Wallet(
        agent_id=wallet.agent_id,
        address=wallet.address,
        session_id=wallet.session_id,
        token=house.operator.sessions.issue(wallet.agent_id).token,
    )
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


def test_a_person_is_told_beside_the_list(house: House) -> None:
    """Lists of policies and limits say on standard error that somebody else changed one, and doctor warns; not before."""
    house.start()
    wallet = house.instant()
    looks = (["policy", "list"], ["policy", "limits"], ["policy", "show", one_policy(house, wallet)])
    assert not any("outside of the daemon" in waiaas(house.root, *look).stderr for look in looks)
    assert "policy.tampered" not in waiaas(house.root, "doctor").stdout
    edit_rows(house, POLICIES["edited"], wallet.agent_id)
    for look in looks:
        done = waiaas(house.root, *look, "--json")
        assert "Policies were changed outside of the daemon" in done.stderr
        assert json.loads(done.stdout)
    alarm = until(
        lambda: next(
            (line for line in waiaas(house.root, "doctor").stdout.splitlines() if "policy.tampered" in line), ""
        ),
        "doctor to warn",
    )
    assert alarm.split()[:2] == ["warning", "audit"]
    assert "waiaas audit list --severity critical" in alarm


def one_policy(house: House, wallet: Wallet) -> str:
    """The id of a policy of the wallet's agent."""
    return str(house.rows("SELECT id FROM policies WHERE agent_id = ?", wallet.agent_id)[0]["id"])
