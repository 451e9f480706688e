"""The contract suites on Discord: unmodified discord.py over real sockets, at a stand-in no kinder than Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from aivax_bots.testing import ANA, BEN, Adapter, ConversationContract, FrontendContract
from bots.discord.frontend import DiscordFrontend, open_discord
from tests.discord_listening import FAST, discord_at_hand, settings
from tests.platforms.discord import FakeDiscord, Message, Person
from tests.platforms.discord.view import Seen


class DiscordAdapter(Adapter):
    """A channel of a server, with the bot in it."""

    plugin = "bots.discord.plugin:plugin"
    private = False
    longest = 2_000

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self.people: dict[str, Person] = {}

    async def __aenter__(self) -> Self:
        self.fake: FakeDiscord = await self.stack.enter_async_context(discord_at_hand())
        self.lobby = self.fake.channel(self.fake.guild("Gophers"), "lobby")
        self.people = {name: self.fake.person(name) for name in (ANA, BEN)}
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stack.aclose()

    def settings(self) -> Mapping[str, Any]:
        return {"token": self.fake.token, "api_url": self.fake.api_url}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[DiscordFrontend]:
        async with open_discord(settings(self.fake), FAST) as frontend:
            yield frontend

    def to_bot(self, words: str) -> str:
        return f"{self.fake.bot.mention} {words}"

    async def say(self, words: str, *, by: str = ANA) -> Message:
        return await self.fake.say(self.people[by], self.lobby, self.to_bot(words))

    def seen(self, to: str) -> list[Seen]:
        return self.fake.answers(self.lobby, self.people[to])

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return [each.content for each in self.seen(to) if each.content]

    def pings(self) -> Sequence[str]:
        return [ping for each in self.seen(ANA) for ping in each.pings]

    def _buttons(self) -> dict[str, tuple[int, str]]:
        """By label: the message below which a button stands, and its id."""
        return {
            button.label: (each.id, button.custom_id or "")
            for each in self.seen(ANA)
            for button in each.buttons
        }

    def buttons(self) -> Sequence[str]:
        return list(self._buttons())

    async def press(self, label: str) -> None:
        await self.fake.click(self.people[ANA], *self._buttons()[label])

    def files(self) -> Sequence[str]:
        return [file.name for each in self.seen(ANA) for file in each.attachments]

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        await self.fake.say(self.people[ANA], self.lobby, self.to_bot(words), attachments=[(name, data)])

    def is_typing(self) -> bool:
        return self.fake.typing(self.lobby)

    async def edit(self, said: Message, words: str) -> None:
        await self.fake.edit(self.people[ANA], said, self.to_bot(words))

    async def delete(self, said: Message) -> None:
        await self.fake.delete(self.people[ANA], said)

    async def refuse(self) -> None:
        self.fake.refuse_identify(4004)

    async def surprise(self) -> None:
        self.fake.dispatch("TIDE_TURNED", {"level": 3})
        self.fake.dispatch("MESSAGE_CREATE", {"content": "no author"})
        self.fake.dispatch("MESSAGE_CREATE", {"id": [], "channel_id": None, "author": "me", "content": 7})
        self.fake.dispatch("MESSAGE_UPDATE", {"id": "1", "channel_id": str(self.lobby.id), "tide": {}})


class TestDiscord(FrontendContract):
    adapter = DiscordAdapter


class TestDiscordConversations(ConversationContract):
    adapter = DiscordAdapter
