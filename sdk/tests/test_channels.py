"""Notification channels through the operator's client: what is asked, and how answers read."""

from pathlib import Path

from waiaas_sdk import Operator, Retry

from sdk.tests.fake_daemon import Reply, fake_daemon

CHANNEL = {"id": "c1", "type": "TELEGRAM", "config": {"chat_id": "1"}, "waiting": 2, "trouble": "away", "enabled": True}
PATH = "/v1/notification-channels"


def test_every_verb_has_its_route(tmp_path: Path, retry: Retry) -> None:
    """Channels are made, listed, changed, tried and removed where the daemon has them, and only what is given is sent."""
    with fake_daemon(tmp_path / "admin.sock") as daemon:
        daemon.on("POST", PATH, Reply(201, CHANNEL))
        daemon.on("GET", PATH, Reply(200, {"items": [CHANNEL], "cursor": None, "hasMore": False}))
        daemon.on("PUT", f"{PATH}/c1", Reply(200, {**CHANNEL, "enabled": False}))
        daemon.on(
            "POST", f"{PATH}/c1/test", Reply(200, {"delivered": False, "code": "MISCONFIGURED", "hint": "mend it"})
        )
        daemon.on("DELETE", f"{PATH}/c1", Reply(204, None))
        assert daemon.socket is not None
        with Operator.over_socket(daemon.socket, token="wai_op_1", retry=retry) as operator:
            assert operator.channels.create("TELEGRAM", {"chat_id": "1"}).waiting == 2
            assert [one.trouble for one in operator.channels.list()] == ["away"]
            assert operator.channels.update("c1", enabled=False).enabled is False
            trial = operator.channels.test("c1")
            assert (trial.delivered, trial.code, trial.hint) == (False, "MISCONFIGURED", "mend it")
            operator.channels.delete("c1")
        assert [asked.body for asked in daemon.asked if asked.method == "PUT"] == [{"enabled": False}]
