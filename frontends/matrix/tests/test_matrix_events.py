"""What people do in rooms, as events of the core. Pure: no homeserver is needed for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mautrix.errors import MatrixUnknownRequestError

from aivax_bots import (
    Command,
    Commanded,
    FrontendRefused,
    OddAnswer,
    PassedOver,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    Said,
)
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.events import (
    MARK,
    Bot,
    Here,
    as_edited,
    as_said,
    deleted,
    is_addressed,
    message_in,
    passed_over,
    pressed,
    reaction_in,
)
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import as_ours

ROOM, ANA = "!tower:example.org", "@ana:example.org"
BOT = Bot("@aivax:example.org", "Aivax Bot", MatrixSettings())
HERE, ALONE = Here(ROOM), Here(ROOM, private=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *(
        "type",
        "sender",
        "event_id",
        "content",
        "msgtype",
        "body",
        "m.relates_to",
        "rel_type",
        "m.in_reply_to",
    ),
    *("m.mentions", "user_ids", "m.new_content", "url", "info", "filename", "redacts", "key", MARK),
]


def event(body: str = "hello", by: str = ANA, id_: str = "$1", **content: Any) -> dict[str, Any]:
    kind = content.pop("msgtype", "m.text")
    return {
        "type": "m.room.message",
        "event_id": id_,
        "sender": by,
        "content": {"msgtype": kind, "body": body, **content},
    }


def addressed(here: Here = HERE, bot: Bot = BOT, **given: Any) -> bool:
    message = message_in(event(**given))
    assert message is not None
    return is_addressed(message, here, bot)


def said(here: Here = ALONE, bot: Bot = BOT, **given: Any) -> Said | Commanded:
    message = message_in(event(**given))
    assert message is not None
    return as_said(message, "Ana", here, bot)


def reply(to: str, **more: Any) -> dict[str, Any]:
    return {"m.relates_to": {"m.in_reply_to": {"event_id": to}, **more}}


IN_THREAD = reply("$root", rel_type="m.thread", event_id="$root", is_falling_back=True)
MENTION: dict[str, Any] = {"m.mentions": {"user_ids": [BOT.id]}}


@pytest.mark.parametrize(
    "given",
    [
        {"body": "Aivax Bot: hello", **MENTION},
        {"body": "so, what do you say?", **MENTION},
        {"body": "aivax: hello", "m.mentions": {}},
        {"body": "@aivax:example.org hello", "m.mentions": {}},
        {"body": "hello aivax bot"},
        {"body": "hello", "formatted_body": '<a href="https://matrix.to/#/@aivax:example.org">A</a>'},
        {"body": "hello", "formatted_body": "<a href='https://matrix.to/#/%40aivax%3Aexample.org'>A</a>"},
    ],
)
def test_who_names_the_bot_speaks_to_it(given: dict[str, Any]) -> None:
    assert addressed(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"body": "hello"},
        {"body": "I asked aivax yesterday", "m.mentions": {}},
        {"body": "Ben: hello", "m.mentions": {"user_ids": ["@ben:example.org"]}},
        {"body": "@room hello", "m.mentions": {"room": True}},
        {"body": "aivaxation is no word"},
        {"body": "hello", "formatted_body": '<a href="https://matrix.to/#/@aivax:example.org.evil">A</a>'},
        {"body": "hello", **IN_THREAD},
    ],
)
def test_people_who_talk_with_each_other_are_left_alone(given: dict[str, Any]) -> None:
    assert not addressed(**given)


def test_a_reply_to_the_bot_is_a_question_and_what_a_thread_repeats_is_no_reply() -> None:
    here = Here(ROOM, own={"$root"})

    assert addressed(here, **reply("$root"))
    assert not addressed(here, **IN_THREAD)


def test_words_in_a_thread_of_the_bot_need_no_mention_where_that_is_set() -> None:
    here = Here(ROOM, threads={"$root"})
    always = Bot(BOT.id, BOT.name, MatrixSettings(thread_follow_ups="always"))

    assert addressed(here, always, **IN_THREAD)
    assert not addressed(here, BOT, **IN_THREAD)


def test_a_rooms_own_timeline_is_no_thread_of_the_bot() -> None:
    here = Here(ROOM, threads={"", "$root"})
    always = Bot(BOT.id, BOT.name, MatrixSettings(thread_follow_ups="always"))

    assert not addressed(here, always, body="hello")


def test_in_private_and_in_rooms_without_mention_all_is_said_to_the_bot() -> None:
    open_room = Bot(BOT.id, BOT.name, MatrixSettings(rooms_without_mention=(ROOM,)))

    assert addressed(ALONE)
    assert addressed(HERE, open_room)


@pytest.mark.parametrize("body", ["Aivax Bot: hello", "@aivax:example.org hello", "aivax, hello", "hello"])
def test_the_bots_name_before_the_words_is_not_among_them(body: str) -> None:
    asked = said(body=body)

    assert isinstance(asked, Said)
    assert asked.text == "hello"


def test_what_older_clients_repeat_above_a_reply_is_not_among_its_words() -> None:
    quoting = "> <@ben:example.org> the old words\n> > even older\n\nthe new words\n> a quote of mine"

    asked = said(body=quoting, **reply("$0"))
    own = said(body="> <b> a quote of mine\n\nand words")

    assert isinstance(asked, Said)
    assert asked.text == "the new words\n> a quote of mine"
    assert isinstance(own, Said)
    assert own.text == "> <b> a quote of mine\n\nand words"


def test_a_word_of_command_is_one_behind_a_mention_too() -> None:
    asked = said(HERE, body="Aivax Bot: reset", **MENTION)

    assert isinstance(asked, Commanded)
    assert asked.command is Command.RESET


def test_delete_as_a_reply_names_the_answer() -> None:
    asked = said(body="delete", **reply("$answer"))

    assert isinstance(asked, Commanded)
    assert asked.about == ("$answer",)


def test_a_question_in_a_room_gets_a_thread_one_in_a_thread_stays_in_it() -> None:
    first, further, alone = said(HERE), said(HERE, **IN_THREAD), said(ALONE)

    assert (first.place.thread, further.place.thread, alone.place.thread) == ("$1", "$root", "")
    assert Address.parse(further.address) == Address(ROOM, "$root", "$1")
    assert alone.place.private


def test_where_answers_stand_in_the_room_that_is_one_place() -> None:
    in_room = Bot(BOT.id, BOT.name, MatrixSettings(answers_in="room"))

    assert said(HERE, in_room).place.thread == "main"
    assert Address.parse(said(HERE, in_room).address) == Address(ROOM, "", "$1")


def test_what_two_say_alone_is_never_a_conversation_of_three() -> None:
    with_a_third = said(HERE, **IN_THREAD).place, said(HERE, BOT).place

    assert said(ALONE, **IN_THREAD).place.thread != with_a_third[0].thread
    assert said(ALONE).place.thread != with_a_third[1].thread


@pytest.mark.parametrize("forged", ["alone-$root", "main", "root", ""])
def test_a_thread_hangs_on_an_event_and_on_no_name_of_a_place(forged: str) -> None:
    relation = {"m.relates_to": {"rel_type": "m.thread", "event_id": forged}}

    assert said(HERE, **relation).place == said(HERE).place
    assert said(ALONE, **relation).place == said(ALONE).place


@pytest.mark.parametrize("status", [401, 403, 404, 500, 502, 503, 504, 520, 522, 524, 530])
def test_a_proxy_that_reaches_no_homeserver_is_busy(status: int) -> None:
    assert isinstance(as_ours(MatrixUnknownRequestError(status, "<html>")), PlatformBusy)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "M_UNKNOWN_TOKEN", FrontendRefused),
        (403, "M_FORBIDDEN", PlaceClosed),
        (404, "M_NOT_FOUND", PlaceClosed),
    ],
)
def test_what_a_homeserver_refuses_is_refused(status: int, code: str, kind: type[PlatformError]) -> None:
    assert type(as_ours(MatrixUnknownRequestError(status, "{}", code))) is kind


def test_what_a_homeserver_does_not_know_is_no_matter_of_waiting() -> None:
    assert isinstance(as_ours(MatrixUnknownRequestError(501, "{}", "M_UNRECOGNIZED")), OddAnswer)


def test_a_file_has_its_name_and_what_was_said_with_it() -> None:
    file = {"msgtype": "m.image", "url": "mxc://example.org/x", "info": {"mimetype": "image/png", "size": 7}}
    bare, captioned = said(body="cat.png", **file), said(body="a cat?", filename="cat.png", **file)

    assert isinstance(bare, Said)
    assert isinstance(captioned, Said)
    assert (bare.text, captioned.text) == ("", "a cat?")
    assert [(each.ref, each.name, each.size_bytes) for each in bare.attachments + captioned.attachments] == [
        ("mxc://example.org/x", "cat.png", 7)
    ] * 2


def test_a_file_that_is_elsewhere_is_none() -> None:
    asked = said(body="x", msgtype="m.file", url="http://169.254.169.254/latest")

    assert isinstance(asked, Said)
    assert asked.attachments == ()


def test_an_edit_has_the_new_words_and_names_the_message() -> None:
    relation = {"rel_type": "m.replace", "event_id": "$0"}
    new = {"msgtype": "m.text", "body": "aivax: new words", **MENTION}
    message = message_in(
        event("* new words", **{"m.new_content": new, "m.relates_to": relation, "m.mentions": {}})
    )
    assert message is not None

    edited = as_edited(message, "Ana", HERE, BOT)

    assert (edited.text, edited.origin, edited.keys) == ("new words", "$0", ("matrix:$1",))
    assert is_addressed(message, HERE, BOT)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"by": BOT.id}, PassedOver.OWN),
        ({"msgtype": "m.notice"}, PassedOver.BOT),
        ({MARK: {"nonce": "n"}}, PassedOver.BOT),
        ({"by": "@eve:elsewhere.org"}, PassedOver.STRANGER),
        ({"msgtype": "m.location"}, PassedOver.UNKNOWN_KIND),
        ({"msgtype": "m.file", "url": "mxc:", "info": []}, PassedOver.EMPTY),
        ({}, None),
    ],
)
def test_bots_strangers_and_itself_are_not_answered(given: dict[str, Any], reason: PassedOver | None) -> None:
    what = event(**given)

    assert passed_over(what, message_in(what), BOT) is reason


def test_people_of_servers_that_are_named_are_answered() -> None:
    named = MatrixSettings(servers=("Elsewhere.org",))

    assert named.hears("@eve:elsewhere.org", BOT.id)
    assert not named.hears(ANA, BOT.id)
    assert MatrixSettings(servers=("*",)).hears("@eve:anywhere.net", BOT.id)


def test_a_redaction_of_each_version_of_rooms_is_a_deletion() -> None:
    old = deleted({"type": "m.room.redaction", "event_id": "$2", "redacts": "$1"}, ROOM)
    new = deleted({"type": "m.room.redaction", "event_id": "$2", "content": {"redacts": "$1"}}, ROOM)

    assert old == new
    assert old is not None
    assert old.origins == ("$1",)


def test_a_press_is_what_the_bots_own_reaction_says() -> None:
    def reaction(key: str) -> dict[str, Any]:
        relation = {"rel_type": "m.annotation", "event_id": "$answer", "key": key}
        return {"type": "m.reaction", "event_id": "$p", "sender": ANA, "content": {"m.relates_to": relation}}

    mark = {"action": "keep", "turn": "t1", "value": "", "thread": "$root", "question": "$1"}

    press = pressed(reaction("Keep waiting"), {"content": {MARK: mark}}, "Ana", HERE)

    assert reaction_in(reaction("Keep waiting")) == ("$answer", "Keep waiting")
    assert reaction_in(reaction("\N{THUMBS UP SIGN}")) is None
    assert press is not None
    assert (press.action, press.turn, press.place.thread) == ("keep", "t1", "$root")
    assert pressed(reaction("x"), {"content": {MARK: mark | {"action": "explode"}}}, "Ana", HERE) is None


@pytest.mark.parametrize(
    "address",
    [
        Address(ROOM),
        Address(ROOM, "$r"),
        Address(ROOM, "$r", "$q", "$a"),
        Address(ROOM, "", "$q", private=True),
    ],
)
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    assert Address.parse(str(address)) == address


def test_a_room_of_the_settings_is_an_address() -> None:
    assert Address.parse(ROOM) == Address(ROOM)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.recursive(JSON, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=6), max_leaves=20)
)
def test_no_form_of_an_event_raises(content: Any) -> None:
    for kind in ("m.room.message", "m.reaction", "m.room.redaction"):
        what = {"type": kind, "event_id": "$1", "sender": ANA, "content": content}
        message = message_in(what)
        passed_over(what, message, BOT)
        reaction_in(what)
        deleted(what, ROOM)
        pressed(what, what, "Ana", HERE)
        if message is not None:
            is_addressed(message, HERE, BOT)
            as_said(message, "Ana", HERE, BOT)
            as_edited(message, "Ana", HERE, BOT)
