"""What the Discord frontend reads around a question, and its files."""

from collections.abc import AsyncIterator

import pytest
import structlog

from core.domain import PlaceClosed, PlatformError
from tests.discord_listening import Listening, discord_at_hand, online
from tests.platforms.discord import FORUM, FakeDiscord, Permission, Upload


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


# -- surroundings -----------------------------------------------------------------------------------


async def test_a_thread_is_read_with_the_message_it_was_opened_from(fake: FakeDiscord) -> None:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    starter = await fake.say(alice, general, "We should rewrite it")
    thread = fake.thread(starter, "rewrite", by=alice)
    async with online(fake) as ears:
        await fake.say(alice, thread, "in Go?")
        await fake.say(alice, thread, "in C!", attachments=[("plan.txt", b"...")])
        await fake.say(alice, thread, f"{fake.bot.mention} summarise this thread")
        heard = await ears.intake.first()
        quotes = await ears.frontend.surroundings(heard.address, 10)
        short = await ears.frontend.surroundings(heard.address, 2)

        assert [quote.text for quote in quotes] == ["We should rewrite it", "in Go?", "in C!"]
        assert quotes[2].attachment_names == ("plan.txt",)
        assert quotes[0].author_name == "Alice"
        assert [quote.text for quote in short] == ["We should rewrite it", "in C!"]


async def test_a_forum_posts_first_message_is_read_too(fake: FakeDiscord) -> None:
    forum, alice = fake.channel(fake.guild("Gophers"), "help", FORUM), fake.person("alice")
    async with online(fake) as ears:
        thread, _ = fake.post(forum, alice, "A question", "It does not compile")
        for number in range(5):
            await fake.say(alice, thread, f"line {number}")
        await fake.say(alice, thread, f"{fake.bot.mention} why?")
        heard = await ears.intake.first()
        quotes = await ears.frontend.surroundings(heard.address, 3)

        assert [quote.text for quote in quotes] == ["It does not compile", "line 3", "line 4"]


async def test_in_a_channel_the_chain_of_replies_is_read(fake: FakeDiscord) -> None:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    async with online(fake) as ears:
        first = await fake.say(alice, general, "one")
        second = await fake.say(alice, general, "two", reply_to=first)
        await fake.say(alice, general, "unrelated")
        await fake.say(alice, general, f"{fake.bot.mention} what does this mean?", reply_to=second)
        heard = await ears.intake.first()
        quotes = await ears.frontend.surroundings(heard.address, 10)

        assert [(quote.text, quote.replied_to) for quote in quotes] == [("one", False), ("two", True)]


async def test_nothing_is_read_around_a_direct_message_or_a_plain_mention(fake: FakeDiscord) -> None:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    async with online(fake) as ears:
        await fake.say(alice, general, "before")
        await fake.say(alice, general, f"{fake.bot.mention} hello")
        answer = await fake.say(fake.bot, fake.dm(alice), "an answer")
        await fake.say(alice, fake.dm(alice), "and then?", reply_to=answer)
        await ears.intake.texts(2)

        for event in ears.intake.events:
            assert list(await ears.frontend.surroundings(event.address, 10)) == []


async def test_where_nothing_can_be_read_there_are_no_surroundings(fake: FakeDiscord) -> None:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    thread = fake.thread(general, "secret", by=alice)
    async with online(fake) as ears:
        await fake.say(alice, thread, f"{fake.bot.mention} summarise")
        heard = await ears.intake.first()
        fake.deny(general, Permission.VIEW_CHANNEL)

        with structlog.testing.capture_logs():
            assert list(await ears.frontend.surroundings(heard.address, 10)) == []


# -- files ------------------------------------------------------------------------------------------


async def _attached(fake: FakeDiscord, ears: Listening, upload: Upload) -> str:
    alice = fake.person("alice")
    await fake.say(alice, fake.dm(alice), "look", attachments=[upload])
    return (await ears.intake.first()).attachments[0].ref


async def test_an_attachment_is_read_without_the_token(fake: FakeDiscord) -> None:
    async with online(fake) as ears:
        ref = await _attached(fake, ears, Upload("cat.png", b"\x89PNG...", "image/png"))
        blob = await ears.frontend.fetch(ref, 1000)

        assert (blob.data, blob.media_type) == (b"\x89PNG...", "image/png")
        assert not fake.downloads[0].token_sent


async def test_an_expired_address_is_renewed(fake: FakeDiscord) -> None:
    async with online(fake) as ears:
        ref = await _attached(fake, ears, Upload("cat.png", b"cat"))
        fake.clock.advance(3 * 86_400)
        blob = await ears.frontend.fetch(ref, 1000)

        assert blob.data == b"cat"
        assert [call.status for call in fake.downloads] == [404, 200]


@pytest.mark.parametrize("claimed", [None, 3])
async def test_a_file_that_is_too_large_is_not_read(fake: FakeDiscord, claimed: int | None) -> None:
    async with online(fake) as ears:
        ref = await _attached(fake, ears, Upload("big.bin", b"x" * 5000, claimed_size=claimed))

        with pytest.raises(PlatformError) as caught:
            await ears.frontend.fetch(ref, 4999)
        assert caught.value.code == "file_too_large"


@pytest.mark.parametrize(
    "url", ["https://evil.test/cat.png", "http://169.254.169.254/", "file:///etc/passwd", "https://[::1", "x"]
)
async def test_a_foreign_address_is_never_asked(fake: FakeDiscord, url: str) -> None:
    async with online(fake) as ears:
        ref = await _attached(fake, ears, Upload("cat.png", b"cat", url=url))

        with pytest.raises(PlatformError) as caught:
            await ears.frontend.fetch(ref, 1000)
        assert caught.value.code in ("foreign_host", "unreadable_file")
        assert not fake.downloads


async def test_a_file_whose_message_is_gone_says_so(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        message = await fake.say(alice, fake.dm(alice), "look", attachments=[("cat.png", b"cat")])
        ref = (await ears.intake.first()).attachments[0].ref
        fake.clock.advance(3 * 86_400)
        await fake.delete(alice, message)

        with pytest.raises(PlaceClosed) as caught:
            await ears.frontend.fetch(ref, 1000)
        assert caught.value.code == "unknown_message"
