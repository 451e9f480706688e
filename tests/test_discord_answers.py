"""Whole answers through the real frontend: nothing is lost, nothing pings, nothing is previewed."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.domain import Action, Button, Footer, OutcomeUnknown, Status
from tests.discord_answers import POST, SECOND, asked, opened
from tests.discord_listening import FAST, discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord
from tests.test_splitter import long_answer


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def words_of(text: str) -> list[str]:
    """All that is said, without the lines that open and close code, and the marks around it."""
    lines = [line for line in text.split("\n") if not line.strip().startswith(("```", "~~~"))]
    return re.findall(r"\w+", "\n".join(lines).replace("\u02cb", "`"))


async def test_an_answer_of_thirty_thousand_characters_arrives_whole(fake: FakeDiscord) -> None:
    """With nested lists, tables and five fences."""
    text = long_answer()
    async with opened(fake, replace(FAST, sleep=at_once)) as frontend:
        place = await asked(fake, frontend)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            for begin in range(0, len(text), 700):
                await surface.write(text[begin : begin + 700])
                await asyncio.sleep(0)
            await surface.finish(Footer())

        seen = place.seen()
        assert len(text) > 29_000
        head = re.compile(r"n +\| +square +\| +cube")  # stands again in each further message of its table
        assert words_of(head.sub("", "\n".join(seen))) == words_of(head.sub("", text))
        for part in seen:
            assert len(part) <= 2000
            assert part.count("```") % 2 == 0
        assert [call for call in fake.calls if call.status is None or call.status >= 400] == []


async def test_whatever_the_model_writes_pings_nobody_and_previews_nothing(fake: FakeDiscord) -> None:
    """On the create, on every edit of the growing answer, with buttons and without."""
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        role, bob = fake.role(place.guild, "mods", mentionable=True), fake.person("bob")
        nasty = f"@everyone @here {role.mention} {bob.mention} {place.question.author.mention}"
        pieces = [nasty, " https://x.test/a", f"\n{nasty}", " [b](https://x.test/b)", " <@&1> www.x.test"]
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.note(Status(f"Asking {bob.mention} at https://x.test/tool"))
            await fake.until(place.seen)
            await surface.offer([Button(Action.STOP, "turn", "Stop")])
            for number, piece in enumerate(pieces, 2):
                await surface.write(piece)
                await fake.until(lambda number=number: len(fake.answers(place.channel)[0].versions) >= number)
            await surface.finish(
                Footer(f"by {bob.mention}, https://x.test", (Button(Action.GOOD, "turn", "Good"),))
            )

        [seen] = fake.answers(place.channel)
        assert len(seen.versions) >= len(pieces) + 2
        assert nasty in seen.content
        assert not seen.pings
        assert not seen.previews


async def test_a_preview_that_comes_late_comes_to_nothing(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.write("see https://x.test/a")
            await surface.finish(Footer())
        [seen] = fake.answers(place.channel)
        assert seen.flags & 4

        await fake.unfurl(seen)
        [seen] = fake.answers(place.channel)
        assert not seen.previews


async def test_a_create_nobody_saw_the_end_of_is_not_repeated_after_the_nonces_minutes(
    fake: FakeDiscord,
) -> None:
    """A process dies after Discord posted; the next one comes when Discord has forgotten the nonce."""
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        ledger = FakeLedger()
        await ledger.intend(0)
        fake.lose_response(POST)
        with pytest.raises(OutcomeUnknown):
            await place.answer.post("It is because", replace(SECOND, part=0, nonce=ledger.rows[0].nonce))
        fake.clock.advance(3600)
        async with frontend.reply_to(str(place.address), ledger.reopened()) as surface:
            await surface.write("It is because of the heat.")
            await surface.finish(Footer())

        assert place.seen() == ["It is because of the heat."]
