"""What `init` asks of who sets Discord up: the bot's token, its intent, and the address that invites it."""

from __future__ import annotations

from collections.abc import Sequence

from bots.discord.features.checks import CONTENT_INTENT
from bots.discord.features.invitation import invite
from bots.discord.settings import DiscordSettings
from bots.discord.transport.single_calls import SingleCalls, Told, single_calls
from bots.setup.ports import AnswerRefusedError, Choice, Interview, Question

MOST_SERVERS, MOST_CHANNELS = 20, 200
_TEXT, _ANNOUNCEMENT = 0, 5
TOKEN = Question(
    "discord.token",
    "The bot's token",
    "The Developer Portal, your application, Bot, Reset Token.",
    is_secret=True,
)
MAKE_APP = """Discord: make an application, unless you have one.
  1. Open https://discord.com/developers/applications, New Application, give it a name.
  2. Bot (on the left): under Privileged Gateway Intents switch Message Content Intent on.
  3. On the same page, Reset Token, and copy it."""
INVITE = "  4. Open this address and choose your server, if the bot is not there yet:\n"


class DiscordSetup:
    """Asks for one bot."""

    title = "Discord"
    keys = ("token",)

    async def interview(self, talk: Interview) -> None:
        """Ask for the token, and print the invitation that it makes."""
        talk.say(MAKE_APP)
        await talk.ask(TOKEN, _try_token)
        talk.say(f"{INVITE}\n{invite(await _with_application(talk.section), talk.translator)}")

    async def channels(self, section: DiscordSettings) -> Sequence[Choice]:
        """The text channels of the servers that the bot is in."""
        async with single_calls(section) as ask:
            servers = await ask.get(f"/users/@me/guilds?limit={MOST_SERVERS}")
            if servers.status != 200:
                raise _refused(servers, "the servers can't be listed")
            found = [each for server in servers.items for each in await _channels_of(ask, server)]
        return found[:MOST_CHANNELS]

    async def post(self, section: DiscordSettings, channel: str, text: str) -> str:
        """Post, and read the message back by its id."""
        body = {"content": text, "allowed_mentions": {"parse": []}}
        async with single_calls(section) as ask:
            posted = await ask.post(f"/channels/{channel}/messages", body)
            if posted.status != 200:
                cure = "let the bot's role see the channel and write there, or correct its id"
                raise _refused(posted, "nothing can be posted there", cure)
            found = await ask.get(f"/channels/{channel}/messages/{posted.data.get('id')}")
            if found.status != 200:
                cure = "allow the bot's role Read Message History in that channel"
                raise _refused(found, "the message was posted, and can't be read there", cure)
            named = await ask.get(f"/channels/{channel}")
        return f"#{named.data.get('name') or channel}"


async def _with_application(section: DiscordSettings) -> DiscordSettings:
    """The section with the application's id: as set, as Discord tells it, or as the token does."""
    if section.application_id:
        return section
    async with single_calls(section) as ask:
        told = await ask.get("/oauth2/applications/@me")
    return section.model_copy(update={"application_id": str(told.data.get("id") or "")})


def _refused(told: Told, what: str, cure: str = "") -> AnswerRefusedError:
    if not told.status:
        return AnswerRefusedError(told.trouble, "look at the network and [discord] api_url", passing=True)
    return AnswerRefusedError(f"{what}: {told.trouble}", cure)


async def _channels_of(ask: SingleCalls, server: object) -> list[Choice]:
    id_, name = (server.get("id"), server.get("name")) if isinstance(server, dict) else ("", "")
    listed = await ask.get(f"/guilds/{id_}/channels")
    return [
        Choice(str(each["id"]), f"#{each.get('name')} in {name}")
        for each in listed.items
        if each.get("type") in (_TEXT, _ANNOUNCEMENT) and each.get("id")
    ]


async def _try_token(section: DiscordSettings) -> str:
    async with single_calls(section) as ask:
        told = await ask.get("/users/@me")
        if told.status == 401:
            cure = "reset and copy it in the Developer Portal, your application, Bot (not the client secret)"
            raise AnswerRefusedError("Discord refuses the token", cure)
        if told.status != 200:
            raise _refused(told, "the token can't be tried")
        application = await ask.get("/oauth2/applications/@me")
    flags = application.data.get("flags")
    if section.message_content and isinstance(flags, int) and not flags & CONTENT_INTENT:
        cure = "switch Message Content Intent on in the Developer Portal, your application, Bot"
        raise AnswerRefusedError(
            f"{told.data.get('username')} may not read messages: the bot could not connect",
            cure,
            passing=True,
        )
    return f"{told.data.get('username')} ({told.data.get('id')})"
