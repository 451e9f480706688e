"""Slack's payloads, in their documented shape, become the core's events, or nothing."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.address import Where, where
from bots.slack.translate import Bot, translate
from core.errors import PlaceClosed
from core.messages import Command, Commanded, Place, Said

BOT = Bot("T0000000001", "U00000000B0", "B00000000B0", "aivax")
SAMPLES = {path.stem: path for path in (Path(__file__).parent / "payloads" / "slack").glob("*.json")}

unhurried = settings(deadline=None)  # machines that run tests are busy


def sample(name: str, **event: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(SAMPLES[name].read_text())
    payload["event"] = {
        key: value for key, value in {**payload["event"], **event}.items() if value is not None
    }
    return payload


def said(name: str, **event: Any) -> Said:
    heard = translate(sample(name, **event), BOT)
    assert isinstance(heard, Said)
    return heard


def test_a_mention_in_a_channel_is_a_question_in_its_own_thread() -> None:
    heard = said("app_mention")

    assert heard.text == "what is 1 < 2 & 3?"
    assert heard.place == Place("slack", "T0000000001", "C0000000001", "1790000000.000100")
    assert (heard.author.identity.user, heard.origin) == ("U0000000001", "1790000000.000100")
    assert where(heard.address) == Where(
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
    assert where(heard.address).thread == "1790000000.000100"
    assert where(heard.address).direct


def test_a_thread_in_a_direct_message_is_a_place_of_its_own() -> None:
    assert said("message_im_thread").place.thread == "1789999000.000200"


def test_a_parent_that_names_itself_is_no_reply() -> None:
    assert said("message_im", thread_ts="1790000000.000100").place.thread == ""


def test_a_broadcast_reply_is_a_person_s_words() -> None:
    assert said("message_thread_broadcast").text == "so?"


def test_files_come_along_even_without_a_word() -> None:
    heard = said("message_file_share")

    cat, unknown = heard.attachments
    assert (heard.text, cat.name, cat.media_type, cat.size_bytes) == ("", "cat.png", "image/png", 20_480)
    assert json.loads(cat.ref)["url"].endswith("/download/cat.png")
    assert json.loads(unknown.ref) == {"id": "F0000000004", "url": "", "team": "T0000000001"}


def test_a_bare_mention_is_a_question_without_words() -> None:
    assert said("app_mention", text="<@U00000000B0>").text == ""


@pytest.mark.parametrize(
    "name",
    [
        "message_channel",
        "message_bot",
        "message_bot_message",
        "message_own",
        "message_changed",
        "message_deleted",
        "message_slack_connect",
        "app_home_opened",
    ],
)
def test_what_is_not_meant_for_the_bot_is_nothing(name: str) -> None:
    assert translate(sample(name), BOT) is None


def test_a_click_is_nothing_yet() -> None:
    assert translate(json.loads(SAMPLES["button_pressed"].read_text()), BOT) is None


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
def test_a_mention_counts_in_every_kind_of_channel(kind: str) -> None:
    assert said("message_channel_mention", channel_type=kind).place.private is False


def test_a_company_s_other_workspace_is_not_outside() -> None:
    assert said("message_enterprise_sibling")


def test_the_bot_s_own_words_are_known_by_the_user_alone() -> None:
    assert translate(sample("message_own", bot_id=None, app_id=None), BOT) is None


@pytest.mark.parametrize("text", ["reset", "RESET", " reset ", "/reset"])
def test_reset_alone_is_a_command(text: str) -> None:
    direct = translate(sample("message_im", text=text), BOT)
    mentioned = translate(sample("app_mention", text=f"<@U00000000B0> {text}"), BOT)

    assert isinstance(direct, Commanded)
    assert isinstance(mentioned, Commanded)
    assert direct.command is Command.RESET
    assert mentioned.place.thread == "1790000000.000100"


def test_reset_within_a_sentence_is_a_question() -> None:
    assert said("message_im", text="reset my router").text == "reset my router"


@pytest.mark.parametrize(("command", "text"), [("/aivax", "reset"), ("/ask", " Reset "), ("/reset", "")])
def test_a_slash_command_resets(command: str, text: str) -> None:
    form = {**json.loads(SAMPLES["slash_command"].read_text()), "command": command, "text": text}

    heard = translate(form, BOT)

    assert isinstance(heard, Commanded)
    assert heard.place == Place("slack", "T0000000001", "C0000000001")


def test_another_slash_command_is_nothing() -> None:
    form = {**json.loads(SAMPLES["slash_command"].read_text()), "text": "dance"}

    assert translate(form, BOT) is None


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

    heard = translate(payload, BOT)

    assert heard is None or where(heard.address).channel == heard.place.channel


@unhurried
@given(JSON)
def test_any_payload_at_all_is_survived(payload: Any) -> None:
    assert translate(payload, BOT) is None


@unhurried
@given(JSON | st.text())
def test_an_address_that_is_none_is_refused(address: Any) -> None:
    text = address if isinstance(address, str) else json.dumps(address)

    with pytest.raises(PlaceClosed):
        where(text)
