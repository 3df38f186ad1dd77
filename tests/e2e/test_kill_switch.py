"""The kill switch on a running daemon: each scope and each door stops, a person alone recovers (invariants 9, 18)."""

import pytest
from waiaas_sdk import BadRequest, Client, Conflict, Denied, Operator, Stopped, Unauthenticated, WaiaasApiError

from tests.harness.books import check_books
from tests.harness.commands import waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import ONCE, House, confirmed

__all__ = ["one_case"]

_COOLDOWN = 1800
_HOUR = 3600
_ACTIVATED = "SELECT * FROM audit_log WHERE event_type = 'kill_switch.activated' ORDER BY id"


def _nobody(house: House) -> Operator:
    """Somebody on the admin socket who shows nothing."""
    return Operator.over_socket(house.paths.admin_socket, retry=ONCE)


def _refused(client: Client, house: House, code: str = "KILL_SWITCH") -> Stopped:
    with pytest.raises(Stopped) as caught:
        client.send(**house.case.payment(house.case.new_recipient()))
    assert (caught.value.status, caught.value.code) == (423, code)
    return caught.value


def test_everything_stops_and_reads_go_on_until_a_person_recovers(house: House) -> None:
    """SUSPENDED by somebody without a credential on the socket: sends are refused with 423 and store nothing, health says
    stopped, reads are answered, and after recovery the same send is paid."""
    house.start()
    wallet = house.instant()
    client = house.client(wallet)
    confirmed(house, client.send(**house.case.payment(house.case.new_recipient())))
    with _nobody(house) as nobody:
        told = nobody.kill_switch.activate(reason="something is wrong")
        assert (told.state, told.agents, told.held) == ("SUSPENDED", [], [])
        health = nobody.health()
        assert (health.status, health.ready) == ("stopped", False)
    error = _refused(client, house)
    assert error.details["scope"] == "all"
    assert len(client.transactions().items) == 1
    assert client.balance().balance > 0
    (row,) = house.rows(_ACTIVATED)
    assert (row["severity"], row["actor"], row["ip_address"]) == ("critical", "nobody", "socket")
    stops = house.operator.kill_switch.status()
    assert (stops.state, stops.reason, stops.stop_epoch) == ("SUSPENDED", "something is wrong", 1)
    house.operator.kill_switch.recover(release=[])
    confirmed(house, client.send(**house.case.payment(house.case.new_recipient())))
    check_books(house, wallet)


def test_locked_kills_sessions_and_nobody_recovers_before_the_cooldown_is_over(house: House) -> None:
    """LOCKED over HTTP: tokens are dead, held payments cancelled, no session is issued; recovery is a 409 that says when, and
    works after that."""
    house.start()
    wallet = house.wallet()
    client = house.client(wallet)
    held = client.send(**house.case.payment(house.case.new_recipient()))
    token = house.operator.login().token
    with Operator(house.daemon.url, token=token, retry=ONCE) as remote:
        stops = remote.kill_switch.activate("LOCKED")
    assert stops.state == "LOCKED"
    with pytest.raises(Unauthenticated):
        client.transactions()
    assert house.row(held.id)["status"] == "CANCELLED"
    with pytest.raises(Stopped):
        house.operator.sessions.issue(wallet.agent_id)
    with pytest.raises(Conflict) as early:
        house.operator.kill_switch.recover(release=[])
    assert early.value.details["resetsAt"] == stops.recoverable_at
    assert early.value.retry_after is not None
    assert early.value.retry_after <= _COOLDOWN
    house.clock.jump(2 * _COOLDOWN)  # somebody sets the machine's clock: no time has passed by that
    with pytest.raises(Conflict):
        house.operator.kill_switch.recover(release=[])
    house.clock.jump(-2 * _COOLDOWN)
    house.clock.shift(_COOLDOWN)
    house.operator.kill_switch.recover(release=[])
    again = house.operator.sessions.issue(wallet.agent_id)
    assert house.client(again.token).send(**house.case.payment(house.case.new_recipient())).status == "QUEUED"


def test_a_stop_never_loosens(house: House) -> None:
    """After LOCKED, to ask for SUSPENDED changes nothing and leaves no further audit row."""
    house.start()
    house.operator.kill_switch.activate("LOCKED")
    assert house.operator.kill_switch.activate("SUSPENDED").state == "LOCKED"
    assert house.operator.kill_switch.activate("LOCKED").stop_epoch == 1
    assert len(house.rows(_ACTIVATED)) == 1


def test_recovery_takes_the_password_itself(house: House) -> None:
    """A token that was bought with the password stops, and does not recover; a session does neither."""
    house.start()
    wallet = house.wallet()
    token = house.operator.login().token
    with Operator(house.daemon.url, token=token, retry=ONCE) as remote:
        remote.kill_switch.activate()
        with pytest.raises(Denied) as refused:
            remote._credentials.call("POST", "/v1/admin/recover", body={"release": []})
        assert refused.value.code == "PASSWORD_REQUIRED"
    with Operator(house.daemon.url, token=wallet.token, retry=ONCE) as agent:
        for call in (agent.kill_switch.activate, agent.kill_switch.status):
            with pytest.raises(WaiaasApiError) as wrong:
                call()
            assert wrong.value.status == 403


