"""Draws docs/terminal-*.svg, what a terminal shows of the commands: `python docs/draw_terminal.py`.

The commands run in a real pseudo-terminal, against the stand-ins of Slack and Discord from tests/platforms and the
sandbox. What stands on the screen is what is drawn, letter by letter; names of folders and ports are those of the run.
"""

from __future__ import annotations

import asyncio
import platform
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from io import StringIO
from itertools import groupby
from pathlib import Path

from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE))

from sandbox.server import serve  # noqa: E402
from tests.init_stage import addresses  # noqa: E402
from tests.platforms.discord import FakeDiscord  # noqa: E402
from tests.platforms.slack import FakeSlack  # noqa: E402
from tests.terminal_screen import ScreenOf, at_screen  # noqa: E402
from tests.town import ENVIRONMENT, Town, running  # noqa: E402

COLUMNS = 96
TERMINAL = {**ENVIRONMENT, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
THEME = TerminalTheme(
    (24, 26, 31),
    (214, 217, 224),
    [
        (60, 64, 72),
        (239, 107, 115),
        (126, 192, 122),
        (224, 184, 97),
        (104, 160, 236),
        (190, 132, 219),
        (86, 182, 194),
        (214, 217, 224),
    ],
    [
        (110, 116, 128),
        (255, 138, 145),
        (152, 214, 147),
        (240, 205, 130),
        (137, 184, 250),
        (212, 164, 236),
        (120, 208, 218),
        (255, 255, 255),
    ],
)
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace
}}
{styles}
</style>
<defs>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#181a1f"/>
<g transform="translate({terminal_x}, 14)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""Its letters are of the reader's own machine: nothing is loaded from anywhere."""
KERNEL = "6.1.0"
"""In the place of this machine's own."""
DOWN, ENTER = "\x1b[B", "\r"


def drawn(screen: ScreenOf, name: str) -> str:
    """A screen, and what has left it at the top, as a picture."""
    console = Console(width=COLUMNS, record=True, file=StringIO())
    for row in screen.letters:
        console.print(_row(row), no_wrap=True, crop=True, soft_wrap=True)
    return console.export_svg(title="", theme=THEME, code_format=PICTURE, unique_id=f"terminal-{name}")


def _row(letters: Sequence[Char]) -> Text:
    text = Text()
    for style, run in groupby(letters, _style):
        text.append("".join(each.data for each in run), style)
    text.rstrip()
    return text


def _style(letter: Char) -> Style:
    return Style(
        color=_color(letter.fg),
        bgcolor=_color(letter.bg),
        bold=letter.bold,
        italic=letter.italics,
        underline=letter.underscore,
        reverse=letter.reverse,
    )


def _color(name: str) -> str | None:
    """A color as rich calls it; pyte has its own word for yellow, and six digits for others."""
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return name.replace("brown", "yellow").replace("bright", "bright_")


async def init(town: Town, folder: Path) -> AsyncIterator[tuple[str, ScreenOf]]:
    """Set a bot on Discord up, then look at it on a bad day."""
    env = {**TERMINAL, **addresses(town), "HOME": str(folder)}
    async with at_screen("init", env=env, cwd=folder, columns=COLUMNS, rows=30) as screen:
        for question, keys in (
            ("Where is the bot to answer?", f" {ENTER}"),
            ("The key of your AIVAX account", f"sk-aiv-acc-sandbox{ENTER}"),
            ("Which gateway answers?", ENTER),
            ("The bot's token", f"{town.discord.token}{ENTER}"),
            ("In which channel are you told", ENTER),
        ):
            await screen.sees(question)
            screen.press(keys)
        await screen.sees("Start the bot:")
        yield "init", screen
    town.sandbox.state.account.set_balance(0)
    town.discord.world.settings = replace(town.discord.world.settings, message_content=False)
    async with at_screen("doctor", env=env, cwd=folder, columns=COLUMNS, rows=40) as screen:
        await screen.ended()
        yield "doctor", screen


async def chat(town: Town, folder: Path) -> AsyncIterator[tuple[str, ScreenOf]]:
    """Two questions in the terminal's own chat."""
    env = {
        **TERMINAL,
        "HOME": str(folder),
        "AIVAX_BOTS__AIVAX__BASE_URL": f"{town.sandbox.base_url}/v1",
        "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-sandbox",
        "AIVAX_BOTS__AIVAX__MODEL": "sandbox:50c3",
    }
    async with at_screen("chat", env=env, cwd=folder, columns=COLUMNS, rows=40) as screen:
        for number, question in enumerate(("show me a table and a list", "some code, and think first"), 1):
            await screen.shows("the line", lambda: screen.text.count("you>") >= number)  # noqa: B023
            screen.press(f"{question}{ENTER}")
        await screen.shows("the last line", lambda: screen.text.count("you>") >= 3)
        yield "chat", screen


async def status(town: Town, folder: Path) -> AsyncIterator[tuple[str, ScreenOf]]:
    """A bot that has answered a question."""
    env = {**TERMINAL, "HOME": str(folder)}
    async with running(folder, town.config(storage=f"sqlite+aiosqlite:///{folder}/bot.sqlite3")) as bot:
        await bot.line()
        await town.ask_on_slack("when do we release?")
        async with at_screen("status", env=env, cwd=folder, columns=COLUMNS, rows=30) as screen:
            await screen.ended()
            yield "status", screen


async def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    for show in (init, chat, status):
        async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
            sandbox.state.account.set_balance(41.2)
            with tempfile.TemporaryDirectory() as scratch:
                async for name, screen in show(Town(slack, discord, sandbox, ""), Path(scratch)):
                    picture = drawn(screen, name).replace(platform.release(), KERNEL)
                    (folder / f"terminal-{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(TREE / "docs"))
