"""The terminal: what is read from it, what stands on it, and what never gets there."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import re
import threading
import unicodedata
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bots.terminal.frontend import TerminalFrontend, translate
from bots.terminal.lines import read_lines
from bots.terminal.markdown import MarkdownPainter
from bots.terminal.text import printable
from core.domain import (
    Apology,
    BotError,
    Command,
    Commanded,
    Event,
    Footer,
    FrontendUnreachable,
    MadeFile,
    PlatformError,
    Receipt,
    ReplySurface,
    Said,
    Status,
    ToolActivity,
    ToolState,
)
from tests.fakes import FakeLedger
from tests.waiting import soon, until

SORRY = Apology("My answer was cut short.", "0badcafe")
SEARCHING = Status("Using web search …", ToolActivity("t1", "web_search", ToolState.RUNNING))


class Terminal(io.StringIO):
    """A screen that a person watches. Once `closed_by_reader`, nobody does any more."""

    closed_by_reader = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self.closed_by_reader:
            raise BrokenPipeError
        return super().write(text)

    @property
    def rows(self) -> list[str]:
        """What stands on the screen once the cleared lines are gone."""
        return ["" if not row else row.rpartition("\r\x1b[K")[2] for row in self.getvalue().split("\n")]


class Watched:
    """Who is told whether a frontend is up."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def up(self) -> None:
        self.told.append("up")

    def down(self, cause: BotError) -> None:
        self.told.append(cause)


class Answering:
    """An intake whose bot answers each message in a task of its own."""

    def __init__(self) -> None:
        self.frontend: TerminalFrontend
        self.heard: list[Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def receive(self, event: Event) -> Receipt:
        self.heard.append(event)
        self._tasks.append(asyncio.create_task(self._answer(event)))
        return Receipt.ACCEPTED

    async def settled(self) -> list[object]:
        return list(await asyncio.gather(*self._tasks, return_exceptions=True))

    async def _answer(self, event: Event) -> None:
        async with self.frontend.reply_to(event.address, FakeLedger()) as surface:
            await asyncio.sleep(0)
            await surface.write(f"<{event.text if isinstance(event, Said) else 'done'}>")
            await surface.finish(Footer())


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def talk(screen: TextIO, *lines: str, prompt: str = "") -> Answering:
    intake = Answering()
    intake.frontend = TerminalFrontend(typed(*lines), screen, user="ana", prompt=prompt)
    await soon("the end of the input", intake.frontend.listen(intake, Watched()))
    return intake


def surface_on(screen: TextIO, ledger: FakeLedger | None = None) -> ReplySurface:
    """An answer that was asked for before this chat began."""
    return TerminalFrontend(typed(), screen, user="ana").reply_to("console:1", ledger or FakeLedger())


BEFORE = "(You asked this before; here is the answer.)\n"


def answers(screen: io.StringIO) -> str:
    return screen.getvalue().removeprefix(BEFORE)


# What the person typed


def test_a_line_is_a_message_in_a_private_place() -> None:
    said = translate("  How are you?\n", user="ana", key="console:1")

    assert isinstance(said, Said)
    assert said.text == "How are you?"
    assert said.place.private
    assert said.author.identity.user == said.author.name == "ana"
    assert said.keys == (said.address,) == (said.origin,) == ("console:1",)


@pytest.mark.parametrize("line", ["/reset\n", "reset", "  /RESET "])
def test_reset_is_a_command(line: str) -> None:
    commanded = translate(line, user="ana", key="console:1")

    assert isinstance(commanded, Commanded)
    assert commanded.command is Command.RESET


@pytest.mark.parametrize("line", ["", "\n", "  \t\r\n"])
def test_an_empty_line_is_nothing(line: str) -> None:
    assert translate(line, user="ana", key="console:1") is None


@pytest.mark.parametrize("line", ["please reset", "/resets", "/help me"])
def test_what_only_resembles_a_command_is_a_message(line: str) -> None:
    assert isinstance(translate(line, user="ana", key="console:1"), Said)


# Reading lines


async def read(source: TextIO) -> list[str]:
    return [line async for line in read_lines(source)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one\ntwo\n", ["one\n", "two\n"]),
        ("one\ntwo", ["one\n", "two"]),
        ("\n\none\n\n", ["\n", "\n", "one\n", "\n"]),
        ("ol\u00e9 \U0001f600\r\n", ["ol\u00e9 \U0001f600\n"]),
    ],
)
async def test_lines_are_read_from_a_file_to_its_end(tmp_path: Path, text: str, lines: list[str]) -> None:
    path = tmp_path / "lines"
    path.write_bytes(text.encode())

    with path.open(encoding="utf-8") as source:
        assert await soon("all lines", read(source)) == lines