def test_one_agent_is_stopped_and_no_other(house: House) -> None:
    """SUSPENDED for one agent is its suspension; LOCKED besides kills its sessions, and resume does not lift it."""
    house.start()
    one, other = house.instant(), house.instant()
    with _nobody(house) as nobody:
        nobody.kill_switch.activate(agent_id=one.agent_id)
        assert _refused(house.client(one), house, "AGENT_SUSPENDED")
        confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
        nobody.kill_switch.activate("LOCKED", agent_id=one.agent_id)
    with pytest.raises(Unauthenticated):
        house.client(one).transactions()
    with pytest.raises(Conflict):
        house.operator.agents.resume(one.agent_id)
    (stopped,) = house.operator.kill_switch.status().agents
    assert (stopped.id, stopped.state) == (one.agent_id, "LOCKED")
    with pytest.raises(Conflict):
        house.operator.kill_switch.recover(agent_id=one.agent_id, release=[])
    house.clock.shift(_COOLDOWN)
    house.operator.kill_switch.recover(agent_id=one.agent_id, release=[])
    again = house.operator.sessions.issue(one.agent_id)
    confirmed(house, house.client(again.token).send(**house.case.payment(house.case.new_recipient())))
    check_books(house, one, other)


def test_one_session_is_stopped_and_no_other(house: House) -> None:
    """A stopped session reads and does not send, another of the agent sends; recovered it sends again; LOCKED it is dead."""
    house.start()
    wallet = house.instant()
    other = house.operator.sessions.issue(wallet.agent_id)
    client = house.client(wallet)
    house.operator.kill_switch.activate(session_id=wallet.session_id)
    assert _refused(client, house).details["scope"] == "session"
    assert client.transactions().items == []
    confirmed(house, house.client(other.token).send(**house.case.payment(house.case.new_recipient())))
    assert [one.id for one in house.operator.kill_switch.status().sessions] == [wallet.session_id]
    house.operator.kill_switch.recover(session_id=wallet.session_id, release=[])
    confirmed(house, client.send(**house.case.payment(house.case.new_recipient())))
    house.operator.kill_switch.activate("LOCKED", session_id=wallet.session_id)
    with pytest.raises(Unauthenticated):
        client.transactions()
    with pytest.raises(Conflict):
        house.operator.kill_switch.recover(session_id=wallet.session_id, release=[])
    check_books(house, wallet)


def test_a_person_chooses_what_goes_on(house: House) -> None:
    """Of two held payments the one that is released waits on for its approval and can be paid; the other is cancelled. What
    never was held is refused, and nothing is lifted by such a wish."""
    house.start()
    wallet = house.wallet()
    client = house.client(wallet)
    kept, dropped = (client.send(**house.case.payment(house.case.new_recipient())) for _ in range(2))
    house.operator.kill_switch.activate()
    with pytest.raises(Stopped):
        house.operator.transactions.approve(kept.id)
    assert {one.id for one in house.operator.kill_switch.status().held} == {kept.id, dropped.id}
    with pytest.raises(BadRequest):
        house.operator.kill_switch.recover(release=[wallet.agent_id])
    assert house.operator.kill_switch.status().state == "SUSPENDED"
    done = house.operator.kill_switch.recover(release=[kept.id])
    assert (done.released, done.cancelled) == ([kept.id], [dropped.id])
    assert house.row(dropped.id)["error_code"] == "KILL_SWITCH"
    house.operator.transactions.approve(kept.id)
    confirmed(house, kept.id)
    check_books(house, wallet)


def test_held_payments_may_be_rejected_and_cancelled_while_everything_is_stopped(house: House) -> None:
    """A stop does not take away the ways to end a payment."""
    house.start()
    client = house.client(house.wallet())
    one, two = (client.send(**house.case.payment(house.case.new_recipient())) for _ in range(2))
    house.operator.kill_switch.activate()
    assert house.operator.transactions.reject(one.id).status == "CANCELLED"
    assert client.cancel(two.id).status == "CANCELLED"


def test_an_order_in_a_file_stops_a_running_daemon(house: House) -> None:
    """A file that anybody of this user touches stops everything; it is copied with its audit row and removed, and its removal
    recovered nothing."""
    house.start()
    client = house.client(house.instant())
    house.paths.stop_request.touch(mode=0o600)
    until(lambda: not house.paths.stop_request.exists(), "the order to be carried out")
    _refused(client, house)
    (row,) = house.rows(_ACTIVATED)
    assert (row["actor"], row["ip_address"]) == ("nobody", "stop.request")


def test_an_order_for_a_daemon_that_is_down_holds_from_its_start(house: House) -> None:
    """`waiaas kill-switch activate` without a daemon leaves the order; the next one starts stopped, and copied it."""
    house.start()
    wallet = house.instant()
    house.stop()
    left = waiaas(house.root, "kill-switch", "activate", "--reason", "it was down")
    assert (left.returncode, house.paths.stop_request.exists()) == (0, True)
    house.start()
    assert not house.paths.stop_request.exists()
    _refused(house.client(wallet), house)
    assert house.operator.kill_switch.status().reason == "it was down"
    house.operator.kill_switch.recover(release=[])
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


def test_a_second_order_takes_nothing_from_the_first(house: House) -> None:
    """Two orders to a daemon that is down both hold: everything, and one agent LOCKED."""
    house.start()
    wallet = house.instant()
    house.stop()
    assert waiaas(house.root, "kill-switch", "activate").returncode == 0
    assert waiaas(house.root, "kill-switch", "activate", "--locked", "--agent", wallet.agent_id).returncode == 0
    house.start()
    stops = house.operator.kill_switch.status()
    assert (stops.state, [one.state for one in stops.agents]) == ("SUSPENDED", ["LOCKED"])


def test_a_locked_signer_is_no_obstacle(house: House) -> None:
    """With the signer locked, the socket stops without a password; unlocked, nothing is signed, also not by a new signer."""
    house.start()
    wallet = house.instant()
    house.stop()
    house.start(password=None)
    with _nobody(house) as nobody:
        assert nobody.kill_switch.activate().state == "SUSPENDED"
    house.operator.unlock()
    _refused(house.client(wallet), house)
    assert house.operator.health().status == "stopped"
    house.operator.kill_switch.recover(release=[])
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
