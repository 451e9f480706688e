"""A chat in the terminal: the whole core with one frontend, against AIVAX or against the sandbox."""

from __future__ import annotations

import asyncio
import getpass
import io
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from bots.app import Core, open_core
from bots.cli.commandline import lenient
from bots.settings import OperatorSettings, Settings
from bots.supervisor import Board
from bots.terminal import PLATFORM
from bots.terminal.frontend import TerminalFrontend
from bots.terminal.lines import read_lines
from core.settings import StorageSettings

SANDBOX_DATABASE = Path("data") / "sandbox.sqlite3"
SANDBOX_PACE_TOKENS_PER_S = 60.0


async def chat(settings: Settings, *, sandbox: bool) -> int:
    """Talk with the bot on standard input and output until the input ends; the exit status."""
    source = lenient(sys.stdin or io.StringIO())  # started without an input: as if it were empty
    interactive = source.isatty() and sys.stdout.isatty()
    screen = lenient(sys.stdout)
    async with AsyncExitStack() as stack:
        settings = _without_grace(settings)
        if sandbox:
            settings = await stack.enter_async_context(_with_sandbox(settings))
        prompt = "\nyou> " if interactive else ""
        frontend = TerminalFrontend(
            read_lines(source), screen, user=_user(), prompt=prompt, formats_markdown=_moves_cursor(screen)
        )
        core = await stack.enter_async_context(open_core(settings, {PLATFORM: frontend}))
        core.check(settings)
        board, console = Board([PLATFORM]), ""
        if sandbox and interactive:
            console = await stack.enter_async_context(_console(settings, core, board))
        sys.stderr.write(f"{_banner(settings, console, sandbox=sandbox)}\n")
        await _converse(core, frontend, board)
    return 0


def _console(settings: Settings, core: Core, board: Board) -> AbstractAsyncContextManager[str]:
    from bots.cli.demo_console import (
        demo_console,
    )  # a web server costs time; who pipes messages in looks at none

    return demo_console(settings, core, board)


async def _converse(core: Core, frontend: TerminalFrontend, board: Board) -> None:
    """What an earlier chat left is answered first; then the person has the word."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(core.ask_aivax())
        working = group.create_task(core.work())
        await core.pool.drained()
        await frontend.listen(core.intake, board.watch(PLATFORM))
        await core.pool.drained()
        asking.cancel()
        working.cancel()


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
