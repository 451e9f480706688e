"""What `doctor` asks Discord: the token, the privileged intent, how many starts are left, and the settings' channels.

discord.com/developers/docs: "Get Current User", "Get Current Application" (flags 1 << 18 and 1 << 19), "Get Gateway
Bot", "Get Channel", "Get Guild Roles", "Get Guild Member". Nothing is posted, and no connection is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.discord.features.permissions import missing_in, wanted
from bots.discord.settings import DiscordSettings
from bots.discord.transport.single_calls import SingleCalls, Told, single_calls
from bots.doctor.clock import clock_finding
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.util.clock import Clock, utc_now

MOST_CHANNELS = 25
FEW_STARTS = 50
CONTENT_INTENT = (1 << 18) | (1 << 19)
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
        async with single_calls(self.settings) as ask:
            me = await ask.get("/users/@me")
            bot = self._bot(me)
            if bot[0].cure:
                return bot  # all else would say the same
            intents, starts, channels = await asyncio.gather(
                self._intents(ask), self._starts(ask), self._channels(ask, str(me.data.get("id")))
            )
        return [*bot, intents, starts, *channels]

    def _bot(self, answer: Told) -> list[Finding]:
        if answer.status == 401:
            cure = f"[discord] token: reset and copy it from {_PORTAL}"
            return [failed("discord.token", "Discord refuses the token", cure)]
        if answer.status != 200:
            return [failed("discord.token", answer.trouble, _UNREACHABLE)]
        name, clock = answer.data.get("username"), clock_finding("discord.clock", answer.date, self.now())
        return [ok("discord.token", f"{name} ({answer.data.get('id')})"), clock]

    async def _intents(self, ask: SingleCalls) -> Finding:
        if not self.settings.message_content:
            return ok("discord.intents", "none that Discord must allow is asked for")
        answer = await ask.get("/oauth2/applications/@me")
        flags = answer.data.get("flags")
        if answer.status != 200 or not isinstance(flags, int):
            return unknown("discord.intents", answer.trouble or "Discord does not tell")
        if flags & CONTENT_INTENT:
            return ok("discord.intents", "Message Content Intent is on")
        cure = f"switch Message Content Intent on in {_PORTAL}, or set [discord] message_content = false"
        return failed("discord.intents", "Message Content Intent is off: the bot can't connect", cure)

    async def _starts(self, ask: SingleCalls) -> Finding:
        answer = await ask.get("/gateway/bot")
        limit = answer.data.get("session_start_limit")
        left = limit.get("remaining") if isinstance(limit, Mapping) else None
        if answer.status != 200 or not isinstance(left, int):
            return unknown("discord.starts", answer.trouble or "Discord does not tell")
        if left < FEW_STARTS:
            cure = "find out what starts the bot again and again: Discord resets the token when none is left"
            return warning("discord.starts", f"{left} connections are left today", cure)
        return ok("discord.starts", f"{left} connections are left today")

    async def _channels(self, ask: SingleCalls, bot: str) -> list[Finding]:
        """Each channel of the settings: whether the bot sees it, and has there what it needs."""
        ids = list(dict.fromkeys(self.channels))[:MOST_CHANNELS]
        channels = await asyncio.gather(*(ask.get(f"/channels/{each}") for each in ids))
        servers = sorted({str(each.data["guild_id"]) for each in channels if each.data.get("guild_id")})
        asked = await asyncio.gather(
            *(
                asyncio.gather(ask.get(f"/guilds/{each}/roles"), ask.get(f"/guilds/{each}/members/{bot}"))
                for each in servers
            )
        )
        rights = dict(zip(servers, asked, strict=True))
        return [self._channel(id_, each, rights) for id_, each in zip(ids, channels, strict=True)]

    def _channel(self, id_: str, channel: Told, rights: Mapping[str, tuple[Told, Told]]) -> Finding:
        check = f"discord.channel.{id_}"
        if channel.status in (403, 404):
            cure = "let the bot's role see the channel, or correct its id"
            return failed(check, "the bot can't see this channel", cure)
        if channel.status != 200:
            return unknown(check, channel.trouble)
        name = f"#{channel.data.get('name') or 'a direct message'}"
        server = rights.get(str(channel.data.get("guild_id")))
        is_thread = "thread_metadata" in channel.data  # what it may there is decided above it
        if server is None or is_thread:
            return ok(check, name)
        roles, member = server
        if roles.status != 200 or member.status != 200:
            return unknown(check, f"{name}: {roles.trouble or member.trouble}")
        if lacks := missing_in(channel.data, roles.items, member.data, wanted(self.settings)):
            cure = f"allow the bot's role that, under Edit Channel, Permissions of {name}"
            return failed(check, f"{name}: the bot lacks {', '.join(lacks)}", cure)
        return ok(check, f"{name}, with every permission that is needed")