async def test_a_line_from_a_pipe_comes_before_the_next_is_written() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as source, os.fdopen(writing, "w") as sink:
        lines = read_lines(source)
        for line in ("one\n", "two\n"):
            sink.write(line)
            sink.flush()
            assert await soon("a line", anext(lines)) == line
        sink.close()

        assert [line async for line in lines] == []


class Breaking(io.StringIO):
    """An input that gives a line and then breaks."""

    def __init__(self, failure: Exception) -> None:
        super().__init__("one\n")
        self._failure = failure

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # as in io.StringIO itself
        line = super().readline()
        if not line:
            raise self._failure
        return line


@pytest.mark.parametrize("failure", [OSError(5, "the terminal is gone"), ValueError("closed file")])
async def test_an_input_that_breaks_has_ended(failure: Exception) -> None:
    assert await soon("the lines before the failure", read(Breaking(failure))) == ["one\n"]


async def test_the_reading_thread_ends_with_its_reader() -> None:
    def threads() -> Iterable[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "stdin"]

    lines = read_lines(io.StringIO("one\ntwo\n"))
    await anext(lines)
    await lines.aclose()  # type: ignore[attr-defined]  # a generator

    for thread in threads():
        await asyncio.to_thread(thread.join, 5)
    assert threads() == []


# A conversation


async def test_each_line_is_answered_before_the_next_is_sent() -> None:
    screen = io.StringIO()

    intake = await talk(screen, "one\n", "\n", "two\n", "reset\n", "three")

    assert screen.getvalue() == "<one>\n<two>\n<done>\n<three>\n"
    assert len({event.keys for event in intake.heard}) == 4


@pytest.mark.parametrize("farewell", ["/quit", "/exit\n", " /BYE \n"])
async def test_a_farewell_ends_the_chat(farewell: str) -> None:
    screen = io.StringIO()

    intake = await talk(screen, "one\n", farewell, "two\n")

    assert screen.getvalue() == "<one>\n"
    assert len(intake.heard) == 1


async def test_help_lists_the_commands_without_asking_the_bot() -> None:
    screen = io.StringIO()

    intake = await talk(screen, "/help\n")

    assert "/reset" in screen.getvalue()
    assert "/quit" in screen.getvalue()
    assert intake.heard == []


async def test_a_person_at_a_terminal_is_prompted_for_each_line() -> None:
    screen = Terminal()

    await talk(screen, "one\n", prompt="\nyou> ")

    assert screen.getvalue() == "\nyou> <one>\n\nyou> \n"


async def test_the_frontend_is_up_at_once() -> None:
    watch = Watched()

    await TerminalFrontend(typed(), io.StringIO(), user="ana").listen(Answering(), watch)

    assert watch.told == ["up"]


async def test_when_nobody_reads_the_output_nothing_is_asked() -> None:
    screen = Terminal()
    screen.closed_by_reader = True

    intake = await talk(screen, "one\n", "two\n")

    assert intake.heard == []


async def test_when_the_reader_leaves_the_chat_ends_and_the_answer_stays_due() -> None:
    screen = Terminal()

    class Leaving(Answering):
        async def receive(self, event: Event) -> Receipt:
            screen.closed_by_reader = True
            return await super().receive(event)

    intake = Leaving()
    intake.frontend = TerminalFrontend(typed("one\n", "two\n"), screen, user="ana")
    await soon("the end of the input", intake.frontend.listen(intake, Watched()))

    assert [type(outcome) for outcome in await intake.settled()] == [FrontendUnreachable]
    assert len(intake.heard) == 1


async def test_there_is_nothing_around_a_question_and_nothing_to_fetch() -> None:
    frontend = TerminalFrontend(typed(), io.StringIO(), user="ana")

    assert await frontend.surroundings("console:1", 10) == ()
    with pytest.raises(PlatformError):
        await frontend.fetch("x", 10)


