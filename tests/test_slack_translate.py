"""Slack's payloads, in their documented shape, become the core's events, or nothing."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.events.address import Address
from bots.slack.events.modals import About, wants_to_ask
from bots.slack.events.payloads import Bot, IsJoined
from bots.slack.events.translate import translate
from bots.slack.features.ask_without_message import asked_question
from core.domain import (
    Action,
    Capability,
    Command,
    Commanded,
    Deleted,
    Edited,
    Event,
    Place,
    PlaceClosed,
    Pressed,
    Rewritten,
    Said,
)
from core.i18n import Phrase

BOT = Bot("T0000000001", "U00000000B0", "B00000000B0", "aivax")
SAMPLES = {path.stem: path for path in (Path(__file__).parent / "payloads" / "slack").glob("*.json")}

unhurried = settings(deadline=None)  # machines that run tests are busy


def sample(name: str, **event: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(SAMPLES[name].read_text())
    payload["event"] = {
        key: value for key, value in {**payload["event"], **event}.items() if value is not None
    }
    return payload


def interaction(name: str, **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(SAMPLES[name].read_text())
    return {**payload, **changes}


def only(payload: Any, is_joined: IsJoined | None = None) -> Event | None:
    """The one event that a payload means, if any."""
    events = translate(payload, BOT, is_joined)
    assert len(events) <= 1
    return events[0] if events else None


def said(name: str, **event: Any) -> Said:
    heard = only(sample(name, **event))
    assert isinstance(heard, Said)
    return heard


def test_a_mention_in_a_channel_is_a_question_in_its_own_thread() -> None:
    heard = said("app_mention")

    assert heard.text == "what is 1 < 2 & 3?"
    assert heard.place == Place("slack", "T0000000001", "C0000000001", "1790000000.000100")
    assert (heard.author.identity.user, heard.origin) == ("U0000000001", "1790000000.000100")
    assert Address.parse(heard.address) == Address(
        channel="C0000000001",
        team="T0000000001",
        thread="1790000000.000100",
        question="1790000000.000100",
        user="U0000000001",
        user_team="T0000000001",
    )


def test_both_events_of_a_mention_are_one() -> None:
    assert said("app_mention") == said("message_channel_mention")
    assert said("app_mention").keys == (
        "slack:T0000000001:C0000000001:1790000000.000100",
        "slack:T0000000001:msg:0c1f3a52-aaaa-4bbb-8ccc-000000000001",
    )


def test_one_sentence_with_two_ts_shares_a_key() -> None:
    first, second = said("message_im"), said("message_im", ts="1790000000.000200")

    assert set(first.keys) & set(second.keys)


def test_a_mention_in_a_thread_belongs_to_the_thread() -> None:
    heard = said("message_thread_reply")

    assert heard.place.thread == "1789999000.000200"
    assert heard.text == "summarise this thread for @bo"


def test_a_direct_message_needs_no_mention_and_is_private() -> None:
    heard = said("message_im")

    assert heard.place == Place("slack", "T0000000001", "D0000000001", private=True)
    assert Address.parse(heard.address).thread == "1790000000.000100"
    assert Address.parse(heard.address).direct


def test_a_thread_in_a_direct_message_is_a_place_of_its_own() -> None:
    assert said("message_im_thread").place.thread == "1789999000.000200"


def test_a_parent_that_names_itself_is_no_reply() -> None:
    assert said("message_im", thread_ts="1790000000.000100").place.thread == ""


def test_a_broadcast_reply_is_a_person_s_words() -> None:
    assert said("message_thread_broadcast").text == "so?"


def test_files_come_along_even_without_a_word() -> None:
    heard = said("message_file_share")

    cat, sheet, tomb, unknown = heard.attachments
    assert (heard.text, cat.name, cat.media_type, cat.size_bytes) == ("", "cat.png", "image/png", 20_480)
    assert json.loads(cat.ref)["url"].endswith("/download/cat.png")
    assert json.loads(unknown.ref) == {"id": "F0000000004", "url": "", "team": "T0000000001"}
    assert (sheet.name, sheet.media_type) == ("sheet", "application/octet-stream")
    assert [json.loads(each.ref)["url"] for each in (sheet, tomb)] == ["", ""]


def test_a_bare_mention_is_a_question_without_words() -> None:
    assert said("app_mention", text="<@U00000000B0>").text == ""


@pytest.mark.parametrize(
    "name",
    [
        "message_channel",
        "message_bot",
        "message_bot_message",
        "message_own",
        "message_changed_own",
        "message_changed_unfurl",
        "message_deleted_own",
        "message_follow_up",
        "app_home_opened",
        "app_context_changed",
        "assistant_thread_started",
        "assistant_thread_context_changed",
    ],
)
def test_what_is_not_meant_for_the_bot_is_nothing(name: str) -> None:
    assert translate(sample(name), BOT) == ()


@pytest.mark.parametrize(
    "name", ["button_pressed", "message_action", "question_submitted", "slash_command_ask"]
)
def test_an_interaction_that_is_no_event_yet_is_nothing(name: str) -> None:
    assert translate(interaction(name), BOT) == ()


# edits and deletions


def edited(name: str, is_joined: IsJoined | None = None, **event: Any) -> Edited:
    heard = only(sample(name, **event), is_joined)
    assert isinstance(heard, Edited)
    return heard


def test_an_edit_has_a_key_of_its_own_and_names_the_message() -> None:
    heard = edited("message_changed")

    assert heard.keys == ("slack:T0000000001:D0000000001:1790000000.000100:edited:1790000009.000000",)
    assert (heard.origin, heard.text) == (said("message_im").origin, "hello you")
    assert heard.place == said("message_im").place


def test_an_edit_in_a_channel_belongs_to_the_question_s_thread() -> None:
    heard = edited("message_changed_channel")

    assert heard.text == "what is 2 < 3?"
    assert heard.place == said("app_mention").place


def message(name: str, **changes: Any) -> dict[str, Any]:
    """The `message` of a `message_changed`, with changes."""
    return {**sample(name)["event"]["message"], **changes}


def test_an_edit_that_adds_the_mention_is_the_first_time_that_the_bot_is_asked() -> None:
    before = {**sample("message_changed_channel")["event"]["previous_message"], "text": "what is 2 &lt; 3?"}

    heard = said("message_changed_channel", previous_message=before)

    assert heard.text == "what is 2 < 3?"
    assert heard.keys[0] == said("app_mention").keys[0]


def test_an_edit_that_takes_the_mention_away_is_still_one() -> None:
    assert edited(
        "message_changed_channel", message=message("message_changed_channel", text="never mind")
    ).text


def test_an_edit_among_other_people_is_nothing() -> None:
    words = {"message": message("message_changed_channel", text="b")}
    before = {**sample("message_changed_channel")["event"]["previous_message"], "text": "a"}

    assert translate(sample("message_changed_channel", previous_message=before, **words), BOT) == ()


LEARNING = Capability("learn", Phrase.LEARN_WORD, Phrase.LEARN_DESCRIPTION, menu=Phrase.LEARN_THIS)


@pytest.mark.parametrize(
    "whose", [{}, {"user": "U0OTHER", "bot_id": "B0OTHER", "subtype": "bot_message"}], ids=["person", "app"]
)
def test_where_messages_may_have_been_learnt_any_edit_is_told_without_its_words(
    whose: dict[str, str],
) -> None:
    before = {**sample("message_changed_channel")["event"]["previous_message"], "text": "a"}
    changes = {"message": message("message_changed_channel", text="b", **whose), "previous_message": before}

    (heard,) = translate(sample("message_changed_channel", **changes), BOT, capabilities=[LEARNING])

    assert isinstance(heard, Rewritten)
    assert heard.origin == said("app_mention").origin
    assert (heard.workspace, heard.channel) == ("T0000000001", "C0000000001")


def test_an_edit_of_our_own_is_nothing_wherever_messages_are_learnt() -> None:
    before = {**sample("message_changed_channel")["event"]["previous_message"], "text": "a"}
    own = message("message_changed_channel", text="b", user=BOT.user, bot_id=BOT.bot)
    payload = sample("message_changed_channel", message=own, previous_message=before)

    assert translate(payload, BOT, capabilities=[LEARNING]) == ()


def test_an_edit_without_the_words_before_counts() -> None:
    assert edited("message_changed_channel", previous_message=None)


@pytest.mark.parametrize("name", ["message_deleted_channel", "message_tombstone"])
def test_a_deleted_question_is_named_whether_or_not_it_leaves_a_tombstone(name: str) -> None:
    heard = only(sample(name))

    assert heard == Deleted(
        ("slack:T0000000001:C0000000001:1790000000.000100:deleted",),
        "slack",
        "T0000000001",
        "C0000000001",
        (said("app_mention").origin,),
    )


def test_a_deleted_direct_message_is_named() -> None:
    assert isinstance(only(sample("message_deleted")), Deleted)


def test_a_deletion_that_does_not_tell_what_stood_there_counts() -> None:
    assert isinstance(only(sample("message_deleted_channel", previous_message=None)), Deleted)


def test_what_others_deleted_is_nothing() -> None:
    before = {**sample("message_deleted_channel")["event"]["previous_message"], "text": "just talking"}

    assert translate(sample("message_deleted_channel", previous_message=before), BOT) == ()


# where a mention is not needed


def joined(team: str, channel: str, thread: str) -> bool:
    return (team, channel, thread) == ("T0000000001", "C0000000001", "1790000000.000100")


def test_who_goes_on_in_a_thread_of_the_bot_s_needs_no_mention_where_that_is_chosen() -> None:
    heard = only(sample("message_follow_up"), joined)

    assert isinstance(heard, Said)
    assert (heard.text, heard.place.thread) == ("and in winter?", "1790000000.000100")


def test_a_thread_that_the_bot_began_is_its_own() -> None:
    by_us = sample("message_follow_up", thread_ts="1790000001.000200", parent_user_id="U00000000B0")

    assert only(by_us, joined)
    assert only(by_us) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"thread_ts": "1790000003.000100"},
        {"text": "<@U0000000002> what do you say?"},
        {"text": " <@U0000000002|bo> and you?"},
        {"thread_ts": None, "parent_user_id": None},
        {"bot_id": "B1"},
    ],
)
def test_other_threads_and_words_to_others_are_left_alone(changes: dict[str, Any]) -> None:
    assert translate(sample("message_follow_up", **changes), BOT, joined) == ()


def test_a_follow_up_that_mentions_somebody_later_counts() -> None:
    assert only(sample("message_follow_up", text="what would <@U0000000002> say?"), joined)


def test_an_edited_follow_up_is_an_edit() -> None:
    before = {
        **message("message_changed_channel"),
        "text": "a",
        "thread_ts": "1790000000.000100",
        "ts": "1790000005.000100",
    }
    words = {**before, "text": "b"}

    heard = edited("message_changed_channel", joined, message=words, previous_message=before)

    assert heard.place.thread == "1790000000.000100"


def test_in_a_group_message_the_bot_is_mentioned() -> None:
    heard = said("message_mpim")

    assert (heard.place.private, heard.place.thread) == (False, "1790000000.000100")
    assert only(sample("message_mpim", text="which of us is right?")) is None


# stops, feedback, forms, the Home tab


def test_slack_s_own_stop_button_stops_whatever_is_answered_below_that_message() -> None:
    events = translate(sample("agent_session_stopped"), BOT)

    assert all(isinstance(each, Pressed) and each.action is Action.STOP and not each.turn for each in events)
    assert [each.place.thread for each in events if isinstance(each, Pressed)] == ["1790000000.000100", ""]
    assert len({each.keys for each in events if isinstance(each, Pressed)}) == 2


def test_a_thumb_down_names_the_answer() -> None:
    heard = only(interaction("feedback_pressed"))

    assert isinstance(heard, Pressed)
    assert (heard.action, heard.turn, heard.text) == (Action.BAD, "k1", "")


def test_a_comment_is_the_same_press_with_words() -> None:
    pressed, commented = only(interaction("feedback_pressed")), only(interaction("feedback_submitted"))

    assert isinstance(pressed, Pressed)
    assert isinstance(commented, Pressed)
    assert (commented.action, commented.turn, commented.text) == (Action.BAD, "k1", "It was about summer.")
    assert (commented.place, commented.author) == (pressed.place, pressed.author)
    assert Address.parse(commented.address).ephemeral
    assert commented.keys != pressed.keys
    assert (pressed.asked_for_more, commented.asked_for_more) == (True, False)


def test_a_pressed_stop_names_the_answer() -> None:
    heard = only(interaction("stop_pressed"))

    assert isinstance(heard, Pressed)
    assert (heard.action, heard.turn) == (Action.STOP, "k1")


def test_the_home_tab_is_asked_for_when_it_is_opened() -> None:
    heard = only(sample("app_home_opened_home"))

    assert isinstance(heard, Commanded)
    assert heard.command is Command.HOME
    assert heard.place == Place("slack", "T0000000001", "D0000000001", private=True)
    assert Address.parse(heard.address) == Address(
        "D0000000001", "T0000000001", user="U0000000001", user_team="T0000000001", home=True
    )


def test_a_press_on_the_home_tab_is_answered_there() -> None:
    opened, pressed = only(sample("app_home_opened_home")), only(interaction("home_button_pressed"))

    assert isinstance(opened, Commanded)
    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.turn, pressed.text) == (Action.LANGUAGE, "k1", "pt_BR")
    assert (pressed.place, pressed.address) == (opened.place, opened.address)


def test_the_shortcut_tells_the_message_and_its_thread() -> None:
    about = wants_to_ask(interaction("message_action"))

    assert about == About("C0000000001", "1790000000.000100", "The <plan>\nfor #sales")
    assert wants_to_ask(interaction("message_action", callback_id="other")) is None


def test_a_question_by_command_is_read_as_it_was_typed() -> None:
    asked = asked_question(interaction("slash_command_ask"))

    assert asked is not None
    assert (asked.text, asked.channel, asked.user) == ("what is 1 < 2?", "C0000000001", "U0000000001")


def test_a_question_by_form_holds_what_it_is_about() -> None:
    asked = asked_question(interaction("question_submitted"))

    assert asked is not None
    assert (asked.channel, asked.thread, asked.quote) == ("C0000000001", "1790000000.000100", "The <plan>")
    assert asked.whole_text == "Is it any good?\n\n> The <plan>"


@pytest.mark.parametrize("text", ["ask", "ask  ", "asking for a friend", "reset"])
def test_without_a_question_nothing_is_asked(text: str) -> None:
    assert asked_question(interaction("slash_command", text=text)) is None


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
def test_a_mention_counts_in_every_kind_of_channel(kind: str) -> None:
    assert said("message_channel_mention", channel_type=kind).place.private is False


def test_the_bot_s_own_words_are_known_by_the_user_alone() -> None:
    assert translate(sample("message_own", bot_id=None, app_id=None), BOT) == ()


@pytest.mark.parametrize("text", ["reset", "RESET", " reset ", "/reset"])
def test_reset_alone_is_a_command(text: str) -> None:
    direct = only(sample("message_im", text=text))
    mentioned = only(sample("app_mention", text=f"<@U00000000B0> {text}"))

    assert isinstance(direct, Commanded)
    assert isinstance(mentioned, Commanded)
    assert direct.command is Command.RESET
    assert mentioned.place.thread == "1790000000.000100"


def test_reset_within_a_sentence_is_a_question() -> None:
    assert said("message_im", text="reset my router").text == "reset my router"


def test_home_is_no_word_of_command() -> None:
    assert said("message_im", text="home").text == "home"


@pytest.mark.parametrize(("command", "text"), [("/aivax", "reset"), ("/ask", " Reset "), ("/reset", "")])
def test_a_slash_command_is_meant_for_the_whole_channel_and_answered_to_its_author(
    command: str, text: str
) -> None:
    heard = only(interaction("slash_command", command=command, text=text))

    assert isinstance(heard, Commanded)
    assert (heard.command, heard.whole_channel) == (Command.RESET, True)
    assert heard.place == Place("slack", "T0000000001", "C0000000001")
    assert Address.parse(heard.address).ephemeral
    assert Address.parse(heard.address).reply == "https://hooks.slack.com/commands/T0000000001/1/x"


@pytest.mark.parametrize("word", ["stop", "usage", "help", "privacy", "export", "forget"])
def test_each_word_of_command_is_known_in_every_form(word: str) -> None:
    by_command, by_mention = (
        only(interaction("slash_command", text=word)),
        only(sample("message_im", text=word)),
    )

    assert isinstance(by_command, Commanded)
    assert isinstance(by_mention, Commanded)
    assert by_command.command == by_mention.command == Command(word)
    assert not by_mention.whole_channel


@pytest.mark.parametrize(
    ("text", "argument"), [("model", ""), ("Model support:50c3", "support:50c3"), ("model  @v/n ", "@v/n")]
)
def test_the_gateway_is_shown_or_chosen_by_command(text: str, argument: str) -> None:
    heard = only(interaction("slash_command", text=text))

    assert isinstance(heard, Commanded)
    assert (heard.command, heard.argument) == (Command.MODEL, argument)


@pytest.mark.parametrize("text", ["", "dance", "ask", "home", "reset it"])
def test_any_other_slash_command_is_a_call_for_help(text: str) -> None:
    heard = only(interaction("slash_command", text=text))

    assert isinstance(heard, Commanded)
    assert heard.command is Command.HELP


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def paths(payload: Any, *above: Any) -> list[tuple[Any, ...]]:
    items = (
        payload.items()
        if isinstance(payload, dict)
        else enumerate(payload)
        if isinstance(payload, list)
        else ()
    )
    return [path for key, value in items for path in ((*above, key), *paths(value, *above, key))]


@unhurried
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_whatever_a_field_holds_nothing_breaks(data: st.DataObject, name: str) -> None:
    payload = json.loads(SAMPLES[name].read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(payload)))
        holder = payload
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[path[-1]] = copy.deepcopy(data.draw(JSON))
        elif isinstance(holder, dict):
            del holder[path[-1]]

    for is_joined in (None, joined):
        for heard in translate(payload, BOT, is_joined):
            if isinstance(heard, Said | Commanded | Pressed):
                assert Address.parse(heard.address).channel == heard.place.channel
    asked_question(payload)
    wants_to_ask(payload)


@unhurried
@given(JSON)
def test_any_payload_at_all_is_survived(payload: Any) -> None:
    assert translate(payload, BOT) == ()


@unhurried
@given(JSON | st.text())
def test_an_address_that_is_none_is_refused(address: Any) -> None:
    text = address if isinstance(address, str) else json.dumps(address)

    with pytest.raises(PlaceClosed):
        Address.parse(text)
