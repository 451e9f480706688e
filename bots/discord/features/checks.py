"""What `doctor` asks Discord: the token, the privileged intent, how many starts are left, and the settings' channels.

discord.com/developers/docs: "Get Current User", "Get Current Application" (flags 1 << 18 and 1 << 19), "Get Gateway
Bot", "Get Channel". Nothing is posted, and no connection is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bots.discord.settings import DiscordSettings
from bots.doctor.clock import clock_finding
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.util.clock import Clock, utc_now

TIMEOUT_S = 8.0
MOST_CHANNELS = 25
FEW_STARTS = 50
_CONTENT = (1 << 18) | (1 << 19)
_PORTAL = "the Developer Portal, your application, Bot"
_UNREACHABLE = "look at the network and [discord] api_url"


@dataclass(frozen=True, slots=True)
class DiscordCheck:
    """Asks Discord about one bot; `channels` are those that the configuration names."""

    settings: DiscordSettings
    channels: Sequence[str] = ()
    now: Clock = utc_now
    name: str = "discord"

    async def run(self) -> list[Finding]:
        named = list(dict.fromkeys(self.channels))[:MOST_CHANNELS]
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            ask = _Ask(session, self.settings)
            parts = await asyncio.gather(
                self._bot(ask),
                self._intents(ask),
                self._starts(ask),
                *(self._channel(ask, each) for each in named),
            )
        bot, *others = parts
        if bot[0].check == "discord.token" and bot[0].cure:
            return bot  # all else would say the same
        return [finding for findings in (bot, *others) for finding in findings]

    async def _bot(self, ask: _Ask) -> list[Finding]:
        answer = await ask.get("/users/@me")
        if answer.status == 401:
            cure = f"[discord] token: reset and copy it from {_PORTAL}"
            return [failed("discord.token", "Discord refuses the token", cure)]
        if answer.status != 200:
            return [failed("discord.token", answer.trouble, _UNREACHABLE)]
        name, clock = answer.data.get("username"), clock_finding("discord.clock", answer.date, self.now())
        return [ok("discord.token", f"{name} ({answer.data.get('id')})"), clock]

    async def _intents(self, ask: _Ask) -> list[Finding]:
        if not self.settings.message_content:
            return [ok("discord.intents", "none that Discord must allow is asked for")]
        answer = await ask.get("/oauth2/applications/@me")
        flags = answer.data.get("flags")
        if answer.status != 200 or not isinstance(flags, int):
            return [unknown("discord.intents", answer.trouble or "Discord does not tell")]
        if flags & _CONTENT:
            return [ok("discord.intents", "Message Content Intent is on")]
        cure = f"switch Message Content Intent on in {_PORTAL}, or set [discord] message_content = false"
        return [failed("discord.intents", "Message Content Intent is off: the bot can't connect", cure)]

    async def _starts(self, ask: _Ask) -> list[Finding]:
        answer = await ask.get("/gateway/bot")
        limit = answer.data.get("session_start_limit")
        left = limit.get("remaining") if isinstance(limit, Mapping) else None
        if answer.status != 200 or not isinstance(left, int):
            return [unknown("discord.starts", answer.trouble or "Discord does not tell")]
        if left < FEW_STARTS:
            cure = "find out what starts the bot again and again: Discord resets the token when none is left"
            return [warning("discord.starts", f"{left} connections are left today", cure)]
        return [ok("discord.starts", f"{left} connections are left today")]

    async def _channel(self, ask: _Ask, channel: str) -> list[Finding]:
        check = f"discord.channel.{channel}"
        answer = await ask.get(f"/channels/{channel}")
        if answer.status in (403, 404):
            cure = "let the bot's role see the channel, or correct its id"
            return [failed(check, "the bot can't see this channel", cure)]
        if answer.status != 200:
            return [unknown(check, answer.trouble)]
        return [ok(check, f"#{answer.data.get('name') or 'a direct message'}")]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    data: Mapping[str, Any]
    date: str = ""

    @property
    def trouble(self) -> str:
        """Why it could not be read; `""` where it could."""
        if self.status == 200:
            return ""
        return f"Discord answers {self.status}" if self.status else "Discord does not answer"


@dataclass(frozen=True, slots=True)
class _Ask:
    session: aiohttp.ClientSession
    settings: DiscordSettings

    async def get(self, path: str) -> _Answer:
        """Read one document; nothing leaves this that the token could be read from."""
        token = self.settings.token.get_secret_value().strip().removeprefix("Bot ").strip()
        headers = {"Authorization": f"Bot {token}"}
        try:
            async with self.session.get(
                f"{self.settings.api_url}{path}", headers=headers, allow_redirects=False
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return _Answer(0, {})
        return _Answer(
            answer.status, told if isinstance(told, Mapping) else {}, answer.headers.get("Date", "")
        )
