"""Files that models make, as attachments on Discord: shown once, whatever breaks, and taken away again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.discord.frontend import DiscordFrontend
from core.domain import Footer, MadeFile, MessageRefused, OutcomeUnknown, PlaceClosed
from tests.discord_answers import POST, Place, asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord, Permission

PART = 10_000
CAT = MadeFile("picture-1.png", "image/png", "a cat", b"\x89PNG\r\n\x1a\n" + bytes(40))
DOG = MadeFile("picture-2.gif", "image/gif", "", b"GIF89a" + bytes(20))


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


async def attach(
    frontend: DiscordFrontend, place: Place, ledger: FakeLedger, *files: MadeFile, again: bool = False
) -> str:
    delivery = await ledger.intend(PART)
    return await frontend.attach(str(place.address), files or (CAT, DOG), delivery, ledger, again=again)


def files_shown(place: Place) -> list[list[bytes]]:
    return [
        [each.data for each in seen.attachments]
        for seen in place.fake.answers(place.channel)
        if seen.attachments
    ]


async def test_pictures_stand_in_one_message_with_words_for_those_who_cant_see_them(
    fake: FakeDiscord,
) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)

        await attach(frontend, place, FakeLedger())

        assert files_shown(place) == [[CAT.data, DOG.data]]
        (message,) = [each for each in place.channel.messages.values() if each.attachments]
        assert [each.description for each in message.attachments] == ["a cat", None]
        assert not message.pings


@pytest.mark.parametrize("nonces", [True, False], ids=["soon", "when the nonce is forgotten"])
async def test_a_create_whose_outcome_is_unknown_shows_them_once(fake: FakeDiscord, nonces: bool) -> None:
    async with opened(fake) as frontend:
        place, ledger = await asked(fake, frontend), FakeLedger()
        fake.lose_response(POST)
        with pytest.raises(OutcomeUnknown):
            await attach(frontend, place, ledger)
        if not nonces:
            place.channel.nonces.clear()

        await attach(frontend, place, ledger, again=True)

        assert files_shown(place) == [[CAT.data, DOG.data]]


async def test_without_the_permission_the_place_takes_none(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.deny(place.channel, Permission.ATTACH_FILES)

        with pytest.raises(PlaceClosed):
            await attach(frontend, place, FakeLedger())


async def test_a_file_that_is_too_large_there_is_refused_for_what_it_is(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        large = MadeFile("picture-1.png", "image/png", "", bytes(10 * 1024 * 1024 + 1))

        with pytest.raises(MessageRefused):
            await attach(frontend, place, FakeLedger(), large)


async def test_an_answer_is_taken_away_with_its_files_and_what_is_gone_is_fine(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place, ledger = await asked(fake, frontend), FakeLedger()
        async with frontend.reply_to(str(place.address), ledger) as surface:
            await surface.write("Here they are.")
            await surface.finish(Footer())
        ids = [each.message_id for each in ledger.rows] + [await attach(frontend, place, FakeLedger())]

        for _ in range(2):
            await frontend.remove(str(place.address), ids)

        assert fake.answers(place.channel) == []
