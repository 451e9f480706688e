"""Answers in Slack, as they are seen there: native streams, and posts where there are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from core.domain import (
    Action,
    Apology,
    Button,
    Fenced,
    Footer,
    FrontendRefused,
    PlaceClosed,
    ReplySurface,
    Status,
    ToolActivity,
    ToolState,
)
from tests.fakes import FakeLedger
from tests.platforms.slack import FakeSlack
from tests.slack_stage import Stage, bot_at, long_answer, staged, without_fences, words
from tests.waiting import soon

NOTHING = Footer()


def written(slack: FakeSlack) -> list[str]:
    """The calls that showed something of answers, in order."""
    shows = ("postMessage", "update", "startStream", "appendStream", "stopStream")
    return [call.method for call in slack.calls if call.method.removeprefix("chat.") in shows]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def test_an_answer_grows_in_one_stream_below_the_question(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("Hello")
        await stage.seen("Hello")
        assert stage.answers[0].streaming
        await surface.write(", world")
        await stage.seen("Hello, world")
        await surface.finish(Footer("model x"))

    (answer,) = stage.answers
    assert (answer.text, answer.footer, answer.stream) == ("Hello, world", "model x", "done")
    assert answer.thread_ts == stage.ts


async def test_a_short_answer_that_is_whole_at_once_is_one_post_with_all_that_stands_below_it(
    stage: Stage,
) -> None:
    async with stage.surface() as surface:
        await surface.write("All of it")
        await surface.finish(Footer("model x", (Button(Action.GOOD, "turn", "Good"),)))

    (answer,) = stage.answers
    assert (answer.text, answer.stream) == ("All of it\n\n_model x_", None)
    assert answer.actions
    assert written(stage.slack) == ["chat.postMessage"]


@pytest.mark.parametrize("instant", ["before posted", "before shows", "after shows"])
async def test_a_process_that_dies_around_that_post_leaves_it_once(stage: Stage, instant: str) -> None:
    async def die(at: str) -> None:
        if at == instant:
            raise asyncio.CancelledError

    ledger = FakeLedger(hook=die)
    for _ in range(3):
        with suppress(asyncio.CancelledError):
            async with stage.surface(ledger) as surface:
                await surface.write("All of it")
                await surface.finish(Footer("model x"))
        ledger = ledger.reopened()

    (answer,) = stage.answers
    assert answer.text.startswith("All of it")
    assert "model x" in answer.text + answer.footer
    assert not answer.streaming


async def test_an_answer_that_one_post_does_not_hold_is_a_stream_though_it_comes_at_once(
    stage: Stage,
) -> None:
    text = "word " * 1_000
    async with stage.surface() as surface:
        await surface.write(text)
        await surface.finish(NOTHING)

    assert [(each.text.strip(), each.stream) for each in stage.answers] == [(text.strip(), "done")]
    assert written(stage.slack) == ["chat.startStream", "chat.stopStream"]


async def test_an_answer_without_text_leaves_nothing(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.finish(Footer("model x"))

    assert not stage.answers


async def test_while_no_text_comes_there_is_a_sign(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.note(Status("Thinking <!channel> …"))
        await stage.slack.until(lambda: "Thinking" in stage.slack.status(stage.dm, stage.ts))
        await surface.write("Hi")
        await surface.finish(NOTHING)

    assert not stage.slack.status(stage.dm, stage.ts)


async def test_a_tool_is_a_card_that_ends_as_it_ended(stage: Stage) -> None:
    def tool(state: ToolState, text: str) -> Status:
        return Status(text, ToolActivity("t1", "web_search", state))

    async with stage.surface() as surface:
        await surface.note(tool(ToolState.RUNNING, "Using web search …"))
        await stage.slack.until(lambda: stage.answers and stage.answers[0].tasks)
        running = stage.answers[0].tasks[0]
        await surface.note(tool(ToolState.COMPLETED, ""))
        await surface.write("Found it")
        await surface.finish(NOTHING)

    (answer,) = stage.answers
    assert (running.title, running.status) == ("Using web search …", "in_progress")
    assert [(card.title, card.status) for card in answer.tasks] == [("Using web search …", "complete")]
    assert answer.text == "Found it"


async def test_nothing_that_the_model_writes_pings_even_cut_in_two(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("a <!chan")
        await stage.slack.until(lambda: stage.answers)
        await surface.write("nel> `<@U0000000001>` and <https://a.example/x|click>")
        await surface.finish(NOTHING)

    (answer,) = stage.answers
    assert answer.text == "a <!channel> `<@U0000000001>` and [click](https://a.example/x)"
    assert not answer.pings
    assert not answer.unfurls


@pytest.mark.parametrize("first", ["<", "`", "```py", "&", " \n"])
async def test_an_answer_may_begin_with_what_cant_be_told_yet(stage: Stage, first: str) -> None:
    async with stage.surface() as surface:
        await surface.write(first)
        for _ in range(50):
            await asyncio.sleep(0)
        await surface.write("\nx")
        await surface.finish(NOTHING)

    assert not [call for call in stage.slack.calls if call.error]
    assert len(stage.answers) == 1
    assert words(stage.text).startswith(first.strip())


async def test_an_apology_stands_below_what_was_said(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("```py\nhalf")
        await stage.slack.until(lambda: stage.answers)
        await surface.fail(Apology("That broke off."))

    (answer,) = stage.answers
    assert answer.text == "```py\nhalf\n```\n\nThat broke off."
    assert answer.stream == "done"


async def test_an_apology_can_be_all(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.fail(Apology("No."))

    assert [(each.text, each.stream) for each in stage.answers] == [("No.", None)]


async def test_leaving_without_an_end_keeps_what_was_said_and_stops_the_stream(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("So far")
        await stage.seen("So far")

    assert [(each.text, each.stream) for each in stage.answers] == [("So far", "done")]


@pytest.mark.parametrize("step", [40_000, 700, 37])
async def test_a_long_answer_rolls_over_and_loses_and_doubles_nothing(stage: Stage, step: int) -> None:
    text = long_answer(4)
    async with stage.surface() as surface:
        for at in range(0, len(text), step):
            await surface.write(text[at : at + step])
            if step > 500 or at % 740 == 0:
                await asyncio.sleep(0)
        await surface.finish(NOTHING)

    answers = stage.answers
    assert len(answers) > 2
    assert without_fences("\n".join(each.text for each in answers)) == without_fences(text)
    assert all(each.stream == "done" for each in answers)
    assert all(len(each.text.encode()) <= 9_000 for each in answers)
    assert all(each.text.count("```") % 2 == 0 for each in answers)


async def test_after_four_minutes_the_answer_goes_on_in_a_new_message(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("First line\n")
        await stage.slack.until(lambda: stage.answers)
        stage.pass_time(241)
        await stage.slack.until(lambda: stage.answers[0].stream == "done")
        await surface.write("Second line")
        await stage.slack.until(lambda: len(stage.answers) == 2)
        await surface.finish(NOTHING)

    assert [each.text.strip() for each in stage.answers] == ["First line", "Second line"]


async def test_a_tool_that_outlives_a_stream_is_shown_on_the_next(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.note(Status("Using web search …", ToolActivity("t1", "web", ToolState.RUNNING)))
        await stage.slack.until(lambda: stage.answers)
        stage.pass_time(256)
        await stage.slack.until(lambda: len(stage.answers) == 2)
        await surface.note(Status("", ToolActivity("t1", "web", ToolState.FAILED)))
        await surface.write("No luck")
        await surface.finish(NOTHING)

    assert [each.stream for each in stage.answers] == ["done", "done"]
    assert [each.tasks[0].status for each in stage.answers] == ["in_progress", "error"]


@pytest.mark.parametrize(
    ("begin", "rest", "again"),
    [
        ("```py\nfirst = 1\n", "second = 2\n```", "```py\nsecond = 2\n```"),
        ("**bold" + " words" * 200, " and more** so", "**and more** so"),
        ("| a |\n|---|\n| 1 |\n", "| 2 |", "| a |\n|---|\n| 2 |"),
        ("It is so:\n\n", "> a quote", "> a quote"),
    ],
)
async def test_a_message_that_begins_with_a_tool_opens_again_what_the_one_before_closed(
    stage: Stage, begin: str, rest: str, again: str
) -> None:
    async with stage.surface() as surface:
        await surface.write(begin)
        await stage.slack.until(lambda: stage.answers)
        await surface.pause()
        await surface.note(Status("Using web search …", ToolActivity("t1", "web", ToolState.RUNNING)))
        await stage.slack.until(lambda: stage.answers[0].tasks)
        for messages in (2, 3):
            stage.pass_time(256)
            await stage.slack.until(lambda messages=messages: len(stage.answers) == messages)
        await surface.note(Status("", ToolActivity("t1", "web", ToolState.COMPLETED)))
        await surface.write(rest)
        await surface.finish(NOTHING)

    assert [each.text.strip() for each in stage.answers[1:]] == ["", again]


async def test_a_stream_that_slack_closed_is_continued_in_a_new_message(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("```py\none = 1\n")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.clock.advance(301)
        await surface.write("two = 2\n```")
        await surface.finish(NOTHING)

    first, second = stage.answers
    assert (first.stream, second.stream) == ("dead", "done")
    assert first.text.startswith("```py\none = 1")
    assert second.text == "```py\ntwo = 2\n```"


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_what_was_refused_as_too_long_begins_a_fresh_message(stage: Stage, method: str) -> None:
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.fail(method, "msg_too_long")
        await surface.write("two ")
        if method == "chat.appendStream":
            await stage.slack.until(lambda: len(stage.answers) == 2)
        await surface.write("three")
        await surface.finish(NOTHING)

    assert words(stage.text) == "onetwothree"
    assert [each.stream for each in stage.answers] == ["done", "done"]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_lost_response_loses_and_doubles_nothing(stage: Stage, method: str) -> None:
    stage.slack.lose_response(method)
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        await surface.write("two ")
        await stage.slack.until(lambda: "two" in stage.text)
        await surface.write("three")
        await surface.finish(Footer("end"))

    assert [(each.text, each.stream) for each in stage.answers] == [("one two three", "done")]


async def test_an_append_that_was_not_done_is_done_again(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.break_http("chat.appendStream", 502)
        await surface.write("two ")
        await stage.seen("one two ")
        await surface.finish(NOTHING)

    assert stage.text == "one two "


async def test_where_nothing_tells_whether_it_was_appended_it_is_written_anew(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.lose_response("chat.appendStream")
        stage.slack.fail("conversations.replies", "missing_scope", needed="im:history")
        await surface.write("two ")
        await stage.slack.until(lambda: stage.slack.calls_of("chat.delete"))
        await surface.finish(NOTHING)

    assert [(each.text.strip(), each.stream) for each in stage.answers] == [("one two", "done")]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream"])
async def test_a_lost_response_doubles_nothing_while_the_thread_can_not_be_read(
    stage: Stage, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.slack.delivery.streaming.calls._BUDGET_S", 0.1)
    stage.slack.lose_response(method)
    stage.slack.rate_limit("conversations.replies", 1)
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        await surface.write("two ")
        await stage.slack.until(lambda: stage.slack.calls_of("conversations.replies"))
        await surface.write("three")
        await surface.finish(Footer("end"))

    assert [(each.text, each.footer, each.streaming) for each in stage.answers] == [
        ("one two three", "end", False)
    ]


async def test_a_lost_stop_doubles_nothing_though_slack_is_too_busy_for_another_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.slack.delivery.streaming.calls._BUDGET_S", 0.1)
    monkeypatch.setattr("bots.slack.delivery.streaming.surface._REST_WHEN_BUSY_S", 0.1)
    text = "".join(f"Line {number} of a long answer, with some words in it.\n\n" for number in range(250))
    stage.slack.lose_response("chat.stopStream")
    stage.slack.rate_limit("chat.stopStream", 1, skip=1)
    async with stage.surface() as surface:
        await surface.write(text[:8_000])
        await stage.slack.until(lambda: stage.answers)
        await surface.write(text[8_000:])
        await stage.slack.until(lambda: len(stage.slack.calls_of("chat.stopStream")) > 1)
        await surface.finish(NOTHING)

    assert words("".join(each.text for each in stage.answers)) == words(text)
    assert not any(each.streaming for each in stage.answers)


async def test_a_busy_slack_gets_the_rest_later(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.rate_limit("chat.appendStream", 1)
        stage.slack.rate_limit("chat.stopStream", 2)
        await surface.write("two ")
        await stage.seen("one two ")
        await surface.finish(NOTHING)

    assert [(each.text, each.stream) for each in stage.answers] == [("one two ", "done")]


async def test_the_reader_s_stop_button_ends_the_answer(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.write("one ")
        await stage.slack.until(lambda: stage.answers)
        stage.slack.stop_stream(stage.asker, stage.dm, stage.answers[0].ts)
        await surface.write("two ")
        await surface.finish(NOTHING)

    assert [(each.text, each.stream) for each in stage.answers] == [("one ", "stopped_by_user")]


@pytest.mark.parametrize("error", ["unknown_method", "feature_not_enabled", "method_deprecated"])
async def test_a_slack_that_knows_no_streams_gets_posts_and_is_not_asked_again(
    stage: Stage, error: str
) -> None:
    stage.slack.rules.streams = error
    for _ in range(2):
        await stage.ask()
        async with stage.surface() as surface:
            await surface.write("Hello, ")
            await stage.slack.until(lambda: stage.answers)
            await surface.write("world")
            await surface.finish(NOTHING)
        assert [(each.text, each.stream) for each in stage.answers] == [("Hello, world", None)]

    assert len(stage.slack.calls_of("chat.startStream")) == 1


@pytest.mark.parametrize("trouble", ["rate_limit", "odd_place"])
async def test_where_no_stream_can_be_had_this_answer_is_posted(stage: Stage, trouble: str) -> None:
    if trouble == "rate_limit":
        stage.slack.rate_limit("chat.startStream", 60)
    else:
        stage.slack.fail("chat.startStream", "channel_type_not_supported")
    async with stage.surface() as surface:
        await surface.write("Posted")
        await stage.seen("Posted")
        await surface.finish(NOTHING)
    posted = stage.answers
    stage.pass_time(61)
    await stage.ask()
    async with stage.surface() as surface:
        await surface.write("Streamed")
        await stage.seen("Streamed")
        await surface.finish(NOTHING)

    assert [(each.text, each.stream) for each in posted] == [("Posted", None)]
    assert [(each.text, each.stream) for each in stage.answers] == [("Streamed", "done")]


async def test_an_answer_that_gets_no_second_stream_goes_on_as_a_post(stage: Stage) -> None:
    stage.slack.rate_limit("chat.startStream", 60, skip=1)
    text = long_answer(3)
    ledger = FakeLedger()
    async with stage.surface(ledger) as surface:
        await surface.write(text)
        await surface.finish(NOTHING)

    assert [each.stream for each in stage.answers][:2] == ["done", None]
    assert without_fences("\n".join(each.text for each in stage.answers)) == without_fences(text)
    assert all(each.text.count("```") % 2 == 0 for each in stage.answers)
    assert max(row.shown for row in ledger.rows) == len(text)


async def test_a_closed_place_is_told(stage: Stage) -> None:
    stage.dm.archived = True
    async with stage.surface() as surface:
        await surface.write("Hello")
        with pytest.raises(PlaceClosed) as refused:
            await surface.finish(NOTHING)

    assert refused.value.code == "is_archived"


async def test_a_revoked_token_is_told_without_showing_it(stage: Stage) -> None:
    stage.slack.end_token(stage.slack.bot_token)
    async with stage.surface() as surface:
        await surface.write("Hello")
        with pytest.raises(FrontendRefused) as refused:
            await surface.finish(NOTHING)

    assert refused.value.setting == "[slack] bot_token"
    assert stage.slack.bot_token not in repr(refused.value.__dict__) + str(refused.value)


# taken up again by another attempt


async def begin(stage: Stage, ledger: FakeLedger, text: str) -> ReplySurface:
    """Show some text, and die: the stream is left open."""
    surface = stage.surface(ledger)
    await surface.__aenter__()
    await surface.write(text)
    await stage.seen(text)
    await stage.slack.until(lambda: ledger.rows and ledger.rows[-1].shown == len(text))
    return surface


async def end(surface: ReplySurface) -> None:
    """The frozen process wakes up: it may say nothing any more."""
    await surface.__aexit__(Fenced, Fenced(1, 1), None)


async def test_the_next_attempt_stops_the_stream_and_says_the_rest(stage: Stage) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one two ")
    async with stage.surface(ledger.reopened()) as surface:
        await surface.write("one ")
        await surface.write("two three")
        await surface.finish(NOTHING)
    await end(first)

    assert [(each.text, each.stream) for each in stage.answers] == [("one two ", "done"), ("three", "done")]


async def test_the_next_attempt_trusts_the_message_more_than_the_record(stage: Stage) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one two ")
    await ledger.shows(0, 4)
    async with stage.surface(ledger.reopened()) as surface:
        await surface.write("one two three")
        await surface.finish(NOTHING)
    await end(first)

    assert words(stage.text) == "onetwothree"


@pytest.mark.parametrize("method", ["conversations.replies", "chat.delete"])
async def test_the_next_attempt_says_nothing_twice_though_slack_was_busy_at_first(
    stage: Stage, method: str
) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one two ")
    stage.slack.rate_limit(method, 60)
    async with stage.surface(ledger.reopened(new_generation=method == "chat.delete")) as surface:
        await surface.write("one two three")
        await stage.slack.until(lambda: stage.text.endswith("three"))
        await surface.finish(NOTHING)
    await end(first)

    assert stage.text == "one two three"


async def test_another_text_replaces_what_was_said(stage: Stage) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one two ")
    async with stage.surface(ledger.reopened(new_generation=True)) as surface:
        await surface.write("uno due")
        await surface.finish(NOTHING)
    await end(first)

    assert [(each.text, each.stream) for each in stage.answers] == [("uno due", "done")]


@pytest.mark.parametrize("new_generation", [True, False])
async def test_giving_up_keeps_what_was_said(stage: Stage, new_generation: bool) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one two ")
    async with stage.surface(ledger.reopened(new_generation=new_generation)) as surface:
        await surface.fail(Apology("I gave up."))
    await end(first)

    assert [(each.text, each.stream) for each in stage.answers] == [
        ("one two ", "done"),
        ("I gave up.", "done"),
    ]


@pytest.mark.parametrize("busy", [False, True])
async def test_a_stream_that_was_started_but_not_recorded_is_not_left_behind(
    stage: Stage, busy: bool
) -> None:
    ledger = FakeLedger()
    stage.slack.hang("chat.startStream", after_work=True)
    first = stage.surface(ledger)
    await first.__aenter__()
    await first.write("one two ")
    await stage.seen("one two ")
    if busy:
        stage.slack.rate_limit("conversations.replies", 60)
    async with stage.surface(ledger.reopened()) as surface:
        await surface.write("one two three")
        await stage.seen("one two three")
        await surface.finish(NOTHING)
    await end(first)

    assert [(each.text, each.stream) for each in stage.answers] == [("one two three", "done")]


async def test_a_fenced_attempt_says_nothing_more(stage: Stage) -> None:
    ledger = FakeLedger()
    first = await begin(stage, ledger, "one ")
    ledger.reopened()
    await first.write("two")
    with pytest.raises(Fenced):
        await first.finish(NOTHING)
    await end(first)

    assert stage.text == "one "


# in channels


async def test_in_a_channel_everyone_sees_one_post_grow(stage: Stage) -> None:
    await stage.in_channel()
    async with stage.surface(direct=False) as surface:
        await surface.write("Hello <!here>")
        await stage.seen("Hello <!here>")
        await surface.write(" and <@U0000000001>")
        await surface.finish(NOTHING)

    (answer,) = stage.answers
    assert (answer.text, answer.stream, answer.thread_ts) == (
        "Hello <!here> and <@U0000000001>",
        None,
        stage.ts,
    )
    assert not answer.pings
    assert not answer.unfurls
    assert not stage.slack.calls_of("chat.startStream")


async def test_a_long_answer_in_a_channel_arrives_whole(stage: Stage) -> None:
    await stage.in_channel()
    text = long_answer(3) + "\n\n" + "& <T> 😀 " * 300
    async with stage.surface(direct=False) as surface:
        await surface.write(text)
        await surface.finish(NOTHING)

    assert without_fences("\n".join(each.text for each in stage.answers)) == without_fences(text)


async def test_a_post_whose_response_was_lost_is_found_by_its_nonce(stage: Stage) -> None:
    await stage.in_channel()
    stage.slack.lose_response("chat.postMessage")
    async with stage.surface(direct=False) as surface:
        await surface.write("Hello")
        await surface.finish(NOTHING)

    assert [each.text for each in stage.answers] == ["Hello"]


async def test_channels_can_be_streamed_to_the_asker(stage: Stage) -> None:
    general = await stage.in_channel()
    async with (
        bot_at(stage.slack, stage.time, channel_answers="stream") as bot,
        bot.reply_to(stage.address(direct=False), FakeLedger()) as surface,
    ):
        await surface.write("Hello")
        await stage.seen("Hello")
        await surface.finish(NOTHING)

    assert [(each.text, each.stream) for each in stage.slack.visible(general, stage.ts) if each.is_bot] == [
        ("Hello", "done")
    ]


async def test_a_notice_goes_to_a_channel_that_an_operator_named(stage: Stage) -> None:
    general = stage.slack.channel("ops", [stage.asker])
    async with stage.bot.reply_to(stage.bot.address_of(general.id), FakeLedger()) as surface:
        await surface.write("All is well")
        await surface.finish(NOTHING)

    assert [each.text for each in stage.slack.visible(general)] == ["All is well"]


async def test_an_address_of_another_kind_is_refused(stage: Stage) -> None:
    with pytest.raises(PlaceClosed):
        stage.bot.reply_to("nonsense", FakeLedger())


async def test_no_status_is_left_below_an_answer_that_was_posted_before(stage: Stage) -> None:
    general = await stage.in_channel()
    ledger = FakeLedger()
    for _ in range(2):
        ledger = ledger.reopened()
        async with stage.surface(ledger, direct=False) as surface:
            await stage.slack.until(lambda: stage.slack.status(general, stage.ts))
            await surface.write("All of it")
            await surface.finish(NOTHING)

    assert stage.text == "All of it"
    assert stage.slack.status(general, stage.ts) == ""


async def test_a_worker_that_wakes_while_it_starts_a_stream_takes_it_back(stage: Stage) -> None:
    ledger, start = FakeLedger(), stage.slack.hang("chat.startStream")
    sleeper = stage.surface(ledger)
    await sleeper.__aenter__()
    await sleeper.write("Hello")
    await soon("the start of the stream", start.reached.wait())
    async with stage.surface(ledger.reopened()) as surface:
        await surface.write("Hello, world")
        await surface.finish(NOTHING)
    start.release()

    with pytest.raises(Fenced):
        await sleeper.finish(NOTHING)
    await end(sleeper)
    assert stage.text == "Hello, world"
