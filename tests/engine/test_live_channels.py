"""Secrets of a configuration are found, so that they can be masked."""

import json
import traceback
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, SecretStr

from waiaas.engine.live_channels import LiveChannels, secrets
from waiaas.errors import Misconfigured, RetryLater
from waiaas.interfaces.notify import Notification, NotificationChannel
from waiaas.store.records import Channel


def test_secrets_are_found_however_deep() -> None:
    """In models, lists and mappings; what is too short to be one would garble every text."""

    class Inner(BaseModel):
        keys: list[SecretStr]
        by_name: dict[str, SecretStr]

    class Outer(BaseModel):
        inner: Inner
        plain: str

    config = Outer(
        inner=Inner(keys=[SecretStr("first-one"), SecretStr("x")], by_name={"a": SecretStr("second-one")}), plain="no"
    )
    assert sorted(secrets(config)) == ["first-one", "second-one"]


class Keyed(BaseModel):
    """A secret, and how a channel fails that is made with it."""

    key: SecretStr
    fault: str


class Talkative(NotificationChannel):
    """Repeats its secret when it is made."""

    type = "TALKATIVE"
    config_model = Keyed

    def __init__(self, config: BaseModel) -> None:
        super().__init__(config)
        assert isinstance(config, Keyed)
        raise _FAULTS[config.fault](f"no use for {config.key.get_secret_value()}")

    def render(self, notification: Notification) -> object:
        return {}

    def send(self, rendered: object, notification_id: str) -> str:
        return ""

    def health(self) -> str:
        return ""


_FAULTS: dict[str, type[Exception]] = {"mend": Misconfigured, "later": RetryLater, "bug": RuntimeError}


@pytest.mark.parametrize(("fault", "becomes"), [("mend", Misconfigured), ("later", RetryLater), ("bug", RetryLater)])
def test_a_channel_that_cannot_be_made_tells_no_secret(
    fault: str, becomes: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its plugin raises while it is made, neither the error nor the log has the secret (invariant 16)."""
    stored = json.dumps({"key": "canary-canary", "fault": fault})
    registry = SimpleNamespace(channels={"TALKATIVE": Talkative})
    channels = LiveChannels(registry, lambda config: config.encode())  # type: ignore[arg-type]
    row = Channel(id="c", created_at=1, type="TALKATIVE", config=stored, priority=0, enabled=True)
    with pytest.raises(becomes) as problem:
        channels.of(row)
    assert "canary" not in "".join(traceback.format_exception(problem.value)) + caplog.text