# An answer on the screen


async def test_an_answer_to_what_was_asked_before_this_chat_says_so() -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.write("Hello")
        await surface.finish(Footer())

    assert screen.getvalue() == f"{BEFORE}Hello\n"


async def test_text_is_on_the_screen_as_soon_as_it_is_written() -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.write("Hel")
        assert answers(screen) == "Hel"
        await surface.write("lo\n")
        await surface.finish(Footer("m, 12 tokens"))

    assert answers(screen) == "Hello\nm, 12 tokens\n"


@pytest.mark.parametrize(
    ("written", "shown"), [("", ""), ("Half a sen", "Half a sen\n"), ("A line\n", "A line\n")]
)
async def test_an_apology_stands_on_a_line_of_its_own(written: str, shown: str) -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.write(written)
        await surface.fail(SORRY)

    assert answers(screen) == f"{shown}{SORRY.text}\n"


async def test_an_answer_that_breaks_off_leaves_the_line_to_the_next() -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.write("Half")

    assert answers(screen) == "Half\n"


async def test_a_status_is_shown_where_someone_watches_and_gives_way_to_text() -> None:
    screen = Terminal()

    async with surface_on(screen) as surface:
        await surface.note(SEARCHING)
        assert "Using web search" in screen.rows[-1]
        await surface.note(Status("Thinking …"))
        assert "Using web search" not in screen.rows[-1]
        await surface.note(Status(""))
        assert screen.rows[-1] == ""
        await surface.note(SEARCHING)
        await surface.write("Found it.")
        await surface.finish(Footer())

    assert screen.rows == [BEFORE.strip(), "Found it.", ""]


async def test_a_status_never_breaks_into_a_line_of_the_answer() -> None:
    screen = Terminal()

    async with surface_on(screen) as surface:
        await surface.write("I will look: ")
        await surface.note(SEARCHING)
        await surface.write("found.")
        await surface.finish(Footer())

    assert answers(screen) == "I will look: found.\n"


async def test_a_status_is_gone_when_the_answer_fails_or_breaks_off() -> None:
    failed, broken = Terminal(), Terminal()

    async with surface_on(failed) as surface:
        await surface.note(SEARCHING)
        await surface.fail(SORRY)
    async with surface_on(broken) as surface:
        await surface.note(SEARCHING)

    assert failed.rows == [BEFORE.strip(), SORRY.text, ""]
    assert broken.rows == [BEFORE.strip(), ""]


async def test_a_status_is_one_short_line_without_controls() -> None:
    screen = Terminal()

    async with surface_on(screen) as surface:
        await surface.note(Status("a\nb \x1b[2J" + "c" * 500))

    assert "\x1b[2J" not in screen.getvalue()
    assert screen.getvalue().count("\n") == BEFORE.count("\n")
    assert len(screen.getvalue()) < 200


async def test_where_nobody_watches_no_status_is_written() -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.note(SEARCHING)
        await surface.write("Found it.")
        await surface.note(SEARCHING)
        await surface.finish(Footer())

    assert answers(screen) == "Found it.\n"


async def test_the_ledger_knows_when_the_answer_was_shown() -> None:
    ledger = FakeLedger()

    async with surface_on(io.StringIO(), ledger) as surface:
        await surface.write("Hello")
        assert not ledger.rows[0].closed
        await surface.finish(Footer())

    assert ledger.rows[0].closed
    assert ledger.rows[0].shown == len("Hello")


# What never reaches a terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("ol\u00e9 \u4f60\u597d \U0001f600 \u2026", "ol\u00e9 \u4f60\u597d \U0001f600 \u2026"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x9b31m", "31m"),
        ("over\rwritten\b\x7f", "overwritten"),
        ("\u202egnp.exe\u2066x\u2069", "gnp.exex"),
        ("half \ud800", "half "),
    ],
)
async def test_what_a_terminal_would_obey_is_left_out(text: str, shown: str) -> None:
    screen = io.StringIO()

    async with surface_on(screen) as surface:
        await surface.write(text)

    assert answers(screen).rstrip("\n") == shown


INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
EMOJI = ("👩‍👩‍👧‍👦", "❤️‍🔥", "👩🏽‍💻", "🏳️‍🌈", "1️⃣", "☺️", "🇵🇹", "🙂‍↔️", "☎︎", "👍🏿")
ODD = st.one_of(
    st.characters(),
    st.characters(categories=("Cf", "Co", "Cn", "Zl", "Zp", "So")),
    st.sampled_from("\u200d\ufe0f\ufe0e\U0001f468\U0001f3fd\u2764#1a\n\U000e0041\u3164"),
)


@given(st.text(ODD))
def test_whatever_is_printed_holds_nothing_that_nobody_sees(text: str) -> None:
    shown = printable(text)

    hidden = [char for char in shown if unicodedata.category(char) in INVISIBLE and char not in "\n\t\u200d"]
    assert hidden == []
    assert not re.search(
        r"^\u200d|\u200d$|[^\W_]\u200d|\u200d\w|\u200d\u200d|\ufe0f\ufe0f", shown.replace("1", "")
    )
    assert printable(shown) == shown


@pytest.mark.parametrize("category", sorted(INVISIBLE - {"Cs"}))
def test_no_character_of_an_invisible_category_is_printed(category: str) -> None:
    members = [chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) == category]

    assert {printable(f"a{each}b") for each in members} <= {"ab", "a\nb", "a\tb"}


@pytest.mark.parametrize(
    "hidden",
    ["\U000e0041\U000e0042", "\u200b", "\u200e", "\u2028", "\ufe0f", "\ufe00", "\U000e0100", "\u3164"],
)
def test_what_nobody_sees_does_not_reach_the_terminal(hidden: str) -> None:
    assert printable(f"delete{hidden} nothing") == "delete nothing"


@pytest.mark.parametrize("emoji", EMOJI)
def test_emoji_of_several_parts_stay_whole(emoji: str) -> None:
    assert printable(f"so {emoji} it is") == f"so {emoji} it is"


@given(st.lists(st.one_of(st.sampled_from(EMOJI), st.text(ODD, max_size=4))), st.integers(1, 4))
async def test_an_answer_in_pieces_is_printed_like_a_whole_one(parts: list[str], size: int) -> None:
    text, screen = "".join(parts), io.StringIO()

    async with surface_on(screen) as surface:
        for start in range(0, len(text), size):
            await surface.write(text[start : start + size])

    assert answers(screen).rstrip("\n") == printable(text).rstrip("\n")


# Markdown, where the cursor can be moved


class Screen:
    """A terminal of 40 columns that obeys what a painter writes: erasing, and nothing else."""

    def __init__(self, rows: int = 20) -> None:
        self.console = Console(
            file=io.StringIO(), force_terminal=True, color_system=None, width=40, height=rows
        )
        self.rows = [""]
        self.written = ""

    def show(self, text: str) -> None:
        self.written += text
        for part in re.split(r"(\r(?:\x1b\[\d+A)?\x1b\[J|\n)", re.sub(r"\x1b\[[\d;]*m", "", text)):
            if part.startswith("\r"):
                up = re.search(r"\[(\d+)A", part)
                del self.rows[len(self.rows) - 1 - int(up[1] if up else 0) :]
                self.rows.append("")
            elif part == "\n":
                self.rows.append("")
            else:
                self.rows[-1] += part

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows)


def painted(*pieces: str, rows: int = 20) -> Screen:
    screen = Screen(rows)
    painter = MarkdownPainter(screen.show, console=screen.console, now=lambda: 0.0)
    for piece in pieces:
        painter.feed(piece)
    painter.finish()
    return screen


ANSWER = (
    "Some **bold** words.\n\n1. one\n\n   more of it\n\n2. two\n\n```python\na = 1\n\nb = 2\n```\n\nThe end."
)


def test_markdown_is_formatted_on_a_terminal() -> None:
    shown = painted(ANSWER).text

    assert "**" not in shown
    assert "```" not in shown
    for words in ("Some bold words.", " 1 one", "   more of it", " 2 two", "a = 1", "b = 2", "The end."):
        assert words in shown


@pytest.mark.parametrize(
    "block",
    [
        "- apples\n- pears",
        "> said before",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "```\ncode\n```",
        "# Title",
    ],
    ids=["list", "quote", "table", "code", "heading"],
)
def test_between_two_blocks_stands_one_blank_row(block: str) -> None:
    rows = painted(f"Before.\n\n{block}\n\nBehind.").text.strip("\n").split("\n")

    assert (rows[0], rows[1], rows[-2], rows[-1]) == ("Before.", "", "", "Behind.")
    assert rows[2].strip()
    assert rows[-3].strip()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, len(ANSWER) - 1)))
