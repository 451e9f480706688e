"""Everything that can go wrong around a bot, at random."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from sandbox.faults import Fault
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town

Trouble = Callable[[], Awaitable[None] | None]

SLACK_CALLS = (
    "chat.postMessage",
    "chat.update",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "chat.delete",
    "conversations.replies",
    "assistant.threads.setStatus",
    "users.info",
)
DISCORD_CALLS = (
    "POST /channels/{}/messages",
    "PATCH /channels/{}/messages/{}",
    "GET /channels/{}/messages",
    "POST /channels/{}/typing",
)
AIVAX = (
    Fault("completions", "status", status=429, retry_after=1),
    Fault("completions", "status", status=500),
    Fault("completions", "status", status=503, retry_after=1),
    Fault("completions", "html"),
    Fault("completions", "cut", after_chunks=0),
    Fault("completions", "cut", after_chunks=20),
    Fault("completions", "stream-error", after_chunks=0),
    Fault("completions", "stream-error", after_chunks=20),
    Fault("completions", "silence"),
    Fault("completions", "silence", after_chunks=10),
    Fault("completions", "drip"),
    Fault("completions", "garbage"),
)


def of_slack(slack: FakeSlack, chance: random.Random) -> dict[str, Trouble]:
    def call() -> str:
        return chance.choice(SLACK_CALLS)

    return {
        "Slack: 429": lambda: _done(slack.rate_limit(call(), 1, times=chance.randint(1, 3))),
        "Slack: 503": lambda: _done(slack.break_http(call(), 503)),
        "Slack: 500": lambda: _done(slack.break_http(call(), 500)),
        "Slack: internal_error": lambda: _done(slack.fail(call(), "internal_error")),
        "Slack: response lost": lambda: _done(slack.lose_response(call())),
        "Slack: socket dropped": slack.drop_sockets,
        "Slack: socket exchanged": slack.disconnect,
    }


def of_discord(discord: FakeDiscord, chance: random.Random) -> dict[str, Trouble]:
    def call() -> str:
        return chance.choice(DISCORD_CALLS)

    return {
        "Discord: 429": lambda: discord.rate_limit(call(), retry_after_s=0.5, times=chance.randint(1, 3)),
        "Discord: 500": lambda: discord.fail(call(), status=500),
        "Discord: 502 of Cloudflare": lambda: discord.fail(call(), status=502, html=True),
        "Discord: response lost": lambda: discord.lose_response(call(), reset=chance.random() < 0.5),
        "Discord: request lost": lambda: discord.lose_request(call()),
        "Discord: gateway dropped": lambda: discord.drop_gateway(),
        "Discord: asked to reconnect": lambda: discord.ask_reconnect(),
    }


def of_aivax(town: Town, chance: random.Random) -> dict[str, Trouble]:
    faults = town.sandbox.state.faults
    return {
        f"AIVAX: {fault.kind} {fault.status if fault.kind == 'status' else ''}".strip(): lambda fault=fault: (  # type: ignore[misc]
            faults.add(fault)
        )
        for fault in AIVAX
    }


def _done(_: object) -> None:
    """A trouble has no result."""


class Troublemaker:
    """Makes one trouble after the other."""

    def __init__(self, chance: random.Random, troubles: Sequence[dict[str, Trouble]]) -> None:
        """Each of the `troubles` is as likely as the other, however many kinds it has."""
        self._chance = chance
        self._troubles = troubles
        self.made: Counter[str] = Counter()

    async def work(self, seconds: float, *, most_pause_s: float) -> None:
        async with asyncio.timeout(seconds + 60):
            until = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < until:
                await self._make_one()
                await asyncio.sleep(self._chance.uniform(0, most_pause_s))

    async def _make_one(self) -> None:
        kinds = self._chance.choice(self._troubles)
        name = self._chance.choice(list(kinds))
        self.made[name] += 1
        made = kinds[name]()
        if made is not None:
            await made
