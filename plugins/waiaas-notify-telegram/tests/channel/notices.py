"""Notifications to try, usual and random."""

from typing import Any

from hypothesis import strategies as st

from waiaas.interfaces.notify import Button, Notification

AMOUNT = "9" * 78
RECIPIENT = "a" * 128
HOSTILE = (
    "<b>bold</b>",
    '<a href="https://evil.example">click</a>',
    "</code><a href='tg://user?id=1'>you</a><code>",
    "&lt;i&gt; &#60;u&#62; &amp;",
    "*bold* _it_ [x](https://evil.example) `c` ||s||",
    "evil.example/login https://evil.example tg://resolve?domain=x 10.0.0.1",
    "@everyone @durov /start #tag $USD me@evil.example +12025550123 4111111111111111",
    "one\nAmount: 1 SOL\r\nRecipient: friend",
    "\u202eexe.live\u200b \u2066x\u2069 \ufeff\x00\x1b[31m",
    "\ud800 half",
    "🦊" * 600,
    "&" * 600,
)


def notice(**changes: Any) -> Notification:
    """A usual one, with changes."""
    told: dict[str, Any] = {
        "id": "n-1",
        "event": "transaction.approval_requested",
        "title": "Payment waits for approval",
        "lines": (("Amount", "1 SOL"), ("Recipient", "5wszgQNPLrKMquchw6gru8ybfkg1TVyGbVGMRrGYe6zg")),
    }
    return Notification(**{**told, **changes})


anything = st.text() | st.sampled_from(HOSTILE)
amounts = st.from_regex(r"[1-9][0-9]{0,77}", fullmatch=True)
addresses = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ123456789", min_size=1, max_size=128)
facts = st.one_of(
    st.tuples(st.just("Amount"), amounts), st.tuples(st.just("Recipient"), addresses), st.tuples(anything, anything)
)
notices = st.builds(
    Notification,
    id=st.text(),
    event=anything,
    title=anything,
    lines=st.lists(facts, max_size=60).map(tuple),
    quoted=st.lists(st.tuples(anything, anything), max_size=12).map(tuple),
    severity=st.sampled_from(["info", "warning", "critical"]) | st.text(),
    buttons=st.lists(
        st.builds(Button, label=anything, token=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)), max_size=4
    ).map(tuple),
)
