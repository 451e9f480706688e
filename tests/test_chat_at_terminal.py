"""The chat in a real pseudo-terminal: what is typed, what stands on the screen, and what is kept of it."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path

import pyte
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from structlog.testing import capture_logs

from bots.terminal.markdown import MarkdownPainter
from bots.terminal.surface import TerminalSurface
from bots.terminal.typed_history import MOST, TypedHistory, history_path
from bots.terminal.typing_line import TypingLine
from core.domain import Footer, Status
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from tests.fakes import FakeLedger
from tests.programs import PIPE, PROJECT, forker
from tests.samples import WallClock
from tests.terminal_screen import ScreenOf, at_screen
from tests.waiting import soon, until

HISTORY = "data/aivax-bots.history"


def environment(server: Sandbox) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nowhere",
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "PYTHONPATH": str(PROJECT),
        "AIVAX_BOTS__AIVAX__BASE_URL": f"{server.base_url}/v1",
        "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-sandbox",
        "AIVAX_BOTS__AIVAX__MODEL": "sandbox:50c3",
    }


@asynccontextmanager
async def chatting(folder: Path, server: Sandbox, *flags: str) -> AsyncIterator[ScreenOf]:
    async with at_screen("chat", *flags, env=environment(server), cwd=folder) as screen:
        await screen.sees("you>")
        yield screen


def asked(server: Sandbox) -> list[str]:
    """The last message of each completion."""
    calls = server.state.calls.described()
    bodies = [call["body"] for call in calls if call["path"].endswith("/chat/completions")]
    return [str(body["messages"][-1]["content"]) for body in bodies]


async def say(screen: ScreenOf, keys: str) -> None:
    """Press keys that send a message, and wait until the line is there again for the next one."""
    before = len(screen.written)
    screen.press(keys)
    await screen.shows(
        "the next line",
        lambda: b"you>" in screen.written[before:] and screen.rows[-1:] == ["you>"],
    )


async def test_a_message_of_several_lines_is_one_message(tmp_path: Path) -> None:
    async with serve(plan="max") as server, chatting(tmp_path, server) as screen:
        screen.press("first line\x1b\r")
        await screen.sees("...>")
        await say(screen, "second line\\\rthird line\r")

    assert [each.splitlines() for each in asked(server)] == [["first line", "second line", "third line"]]


async def test_a_paste_of_several_lines_is_one_message(tmp_path: Path) -> None:
    async with serve(plan="max") as server, chatting(tmp_path, server) as screen:
        await say(screen, "\x1b[200~one\rtwo\r\x1b[201~\r")

    assert [each.split() for each in asked(server)] == [["one", "two"]]


async def test_what_was_typed_is_there_in_the_next_chat_for_its_owner_alone(tmp_path: Path) -> None:
    async with serve(plan="max") as server:
        async with chatting(tmp_path, server) as screen:
            await say(screen, "the pearl diver\r")
            screen.press("\x04")
            assert await screen.ended() == 0
        kept = tmp_path / HISTORY
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

        async with chatting(tmp_path, server) as screen:
            screen.press("\x1b[A")
            await screen.sees("you> the pearl diver")
            await say(screen, "\r")

    assert len(asked(server)) == 2


async def test_without_history_nothing_is_kept(tmp_path: Path) -> None:
    async with serve(plan="max") as server, chatting(tmp_path, server, "--no-history") as screen:
        await say(screen, "the pearl diver\r")
        screen.press("\x1b[A")
        await screen.shows("it again", lambda: "pearl" in screen.rows[-1])

    assert not (tmp_path / HISTORY).exists()


async def test_what_is_forgotten_is_forgotten_there_too(tmp_path: Path) -> None:
    async with serve(plan="max") as server, chatting(tmp_path, server) as screen:
        await say(screen, "the pearl diver\r")
        await say(screen, "/forget\r")
        assert "pearl" in (tmp_path / HISTORY).read_text()
        words = next(line for line in screen.rows if "forget everything" in line)
        await say(screen, "forget everything\r")

        assert words
        assert "pearl" not in ((tmp_path / HISTORY).read_text() if (tmp_path / HISTORY).exists() else "")
        await say(screen, "\x1b[A\x1b[A\x1b[Anew\r")
    assert "pearl" not in asked(server)[-1]


async def test_commands_are_completed_behind_a_slash_and_words_are_not(tmp_path: Path) -> None:
    async with serve(plan="max") as server, chatting(tmp_path, server) as screen:
        screen.press("/us")
        await screen.sees("/usage")
        await say(screen, "\t\r")
        await say(screen, "us\t\r")

    assert [each.strip() for each in asked(server)] == ["us"]


async def test_ctrl_c_stops_an_answer_and_the_next_one_leaves(tmp_path: Path) -> None:
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=10))
        async with chatting(tmp_path, server) as screen:
            screen.press("hello\r")
            await screen.sees("AIVAX")
            screen.press("\x03")
            await screen.sees("Stopped here, as you asked.")
            await screen.shows("the next line", lambda: screen.rows[-1] == "you>")
            await say(screen, "again\r")
            screen.press("\x03")

            assert await screen.ended() == 0
        assert "Traceback" not in screen.text


async def test_ctrl_c_stops_what_waits_and_has_not_begun(tmp_path: Path) -> None:
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=0))
        async with chatting(tmp_path, server) as screen:
            screen.press("hello\r")
            await until("the call", lambda: asked(server))
            await say(screen, "\x03")
            screen.press("\x04")

            assert await screen.ended() == 0


async def test_an_answer_that_comes_while_somebody_types_leaves_their_words_whole(tmp_path: Path) -> None:
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=10))
        async with chatting(tmp_path, server) as screen:
            screen.press("hello\r")
            await screen.sees("AIVAX")
            screen.process.kill()
            await screen.ended()
        async with at_screen("chat", env=environment(server), cwd=tmp_path) as screen:
            await screen.sees("You asked this before")
            await screen.sees("you>")
            await say(screen, "whole words\r")

    assert asked(server)[-1] == "whole words"


async def test_a_log_line_stands_above_what_is_being_typed(tmp_path: Path) -> None:
    async with (
        serve(plan="max", balance=4.99) as server,
        at_screen("chat", env=environment(server), cwd=tmp_path) as screen,
    ):
        screen.press("half a question")
        await screen.sees("alert.sent")
        await screen.shows("the line below it", lambda: screen.rows[-1] == "you> half a question")


async def test_a_line_that_makes_room_for_an_answer_comes_back_with_what_was_typed() -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        line = TypingLine(None)
        message = asyncio.ensure_future(anext(line.messages()))
        keys.send_text("half ")
        await until("the words", lambda: line._session.default_buffer.text == "half ")
        await line.set_aside()
        assert not line._session.app.is_running
        assert not message.done()

        line.go_on()
        keys.send_text("a question\r")

        assert await soon("the message", message) == "half a question"


async def test_a_tool_that_runs_in_the_midst_of_an_answer_shows_below_it_and_goes() -> None:
    emulated = pyte.Screen(80, 24)
    emulated.set_mode(pyte.modes.LNM)
    stream = pyte.Stream(emulated)
    console = Console(file=StringIO(), width=80, height=24, force_terminal=True)
    pane = Pane(stream.feed)
    surface = TerminalSurface(
        pane, "console:1", FakeLedger(), MarkdownPainter(stream.feed, console=console), watched=True
    )

    async with surface:
        await surface.write("Some **words**")
        surface._catch_up()
        await surface.note(Status("Using web search ..."))
        while_it_runs = [row.rstrip() for row in emulated.display[:3]]
        await surface.write(" and more")
        await surface.finish(Footer())

    assert while_it_runs == ["Some words", "Using web search ...", ""]
    assert [row.rstrip() for row in emulated.display[:2]] == ["Some words and more", ""]


@dataclass
class Pane:
    """Where a surface shows."""

    show: Callable[[str], None]

    async def begin(self, address: str) -> None: ...

    def leave(self, address: str) -> None: ...

    def expect(self, address: str, files: int) -> None: ...

    def end(self, address: str) -> None: ...


async def test_whom_an_operator_forgets_is_forgotten_there_too(tmp_path: Path) -> None:
    async with serve(plan="max") as server:
        given = {**environment(server), "LOGNAME": "ana"}
        start = partial(forker().start, cwd=tmp_path, env=given, files=(PIPE, PIPE, PIPE))
        chat = await start("chat")
        await soon("the end of the chat", chat.communicate(b"hello\n"))
        TypedHistory(tmp_path / HISTORY).add("the pearl diver")

        forgetting = await start("people", "forget", "console:ana", "--yes")
        out, _ = await soon("the end", forgetting.communicate(b""))

    assert (forgetting.returncode, out.split(b" of ")[0]) == (0, b"deleted 1 messages")
    assert not (tmp_path / HISTORY).exists()


# The file


def test_a_history_keeps_the_newest_and_drops_what_is_too_old(tmp_path: Path) -> None:
    clock, path = WallClock(), tmp_path / "new" / "typed.history"
    typed = TypedHistory(path, now=clock)
    typed.add("old")
    clock.advance(days=3)
    for number in range(MOST + 5):
        typed.add(f"message\n{number}")

    assert TypedHistory(path, now=clock).texts()[:2] == [f"message\n{MOST + 4}", f"message\n{MOST + 3}"]
    assert len(TypedHistory(path, now=clock).texts()) == MOST
    assert "old" not in TypedHistory(path, now=clock).texts()
    clock.advance(days=3)
    assert TypedHistory(path, keep_days=2, now=clock).texts() == []
    assert path.read_text() == ""


@pytest.mark.parametrize(
    "line", ["{", "[]", '"x"', '{"at": "never", "text": "x"}', '{"at": "2026-01-01", "text": 1}', "\x00"]
)
def test_lines_that_are_no_entries_are_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "typed.history"
    path.write_text(f"{line}\n")
    typed = TypedHistory(path)
    typed.add("sound")

    assert typed.texts() == ["sound"]


def test_a_file_that_others_could_read_is_theirs_no_more(tmp_path: Path) -> None:
    path = tmp_path / "typed.history"
    path.touch(0o644)
    path.chmod(0o644)

    TypedHistory(path).add("mine")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_place_that_cant_be_written_is_told_once_and_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "typed.history"
    path.symlink_to(tmp_path / "elsewhere")
    with capture_logs() as log:
        typed = TypedHistory(path)
        typed.add("one")
        typed.add("two")

    assert [line["event"] for line in log] == ["terminal.history_not_kept"]
    assert not (tmp_path / "elsewhere").exists()


def test_the_file_stands_beside_the_database() -> None:
    assert history_path(Path("data/sandbox.sqlite3")) == Path("data/sandbox.history")
    assert history_path(None) == Path("data/terminal.history")
