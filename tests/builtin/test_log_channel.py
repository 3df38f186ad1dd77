import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from waiaas.builtin.log_channel import LogChannel, LogConfig
from waiaas.interfaces.notify import Button, Notification

CHANNEL = LogChannel(LogConfig())
pairs = st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple)
notifications = st.builds(
    Notification,
    id=st.text(),
    event=st.text(),
    title=st.text(),
    lines=pairs,
    quoted=pairs,
    severity=st.sampled_from(["info", "warning", "critical"]) | st.text(),
)


def notification(**changes: object) -> Notification:
    told: dict[str, object] = {
        "id": "n-1",
        "event": "transaction.held",
        "title": "Held",
        "lines": (("Amount", "1 SOL"),),
    }
    return Notification(**{**told, **changes})  # type: ignore[arg-type]


@given(notifications)
def test_a_notification_is_one_line_of_plain_ascii(told: Notification) -> None:
    """Whatever is in it, no foreign text makes a line, a control or an invisible character, and rendering never fails."""
    line = CHANNEL.render(told)["line"]
    assert line.isascii()
    assert line.isprintable()
    document = json.loads(line)
    assert document["title"] == told.title
    assert document["lines"] == [list(pair) for pair in told.lines]


@given(notifications)
def test_rendering_is_pure(told: Notification) -> None:
    """The same notification renders to the same value, which survives JSON."""
    rendered = CHANNEL.render(told)
    assert rendered == CHANNEL.render(told) == json.loads(json.dumps(rendered))


def test_only_the_agents_words_are_shortened() -> None:
    """Amounts and recipients stay whole, quoted words are cut."""
    long = "x" * 500
    document = json.loads(CHANNEL.render(notification(lines=(("To", long),), quoted=(("Note", long),)))["line"])
    assert document["lines"] == [["To", long]]
    assert document["quoted"] == [["Note", "x" * 197 + "..."]]


def test_a_buttons_token_is_not_logged() -> None:
    """Tokens are credentials; the label is enough to know what was offered."""
    line = CHANNEL.render(notification(buttons=(Button(label="Approve", token="canary-31"),)))["line"]
    assert "canary-31" not in line
    assert "Approve" in line


@pytest.mark.parametrize(
    ("severity", "level"), [("info", logging.INFO), ("warning", logging.WARNING), ("critical", logging.CRITICAL)]
)
def test_a_notification_reaches_the_log(caplog: pytest.LogCaptureFixture, severity: str, level: int) -> None:
    """It is one record of the logger waiaas.notifications at the level of its severity."""
    with caplog.at_level(logging.DEBUG, "waiaas.notifications"):
        rendered = CHANNEL.render(notification(severity=severity))
        assert CHANNEL.send(rendered, "n-1") == "n-1"
    assert [(r.name, r.levelno, r.getMessage()) for r in caplog.records] == [
        ("waiaas.notifications", level, rendered["line"])
    ]


def test_per_cent_signs_are_no_format(caplog: pytest.LogCaptureFixture) -> None:
    """Foreign words cannot break or steer the logging call."""
    with caplog.at_level(logging.INFO, "waiaas.notifications"):
        CHANNEL.send(CHANNEL.render(notification(title="%s %(x)s %n")), "n-1")
    assert "%s %(x)s %n" in caplog.records[0].getMessage()


def test_nothing_can_be_configured() -> None:
    """An unknown key in the channel's configuration is refused, and the channel is always ready."""
    with pytest.raises(ValidationError):
        LogConfig.model_validate({"path": "/tmp/x"})
    assert CHANNEL.health() == "ready"
