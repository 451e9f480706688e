"""What was said while the bot was away is found, and heard once: with the unmodified discord.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bots.discord.frontend import open_discord
from bots.discord.places import PLATFORM
from core.messages import Place
from tests.discord_listening import FAST, Intake, Watch, discord_at_hand, settings
from tests.platforms.discord import FORUM, VOICE, Channel, FakeDiscord, Person

HISTORY = "GET /channels/{}/messages"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


def ago(fake: FakeDiscord, **length: float) -> datetime:
    return datetime.fromtimestamp(fake.clock.now(), UTC) - timedelta(**length)


@asynccontextmanager
async def back(
    fake: FakeDiscord, heard: dict[str, datetime], *places: Place, **changes: object
) -> AsyncIterator[Intake]:
    """A process that starts after another one was killed; the core remembers when it last heard something."""
    async with open_discord(settings(fake, **changes), FAST) as frontend:
        intake = Intake()
        intake.heard, intake.known = heard, list(places)
        task = asyncio.create_task(frontend.listen(intake, Watch()))
        try:
            await fake.online()
            yield intake
        finally:
            task.cancel()
            await asyncio.wait([task])


async def missed(fake: FakeDiscord, *said: tuple[Person, Channel, str]) -> None:
    for author, channel, text in said:
        await fake.say(author, channel, text)


async def test_mentions_in_channels_threads_and_direct_messages_are_found_after_a_restart(
    fake: FakeDiscord,
) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general, talk, forum = (
        fake.channel(gophers, "general"),
        fake.channel(gophers, "talk", VOICE),
        fake.channel(gophers, "help", FORUM),
    )
    thread = fake.thread(general, "a thread", by=ana)
    since = ago(fake, minutes=1)
    call = fake.bot.mention
    for channel in (general, talk, thread):
        await fake.say(ana, channel, "not for the bot")
        await fake.say(ana, channel, f"{call} in {channel.name}")
    fake.post(forum, ana, "A question", f"{call} in a post")
    shelved = fake.thread(general, "shelved", by=ana)
    await fake.say(ana, shelved, f"{call} in an archived thread")
    fake.archive(shelved)
    direct = fake.dm(ana)
    await fake.say(ana, direct, "in private")
    known = Place(PLATFORM, "", str(direct.id), private=True)

    async with back(fake, {"": since, str(gophers.id): since}, known) as intake:
        texts = await intake.texts(6)

        assert sorted(texts) == sorted(
            ["in general", "in talk", "in a thread", "in a post", "in an archived thread", "in private"]
        )
        assert not fake.unknown
