"""Where an answer is cut into streams, whatever it is and in whatever pieces it comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.delivery.markup_out import safe
from bots.slack.delivery.messages import letters, shown_up_to
from bots.slack.delivery.streaming.chunk import Ending
from bots.slack.delivery.streaming.streams import MOST_BYTES_WITH_CARDS
from bots.slack.delivery.streaming.task_cards import MOST_CARDS
from core.domain import Status, ToolActivity, ToolState
from tests.slack_streams import StreamReader

PROSE = ("plain words. ", "more\n", "\n\n", "- item\n", "| a | b |\n", "é😀 ")
ODD = (
    "word " * 30,
    "é" * 400,
    "```py\n",
    "```\n",
    "~~~~\n",
    "    deep\n",
    "<!here> & &lt;\n",
    "x" * 3_000,
    " ",
    "`",
)
LINES = st.sampled_from([*PROSE, *ODD]) | st.text(max_size=40)
STEPS = st.lists(
    st.tuples(
        st.lists(LINES, max_size=8),
        st.integers(1, 20),
        st.sampled_from([0.0, 0.0, 20.0, 90.0]),
        st.booleans(),
    ),
    max_size=12,
)

unhurried = settings(deadline=None)  # machines that run tests are busy


def bare(text: str) -> str:
    """A text without blanks, and without the lines that open and close fences."""
    kept = [line for line in text.split("\n") if not line.lstrip(" \t>-").startswith(("```", "~~~"))]
    return "".join("".join(kept).split())


def tool(number: int) -> Status:
    return Status(f"Using tool {number} …", ToolActivity(f"t{number}", "tool", ToolState.RUNNING))


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_nothing_is_lost_doubled_or_too_large(steps: list[tuple[list[str], int, float, bool]]) -> None:
    reader, answer = StreamReader(), ""
    for number, (lines, times, older_s, with_tool) in enumerate(steps):
        answer += "".join(lines) * times
        reader.age_s += older_s
        if with_tool:
            reader.cards.note(tool(number))
        reader.take_all(answer)
    reader.take_all(answer, Ending())

    assert reader.stream.at == len(answer) or not answer[reader.stream.at :].strip()
    for chunks, text in zip(reader.messages, reader.texts, strict=True):
        titles = "".join(chunk.get("title", "") for chunk in chunks)
        assert len((text + titles).encode()) <= MOST_BYTES_WITH_CARDS
        assert len({chunk["id"] for chunk in chunks if "id" in chunk}) <= MOST_CARDS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PROSE), max_size=60),
    st.integers(1, 40),
    st.integers(1, 900),
)
def test_prose_arrives_word_for_word(pieces: list[str], times: int, step: int) -> None:
    reader, answer = StreamReader(), "".join(pieces) * times
    for at in range(0, len(answer), step):
        reader.take_all(answer[: at + step])
    reader.take_all(answer, Ending())

    assert bare("".join(reader.texts)) == bare(safe(answer))


HOSTILE = (
    "<!chan",
    "nel>",
    "<@U1>",
    "<",
    "&lt",
    ";",
    "&",
    "`",
    "```\n",
    "| <!here> |\n|---|\n",
    "é",
    "\n\n",
    "word ",
)


@unhurried
@given(st.lists(st.sampled_from(HOSTILE), max_size=80), st.integers(1, 30), st.integers(1, 12))
def test_however_it_is_cut_no_call_brings_an_open_token(pieces: list[str], times: int, step: int) -> None:
    reader, answer = StreamReader(), "".join(pieces) * times
    for at in range(0, len(answer), step * times):
        reader.take_all(answer[: at + step * times])
    reader.take_all(answer, Ending())

    calls = [chunk["text"] for chunks in reader.messages for chunk in chunks if "text" in chunk]
    assert not [text for text in calls if "<" in text]
    if len(reader.messages) == 1 and "```" not in answer:
        assert reader.texts[0].rstrip() == safe(answer.strip())


def test_code_is_closed_and_opened_again_at_every_edge() -> None:
    answer = (
        "```python title\n" + "".join(f"    line {number}\n" for number in range(2_000)) + "```\nThe end."
    )
    reader = StreamReader()
    for at in range(0, len(answer), 333):
        reader.take_all(answer[: at + 333])
    reader.take_all(answer, Ending())

    assert len(reader.texts) > 2
    for text in reader.texts:
        assert text.startswith("```python title\n    line ")
        assert text.split("\n").count("```") == 1
    shown = [line for text in reader.texts for line in text.split("\n") if line.startswith("    line")]
    assert shown == [f"    line {number}" for number in range(2_000)]


def test_more_tools_than_a_message_holds_go_on_in_the_next() -> None:
    reader = StreamReader()
    for number in range(100):
        reader.cards.note(tool(number))
    reader.take_all("")
    reader.take_all("Done.", Ending())

    cards = [chunk["id"] for chunks in reader.messages for chunk in chunks if "id" in chunk]
    assert len(reader.messages) > 1
    assert {f"t{number}" for number in range(100)} <= set(cards)
    assert reader.texts[-1] == "Done."


@unhurried
@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_what_is_seen_tells_how_far_the_answer_is_shown(answer: str, start: int, length: int) -> None:
    start = min(start, len(answer))
    seen = letters(answer[start : start + length])
    shown = shown_up_to(seen, answer, start)

    assert shown is not None
    assert letters(answer[start:shown]) == seen


def test_another_text_tells_nothing() -> None:
    assert shown_up_to("hello", "help me", 0) is None
    assert shown_up_to("hello", "hell", 0) is None


@pytest.mark.parametrize(
    "answer",
    [
        "It is **very important** that you read on.",
        "Look at *this* and ~~not that~~ here.",
        "Read [the page](https://example.com/a/page) first.",
        "Call `print(1)` and go on.",
        "Prices:\n\n| Fruit | Price |\n| --- | --- |\n| Apple | 1.20 |\n\nThat is all.",
    ],
)
def test_what_is_appended_never_shows_half_a_mark(answer: str) -> None:
    reader = StreamReader()
    shown = set()
    for end in range(len(answer) + 1):
        reader.take_all(answer[:end])
        shown.update(reader.texts)
    reader.take_all(answer, Ending())

    for text in shown:
        assert all(text.count(mark) % 2 == 0 for mark in ("**", "~~", "`")), text
        assert text.count("[") == text.count("/page)"), text
        assert "|" not in text or "| --- | --- |\n" in text, text
    assert "".join(reader.texts) == answer
    assert len(shown) > 1
