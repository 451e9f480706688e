"""What Slack may refuse: every code of its pages costs no word, or ends the answer in a clear state."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bots.slack.delivery.streaming.streams import NO_STREAM_ANY_MORE
from bots.slack.transport.error_mapping import refused
from core.domain import (
    Apology,
    Footer,
    FrontendRefused,
    MessageRefused,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from tests.listening import Inbox, Lamp
from tests.slack_stage import MARKS, Stage, forty_thousand, staged

NOTHING = Footer()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


THIS_APP = [
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
    "team_access_not_granted",
    "enterprise_is_restricted",
    "ekm_access_denied",
]
LATER = ["ratelimited", "rate_limited", "service_unavailable"]
UNSURE = ["fatal_error", "internal_error", "request_timeout"]
THIS_PLACE = [
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "messages_tab_disabled",
    "cannot_reply_to_message",
    "is_inactive",
    "user_not_in_channel",
]
ELSEWHERE = (
    "no_text invalid_blocks msg_blocks_too_long markdown_text_conflict metadata_too_large msg_too_long "
    "invalid_arguments invalid_attachments too_many_attachments "
    "cant_update_message edit_window_closed block_mismatch streaming_state_conflict "
    "cant_delete_message already_reacted expired_trigger_id exchanged_trigger_id "
    "hash_conflict not_enabled invalid_thread_ts not_agent_app feature_disabled thread_ts_required "
    "not_authorized invalid_status session_not_found missing_recipient_user_id missing_recipient_team_id "
    "channel_type_not_supported message_not_in_streaming_state stopped_by_user message_not_owned_by_app "
    "invalid_chunks streaming_mode_mismatch cannot_provide_both_markdown_text_and_chunks unknown_method "
    "feature_not_enabled method_deprecated a_code_that_slack_made_up_today"
)
"""Each is about what was written, or the message that it was written into: the place is open."""


@pytest.mark.parametrize("code", [*THIS_APP, *LATER, *UNSURE, *THIS_PLACE, *ELSEWHERE.split()])
def test_every_code_is_one_of_our_errors(code: str) -> None:
    def error(*, once: bool) -> PlatformError:
        return refused("chat.postMessage", 200, {"error": code}, {}, once=once, setting="[slack] bot_token")

    kind = (
        FrontendRefused
        if code in THIS_APP
        else PlatformBusy
        if code in LATER
        else OutcomeUnknown
        if code in UNSURE
        else PlaceClosed
        if code in THIS_PLACE
        else MessageRefused
    )
    assert type(error(once=True)) is kind
    assert type(error(once=False)) is (PlatformBusy if kind is OutcomeUnknown else kind)
    assert error(once=True).code == code


@pytest.mark.parametrize("code", ["message_not_found", "thread_not_found"])
def test_a_message_that_is_gone_has_one_name(code: str) -> None:
    error = refused("chat.update", 200, {"error": code}, {}, once=False, setting="[slack] bot_token")

    assert (type(error), error.code) == (PlaceClosed, "unknown_message")


@pytest.mark.parametrize(("needed", "kind"), [("chat:write", FrontendRefused), ("files:read", PlaceClosed)])
def test_a_missing_scope_is_the_app_s_end_only_where_it_can_t_write(
    needed: str, kind: type[PlatformError]
) -> None:
    body = {"error": "missing_scope", "needed": needed, "provided": "x"}
    error = refused("any.method", 200, body, {}, once=False, setting="[slack] bot_token")

    assert type(error) is kind


@dataclass(frozen=True)
class Says:
    """What a method may say once, and that the answer is told whole all the same."""

    method: str
    codes: str


GOES_ON = (
    Says(
        "chat.startStream",
        "unknown_method feature_not_enabled method_deprecated channel_type_not_supported no_text "
        "missing_recipient_user_id missing_recipient_team_id ratelimited rate_limited invalid_chunks "
        "msg_too_long invalid_arguments invalid_blocks invalid_ts invalid_thread_ts a_new_code internal_error "
        "fatal_error request_timeout service_unavailable",
    ),
    Says(
        "chat.appendStream",
        "unknown_method feature_not_enabled method_deprecated message_not_in_streaming_state msg_too_long "
        "invalid_chunks message_not_owned_by_app message_not_found streaming_mode_mismatch "
        "channel_type_not_supported invalid_blocks no_text invalid_arguments invalid_attachments a_new_code "
        "ratelimited rate_limited internal_error fatal_error request_timeout service_unavailable",
    ),
    Says(
        "chat.stopStream",
        "unknown_method feature_not_enabled method_deprecated message_not_in_streaming_state msg_too_long "
        "invalid_chunks message_not_found invalid_blocks msg_blocks_too_long streaming_mode_mismatch no_text "
        "invalid_arguments a_new_code "
        "ratelimited rate_limited internal_error fatal_error request_timeout service_unavailable",
    ),
    Says(
        "chat.postMessage",
        "invalid_blocks invalid_blocks_format msg_blocks_too_long invalid_attachments msg_too_long no_text "
        "invalid_arguments metadata_too_large a_new_code ratelimited rate_limited internal_error "
        "fatal_error request_timeout service_unavailable",
    ),
    Says(
        "chat.update",
        "cant_update_message edit_window_closed block_mismatch streaming_state_conflict "
        "invalid_blocks invalid_attachments msg_too_long no_text invalid_arguments a_new_code ratelimited "
        "rate_limited internal_error fatal_error request_timeout "
        "service_unavailable",
    ),
)


async def told_in_steps(stage: Stage, direct: bool, fatal: str = "") -> None:
    """Write an answer word by word, each one when the last is seen, or when Slack said `fatal`."""

    def seen(word: str) -> bool:
        return word in stage.text or bool(
            fatal and [each for each in stage.slack.calls if each.error == fatal]
        )

    async with stage.surface(direct=direct) as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: seen("one"))
        await surface.write("two ")
        await stage.slack.until(lambda: seen("two"))
        await surface.write("three")
        await surface.finish(Footer("the end"))


@pytest.mark.parametrize(
    ("method", "code"), [(says.method, code) for says in GOES_ON for code in says.codes.split()]
)
async def test_a_refusal_in_passing_costs_no_word(stage: Stage, method: str, code: str) -> None:
    direct = method.endswith("Stream")
    if not direct:
        await stage.in_channel()
    stage.slack.fail(method, code)

    await told_in_steps(stage, direct)

    assert re.findall("one|two|three", stage.text) == ["one", "two", "three"]
    over = code in {*NO_STREAM_ANY_MORE, "message_not_found"}  # so it was said: nobody stops it
    assert over or not any(each.streaming for each in stage.answers)


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize("code", ["unknown_method", "feature_not_enabled", "method_deprecated"])
async def test_a_workspace_that_lost_its_streams_is_not_asked_for_them_again(
    stage: Stage, method: str, code: str
) -> None:
    stage.slack.fail(method, code, times=None)
    await told_in_steps(stage, True)
    before = len([call for call in stage.slack.calls if call.method.endswith("Stream")])
    await stage.ask()

    await told_in_steps(stage, True)

    assert len([call for call in stage.slack.calls if call.method.endswith("Stream")]) == before
    assert re.findall("one|two|three", stage.text) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (method, code)
        for method in ("chat.startStream", "chat.appendStream", "chat.postMessage", "chat.update")
        for code in (*THIS_PLACE, *THIS_APP)
    ],
)
async def test_a_refusal_for_good_ends_the_answer_clearly(stage: Stage, method: str, code: str) -> None:
    direct = method.endswith("Stream")
    if not direct:
        await stage.in_channel()
    stage.slack.fail(method, code, times=None)

    with pytest.raises((PlaceClosed, FrontendRefused)) as ended:
        await told_in_steps(stage, direct, fatal=code)

    assert ended.value.code == code
    assert isinstance(ended.value, FrontendRefused) == (code in THIS_APP)


# what is refused for what it says


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "no_text", "a_new_code"])
async def test_words_that_are_taken_in_no_form_end_the_answer_as_refused_and_leave_no_open_stream(
    stage: Stage, direct: bool, code: str
) -> None:
    if not direct:
        await stage.in_channel()
    stage.slack.refuse_words("two", code)
    async with stage.surface(direct=direct) as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: "one" in stage.text)
        await surface.write("two ")
        with pytest.raises(MessageRefused):
            await surface.finish(NOTHING)
    async with stage.surface(direct=direct) as surface:
        await surface.fail(Apology("This was not taken."))

    assert [each.text.strip() for each in stage.answers] == ["one", "This was not taken."]
    assert not any(each.streaming for each in stage.answers)


@pytest.mark.parametrize("code", ["restricted_action", "is_archived"])
async def test_a_place_that_closes_in_mid_answer_leaves_no_open_stream(stage: Stage, code: str) -> None:
    stage.slack.fail("chat.appendStream", code, times=None)

    with pytest.raises(PlaceClosed):
        await told_in_steps(stage, True, fatal=code)

    assert not any(each.streaming for each in stage.answers)


async def test_a_stream_that_can_t_be_stopped_is_taken_away_and_said_again(stage: Stage) -> None:
    stage.slack.fail("chat.appendStream", "a_new_code")
    stage.slack.fail("chat.stopStream", "another_new_code", times=None)

    await told_in_steps(stage, True)

    assert re.findall("one|two|three", stage.text) == ["one", "two", "three"]
    assert not any(each.streaming for each in stage.answers)


async def test_buttons_that_are_not_taken_cost_only_themselves(stage: Stage) -> None:
    await stage.in_channel()
    stage.slack.fail("chat.postMessage", "invalid_attachments")
    async with stage.surface(direct=False) as surface:
        await surface.write(
            "# Title\n\n**bold** <!here> [here](https://a.example/x)\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        )
        await surface.finish(NOTHING)

    (answer,) = stage.answers
    assert answer.text == "Title\n\nbold <!here> here (https://a.example/x)\n\na | b\n1 | 2"
    assert not answer.pings


# in the middle of a long answer


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("trouble", ["lost", "not done", "busy"])
@pytest.mark.parametrize(
    "method",
    ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update"],
)
async def test_whichever_call_goes_wrong_nothing_is_lost_or_doubled(
    stage: Stage, method: str, trouble: str, skip: int
) -> None:
    direct, text = method.endswith("Stream"), forty_thousand()[:20_000]
    if not direct:
        await stage.in_channel()
    match trouble:
        case "lost":
            stage.slack.lose_response(method, skip=skip)
        case "not done":
            stage.slack.break_http(method, 502, skip=skip)
        case _:
            stage.slack.rate_limit(method, 2, times=2, skip=skip)
    async with stage.surface(direct=direct) as surface:
        for at in range(0, len(text), 1_499):
            await surface.write(text[at : at + 1_499])
            for _ in range(100):  # a call may go out
                await asyncio.sleep(0)
        await surface.finish(NOTHING)

    assert len(stage.slack.calls_of(method)) > skip, "nothing went wrong"
    assert MARKS.findall("\n".join(each.text for each in stage.answers)) == MARKS.findall(text)
    assert not any(each.streaming for each in stage.answers)
    assert all(each.text.count("```") % 2 == 0 for each in stage.answers)


# the author is told


@pytest.fixture
async def speaking() -> AsyncIterator[Stage]:
    """A bot that knows whom to ask for its sentences, as from the moment at which it begins to listen."""
    async with staged(app_token="") as stage:
        with pytest.raises(FrontendRefused):
            await stage.bot.listen(Inbox(), Lamp())
        yield stage


@pytest.mark.parametrize("code", ["not_in_channel", "is_archived", "restricted_action_read_only_channel"])
async def test_who_asked_where_the_bot_may_not_write_is_told_so_in_private(
    speaking: Stage, code: str
) -> None:
    stage = speaking
    general = await stage.in_channel()
    stage.slack.fail("chat.postMessage", code)
    async with stage.surface(direct=False) as surface:
        await surface.write("Hello")
        with pytest.raises(PlaceClosed):
            await surface.finish(NOTHING)

    (told,) = stage.slack.visible(stage.slack.dm(stage.asker))[1:]
    assert "#general" in told.text
    assert not told.pings
    assert not [each for each in stage.slack.visible(general) if each.is_bot]


async def test_they_are_told_once_an_hour_for_each_place(speaking: Stage) -> None:
    stage, dm = speaking, speaking.dm

    async def ask_in_vain() -> None:
        stage.slack.fail("chat.postMessage", "not_in_channel")
        async with stage.surface(direct=False) as surface:
            await surface.write("Hello")
            with pytest.raises(PlaceClosed):
                await surface.finish(NOTHING)

    await stage.in_channel()
    await ask_in_vain()
    await ask_in_vain()
    once = len(stage.slack.visible(dm)) - 1
    stage.pass_time(3_601)
    await ask_in_vain()
    again = len(stage.slack.visible(dm)) - 1
    await stage.in_channel()
    await ask_in_vain()

    assert (once, again, len(stage.slack.visible(dm)) - 1) == (1, 2, 3)


async def test_a_process_that_only_answers_tells_the_author_too(stage: Stage) -> None:
    dm = stage.dm
    await stage.in_channel()
    stage.slack.fail("chat.postMessage", "is_archived")
    async with stage.surface(direct=False) as surface:
        await surface.write("Hello")
        with pytest.raises(PlaceClosed):
            await surface.finish(NOTHING)

    assert len(stage.slack.visible(dm)) == 2


@pytest.mark.parametrize("trouble", ["no scope", "no author", "a direct message"])
async def test_where_nobody_can_be_told_the_answer_ends_all_the_same(speaking: Stage, trouble: str) -> None:
    stage, dm = speaking, speaking.dm
    if trouble == "no scope":
        stage.slack.workspace.scopes.discard("im:write")
    place: dict[str, Any] = {"user": "" if trouble == "no author" else stage.asker.id}
    if trouble != "a direct message":
        await stage.in_channel()
        place["direct"] = False
    stage.slack.fail("chat.postMessage", "is_archived")
    stage.slack.fail("chat.startStream", "is_archived")
    async with stage.surface(**place) as surface:
        await surface.write("Hello")
        with pytest.raises(PlaceClosed):
            await surface.finish(NOTHING)

    assert len(stage.slack.visible(dm)) == 1
