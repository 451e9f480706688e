"""A chat in the terminal: the whole core with one frontend, against AIVAX or against the sandbox."""

from __future__ import annotations

import asyncio
import getpass
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pydantic import SecretStr

from bots.app import Core, open_core
from bots.cli.printing.output import lenient
from bots.settings import OperatorSettings, Settings
from bots.supervisor import Board
from bots.terminal import PLATFORM
from bots.terminal.frontend import TerminalFrontend
from bots.terminal.lines import read_lines
from core.settings import StorageSettings
from core.storage.db import database_path

if TYPE_CHECKING:
    from bots.terminal.typing_line import TypingLine

SANDBOX_DATABASE = Path("data") / "sandbox.sqlite3"
SANDBOX_PACE_TOKENS_PER_S = 60.0


async def chat(settings: Settings, *, sandbox: bool, history: bool = True) -> int:
    """Talk with the bot on standard input and output until the input ends; the exit status.

    `history`: what is typed at a terminal is kept for the next chat.
    """
    source = lenient(sys.stdin or io.StringIO())  # started without an input: as if it were empty
    interactive = source.isatty() and sys.stdout.isatty()
    screen = lenient(sys.stdout)
    async with AsyncExitStack() as stack:
        settings = _without_grace(settings)
        if sandbox:
            settings = await stack.enter_async_context(_with_sandbox(settings))
        typing = _typing_line(settings, keeps=history) if interactive and _moves_cursor(screen) else None
        frontend = TerminalFrontend(
            typing.messages() if typing else read_lines(source),
            screen,
            user=_user(),
            prompt="\nyou> " if interactive and typing is None else "",
            formats_markdown=_moves_cursor(screen),
            typing=typing,
        )
        core = await stack.enter_async_context(open_core(settings, {PLATFORM: frontend}))
        core.check(settings)
        board, console = Board([PLATFORM]), ""
        if sandbox and interactive:
            console = await stack.enter_async_context(_console(settings, core, board))
        sys.stderr.write(f"{_banner(settings, console, sandbox=sandbox)}\n")
        if typing is not None:
            stack.enter_context(typing.log_above())
        await _converse(core, frontend, board, stops=typing is not None)
    return 0


def _typing_line(settings: Settings, *, keeps: bool) -> TypingLine:
    """What a person types on; with a memory of earlier chats, for as long as texts are kept."""
    from bots.terminal.typed_history import TypedHistory, history_path
    from bots.terminal.typing_line import TypingLine  # takes a tenth of a second to import

    if not keeps:
        return TypingLine(None)
    path = history_path(database_path(settings.storage.url))
    return TypingLine(TypedHistory(path, keep_days=settings.storage.retention_days))


def _console(settings: Settings, core: Core, board: Board) -> AbstractAsyncContextManager[str]:
    from bots.cli.demo_console import (
        demo_console,
    )  # a web server costs time; who pipes messages in looks at none

    return demo_console(settings, core, board)


async def _converse(core: Core, frontend: TerminalFrontend, board: Board, *, stops: bool) -> None:
    """What an earlier chat left is answered first; then the person has the word.

    `stops`: Ctrl-C stops an answer that is on its way; the next one, or one at the prompt, ends the chat.
    """
    async with asyncio.TaskGroup() as group:
        if stops:
            _stop_by_interrupt(core, frontend, group)
        asking = group.create_task(core.ask_aivax())
        working = group.create_task(core.work())
        await core.pool.drained()
        await frontend.listen(core.intake, board.watch(PLATFORM))
        await core.pool.drained()
        asking.cancel()
        working.cancel()


def _stop_by_interrupt(core: Core, frontend: TerminalFrontend, group: asyncio.TaskGroup) -> None:
    loop, chatting, stopping = asyncio.get_running_loop(), asyncio.current_task(), set[asyncio.Task[None]]()

    async def stop() -> None:
        await frontend.stop(core.intake)
        await core.pool.drained()
        frontend.wait_no_more()  # what had not begun shows no end

    def interrupted() -> None:
        if frontend.is_answering and all(task.done() for task in stopping):
            stopping.add(group.create_task(stop()))
        elif chatting is not None:
            chatting.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupted)


def _moves_cursor(screen: TextIO) -> bool:
    """Whether what stands on the screen can be painted over."""
    return screen.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _without_grace(settings: Settings) -> Settings:
    """Ctrl-C is not to wait for the end of an answer: the next chat shows it."""
    limits = settings.limits.model_copy(update={"shutdown_grace_s": 0.0})
    return settings.model_copy(update={"limits": limits})


@asynccontextmanager
async def _with_sandbox(settings: Settings) -> AsyncIterator[Settings]:
    """Settings that point at a sandbox of our own on a loopback port, and at a database of its own."""
    from sandbox.server import GATEWAY, PRIVATE_KEY, serve  # only the demo needs a server

    pace = SANDBOX_PACE_TOKENS_PER_S if sys.stdout.isatty() else 0.0
    async with serve(tokens_per_s=pace) as server:
        aivax = settings.aivax.model_copy(
            update={
                "base_url": f"{server.base_url}/v1",
                "direct_url": "",
                "api_key": SecretStr(PRIVATE_KEY),
                "model": GATEWAY,
            }
        )
        made_up = {
            "aivax": aivax,
            "storage": StorageSettings(url=f"sqlite+aiosqlite:///{SANDBOX_DATABASE}"),
            "operators": OperatorSettings(balance_thresholds=()),  # made-up money worries nobody
            "routes": (),
        }
        yield settings.model_copy(update=made_up)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def _banner(settings: Settings, console: str, *, sandbox: bool) -> str:
    if not sandbox:
        return f"Chatting with {settings.aivax.model}. /help lists the commands; end with Ctrl-D."
    look = (
        f"  Console:  {console}\n            (in a browser: what was asked and what it cost; choose any name)\n"
        if console
        else ""
    )
    return f"""\
This is aivax-bots with a simulated AIVAX gateway: the answers, the balance and the limits are made up,
nothing leaves this machine and nothing costs money. The rest is real: what you type goes through the same
core as a message on Slack or Discord, and is stored in {SANDBOX_DATABASE}.

  Try:      hello · tools · think · long · table      (/help lists the commands; end with Ctrl-D)
{look}  Go live:  make init, then make run (docs/start.md shows each step)
"""
