"""Whatever the model writes: an answer arrives whole, in order, and pings nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.domain import Action, Apology, Button, Fenced, Footer, Status, ToolActivity, ToolState
from tests.fakes import FakeLedger
from tests.platforms.slack import FakeSlack
from tests.platforms.slack.reader import addresses, unread_marks
from tests.slack_ears import ears
from tests.slack_stage import MARKS, Stage, bot_at, forty_thousand, staged

NOTHING = Footer()
WAYS = pytest.mark.parametrize("way", ["streamed", "edited"])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def placed(stage: Stage, way: str) -> dict[str, Any]:
    """Ask where answers come that way; what stands in the address then."""
    if way == "streamed":
        return {}
    await stage.in_channel()
    return {"direct": False}


# long answers


@WAYS
@pytest.mark.parametrize("step", [40_000, 997])
async def test_forty_thousand_characters_arrive_whole_and_in_order(stage: Stage, way: str, step: int) -> None:
    place, text = await placed(stage, way), forty_thousand()
    async with stage.surface(**place) as surface:
        for at in range(0, len(text), step):
            await surface.write(text[at : at + step])
        await surface.finish(NOTHING)

    shown = [each.text for each in stage.answers]
    assert len(text) > 39_000
    assert len(shown) > 3
    assert MARKS.findall("\n".join(shown)) == MARKS.findall(text)
    kept = [line for part in shown for line in part.split("\n") if not line.startswith("```")]
    assert "".join("".join(kept).split()) == "".join(text.replace("```python", "").replace("```", "").split())
    assert {each.stream for each in stage.answers} == ({"done"} if way == "streamed" else {None})


@WAYS
async def test_code_is_closed_and_opened_again_at_each_message_s_edge(stage: Stage, way: str) -> None:
    place = await placed(stage, way)
    lines = [f"    line {number}  # {'é' * 30}" for number in range(900)]
    async with stage.surface(**place) as surface:
        await surface.write("\n".join(["```python", *lines, "```", "The end."]))
        await surface.finish(NOTHING)

    shown = [each.text for each in stage.answers]
    assert len(shown) > 3
    for part in shown:
        assert part.startswith("```python\n    line ")
        assert [line for line in part.split("\n") if line.startswith("```")] == ["```python", "```"]
    assert [line for part in shown for line in part.split("\n") if line.startswith("    ")] == lines


# what the model may write


HOSTILE = (
    "<!channel> <!here|now> <!everyone> <@U0000000001> <@W0000000001|boss> <!subteam^S0000000001|@ops> "
    "<#C0000000001> <!date^1392734382^{date}|x> &lt;!channel&gt; @channel @here "
    "![](https://evil.example/pixel.gif?u=1&v=2) <https://evil.example/x|click> "
    "https://evil.example/" + "long" * 100 + " `<!channel>`\n\n| <!here> | <@U0000000001> |\n|---|---|\n"
    "| a | <!everyone> |\n\n```\n<!channel>\n```"
)


@WAYS
@pytest.mark.parametrize("step", [61, 100_000])
async def test_a_long_table_has_its_head_in_every_message(stage: Stage, way: str, step: int) -> None:
    place, head = await placed(stage, way), "| City | People |\n|------|-------:|\n"
    rows = [f"| City {number} | {number * 1000} |" for number in range(300)]
    text = "Before.\n\n" + head + "\n".join(rows) + "\n\nAfter."
    async with stage.surface(**place) as surface:
        for at in range(0, len(text), step):
            await surface.write(text[at : at + step])
        await surface.finish(NOTHING)

    first, *others = [each.text for each in stage.answers]
    assert first.startswith("Before.\n\n" + head)
    assert [each for each in others if not each.startswith((head, "After."))] == []
    assert max(each.count("| City ") for each in (first, *others)) <= 100
    assert re.findall("(?m)^. City .*$", "\n".join((first, *others)).replace(head, "")) == rows
    assert not any(each.streaming for each in stage.answers)


@WAYS
@pytest.mark.parametrize(
    "text",
    [
        "**" + "bold word " * 1_300 + "end**",
        "> **" + "bold quoted " * 1_300 + "end**",
        "~~" + "gone " * 2_000 + "*and leaning " + "words " * 1_200 + "end*~~",
        "see [here](https://a.example/x) and `code` **b** " * 300,
        "これは**重要：**です、<b>太字</b>と<https://a.example/x>を。" * 400,
    ],
    ids=["bold", "quote", "nested", "links", "cjk"],
)
async def test_no_mark_is_torn_where_a_message_ends(stage: Stage, way: str, text: str) -> None:
    place = await placed(stage, way)
    async with stage.surface(**place) as surface:
        for at in range(0, len(text), 997):
            await surface.write(text[at : at + 997])
        await surface.finish(NOTHING)

    shown = [each.text for each in stage.answers]
    assert len(shown) > 1
    assert [mark for each in shown for mark in unread_marks(each)] == []
    assert {each for message in shown for each in addresses(message)} <= {"https://a.example/x"}


@WAYS
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_nothing_that_is_said_pings_anybody_or_unfurls(stage: Stage, way: str, step: int) -> None:
    place = await placed(stage, way)
    tool = ToolActivity("t1", HOSTILE, ToolState.RUNNING, explanation=HOSTILE)
    async with stage.surface(**place) as surface:
        await surface.note(Status(HOSTILE))
        await stage.slack.until(lambda: stage.slack.status(stage.dm, stage.ts) or stage.answers)
        status = stage.slack.status(stage.dm, stage.ts)
        await surface.note(Status(HOSTILE, tool))
        for at in range(0, len(HOSTILE), step):
            await surface.write(HOSTILE[at : at + step])
        await surface.finish(Footer(HOSTILE, (Button(Action.REGENERATE, "t", "Again"),)))
    await stage.ask()
    async with stage.surface(**place) as surface:
        await surface.write("Half")
        await surface.fail(Apology(HOSTILE))

    everything = [each for each in stage.slack.visible(stage.dm) if each.is_bot]
    assert len(everything) >= 2
    assert not [each.pings for each in everything if each.pings]
    assert not [each.unfurls for each in everything if each.unfurls]
    assert "<" not in status
    wire = [str(call.args) for call in stage.slack.calls if call.method.startswith("chat.")]
    assert not [args for args in wire if "<" in args]


@WAYS
async def test_what_was_defused_looks_as_it_was_written(stage: Stage, way: str) -> None:
    place = await placed(stage, way)
    async with stage.surface(**place) as surface:
        await surface.write("| `<!here>` | <T> & x |\n|---|---|\n\n```html\n<p>a &amp; b</p>\n```")
        await surface.finish(NOTHING)

    (answer,) = stage.answers
    assert answer.text == "| `<!here>` | <T> & x |\n|---|---|\n\n```html\n<p>a &amp; b</p>\n```"


async def test_a_thread_s_title_holds_no_token_either() -> None:
    async with FakeSlack() as slack, ears(slack) as here:
        direct = slack.dm(here.ana)
        ts = await slack.say(here.ana, direct, "say &lt;!channel&gt; & <!here> to <@BOT>")
        await slack.until(lambda: slack.world.sessions.get((direct.id, ts)))
        title = slack.world.sessions[direct.id, ts].title

    assert title.startswith("say ")
    assert "channel" in title
    assert "<" not in title


# task cards


def tool(number: int | str, state: ToolState = ToolState.RUNNING, why: str = "", text: str = "") -> Status:
    name = f"tool {number}"
    because = f": {why}" if why else ""
    activity = ToolActivity(f"t{number}", name, state, explanation=why)
    return Status(text or ("" if activity.ended else f"Using {name}{because} …"), activity)


def drawn(stage: Stage) -> set[str]:
    return {card.id for each in stage.answers for card in each.tasks}


async def test_a_tool_s_explanation_stands_below_its_title_once(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.note(tool(1, why="to find the price"))
        await stage.slack.until(lambda: stage.answers and stage.answers[0].tasks)
        await surface.note(tool(1, ToolState.RUNNING, why="to find the price"))
        await surface.note(tool(1, ToolState.COMPLETED, why="to find the price"))
        await surface.write("It costs 3.")
        await surface.finish(NOTHING)

    (card,) = stage.answers[0].tasks
    assert (card.title, card.details, card.status) == ("Using tool 1 …", "to find the price", "complete")


async def test_an_open_tool_is_drawn_whole_on_the_next_stream(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.note(tool(1, why="to find the price"))
        await surface.note(tool(2))
        await surface.note(tool(2, ToolState.COMPLETED))
        await stage.slack.until(lambda: stage.answers and len(stage.answers[0].tasks) == 2)
        stage.pass_time(256)
        await stage.slack.until(lambda: len(stage.answers) == 2)
        await surface.write("It costs 3.")
        await surface.finish(NOTHING)

    again = stage.answers[1].tasks
    assert [(card.id, card.details, card.status) for card in again] == [
        ("t1", "to find the price", "in_progress")
    ]


async def test_sixty_tools_are_all_seen_and_refused_nowhere(stage: Stage) -> None:
    async with stage.surface() as surface:
        for number in range(60):
            await surface.note(tool(number, why=f"reason {number}"))
            await stage.slack.until(lambda number=number: f"t{number}" in drawn(stage))
            await surface.note(tool(number, ToolState.COMPLETED))
        await surface.write("Done.")
        await surface.finish(NOTHING)

    assert not [call for call in stage.slack.calls if call.error]
    assert drawn(stage) == {f"t{number}" for number in range(60)}
    assert stage.answers[-1].text == "Done."


@pytest.mark.parametrize("huge", ["é" * 50_000, "<!channel>" * 5_000, "\n\t " * 9_000 + "x", "😀" * 20_000])
async def test_huge_and_hostile_tools_become_small_cards(stage: Stage, huge: str) -> None:
    async with stage.surface() as surface:
        for number in range(5):
            activity = ToolActivity(f"{number}{huge}", huge, ToolState.RUNNING, huge, huge)
            await surface.note(Status(huge, activity))
            await stage.slack.until(lambda number=number: len(drawn(stage)) > number)
        await surface.write("Done.")
        await surface.finish(NOTHING)

    assert not [call for call in stage.slack.calls if call.error]
    cards = [card for each in stage.answers for card in each.tasks]
    assert len({card.id for card in cards}) == 5
    assert all(len(card.title) <= 256 and len(card.details) <= 400 and card.title for card in cards)
    assert not any(each.pings for each in stage.answers)


async def test_every_stream_is_fed_in_one_way_only(stage: Stage) -> None:
    async with stage.surface() as surface:
        await surface.note(tool(1))
        await surface.write(forty_thousand()[:20_000])
        await surface.finish(Footer("the end"))

    streams = [call for call in stage.slack.calls if call.method.endswith("Stream")]
    assert len(streams) > 4
    assert not [call for call in streams if "markdown_text" in call.args or call.error]


# endings


async def test_buttons_stand_below_the_end_of_either_kind(stage: Stage) -> None:
    buttons = (Button(Action.GOOD, "t1", "Good"), Button(Action.BAD, "t1", "Bad"))
    async with stage.surface() as surface:
        await surface.offer((Button(Action.STOP, "t1", "Stop"),))
        await surface.write("Streamed")
        await stage.slack.until(lambda: stage.answers)
        assert not stage.answers[0].actions
        await surface.finish(Footer("model x", buttons))
    (streamed,) = stage.answers
    await stage.in_channel()
    async with stage.surface(direct=False) as surface:
        await surface.offer((Button(Action.STOP, "t1", "Stop"),))
        await surface.write("Edited")
        await stage.slack.until(lambda: stage.answers)
        while_written = stage.answers[0].actions
        await surface.finish(Footer("model x", buttons))
    (edited,) = stage.answers

    assert while_written == ("aivax:stop",)
    assert len(streamed.actions) == len(edited.actions) > 0
    assert not set(while_written) & set(edited.actions)


async def test_blocks_that_a_workspace_does_not_take_cost_only_their_look(stage: Stage) -> None:
    stage.slack.fail("chat.stopStream", "invalid_blocks")
    async with stage.surface() as surface:
        await surface.write("Streamed")
        await stage.seen("Streamed")
        await surface.finish(Footer("model x"))
    assert [(each.text, each.stream) for each in stage.answers] == [("Streamed", "done")]

    await stage.in_channel()
    stage.slack.fail("chat.postMessage", "invalid_blocks")
    async with stage.surface(direct=False) as surface:
        await surface.write("Edited <!here>")
        await surface.finish(NOTHING)
    (edited,) = stage.answers
    assert (edited.text, edited.pings) == ("Edited <!here>", ())


@pytest.mark.parametrize("code", ["edit_window_closed", "block_mismatch", "cant_update_message"])
async def test_where_messages_may_not_be_changed_the_whole_text_comes_at_the_end(
    stage: Stage, code: str
) -> None:
    await stage.in_channel()
    stage.slack.fail("chat.update", code, times=None)
    async with stage.surface(direct=False) as surface:
        await surface.write("one ")
        await stage.seen("one")
        await surface.write("two ")
        await stage.slack.until(lambda: stage.slack.calls_of("chat.update"))
        await surface.write("three")
        await surface.finish(NOTHING)

    assert [each.text for each in stage.answers] == ["one two three"]


async def test_a_stream_that_is_edited_later_is_ended_first(stage: Stage) -> None:
    ledger = FakeLedger()
    first = stage.surface(ledger)
    await first.__aenter__()
    await first.write("one ")
    await stage.seen("one ")
    await stage.slack.until(lambda: ledger.rows and ledger.rows[-1].shown == 4)
    async with bot_at(stage.slack, stage.time) as other:
        address = stage.address(direct=False)
        async with other.reply_to(address, ledger.reopened()) as surface:
            await surface.write("one two")
            await surface.finish(NOTHING)
    await first.__aexit__(Fenced, Fenced(1, 1), None)

    assert [(each.text, each.streaming) for each in stage.answers] == [("one two", False)]
