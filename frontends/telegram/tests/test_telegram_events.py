"""What Telegram sends, in the words of the core."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aivax_bots import (
    Action,
    Button,
    Command,
    Commanded,
    Edited,
    Left,
    PassedOver,
    PlaceClosed,
    PlatformError,
    Pressed,
    Said,
    SettingRefused,
)
from aivax_bots_telegram.address import Address, FileRef
from aivax_bots_telegram.events import Me, album_of, data_of, gathered, quote_of, translate, whole_albums

ME = Me(4242, "helper_bot", asked_by={"ask", "perguntar"}, words={"ask", "reset", "draw"})
ANA = {"id": 1001, "is_bot": False, "first_name": "Ana", "last_name": "Lima", "language_code": "pt-br"}
ALONE = {"id": 1001, "type": "private", "first_name": "Ana"}
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Gophers"}
BOT = {"id": 4242, "is_bot": True, "first_name": "Helper", "username": "helper_bot"}


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes says how busy the machine is."""


def message(text: str = "", chat: dict[str, Any] = ALONE, **more: Any) -> dict[str, Any]:
    told = {"message_id": 77, "from": ANA, "chat": chat, "date": 1_800_000_000, **more}
    return {"update_id": 1, "message": told | ({"text": text} if text else {})}


def mention(text: str, name: str = "@helper_bot") -> list[dict[str, Any]]:
    at = len(text[: text.index(name)].encode("utf-16-le")) // 2
    return [{"type": "mention", "offset": at, "length": len(name)}]


def said(update: dict[str, Any]) -> Said:
    event = translate(update, ME)
    assert isinstance(event, Said)
    return event


def test_in_private_all_is_a_question() -> None:
    event = said(message("hello"))

    assert (event.text, event.address, event.origin) == ("hello", "1001#77", "77")
    assert (event.author.name, event.author.locale) == ("Ana Lima", "pt-br")
    assert event.place.private
    assert event.keys == ("telegram:4242:1001:77",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@helper_bot hello", "hello"),
        ("hello, @Helper_Bot", "hello,"),
        ("😀 @helper_bot: hello", "😀 hello"),
        ("@helper_bot @helper_bot2 hello", "@helper_bot2 hello"),
    ],
)
def test_in_a_group_who_names_the_bot_asks_it(text: str, words: str) -> None:
    name = "@Helper_Bot" if "Helper" in text else "@helper_bot"
    event = said(message(text, GROUP, entities=mention(text, name)))

    assert event.text == words
    assert (event.place.workspace, event.place.channel) == (str(GROUP["id"]), str(GROUP["id"]))
    assert not event.place.private


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"entities": [{"type": "mention", "offset": 0, "length": 999_999_999}]},
        {"entities": [{"type": "mention", "offset": -5, "length": 3}, 7, None]},
        {"entities": mention("@other_bot hello", "@other_bot")},
        {"reply_to_message": {"message_id": 5, "from": ANA, "chat": GROUP}},
    ],
)
def test_in_a_group_people_talk_with_each_other(more: dict[str, Any]) -> None:
    assert translate(message("@other_bot hello", GROUP, **more), ME) is PassedOver.NOT_ADDRESSED


def test_who_replies_to_the_bot_or_is_shown_it_by_its_number_asks_it() -> None:
    reply = {"message_id": 5, "from": BOT, "chat": GROUP, "text": "I said"}
    by_number = [{"type": "text_mention", "offset": 0, "length": 6, "user": BOT}]

    assert said(message("and now?", GROUP, reply_to_message=reply)).text == "and now?"
    assert said(message("Helper and now?", GROUP, entities=by_number)).text == "Helper and now?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/ask how are you?", "how are you?"),
        ("/ask@helper_bot how are you?", "how are you?"),
        ("/Perguntar@HELPER_BOT tudo bem?", "tudo bem?"),
        ("/draw@helper_bot a cat", "/draw a cat"),
        ("/draw a cat", "/draw a cat"),
        ("/anything@helper_bot at all", "/anything at all"),
    ],
)
def test_a_command_of_the_bots_is_said_to_it_in_groups_too(text: str, words: str) -> None:
    assert said(message(text, GROUP)).text == words