def test_the_same_stands_on_the_screen_however_the_answer_comes(cuts: list[int]) -> None:
    ends = sorted({0, *cuts, len(ANSWER)})
    pieces = [ANSWER[start:end] for start, end in itertools.pairwise(ends)]

    assert painted(*pieces).text == painted(ANSWER).text


def test_an_answer_shows_while_it_is_written() -> None:
    screen = Screen()
    painter = MarkdownPainter(screen.show, console=screen.console, now=lambda: 0.0)

    painter.feed("The **har")
    first = screen.text
    painter.feed("bour**")

    assert first == "The **har"
    assert screen.text == "The harbour"


def test_a_block_higher_than_the_screen_shows_its_end_and_stands_whole_at_last() -> None:
    code = "".join(f"line {number}\n" for number in range(30))
    screen = Screen(rows=10)
    painter = MarkdownPainter(screen.show, console=screen.console, now=lambda: 0.0)

    painter.feed(f"```\n{code}")
    growing = list(screen.rows)
    painter.feed("```")
    painter.finish()

    assert len(growing) <= 9
    assert all(f"line {number}" in screen.text for number in range(30))


@pytest.mark.parametrize(
    "hostile", ["&#27;[2J", "&#x1b;]0;x&#7;", "&#x202e;abc", "[a](<http://x/&#x1b;[2J>)", "`\u200bx&#x200b;`"]
)
def test_what_markdown_makes_of_an_answer_holds_nothing_that_a_terminal_obeys(hostile: str) -> None:
    written = re.sub(r"\r(\x1b\[\d+A)?\x1b\[J|\x1b\[[\d;]*m|\n", "", painted(printable(hostile)).written)

    assert printable(written) == written


def test_a_link_shows_where_it_leads() -> None:
    assert "https://elsewhere.example" in painted("[your bank](https://elsewhere.example)").text.replace(
        "\n", ""
    )


def test_painting_takes_a_tenth_of_the_time_at_most() -> None:
    ticks = iter([0.0, 0.0, 1.0, 1.0, 5.0, 11.5, 11.5, 11.5, 11.5])
    screen = Screen()
    painter = MarkdownPainter(screen.show, console=screen.console, now=lambda: next(ticks))

    painter.feed("one")
    painter.feed(" two")
    meanwhile = screen.text
    painter.feed(" three")

    assert (meanwhile, screen.text) == ("one", "one two three")


async def test_what_came_last_is_shown_though_nothing_follows_it() -> None:
    screen = Terminal()
    frontend = TerminalFrontend(typed(), screen, user="ana", formats_markdown=True)

    async with frontend.reply_to("console:1", FakeLedger()) as surface:
        await surface.write("one")
        await surface.write(" two")  # which comes too early to be painted at once
        await until("the last piece", lambda: "two" in screen.getvalue())


async def test_a_formatted_answer_and_its_footer_stand_on_lines_of_their_own() -> None:
    screen = Terminal()
    frontend = TerminalFrontend(typed(), screen, user="ana", formats_markdown=True)

    async with frontend.reply_to("console:1", FakeLedger()) as surface:
        await surface.write("**Yes**")
        await surface.finish(Footer("12 tokens"))

    assert re.search(r"Yes\S*\s*\n12 tokens\n$", screen.getvalue())


async def test_a_file_is_saved_and_named_before_the_next_line_is_read() -> None:
    screen = io.StringIO()
    frontend = TerminalFrontend(typed(), screen, user="ana")
    ledger = FakeLedger()
    files = [MadeFile("picture-1.png", "image/png", "a cat\x1b[2J", b"\x89PNG\r\n\x1a\n")]

    async with frontend.reply_to("a", ledger) as surface:
        await surface.write("Here it is.")
        await surface.finish(Footer(files=1))
    await frontend.attach("a", files, await ledger.intend(10_000), ledger, again=False)

    line = screen.getvalue().splitlines()[-1]
    assert "\x1b" not in line
    assert Path(line.removesuffix("]").rpartition(" ")[2]).read_bytes() == files[0].data
