"""What was said while the bot was away is found, and heard once: with the unmodified discord.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from bots.discord.events.address import PLATFORM
from bots.discord.frontend import open_discord
from core.domain import Place, Said
from tests.discord_listening import FAST, Intake, Watch, discord_at_hand, settings
from tests.platforms.discord import FORUM, VOICE, Channel, FakeDiscord, Permission
from tests.waiting import ended, soon

THE_END = "the end"
HISTORY, SHELF = "GET /channels/{}/messages", "GET /channels/{}/threads/archived/public"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


def ago(fake: FakeDiscord, **length: float) -> datetime:
    return datetime.fromtimestamp(fake.clock.now(), UTC) - timedelta(**length)


@asynccontextmanager
async def back(
    fake: FakeDiscord,
    heard: dict[str, datetime],
    *places: Place,
    seen: frozenset[str] = frozenset(),
    before: Intake | None = None,
    **changes: object,
) -> AsyncIterator[Intake]:
    """A process that starts after another one was killed; the core remembers when it last heard something.

    `before`: what that one told the core. What is missed in the last of its servers is found last.
    """
    zoe, last = fake.person("zoe"), fake.channel(fake.guild("last"), "last")
    await fake.say(zoe, last, f"{fake.bot.mention} {THE_END}")
    async with open_discord(settings(fake, **changes), FAST) as frontend:
        intake = Intake()
        intake.heard, intake.known, intake.seen = heard, list(places), set(seen)
        if before is not None:
            intake.to_look_through = before.to_look_through
        task = asyncio.create_task(frontend.listen(intake, Watch()))
        try:
            await fake.online()
            yield intake
        finally:
            task.cancel()
            await ended(task)


def texts_of(intake: Intake) -> list[str]:
    return [event.text for event in intake.events if isinstance(event, Said) and event.text != THE_END]


async def all_found(intake: Intake) -> list[str]:
    """What was heard once everything was looked through."""
    await intake.until(
        lambda: any(isinstance(event, Said) and event.text == THE_END for event in intake.events)
    )
    return texts_of(intake)


def looked_through(fake: FakeDiscord, spec: str = HISTORY) -> set[str]:
    """The names of the channels that were asked for."""
    asked = {call.path.split("/")[2] for call in fake.called(spec)}
    return {fake.world.channels[int(number)].name for number in asked} - {"last"}


# -- after a restart --------------------------------------------------------------------------------


async def test_what_was_said_in_every_kind_of_place_is_found_after_a_restart(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general, talk = fake.channel(gophers, "general"), fake.channel(gophers, "talk", VOICE)
    forum, thread = fake.channel(gophers, "help", FORUM), fake.thread(general, "a thread", by=ana)
    direct, since, call = fake.dm(ana), ago(fake, minutes=1), fake.bot.mention
    for channel in (general, talk, thread):
        await fake.say(ana, channel, "not for the bot")
        await fake.say(ana, channel, f"{call} in {channel.name}")
    fake.post(forum, ana, "A question", f"{call} in a post")
    shelved = fake.thread(general, "shelved", by=ana)
    await fake.say(ana, shelved, f"{call} in an archived thread")
    fake.archive(shelved)
    await fake.say(ana, general, "to its role", mention_role=gophers.bot_role)
    await fake.say(ana, direct, "in private")
    known = Place(PLATFORM, "", str(direct.id), private=True)

    async with back(fake, {"": since, str(gophers.id): since}, known) as intake:
        texts = await all_found(intake)

        expected = (
            "in general, in talk, in a thread, in a post, in an archived thread, to its role, in private"
        )
        assert sorted(texts) == sorted(expected.split(", "))
        assert [e.place.private for e in intake.events if e.place.channel == str(direct.id)] == [True]
        assert not fake.unknown


@pytest.mark.parametrize("count", [3, 250])
async def test_pages_in_no_order_that_repeat_each_other_are_read_once_and_in_order(count: int) -> None:
    async with discord_at_hand(odd_pages=True) as fake:
        gophers, ana = fake.guild("Gophers"), fake.person("ana")
        general = fake.channel(gophers, "general")
        since = ago(fake, minutes=1)
        for number in range(count):
            await fake.say(ana, general, f"{fake.bot.mention} {number}")

        async with back(fake, {str(gophers.id): since}) as intake:
            await intake.until(lambda: len(texts_of(intake)) >= count)

            assert texts_of(intake) == [str(number) for number in range(count)]


async def test_a_message_with_an_odd_part_is_found_and_one_that_nobody_can_read_hides_no_other(
    fake: FakeDiscord,
) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    since = ago(fake, minutes=1)
    odd = await fake.say(ana, general, f"{fake.bot.mention} odd")
    broken = await fake.say(ana, general, f"{fake.bot.mention} broken")
    await fake.say(ana, general, f"{fake.bot.mention} whole")
    odd.embeds = [5]  # type: ignore[list-item]  # what no embed is
    broken.further = {"channel_id": None}

    with structlog.testing.capture_logs() as logs:
        async with back(fake, {str(gophers.id): since}) as intake:
            assert await all_found(intake) == ["odd", "whole"]

    assert "discord.event_faulty" in [line["event"] for line in logs]


async def test_what_was_missed_is_read_whole(fake: FakeDiscord) -> None:
    gophers, ana, ben = fake.guild("Gophers"), fake.person("ana"), fake.person("ben", nick="Benny")
    general = fake.channel(gophers, "general")
    since = ago(fake, minutes=1)
    poll = {"question": {"text": "Where to?"}, "answers": [{"poll_media": {"text": "Oban"}}]}
    words = f"{fake.bot.mention} ask {ben.mention} in {general.mention}"
    await fake.say(ana, general, words, further={"poll": poll})

    async with back(fake, {str(gophers.id): since}) as intake:
        assert await all_found(intake) == ["ask @Ben in #general\n[poll: Where to?: Oban]"]


async def test_only_what_was_new_is_told_as_caught_up(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    known = await fake.say(ana, fake.channel(gophers, "general"), f"{fake.bot.mention} heard before")
    since = ago(fake, minutes=1)
    with structlog.testing.capture_logs() as logs:
        async with back(fake, {str(gophers.id): since}, seen=frozenset({f"discord:{known.id}"})) as intake:
            assert await all_found(intake) == ["heard before"]
            await fake.say(ana, fake.dm(ana), "live")
            await intake.until(lambda: len(intake.events) == 3)

    told = [line for line in logs if line["event"] == "discord.backfilled"]
    assert not [line for line in told if line["server"] == gophers.id]
    assert all(line["found"] == 1 for line in told)


async def test_what_is_found_is_the_same_event_as_a_live_one(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    question = await fake.say(ana, general, f"{fake.bot.mention} why?", attachments=[("a.txt", b"a")])

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        await all_found(intake)
        await fake.redeliver(question)
        await intake.until(lambda: len(intake.events) == 3)
        found, _, live = intake.events

        assert isinstance(found, Said)
        assert isinstance(live, Said)
        assert found.keys == (f"discord:{question.id}",)
        assert (found.keys, found.author, found.place, found.text, found.address, found.origin) == (
            live.keys,
            live.author,
            live.place,
            live.text,
            live.address,
            live.origin,
        )
        assert [file.name for file in found.attachments] == ["a.txt"]


async def test_what_a_message_of_ours_replies_to_was_answered(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    answered = await fake.say(ana, general, f"{fake.bot.mention} answered")
    await fake.say(ana, general, f"{fake.bot.mention} not answered")
    await fake.say(fake.bot, general, "because", reply_to=answered)

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        assert await all_found(intake) == ["not answered"]


async def test_many_messages_are_read_page_by_page_in_their_order(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    for number in range(130):
        await fake.say(ana, general, "talk" if number % 10 else f"{fake.bot.mention} {number}")
    fake.rate_limit(HISTORY, retry_after_s=0.01)
    fake.fail(HISTORY, status=503)

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        assert await all_found(intake) == [str(number) for number in range(0, 130, 10)]


async def test_an_author_comes_with_their_roles(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    await fake.say(ana, general, f"{fake.bot.mention} one")
    await fake.say(ana, general, f"{fake.bot.mention} two")

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        await all_found(intake)

        asked = [call.path.split("/")[-1] for call in fake.called("GET /guilds/{}/members/{}")]
        assert asked.count(str(ana.id)) == 1


# -- how far ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "found"),
    [(24, ["20 h ago", "1 h ago"]), (2, ["1 h ago"]), (48, ["30 h ago", "20 h ago", "1 h ago"])],
)
async def test_it_looks_back_as_far_as_is_set(hours: int, found: list[str]) -> None:
    async with discord_at_hand() as fake:
        gophers, ana = fake.guild("Gophers"), fake.person("ana")
        general = fake.channel(gophers, "general")
        moments = [(30, "30 h ago"), (20, "20 h ago"), (1, "1 h ago")]
        for back_h, words in moments:
            await fake.say(ana, general, f"{fake.bot.mention} {words}", unheard=True)
            age(fake, general, back_h)

        async with back(fake, {str(gophers.id): ago(fake, days=3)}, backfill_hours=hours) as intake:
            assert await all_found(intake) == found


def age(fake: FakeDiscord, channel: Channel, hours: float) -> None:
    """Make the newest message of a channel older."""
    message = channel.messages.pop(max(channel.messages))
    del fake.world.messages[message.id]
    message.id -= int(hours * 3_600_000) << 22
    channel.messages[message.id] = fake.world.messages[message.id] = message


@pytest.mark.parametrize("remembered", [True, False])
async def test_without_a_wish_or_anything_known_nothing_is_looked_through(
    fake: FakeDiscord, remembered: bool
) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    await fake.say(ana, general, f"{fake.bot.mention} hello?")
    heard = {str(gophers.id): ago(fake, minutes=1)} if remembered else {}

    async with back(fake, heard, backfill_hours=0 if remembered else 24) as intake:
        await fake.say(ana, general, f"{fake.bot.mention} now")
        await intake.until(lambda: intake.events)
        assert texts_of(intake) == ["now"]
        assert not fake.called(HISTORY)


async def test_a_server_that_nobody_spoke_in_is_looked_through_since_the_latest_of_all(
    fake: FakeDiscord,
) -> None:
    quiet, ana = fake.guild("Quiet"), fake.person("ana")
    channel = fake.channel(quiet, "general")
    await fake.say(ana, channel, f"{fake.bot.mention} before", unheard=True)
    age(fake, channel, 3)
    await fake.say(ana, channel, f"{fake.bot.mention} meanwhile")

    async with back(fake, {"": ago(fake, hours=9), "1": ago(fake, hours=1)}) as intake:
        assert await all_found(intake) == ["meanwhile"]


async def test_where_nothing_may_be_read_or_nothing_is_new_nothing_is_asked(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    closed, hidden, old = (fake.channel(gophers, name) for name in ("closed", "hidden", "old"))
    await fake.say(ana, old, f"{fake.bot.mention} long ago", unheard=True)
    age(fake, old, 3)
    for channel in (closed, hidden):
        await fake.say(ana, channel, f"{fake.bot.mention} hello?")
    fake.deny(closed, Permission.READ_MESSAGE_HISTORY)
    fake.deny(hidden, Permission.VIEW_CHANNEL)

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        assert await all_found(intake) == []
        assert looked_through(fake) == set()
        assert looked_through(fake, SHELF) == {"old"}


async def test_a_channel_that_fails_does_not_hide_the_others(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    broken, sound = fake.channel(gophers, "broken"), fake.channel(gophers, "sound")
    for channel in (broken, sound):
        await fake.say(ana, channel, f"{fake.bot.mention} in {channel.name}")
    fake.fail(f"GET /channels/{broken.id}/messages", status=403, code=50001, times=99)

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        assert await all_found(intake) == ["in sound"]


async def test_a_process_that_is_ended_before_it_got_through_leaves_the_rest_to_the_next(
    fake: FakeDiscord,
) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general, direct = fake.channel(gophers, "general"), fake.dm(ana)
    await fake.say(ana, general, f"{fake.bot.mention} missed", unheard=True)
    age(fake, general, 3)
    await fake.say(ana, direct, "in private", unheard=True)
    age(fake, direct, 3)
    since, known = ago(fake, hours=4), Place(PLATFORM, "", str(direct.id), private=True)
    held = fake.hang(HISTORY)
    async with back(fake, {"": since, str(gophers.id): since}, known) as first:
        await soon("the history to be asked for", held.entered.wait())
        assert set(first.to_look_through) >= {"", str(gophers.id)}
    held.release()
    now = ago(fake, minutes=0)  # it heard more before it was ended

    async with back(fake, {"": now, str(gophers.id): now}, known, before=first) as second:
        assert sorted(await all_found(second)) == ["in private", "missed"]
        await second.until(lambda: not second.to_look_through)


# -- while it runs ----------------------------------------------------------------------------------


async def test_what_one_connection_did_not_finish_the_next_one_does(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    await fake.say(ana, general, f"{fake.bot.mention} missed")
    held = fake.hang(HISTORY)

    async with back(fake, {str(gophers.id): ago(fake, minutes=1)}) as intake:
        await soon("the history to be asked for", held.entered.wait())
        fake.invalidate()
        await fake.until(lambda: len(fake.identifies) == 2)
        held.release()

        assert set(await all_found(intake)) == {"missed"}