@pytest.mark.parametrize("text", ["/ask@other_bot hello", "/weather", "/weather@other_bot", "/"])
def test_commands_of_other_bots_are_none_of_ours(text: str) -> None:
    assert translate(message(text, GROUP), ME) is PassedOver.NOT_ADDRESSED


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/reset", Command.RESET),
        ("/reset@helper_bot", Command.RESET),
        ("/start", Command.HELP),
        ("/start from-a-link", Command.HELP),
        ("/usage", Command.USAGE),
        ("/model", Command.MODEL),
        ("/stop it, please", Command.STOP),
        ("/ask", Command.HELP),
        ("/perguntar@helper_bot", Command.HELP),
    ],
)
def test_a_command_is_a_command(text: str, command: Command) -> None:
    for chat in (ALONE, GROUP):
        event = translate(message(text, chat), ME)
        assert isinstance(event, Commanded)
        assert event.command is command


def test_what_stands_behind_a_command_comes_with_it() -> None:
    event = translate(message("/model@helper_bot support:50c3", GROUP), ME)

    assert isinstance(event, Commanded)
    assert (event.command, event.argument) == (Command.MODEL, "support:50c3")
    assert isinstance(translate(message("model support:50c3"), ME), Said)


def test_a_command_below_an_answer_is_about_it() -> None:
    reply = {"message_id": 5, "from": BOT, "chat": GROUP, "text": "I said"}
    event = translate(message("/delete", GROUP, reply_to_message=reply), ME)

    assert isinstance(event, Commanded)
    assert event.about == ("5",)


def test_a_topic_is_a_place_of_its_own_and_a_chain_of_replies_is_none() -> None:
    in_topic = said(message("/ask x", GROUP, message_thread_id=5, is_topic_message=True))
    in_chain = said(message("/ask x", GROUP, message_thread_id=5))

    assert (in_topic.place.thread, in_topic.address) == ("5", "-1001234567890/5#77")
    assert (in_chain.place.thread, in_chain.address) == ("", "-1001234567890#77")


def test_an_edit_names_the_message_and_each_edit_is_another_event() -> None:
    edits = [
        translate({"edited_message": message(text)["message"] | {"edit_date": 9}}, ME) for text in ("a", "b")
    ]
    first, second = edits

    assert isinstance(first, Edited)
    assert isinstance(second, Edited)
    assert (first.origin, first.text) == ("77", "a")
    assert first.keys != second.keys


@pytest.mark.parametrize(
    "update",
    [
        message("hello") | {"message": message("hello")["message"] | {"from": BOT | {"id": 5}}},
        message("hello", via_bot=BOT),
    ],
)
def test_other_bots_are_not_answered(update: dict[str, Any]) -> None:
    assert translate(update, ME) is PassedOver.BOT


def test_a_file_is_named_and_of_a_picture_the_largest_is_taken() -> None:
    sizes = [
        {"file_id": "small", "file_size": 9},
        {"file_id": "large", "file_unique_id": "u1", "file_size": 99},
    ]
    voice = {"file_id": "v-1", "duration": 3, "mime_type": "audio/ogg", "file_size": 8}
    (photo,) = said(message(photo=sizes, caption="what is this?")).attachments
    (spoken,) = said(message(voice=voice)).attachments

    assert (photo.ref, photo.name, photo.size_bytes) == ("large image/jpeg", "photo-u1.jpg", 99)
    assert (spoken.ref, spoken.name, spoken.media_type) == ("v-1 audio/ogg", "voice.ogg", "audio/ogg")


def test_an_album_is_one_question_with_all_of_its_pictures() -> None:
    first = message(media_group_id="a1", photo=[{"file_id": "p1"}])
    second = message(media_group_id="a1", photo=[{"file_id": "p2"}], caption="what are these?", message_id=78)
    other = message("hello", message_id=79)
    (album, after) = gathered([first, second, other])
    event = said(album)

    assert (event.text, event.origin) == ("what are these?", "77")
    assert [each.ref for each in event.attachments] == ["p1 image/jpeg", "p2 image/jpeg"]
    assert event.keys == ("telegram:4242:1001:77", "telegram:4242:1001:78")
    assert after is other
    assert album_of(other) is None


