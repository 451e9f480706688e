"""Places on a fake Discord where an answer is shown, for the tests of posting and editing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from msgspec import structs

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.events.address import Address
from bots.discord.frontend import DiscordFrontend, open_discord
from bots.discord.transport.api import Session
from bots.discord.transport.timing import Timing
from core.domain import Delivery
from tests.discord_listening import FAST, settings
from tests.fakes import FakeLedger
from tests.platforms.discord import Channel, FakeDiscord, Guild, Message

POST, EDIT = "POST /channels/{}/messages", "PATCH /channels/{}/messages/{}"
FIRST = Delivery(0, "turn-1-0", "", 0, closed=False, generation=1)
SECOND = replace(FIRST, part=1, nonce="turn-1-1")
PINGS = "@everyone @here <@1> see https://example.test"


class Place:
    """A question in a channel, and the place of its answer; the process only logs in, it never listens."""

    def __init__(self, fake: FakeDiscord, channel: Channel, question: Message, session: Session) -> None:
        self.fake = fake
        self.channel = channel
        self.question = question
        self.address = Address(
            channel=channel.id, message=question.id, guild=channel.guild.id if channel.guild else 0
        )
        self.answer = DiscordChannel(session, self.address)

    def address_of(self, question: Message) -> Address:
        """Where another question in the same channel stands."""
        return structs.replace(self.address, message=question.id)

    @property
    def guild(self) -> Guild:
        assert self.channel.guild is not None
        return self.channel.guild

    def refused(self) -> bool:
        """Whether a call for the answer was turned down for good."""
        return any(call.status in (400, 403) for call in self.fake.calls)

    def seen(self) -> list[str]:
        return [seen.content for seen in self.fake.answers(self.channel)]


@asynccontextmanager
async def opened(
    fake: FakeDiscord, timing: Timing = FAST, **changes: object
) -> AsyncIterator[DiscordFrontend]:
    async with open_discord(settings(fake, **changes), timing) as frontend:
        yield frontend


async def asked(fake: FakeDiscord, frontend: DiscordFrontend) -> Place:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    question = await fake.say(alice, general, "why?")
    return Place(fake, general, question, frontend._session)


class NamedLedger(FakeLedger):
    """The ledger of one answer among several: nonces are an answer's own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    async def intend(self, part: int) -> Delivery:
        delivery = await super().intend(part)
        return replace(delivery, nonce=f"{self._name}-{delivery.nonce}")
