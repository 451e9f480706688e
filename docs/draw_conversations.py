"""Draws docs/conversation-slack.png and docs/conversation-discord.png: `python docs/draw_conversations.py`.

The bot runs against the stand-ins of Slack and Discord from tests/platforms and a gateway with written answers. What it
posts there is what is drawn, in a layout of our own: neither client's own picture. Needs Chromium.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from markdown_it import MarkdownIt

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE))

from sandbox.server import serve  # noqa: E402
from tests.platforms.discord import FakeDiscord  # noqa: E402
from tests.platforms.slack import FakeSlack  # noqa: E402
from tests.town import Town, running  # noqa: E402

QUESTIONS = {
    "slack": "the staging deploy ends with exit code 137. What now?",
    "discord": "which adapter do I need to flash the board from a Mac?",
}
ANSWERS = {
    "137": """**Exit code 137** means that the process was killed (`SIGKILL`): the container ran out of memory.

1. See what it may use: `kubectl describe pod staging-web`
2. Raise the limit, or start fewer workers

| Setting | Now | Try |
| :--- | ---: | ---: |
| memory | 256 Mi | 512 Mi |
| workers | 8 | 4 |

Our [runbook](https://wiki.example.com/oom) tells how to find what grew.""",
    "flash": """A **USB-C to serial adapter at 3.3 V**. With 5 V the board would be damaged.

- `ls /dev/tty.usb*` shows its name
- then flash:

```sh
esptool --port /dev/tty.usbserial-10 write_flash 0x0 club.bin
```

The [wiring](https://wiki.example.com/board) stands in the club's wiki.""",
}
STYLE = """
* { box-sizing: border-box; margin: 0 }
body {
  width: 760px; padding: 24px 28px;
  background: #fff; color: #1d1c1d; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif
}
body.discord { background: #313338; color: #dbdee1 }
.message { display: flex; gap: 12px; margin-bottom: 16px }
.picture {
  flex: none; width: 38px; height: 38px; border-radius: 9px;
  color: #fff; font-weight: 700; display: grid; place-items: center; background: #4a6ea9
}
.bot .picture { background: #2d6a4f }
.discord .picture { border-radius: 50% }
.name { font-weight: 700 }
.app {
  font-size: 11px; padding: 1px 5px; border-radius: 4px;
  background: #8883; margin-left: 6px; vertical-align: 2px
}
.text { flex: 1; min-width: 0 }
.text > * + * { margin-top: 8px }
ol, ul { padding-left: 24px }
code { font: 13px "DejaVu Sans Mono", monospace; background: #8882; padding: 1px 4px; border-radius: 4px }
pre { background: #8882; padding: 10px 12px; border-radius: 6px; white-space: pre-wrap }
pre code { background: none; padding: 0 }
table { border-collapse: collapse }
th, td { border: 1px solid #8886; padding: 4px 12px; text-align: left }
a { color: #1264a3; text-decoration: none }
.discord a { color: #00a8fc }
.mention { color: #1264a3; background: #1d9bd11a; padding: 0 2px; border-radius: 3px }
.discord .mention { color: #c9cdfb; background: #5865f24d }
.buttons { display: flex; gap: 8px }
.button { border: 1px solid #8886; border-radius: 5px; padding: 3px 11px; font-size: 13px; font-weight: 600 }
"""
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)

HEIGHTS = {"slack": 424, "discord": 348}
"""Of the pictures, in pixels; Chromium's window is as high."""
ANY_MENTION = re.compile(r"<@\w+>")


@dataclass(frozen=True, slots=True)
class Said:
    """One message as it was posted: its text in the platform's own Markdown."""

    name: str
    text: str
    buttons: tuple[str, ...] = ()
    is_bot: bool = False


@asynccontextmanager
async def gateway() -> AsyncIterator[str]:
    """A server that answers a question with what is written for it."""

    async def complete(request: web.Request) -> web.StreamResponse:
        asked = str((await request.json())["messages"][-1]["content"])
        answer = next((text for words, text in ANSWERS.items() if words in asked), "I don't know.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for choice in ({"delta": {"content": answer}}, {"delta": {}, "finish_reason": "stop"}):
            await response.write(
                b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n"
            )
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def talk(folder: Path) -> dict[str, list[Said]]:
    """Ask on both platforms; what stands there in the end."""
    async with FakeSlack() as slack, FakeDiscord() as discord, serve() as aivax, gateway() as address:
        town = Town(slack, discord, aivax, f"sqlite+aiosqlite:///{folder / 'bot.sqlite3'}")
        config = town.config().replace(f'"{aivax.base_url}/v1"', f'"{address}"')
        async with running(folder, config) as bot:
            await bot.line()
            await slack.say(town.ana, town.general, f"{slack.mention} {QUESTIONS['slack']}")
            await discord.say(town.ben, town.lobby, f"<@{discord.bot.id}> {QUESTIONS['discord']}")
            await slack.until(lambda: any(each.actions for each in slack.visible(town.general)))
            await discord.until(lambda: any(each.buttons for each in discord.answers(town.lobby)))
            return {
                "slack": [
                    Said(
                        "Ana",
                        _of_blocks(each.blocks) or each.text,
                        _labels(each.blocks),
                        bool(each.author.bot_id),
                    )
                    for each in town.general.messages.values()
                ],
                "discord": [
                    Said(
                        "Ben",
                        each.content,
                        tuple(button.label for button in each.buttons),
                        each.author != "ben",
                    )
                    for each in discord.visible(town.lobby)
                ],
            }


def _of_blocks(blocks: Sequence[dict[str, Any]]) -> str:
    return "\n\n".join(block["text"] for block in blocks if block["type"] == "markdown")


def _labels(blocks: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What stands on the buttons of a message of Slack's."""
    labels: list[str] = []
    for element in (each for block in blocks for each in block.get("elements", ())):
        buttons = [element, element.get("positive_button"), element.get("negative_button")]
        labels += [
            button["text"]["text"] for button in buttons if button and isinstance(button.get("text"), dict)
        ]
    return tuple(labels)


def page(platform: str, messages: Sequence[Said]) -> str:
    """The conversation as HTML."""
    shown = "".join(map(_message, messages))
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body class={platform}>{shown}"


def _message(said: Said) -> str:
    markdown = MarkdownIt("commonmark", {"breaks": True}).enable("table")
    name = "AIVAX bot" if said.is_bot else said.name
    text = markdown.render(ANY_MENTION.sub("@AIVAX bot", said.text))
    text = text.replace("@AIVAX bot", "<span class=mention>@AIVAX bot</span>")
    app = "<span class=app>APP</span>" if said.is_bot else ""
    buttons = "".join(f"<span class=button>{html.escape(label)}</span>" for label in said.buttons)
    return (
        f'<div class="message{" bot" if said.is_bot else ""}"><div class=picture>{name[0]}</div>'
        f"<div class=text><div><span class=name>{name}</span>{app}</div>{text}"
        f"<div class=buttons>{buttons}</div></div></div>"
    )


def draw(platform: str, messages: Sequence[Said], folder: Path) -> None:
    """Have Chromium draw a page, as high as what stands on it."""
    source, target = folder / f"{platform}.html", TREE / "docs" / f"conversation-{platform}.png"
    source.write_text(page(platform, messages), encoding="utf-8")
    size = f"--window-size=760,{HEIGHTS[platform]}"
    options = (f"--user-data-dir={folder / 'profile'}", size, f"--screenshot={target}", source.as_uri())
    subprocess.run([*CHROMIUM, *options], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for platform, said in asyncio.run(talk(Path(name))).items():
            draw(platform, said, Path(name))