def test_a_press_brings_back_what_stood_behind_the_button() -> None:
    data = data_of(Button(Action.LANGUAGE, "k" * 32, "Português", "pt_BR"))
    query = {"id": "q1", "from": ANA, "data": data, "message": message("", GROUP)["message"] | {"from": BOT}}
    event = translate({"callback_query": query}, ME)

    assert len(data) <= 64
    assert isinstance(event, Pressed)
    assert (event.action, event.turn, event.text) == (Action.LANGUAGE, "k" * 32, "pt_BR")
    assert event.address == "-1001234567890#77"


def test_a_press_of_telegrams_own_stop_means_what_is_being_answered() -> None:
    event = translate({"stopped_message_generation": {"chat": ALONE, "draft_id": 77}}, ME)

    assert isinstance(event, Pressed)
    assert (event.action, event.turn, event.place.private) == (Action.STOP, "", True)


def test_a_bot_that_is_put_out_of_a_group_has_left_it() -> None:
    def member(chat: dict[str, Any], status: str) -> Any:
        update = {"chat": chat, "from": ANA, "date": 5, "new_chat_member": {"user": BOT, "status": status}}
        return translate({"my_chat_member": update}, ME)

    left = member(GROUP, "kicked")
    assert isinstance(left, Left)
    assert left.workspace == str(GROUP["id"])
    assert member(GROUP, "member") is PassedOver.UNKNOWN_KIND
    assert member(ALONE, "kicked") is PassedOver.UNKNOWN_KIND  # blocked: told where an answer can't be shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([ANA, GROUP, BOT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "message_id",
    "from",
    "chat",
    "text",
    "entities",
    "photo",
    "voice",
    "reply_to_message",
    "message_thread_id",
]


@CALM
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.dictionaries(st.sampled_from(["id", "from", "data"]), JSON),
)
def test_whatever_comes_is_an_event_or_a_reason(fields: dict[str, Any], pressed: dict[str, Any]) -> None:
    whole = message("hello", GROUP)["message"] | fields
    for update in (
        {"message": fields},
        {"message": whole},
        {"edited_message": whole},
        {"callback_query": pressed},
    ):
        assert translate(update, ME) is not None
        quote_of(whole)
    translate(
        {"callback_query": {"id": "1", "from": ANA, "data": "keep:k:"} | pressed | {"message": whole}}, ME
    )


@pytest.mark.parametrize(
    "text", ["1001", "1001#77", "-1001234567890/5#77", "-1001234567890/5", "@gophers", "@gophers#7"]
)
def test_an_address_is_read_back_as_it_was_written(text: str) -> None:
    assert str(Address.parse(text)) == text
    assert Address.parse(text).private is not text.startswith(("-", "@"))


def test_what_is_no_address_of_ours_is_refused_with_what_to_do() -> None:
    for wrong in ("", "12#", "C0123", "1 2", "1001#77\n"):
        with pytest.raises(PlaceClosed):
            Address.parse(wrong)
    with pytest.raises(SettingRefused, match="chat's number"):
        Address.of_channel("#general")
    with pytest.raises(PlatformError):
        FileRef.parse("../etc text/plain")
    assert FileRef.parse("v-1_x audio/ogg").media_type == "audio/ogg"


def test_an_album_that_may_go_on_beyond_what_is_told_at_once_waits_for_the_rest() -> None:
    def told(number: int, album: str = "") -> dict[str, Any]:
        more = {"media_group_id": album} if album else {}
        return {"update_id": number, "message": {"message_id": number, "chat": {"id": 1}, **more}}

    before, album = [told(1), told(2, "a")], [told(3, "b"), told(4, "b")]

    assert whole_albums([*before, *album], 5) == [*before, *album]
    assert whole_albums([*before, *album], 4) == before
    assert whole_albums([*album, told(5)], 3) == [*album, told(5)]
    assert whole_albums(album, 2) == album
