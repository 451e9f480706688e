"""How soon a person sees an answer, and in how many calls: the whole program against both platforms on loopback.

    python benchmarks/on_screen.py [--rounds 5] [--json] [OTHER_CHECKOUT]

A scripted gateway says each answer in ten pieces spread over so many seconds. Of each it prints, as the median and the
worst of all rounds, how long after its first piece the first text stood on the screen, how long after its last piece
all of it did, and how many creates, edits and calls of a stream that took. The platforms enforce their rate limits.
OTHER_CHECKOUT, such as a `git worktree` of an earlier commit, is run instead, with the packages installed here.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from tests.platforms.discord import FakeDiscord  # noqa: E402
from tests.platforms.slack import FakeSlack  # noqa: E402
from tests.town import CONFIG  # noqa: E402

OVER_S = (0.0, 0.2, 0.9, 1.5)
"""Over how many seconds an answer comes: at once, within 0.3 s, within 1 s, and longer."""
PIECES = 10
SLACK_CALLS = {
    f"chat.{name}" for name in ("postMessage", "update", "startStream", "appendStream", "stopStream")
}
DISCORD_CALLS = {"POST /channels/{}/messages", "PATCH /channels/{}/messages/{}"}


@dataclass
class Gateway:
    """Answers a question that says `answer N over S` in ten pieces, and notes when the first and the last went out."""

    base_url: str = ""
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = re.findall(r"answer (\d+) over ([\d.]+)", json.dumps(await request.json()))
        number, over_s = asked[-1][0], float(asked[-1][1])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        began = self.first[number] = time.time()
        for piece, text in enumerate(pieces(number)):
            await asyncio.sleep(max(0.0, began + over_s * piece / (PIECES - 1) - time.time()))
            self.last[number] = time.time()
            await response.write(_event({"content": text}))
        await response.write(_event({}, "stop") + b"data: [DONE]\n\n")
        return response


def pieces(number: str) -> list[str]:
    """The pieces of an answer: known by its number from the first to the last."""
    return [f"Begin{number} ", *(f"word{each} " for each in range(PIECES - 2)), f"end{number}."]


def _event(delta: dict[str, str], reason: str | None = None) -> bytes:
    return (
        b"data: %s\n\n"
        % json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}).encode()
    )


@dataclass(frozen=True)
class Seen:
    """One answer as its reader saw it."""

    first_s: float
    """From its first piece to the first text."""
    whole_s: float
    """From its last piece to the whole text."""
    calls: int


class Screens:
    """Both platforms and the gateway, and the places where somebody asks: a new one for each question."""

    def __init__(self, slack: FakeSlack, discord: FakeDiscord, gateway: Gateway) -> None:
        self.slack, self.discord, self.gateway = slack, discord, gateway
        self._guild = discord.guild("Gophers")
        self._numbers = itertools.count(1)

    async def on_discord(self, over_s: float) -> Seen:
        """Ask by a mention in a channel."""
        number = str(next(self._numbers))
        channel = self.discord.channel(self._guild, f"room{number}")
        before = len(self.discord.calls)
        asker, words = (
            self.discord.person(f"ben{number}"),
            f"<@{self.discord.bot.id}> answer {number} over {over_s}",
        )
        await self.discord.say(asker, channel, words)

        def text() -> str:
            return "".join(seen.content for seen in self.discord.answers(channel))

        def ended() -> bool:
            return any("regenerate" in str(seen.components) for seen in self.discord.answers(channel))

        first_s, whole_s = await self._watch(number, text, ended, self.discord.until)
        return Seen(
            first_s, whole_s, sum(call.route in DISCORD_CALLS for call in self.discord.calls[before:])
        )

    async def on_slack(self, over_s: float, *, direct: bool) -> Seen:
        """Ask in a direct message, or by a mention in a channel."""
        number = str(next(self._numbers))
        asker = self.slack.person(f"ann{number}")
        channel = self.slack.dm(asker) if direct else self.slack.channel(f"room{number}", [asker])
        before = len(self.slack.calls)
        mention = "" if direct else f"{self.slack.mention} "
        ts = await self.slack.say(asker, channel, f"{mention}answer {number} over {over_s}")

        def text() -> str:
            return "".join(shown.text for shown in self.slack.visible(channel, ts) if shown.is_bot)

        def ended() -> bool:
            return any("regenerate" in str(shown.actions) for shown in self.slack.visible(channel, ts))

        first_s, whole_s = await self._watch(number, text, ended, self.slack.until)
        return Seen(first_s, whole_s, sum(call.method in SLACK_CALLS for call in self.slack.calls[before:]))

    async def _watch(
        self,
        number: str,
        text: Callable[[], str],
        ended: Callable[[], bool],
        until: Callable[..., Awaitable[object]],
    ) -> tuple[float, float]:
        begin, *_, end = (piece.strip() for piece in pieces(number))
        await until(lambda: begin in text())
        first_at = time.time()
        await until(lambda: end in text())
        whole_at = time.time()
        await until(ended)
        return first_at - self.gateway.first[number], whole_at - self.gateway.last[number]


@asynccontextmanager
async def running(checkout: Path) -> AsyncIterator[Screens]:
    """Run the program of a checkout against platforms and gateway on loopback."""
    gateway = Gateway()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", gateway.answer)
    server = web.AppRunner(app)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    with tempfile.TemporaryDirectory() as folder:
        async with FakeSlack(budgets=True) as slack, FakeDiscord(limits=True) as discord:
            config = CONFIG.format(
                aivax="http://127.0.0.1:{}".format(*server.addresses[0][1:2]),
                storage=f"sqlite+aiosqlite:///{folder}/bots.db",
                slack_bot=slack.bot_token,
                slack_app=slack.app_token,
                slack_api=slack.api_url,
                discord_token=discord.token,
                discord_api=discord.api_url,
            )
            (Path(folder) / "config.toml").write_text(config + "\n[limits]\nrequests_per_minute = 0\n")
            log = (Path(folder) / "log").open("wb")
            bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bots", "run"),
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(checkout)},
                stdout=log,
                stderr=log,
            )
            try:
                await asyncio.gather(slack.connected(), discord.online())
                yield Screens(slack, discord, gateway)
            finally:
                bot.terminate()
                await bot.wait()
                log.close()
                await server.cleanup()


async def measure(checkout: Path, rounds: int) -> list[dict[str, Any]]:
    """Show every kind of answer so many times, one after the other, after one of each that does not count."""
    async with running(checkout) as screens:
        ways: dict[str, Callable[[float], Awaitable[Seen]]] = {
            "Discord": screens.on_discord,
            "Slack mention": lambda over_s: screens.on_slack(over_s, direct=False),
            "Slack DM": lambda over_s: screens.on_slack(over_s, direct=True),
        }
        for ask in ways.values():
            await ask(0.0)
        kinds = [(over_s, name) for over_s in OVER_S for name in ways]
        seen: dict[tuple[float, str], list[Seen]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for over_s, name in kinds:
                seen[over_s, name].append(await ways[name](over_s))
        return [_row(name, over_s, seen[over_s, name]) for over_s, name in kinds]


def _row(name: str, over_s: float, seen: Sequence[Seen]) -> dict[str, Any]:
    return {
        "platform": name,
        "answer_over_s": over_s,
        "first_text_after_first_delta_s": _spread([each.first_s for each in seen]),
        "whole_after_last_chunk_s": _spread([each.whole_s for each in seen]),
        "calls": _spread([each.calls for each in seen]),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 3), "worst": round(max(values), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "checkout", nargs="?", type=Path, default=HERE, help="another checkout, to measure instead"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.checkout.resolve(), given.rounds))
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    print(
        f"{'':14} {'comes in':>8} {'first text':>17} {'whole':>17} {'calls':>9}   (median / worst of {given.rounds})"
    )
    for row in rows:
        print(_line(row))


def _line(row: dict[str, Any]) -> str:
    times = [row["first_text_after_first_delta_s"], row["whole_after_last_chunk_s"]]
    first, whole = (f"{each['median']:6.3f} / {each['worst']:6.3f} s" for each in times)
    calls = f"{row['calls']['median']:g} / {row['calls']['worst']:g}"
    return f"{row['platform']:14} {row['answer_over_s']:6} s {first:>17} {whole:>17} {calls:>9}"


if __name__ == "__main__":
    main()
