"""The stand-in refuses what Telegram refuses, in Telegram's words; a test against it is worth that much."""

import time

import httpx
import pytest
from waiaas_notify_telegram.stand_in import BotApiServer, ParseError, parse
from waiaas_notify_telegram.stand_in.chats import Chat, Chats, Refusal
from waiaas_notify_telegram.stand_in.server import CHAT, TOKEN


def kinds(text: str) -> list[tuple[str, str]]:
    return [(entity.type, entity.text) for entity in parse(text)[1]]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("é<x>", 'Unsupported start tag "x" at byte offset 2'),
        ("<b>x", "Can't find end tag corresponding to start tag b"),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("&#xd800;", "invalid Unicode"),
    ],
)
def test_bad_markup_is_refused(html: str, words: str) -> None:
    """Each way to break markup has the service's error."""
    with pytest.raises(ParseError, match=words):
        parse(html)


def test_markup_is_read() -> None:
    """Tags become entities with UTF-16 offsets, references characters, and blanks around the text are gone."""
    text, entities = parse(" 🦊 <b>A&amp;B</b> <code>&lt;x&gt;</code> &nbsp;&#64; ")
    assert text == "🦊 A&B <x> &nbsp;@"
    assert [(e.type, e.offset, e.length, e.text) for e in entities] == [("bold", 3, 3, "A&B"), ("code", 7, 3, "<x>")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("see evil.example/x now", "url"),
        ("https://localhost/", "url"),
        ("tg://user?id=1", "url"),
        ("hi @durov", "mention"),
        ("#tag", "hashtag"),
        ("$USD", "cashtag"),
        ("/start", "bot_command"),
        ("4111 1111 1111 1111", "bank_card"),
        ("+12025550123", "phone_number"),
    ],
)
def test_plain_text_is_searched_and_code_is_not(text: str, kind: str) -> None:
    """What Telegram makes clickable by itself is found in plain and in bold text, and not inside code."""
    assert kind in dict(kinds(text))
    assert kind in dict(kinds(f"<b>{text}</b>"))
    assert kinds(f"<code>{text}</code>") == [("code", text)]


def test_the_hundred_and_first_entity_protects_nothing() -> None:
    """Beyond a hundred entities code is plain text again."""
    html = " ".join("<code>@someone</code>" for _ in range(101))
    assert [kind for kind, _ in kinds(html)].count("mention") == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/bot123:short/sendMessage", {}, 404, "Not Found"),
        (f"/bot{TOKEN[:-1]}z/sendMessage", {}, 401, "Unauthorized"),
        (f"/bot{TOKEN}/nothing", {}, 404, "Not Found: method not found"),
        (f"/bot{TOKEN}/sendMessage", {"text": "x"}, 400, "Bad Request: chat_id is empty"),
        (f"/bot{TOKEN}/sendMessage", {"chat_id": 7, "text": "x"}, 400, "Bad Request: chat not found"),
        (f"/bot{TOKEN}/sendMessage", {"chat_id": CHAT, "text": " "}, 400, "Bad Request: message text is empty"),
        (f"/bot{TOKEN}/sendMessage", {"chat_id": CHAT, "text": "🦊" * 2049}, 400, "Bad Request: message is too long"),
        (
            f"/bot{TOKEN}/sendMessage",
            {"chat_id": CHAT, "text": "<b", "parse_mode": "HTML"},
            400,
            "Bad Request: can't parse entities: Unclosed start tag at byte offset 0",
        ),
        (
            f"/bot{TOKEN}/sendMessage",
            {"chat_id": CHAT, "text": "x", "message_thread_id": 5},
            400,
            "Bad Request: message thread not found",
        ),
        (
            f"/bot{TOKEN}/sendMessage",
            {
                "chat_id": CHAT,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "x" * 65}]]},
            },
            400,
            "Bad Request: BUTTON_DATA_INVALID",
        ),
    ],
)
def test_bad_calls_are_refused(service: BotApiServer, path: str, body: object, status: int, words: str) -> None:
    """Each is answered with the service's status and words."""
    answer = httpx.post(service.url + path, json=body)
    assert (answer.status_code, answer.json()["error_code"], answer.json()["description"]) == (status, status, words)
    assert service.messages == []


def test_a_chat_takes_one_message_a_second() -> None:
    """The second within a second is refused with the time to wait, and taken after it."""
    with BotApiServer() as service:
        body = {"chat_id": CHAT, "text": "x" * 4096}
        url = f"{service.url}/bot{TOKEN}/sendMessage"
        assert httpx.post(url, json=body).status_code == 200
        refused = httpx.post(url, json=body)
        assert refused.status_code == 429
        wait = refused.json()["parameters"]["retry_after"]
        deadline = time.monotonic() + wait + 1
        while httpx.post(url, json=body).status_code != 200:
            assert time.monotonic() < deadline
        assert len(service.messages) == 2


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def take(chats: Chats, number: str) -> int:
    """Seconds that the chat is asked to wait; 0 where the message was taken."""
    try:
        chats.send({"chat_id": number, "text": "x"})
    except Refusal as refusal:
        return int(refusal.parameters["retry_after"])
    return 0


def test_a_group_takes_twenty_messages_a_minute() -> None:
    """The next one has to wait until the first is a minute old, however slowly they came; a person may be sent more."""
    clock = Clock()
    chats = Chats(1.0, clock)
    group, person = (chats.put(Chat(number)).number for number in ("-100200300", "100200300"))
    for _ in range(20):
        assert (take(chats, group), take(chats, person)) == (0, 0)
        clock.now += 1
    assert (take(chats, group), take(chats, person)) == (40, 0)
    clock.now += 40
    assert take(chats, group) == 0


def test_all_chats_together_take_thirty_messages_a_second() -> None:
    """The next one to any chat has to wait."""
    clock = Clock()
    chats = Chats(1.0, clock)
    for number in range(31):
        chats.put(Chat(str(number)))
    assert [take(chats, str(number)) for number in range(31)] == [0] * 30 + [2]
    clock.now += 1
    assert take(chats, "30") == 0
