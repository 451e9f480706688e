"""The unmodified discord.py against the fake: what it does there must be what it does on the real one."""

import asyncio
import io
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import yarl

from tests.platforms.discord import (
    FORUM,
    PRIVATE_THREAD,
    VOICE,
    Channel,
    FakeDiscord,
    Limits,
    Permission,
    Person,
    Upload,
    Window,
)
from tests.waiting import ended
from tests.waiting import soon as in_time

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop, which 3.13 drops
    import discord
    from discord import app_commands
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)
CREATE = "POST /channels/{}/messages"
EDIT = "PATCH /channels/{}/messages/{}"


class Bot(discord.AutoShardedClient):
    """Keeps what it hears; identifies without the pause that the real gateway asks for."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {"intents": INTENTS, "guild_ready_timeout": 0.0}
        defaults["allowed_mentions"] = discord.AllowedMentions.none()
        super().__init__(**defaults | options)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.edits: asyncio.Queue[discord.RawMessageUpdateEvent] = asyncio.Queue()
        self.deletes: asyncio.Queue[discord.RawMessageDeleteEvent] = asyncio.Queue()
        self.bulk_deletes: asyncio.Queue[discord.RawBulkMessageDeleteEvent] = asyncio.Queue()
        self.resumed: asyncio.Queue[int] = asyncio.Queue()
        self.left: asyncio.Queue[discord.Guild] = asyncio.Queue()
        self.is_up = asyncio.Event()
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass

    async def on_ready(self) -> None:
        self.is_up.set()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.edits.put_nowait(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.deletes.put_nowait(event)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self.bulk_deletes.put_nowait(event)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.resumed.put_nowait(shard_id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.left.put_nowait(guild)


@pytest.fixture(autouse=True)
def _addresses() -> Iterator[None]:
    """Puts discord.py's process-wide addresses back."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def move_discord_py(fake: FakeDiscord) -> None:
    Route.BASE = fake.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        move_discord_py(server)
        yield server


@asynccontextmanager
async def online(fake: FakeDiscord, bot: Bot | None = None, shards: int = 1) -> AsyncIterator[Bot]:
    """Runs a bot until the block ends."""
    bot = bot or Bot()
    running = asyncio.create_task(bot.start(fake.token))
    up = asyncio.create_task(bot.is_up.wait())
    try:
        await asyncio.wait([running, up], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        await fake.online(shards)
        yield bot
    finally:
        up.cancel()
        await bot.close()
        running.cancel()
        await ended(running, up)


async def soon(awaitable: Awaitable[Any]) -> Any:
    return await in_time("what the bot hears", awaitable)


def _bytes_io(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


# -- connecting -------------------------------------------------------------------------------------


async def test_a_bot_logs_in_and_knows_its_guild(fake: FakeDiscord) -> None:
    guild = fake.guild("Gophers")
    general = fake.channel(guild, "general")

    async with online(fake) as bot:
        known = bot.get_guild(guild.id)

        assert known is not None
        assert known.name == "Gophers"
        assert known.self_role is not None
        assert known.self_role.id == guild.bot_role.id
        assert bot.get_channel(general.id) is not None
        assert known.me.guild_permissions.send_messages
        assert fake.identifies[0].intents == INTENTS.value
        assert fake.identifies[0].shard == (0, 1)
        assert not fake.unknown


async def test_rest_refuses_a_wrong_token(fake: FakeDiscord) -> None:
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")

    assert fake.invalid_requests == 1


async def test_the_gateway_refuses_a_wrong_token(fake: FakeDiscord) -> None:
    async with discord.Client(intents=INTENTS) as bot:
        await bot.login(fake.token)
        bot.http.token = "wrong"
        with pytest.raises(discord.ConnectionClosed) as caught:
            await soon(bot.connect())

    assert caught.value.code == 4004


async def test_an_intent_that_is_not_switched_on_ends_the_bot() -> None:
    async with FakeDiscord(message_content=False) as fake:
        move_discord_py(fake)
        async with Bot() as bot:
            await bot.login(fake.token)
            flags = (await bot.application_info()).flags
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await soon(bot.connect())

        assert not flags.gateway_message_content_limited
        assert [i.refused for i in fake.identifies] == [4014]


async def test_intents_that_do_not_exist_end_the_bot(fake: FakeDiscord) -> None:
    async with Bot(intents=discord.Intents._from_value(1 << 40)) as bot:
        await bot.login(fake.token)
        with pytest.raises(discord.ConnectionClosed) as caught:
            await soon(bot.connect())

    assert caught.value.code == 4013


async def test_a_plain_client_answers_a_mention(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    heard = asyncio.Event()

    class Plain(discord.Client):
        async def on_message(self, message: discord.Message) -> None:
            if message.author == self.user:
                return
            heard.set()
            await message.reply("Hello!")

    async with Plain(intents=INTENTS, guild_ready_timeout=0.0) as bot:
        running = asyncio.create_task(bot.start(fake.token))
        await fake.online()
        await fake.say(alice, general, f"{fake.bot.mention} hello")
        [answer] = await fake.until(lambda: fake.answers(general))
        await bot.close()
        await running

    assert heard.is_set()
    assert answer.content == "Hello!"
    assert fake.identifies[0].shard is None


# -- messages ---------------------------------------------------------------------------------------


async def test_a_mention_is_answered_and_the_answer_grows(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        question = await fake.say(alice, general, f"{fake.bot.mention} what is a goroutine?")
        heard = await soon(bot.heard.get())
        async with heard.channel.typing():
            assert fake.typing(general)
        answer = await heard.reply("A goroutine", mention_author=True)
        await answer.edit(content="A goroutine is a light thread.")

        [seen] = fake.answers(general)
        assert seen.content == "A goroutine is a light thread."
        assert seen.edited
        assert seen.reply_to == question.id
        assert seen.pings == {"@alice"}
        assert seen.versions == ("A goroutine", "A goroutine is a light thread.")
        assert not fake.typing(general)
        assert [c.status for c in fake.called(CREATE)] == [200]


async def test_a_direct_message_has_no_guild_and_can_be_refused(fake: FakeDiscord) -> None:
    alice, bob = fake.person("alice"), fake.person("bob", accepts_dms=False)
    async with online(fake) as bot:
        await fake.say(alice, fake.dm(alice), "psst")
        heard = await soon(bot.heard.get())
        await bot.get_partial_messageable(heard.channel.id).send("yes?")
        opened = await (await bot.fetch_user(bob.id)).create_dm()
        with pytest.raises(discord.Forbidden) as refused:
            await opened.send("hi")

        assert heard.guild is None
        assert [m.content for m in fake.visible(fake.dm(alice))] == ["psst", "yes?"]
        assert refused.value.code == 50007


async def test_the_same_nonce_posts_once_for_a_few_minutes(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        channel = bot.get_partial_messageable(general.id)
        first = await channel.send("once", nonce="turn-1")
        again = await channel.send("once", nonce="turn-1")
        fake.clock.advance(600)
        later = await channel.send("once", nonce="turn-1")
        await later.delete()
        with pytest.raises(discord.NotFound) as gone:
            await channel.send("once", nonce="turn-1")

        assert first.id == again.id
        assert first.nonce == "turn-1"
        assert later.id != first.id
        assert gone.value.code == 10008
        assert len(fake.visible(general)) == 1


async def test_a_lost_answer_leaves_the_message_and_the_nonce_finds_it(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        channel = bot.get_partial_messageable(general.id)
        fake.lose_response(CREATE)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("hello", nonce="n1")
        sent = await channel.send("hello", nonce="n1")

        assert [m.id for m in fake.visible(general)] == [sent.id]
        assert [c.status for c in fake.called(CREATE)] == [None, 200]


async def test_sizes_and_emptiness_are_refused_by_code_points(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        channel = bot.get_partial_messageable(general.id)
        sent = await channel.send("\N{SLIGHTLY SMILING FACE}" * 2000)
        with pytest.raises(discord.HTTPException) as long:
            await channel.send("x" * 2001)
        with pytest.raises(discord.HTTPException) as empty:
            await channel.send("   ")
        with pytest.raises(discord.HTTPException) as emptied:
            await sent.edit(content="")

        assert (long.value.status, long.value.code) == (400, 50035)
        assert "Must be 2000 or fewer in length" in str(long.value)
        assert (empty.value.code, emptied.value.code) == (50006, 50006)


async def test_a_reply_to_a_deleted_message_fails_only_if_it_must_exist(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        question = await fake.say(alice, general, "hm")
        heard = await soon(bot.heard.get())
        await fake.delete(alice, question)
        with pytest.raises(discord.HTTPException) as refused:
            await heard.reply("too late")
        await heard.channel.send("anyway", reference=heard.to_reference(fail_if_not_exists=False))

        assert refused.value.code == 50035
        assert (await soon(bot.deletes.get())).message_id == question.id
        assert [m.content for m in fake.visible(general)] == ["anyway"]


async def test_an_edit_without_allowed_mentions_pings(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake, Bot(allowed_mentions=None)) as bot:
        quiet = discord.AllowedMentions.none()
        loud = f"@everyone {alice.mention}"
        careful = await bot.get_partial_messageable(general.id).send(loud, allowed_mentions=quiet)
        assert fake.answers(general)[0].pings == set()
        await careful.edit(content=loud)

        assert fake.answers(general)[0].pings == {"@alice", "@everyone"}


async def test_code_and_denied_rights_do_not_ping(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    fake.deny(general, Permission.MENTION_EVERYONE)
    async with online(fake, Bot(allowed_mentions=None)) as bot:
        await bot.get_partial_messageable(general.id).send(f"@here `{alice.mention}`")

        assert fake.answers(general)[0].pings == set()


async def test_previews_come_back_when_a_full_edit_clears_the_flags(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    link = "see https://go.dev and <https://quiet.test> and `https://code.test`"
    async with online(fake) as bot:
        sent = await bot.get_partial_messageable(general.id).send(link, suppress_embeds=True)
        assert fake.answers(general)[0].previews == ()
        await bot.get_partial_messageable(general.id).get_partial_message(sent.id).edit(content=link + "!")
        assert fake.answers(general)[0].previews == ()
        await sent.edit(content=link)

        assert fake.answers(general)[0].previews == ("https://go.dev",)


async def test_a_late_preview_is_an_update_but_no_edit(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        message = await fake.say(alice, general, "https://go.dev")
        await fake.unfurl(message)
        await fake.edit(alice, message, "never mind")
        preview, edit = await soon(bot.edits.get()), await soon(bot.edits.get())

        assert preview.data["edited_timestamp"] is None
        assert len(preview.data["embeds"]) == 1
        assert edit.data["edited_timestamp"] is not None
        assert edit.message.content == "never mind"


async def test_history_pages_and_needs_its_permission(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    said = [await fake.say(alice, general, f"m{n}") for n in range(7)]
    async with online(fake) as bot:
        channel = bot.get_channel(general.id)
        assert isinstance(channel, discord.TextChannel)
        newest = [m.content async for m in channel.history(limit=2)]
        after = [m.content async for m in channel.history(limit=2, after=discord.Object(said[3].id))]
        around = [m.content async for m in channel.history(limit=3, around=discord.Object(said[3].id))]
        fake.deny(general, Permission.READ_MESSAGE_HISTORY)
        nothing = [m async for m in channel.history()]

        assert newest == ["m6", "m5"]
        assert after == ["m4", "m5"]
        assert sorted(around) == ["m2", "m3", "m4"]
        assert nothing == []


async def test_missing_permissions_have_their_codes(fake: FakeDiscord) -> None:
    guild = fake.guild("Gophers")
    hidden, mute = fake.channel(guild, "hidden"), fake.channel(guild, "mute")
    voice = fake.channel(guild, "voice", VOICE)
    fake.deny(hidden, Permission.VIEW_CHANNEL)
    fake.deny(mute, Permission.SEND_MESSAGES)
    fake.deny(voice, Permission.CONNECT)
    codes = []
    async with online(fake) as bot:
        await fake.say(fake.person("alice"), hidden, f"{fake.bot.mention} can you see me?")
        for place in (hidden, mute, voice, fake.dm(fake.bot)):
            try:
                await bot.get_partial_messageable(place.id + (place.kind == 1)).send("hi")
            except discord.HTTPException as error:
                codes.append(error.code)

        assert codes == [50001, 50013, 50001, 10003]
        assert bot.heard.empty()


async def test_files_go_up_and_come_down_until_their_address_expires(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        await fake.say(
            alice, general, "look", attachments=[("notes.txt", b"goroutines"), Upload("x.png", b"png")]
        )
        heard = await soon(bot.heard.get())
        read = await heard.attachments[0].read()
        fake.clock.advance(2 * 86_400)
        with pytest.raises(discord.NotFound):
            await heard.attachments[0].read()
        again = await (await heard.channel.fetch_message(heard.id)).attachments[0].read()
        with_file = await heard.channel.send(
            "mine", file=discord.File(fp=_bytes_io(b"data"), filename="out.csv")
        )
        await with_file.edit(content="changed", attachments=[])

        assert read == again == b"goroutines"
        assert heard.attachments[1].content_type == "image/png"
        assert [d.token_sent for d in fake.downloads] == [False] * 3
        assert fake.answers(general)[0].attachments == ()


async def test_uploads_are_kept_with_their_names(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        files = [
            discord.File(fp=_bytes_io(b"a"), filename="a.txt"),
            discord.File(fp=_bytes_io(b"b"), filename="b.txt"),
        ]
        await bot.get_partial_messageable(general.id).send(files=files, nonce="f1")

        [seen] = fake.answers(general)
        assert [(f.name, f.data) for f in seen.attachments] == [("a.txt", b"a"), ("b.txt", b"b")]
        assert seen.nonce == "f1"


async def test_threads_start_on_messages_once(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        question = await fake.say(alice, general, "deep question")
        heard = await soon(bot.heard.get())
        thread = await heard.create_thread(name="deep question")
        await thread.send("here")
        with pytest.raises(discord.HTTPException) as twice:
            await bot.http.start_thread_with_message(
                general.id, question.id, name="x", auto_archive_duration=60
            )

        assert thread.id == question.id
        assert twice.value.code == 160004
        record = fake.world.channels[thread.id]
        assert [m.kind for m in fake.visible(record)] == [21, 0]
        assert fake.visible(general)[0].thread_id == thread.id


async def test_an_archived_thread_reopens_unless_locked(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    open_, locked = fake.thread(general, "open", by=alice), fake.thread(general, "locked", by=alice)
    fake.archive(open_)
    fake.archive(locked, locked=True)
    async with online(fake) as bot:
        channel = bot.get_channel(general.id)
        assert isinstance(channel, discord.TextChannel)
        found = [t.name async for t in channel.archived_threads()]
        await bot.get_partial_messageable(open_.id).send("back")
        with pytest.raises(discord.HTTPException) as refused:
            await bot.get_partial_messageable(locked.id).send("back")

        assert sorted(found) == ["locked", "open"]
        assert not open_.archived
        assert refused.value.code == 50083


async def test_a_forum_post_is_a_thread_with_its_first_message(fake: FakeDiscord) -> None:
    forum = fake.channel(fake.guild("Gophers"), "help", FORUM)
    alice = fake.person("alice")
    async with online(fake) as bot:
        thread, starter = fake.post(forum, alice, "How?", f"{fake.bot.mention} how?")
        heard = await soon(bot.heard.get())
        await heard.reply("So.")

        assert heard.id == heard.channel.id == thread.id == starter.id
        assert isinstance(heard.channel, discord.Thread)
        assert [m.content for m in fake.answers(thread)] == ["So."]


async def test_deletes_in_bulk_and_reactions_are_told(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        messages = [await fake.say(alice, general, str(n)) for n in range(3)]
        await (
            bot.get_partial_messageable(general.id)
            .get_partial_message(messages[0].id)
            .add_reaction("\N{EYES}")
        )
        await fake.bulk_delete(*messages[1:])

        assert (await soon(bot.bulk_deletes.get())).message_ids == {m.id for m in messages[1:]}
        assert fake.visible(general)[0].reactions == {"\N{EYES}": 1}


async def test_a_forward_carries_its_text_in_a_snapshot(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        original = await fake.say(alice, general, "the news")
        await fake.forward(alice, original, fake.dm(alice))
        await soon(bot.heard.get())
        forwarded = await soon(bot.heard.get())

        assert forwarded.content == ""
        assert forwarded.message_snapshots[0].content == "the news"


# -- message content --------------------------------------------------------------------------------


async def test_without_the_switch_only_what_is_said_to_the_bot_has_content() -> None:
    async with FakeDiscord(message_content=False) as fake:
        move_discord_py(fake)
        general = fake.channel(fake.guild("Gophers"), "general")
        alice = fake.person("alice")
        no_content = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        async with online(fake, Bot(intents=no_content)) as bot:
            mine = await bot.get_partial_messageable(general.id).send("mine")
            own = fake.answers(general)[0]
            await fake.say(alice, general, "gossip", attachments=[("a.txt", b"a")])
            await fake.say(alice, general, f"{fake.bot.mention} question")
            await fake.say(alice, general, "thanks", reply_to=own)
            await fake.say(alice, general, "thanks quietly", reply_to=own, ping=False)
            await fake.say(alice, fake.dm(alice), "in private")
            heard = [await soon(bot.heard.get()) for _ in range(5)]
            fetched = [m.content async for m in mine.channel.history(oldest_first=True)]

            mention = f"{fake.bot.mention} question"
            assert [m.content for m in heard] == ["", mention, "thanks", "", "in private"]
            assert heard[0].attachments == []
            assert heard[2].mentions == [bot.user]
            assert fetched == ["mine", "", mention, "thanks", ""]


# -- gateway trouble --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", ["drop", "close 1000", "close 1001", "close 4000", "reconnect", "invalid, resumable"]
)
async def test_after_a_break_the_session_resumes_and_nothing_is_missed(
    fake: FakeDiscord, trouble: str
) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    breaks: dict[str, Callable[[], None]] = {
        "drop": fake.drop_gateway,
        "reconnect": fake.ask_reconnect,
        "invalid, resumable": lambda: fake.invalidate(resumable=True),
    }
    async with online(fake) as bot:
        breaks.get(trouble, lambda: fake.close_gateway(int(trouble.split()[1])))()
        await fake.say(alice, general, "while you were away")
        heard = await soon(bot.heard.get())
        await soon(bot.resumed.get())

        assert heard.content == "while you were away"
        assert len(fake.identifies) == 1
        assert [(r.accepted, r.path) for r in fake.resumes] == [(True, "/resume-gateway")]


async def test_an_invalid_session_identifies_anew(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        first = fake.sessions[0].id
        fake.invalidate()
        await fake.until(lambda: len(fake.identifies) == 2)
        await fake.online()
        await fake.say(alice, general, "back?")

        assert (await soon(bot.heard.get())).content == "back?"
        assert fake.sessions[0].id != first
        assert fake.resumes == []


async def test_a_forgotten_session_cannot_be_resumed(fake: FakeDiscord) -> None:
    fake.guild("Gophers")
    async with online(fake):
        fake.drop_gateway()
        fake.forget_sessions()
        await fake.until(lambda: len(fake.identifies) == 2)
        await fake.online()

        assert [r.accepted for r in fake.resumes] == [False]


async def test_total_silence_is_noticed_and_resumed() -> None:
    async with FakeDiscord(heartbeat_interval_s=0.1) as fake:
        move_discord_py(fake)
        general = fake.channel(fake.guild("Gophers"), "general")
        alice = fake.person("alice")
        async with online(fake, Bot(heartbeat_timeout=0.5)) as bot:
            fake.mute()
            await fake.say(alice, general, "anyone?")
            heard = await soon(bot.heard.get())

            assert heard.content == "anyone?"
            assert [r.accepted for r in fake.resumes] == [True]


async def test_a_refused_resume_makes_a_sharded_client_identify_anew(fake: FakeDiscord) -> None:
    fake.guild("Gophers")
    async with online(fake):
        fake.refuse_gateway(status=502)
        fake.drop_gateway()
        await fake.until(lambda: len(fake.identifies) == 2)

        assert fake.resumes == []


async def test_a_clean_close_ends_the_session(fake: FakeDiscord) -> None:
    async with online(fake):
        assert len(fake.sessions) == 1

    await fake.until(lambda: not fake.sessions)


async def test_guilds_come_on_their_shards() -> None:
    async with FakeDiscord(shards=2) as fake:
        move_discord_py(fake)
        even, odd = fake.guild("even", shard=(0, 2)), fake.guild("odd", shard=(1, 2))
        places = [fake.channel(g, "general") for g in (even, odd)]
        alice = fake.person("alice")
        async with online(fake, shards=2) as bot:
            for place in places:
                await fake.say(alice, place, place.guild.name if place.guild else "")
            heard = [await soon(bot.heard.get()) for _ in range(2)]

            assert {m.guild.name: m.guild.shard_id for m in heard} == {"even": 0, "odd": 1}
            assert sorted(i.shard for i in fake.identifies if i.shard) == [(0, 2), (1, 2)]


async def test_starts_are_counted_and_the_last_one_costs_the_token() -> None:
    async with FakeDiscord(session_starts=2) as fake:
        move_discord_py(fake)
        async with online(fake) as bot:
            told = await bot.http.request(Route("GET", "/gateway/bot"))
            fake.invalidate()
            await fake.until(lambda: len(fake.identifies) == 2)
            fake.invalidate()
            await fake.until(lambda: len(fake.identifies) == 3)

        assert told["session_start_limit"]["remaining"] == 1
        assert [i.refused for i in fake.identifies] == [None, None, 4004]


async def test_a_guild_joined_lost_and_left_is_told(fake: FakeDiscord) -> None:
    async with online(fake) as bot:
        guild = fake.guild("Late")
        general = fake.channel(guild, "general")
        await fake.say(fake.person("alice"), general, "welcome")
        assert (await soon(bot.heard.get())).guild.name == "Late"
        fake.outage(guild)
        fake.restore(guild)
        fake.kick_bot(guild)

        assert (await soon(bot.left.get())).id == guild.id


# -- interactions -----------------------------------------------------------------------------------

ASK = {
    "name": "ask",
    "description": "Ask",
    "options": [{"type": 3, "name": "question", "description": "What"}],
}
ABOUT = {"name": "Ask about this", "type": 3}


class Asked(Bot):
    """Hands interactions to the test instead of a command tree."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: asyncio.Queue[discord.Interaction[Any]] = asyncio.Queue()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.asked.put_nowait(interaction)


@asynccontextmanager
async def asking(fake: FakeDiscord) -> AsyncIterator[tuple[Asked, Channel, Person]]:
    """A bot with commands, a channel and a person who is about to use them."""
    general = fake.channel(fake.guild("Gophers", locale="de"), "general")
    fake.register(ASK, ABOUT)
    alice = fake.person("alice", locale="pt-BR")
    async with online(fake, Asked()) as bot:
        bot.tree.clear_commands(guild=None)
        yield bot, general, alice


async def test_a_deferred_answer_is_filled_in(fake: FakeDiscord) -> None:
    async with asking(fake) as (bot, general, alice):
        await fake.interact(alice, general, "ask", {"question": "why?"})
        asked = await soon(bot.asked.get())
        await asked.response.defer(thinking=True)
        waiting = fake.visible(general)[0]
        await asked.edit_original_response(content="because")

        assert waiting.loading
        assert asked.locale is discord.Locale.brazil_portuguese
        assert asked.guild_locale is discord.Locale.german
        assert asked.data["options"] == [{"name": "question", "type": 3, "value": "why?"}]
        [seen] = fake.visible(general)
        assert (seen.content, seen.loading, seen.edited, seen.kind) == ("because", False, False, 20)
        assert not any(c.token_sent for c in fake.calls if c.path.startswith(("/interactions", "/webhooks")))


async def test_a_private_answer_is_seen_by_one_person_and_looks_like_a_dm(fake: FakeDiscord) -> None:
    bob = fake.person("bob")
    async with asking(fake) as (bot, general, alice):
        await fake.interact(alice, general, "ask", {"question": "secret?"})
        asked = await soon(bot.asked.get())
        await asked.response.defer(thinking=True, ephemeral=True)
        answer = await asked.edit_original_response(content="between us")
        with pytest.raises(discord.NotFound):
            await bot.get_partial_messageable(general.id).fetch_message(answer.id)

        assert fake.visible(general) == fake.visible(general, bob) == []
        assert [m.content for m in fake.visible(general, alice)] == ["between us"]
        own = [d for s in fake.sessions for _, event, d in s.log if event == "MESSAGE_CREATE"]
        assert ["guild_id" in d for d in own] == [False]


async def test_the_deadlines_of_an_interaction_hold(fake: FakeDiscord) -> None:
    async with asking(fake) as (bot, general, alice):
        late = await fake.interact(alice, general, "ask", {"question": "a"})
        asked = await soon(bot.asked.get())
        fake.clock.advance(4)
        with pytest.raises(discord.NotFound) as too_late:
            await asked.response.defer()
        await fake.interact(alice, general, "ask", {"question": "b"})
        asked = await soon(bot.asked.get())
        await asked.response.send_message("quick")
        fake.clock.advance(16 * 60)
        with pytest.raises(discord.HTTPException) as expired:
            await asked.edit_original_response(content="slow")

        assert fake.did_not_respond(late)
        assert too_late.value.code == 10062
        assert (expired.value.status, expired.value.code) == (401, 50027)
        assert [m.content for m in fake.visible(general)] == ["quick"]


async def test_a_second_answer_is_refused_even_from_another_process(fake: FakeDiscord) -> None:
    async with asking(fake) as (bot, general, alice):
        await fake.interact(alice, general, "ask", {"question": "a"})
        asked = await soon(bot.asked.get())
        await asked.response.send_message("first")
        asked.response._response_type = None
        with pytest.raises(discord.HTTPException) as refused:
            await asked.response.send_message("second")
        hook = discord.Webhook.partial(bot.application_id or 0, asked.token, client=bot)
        await hook.edit_message("@original", content="from a worker")
        await hook.delete_message((await hook.send("more", wait=True)).id)

        assert refused.value.code == 40060
        assert [m.content for m in fake.visible(general)] == ["from a worker"]


async def test_a_follow_up_right_after_a_defer_fills_the_loading_message(fake: FakeDiscord) -> None:
    async with asking(fake) as (bot, general, alice):
        await fake.interact(alice, general, "ask", {"question": "a"})
        asked = await soon(bot.asked.get())
        await asked.response.defer(thinking=True)
        await asked.followup.send("one")
        await asked.followup.send(
            f"two {alice.mention} @everyone", allowed_mentions=discord.AllowedMentions.all()
        )

        filled, added = fake.visible(general)
        assert (filled.content, filled.loading) == ("one", False)
        assert added.pings == {"@alice", "@everyone"}


async def test_a_button_opens_a_modal_and_the_modal_updates_the_message(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")

    class Why(discord.ui.Modal, title="Why?"):
        reason = discord.ui.Label(text="Reason", component=discord.ui.TextInput(custom_id="reason"))

        async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
            given = self.reason.component
            assert isinstance(given, discord.ui.TextInput)
            await interaction.response.edit_message(content=f"because {given.value}")

    class Buttons(discord.ui.View):
        @discord.ui.button(label="Why", custom_id="why")
        async def why(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
            await interaction.response.send_modal(Why())

        @discord.ui.button(label="Off", custom_id="off", disabled=True)
        async def off(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None: ...

    async with online(fake) as bot:
        await bot.get_partial_messageable(general.id).send("hm", view=Buttons(timeout=None))
        [message] = fake.visible(general)
        pressed = await fake.click(alice, message, "why")
        await fake.until(lambda: pressed.modal)
        await fake.submit(pressed, {"reason": "I say so"})
        await fake.until(lambda: fake.visible(general)[0].content == "because I say so")
        with pytest.raises(LookupError):
            await fake.click(alice, message, "off")

        assert [(b.label, b.custom_id, b.disabled) for b in message.buttons] == [
            ("Why", "why", False),
            ("Off", "off", True),
        ]


async def test_commands_are_registered_completed_and_run(fake: FakeDiscord) -> None:
    guild = fake.guild("Gophers")
    general = fake.channel(guild, "general")
    alice = fake.person("alice")
    bot = Bot()

    @bot.tree.command(name="model", description="Chooses a model")
    async def model(
        interaction: discord.Interaction[Any], name: str, file: discord.Attachment | None = None
    ) -> None:
        size = len(await file.read()) if file else 0
        await interaction.response.send_message(f"{name} {size}", ephemeral=False)

    @model.autocomplete("name")
    async def complete(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed}-4", value="gpt-4")]

    @bot.tree.context_menu(name="Explain")
    async def explain(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await interaction.response.send_message(f"about {message.content}")

    async with online(fake, bot):
        bot.tree.copy_global_to(guild=discord.Object(guild.id))
        await bot.tree.sync(guild=discord.Object(guild.id))
        typing = await fake.autocomplete(alice, general, "model", "name", "gpt")
        choices = await fake.until(lambda: typing.choices)
        said = await fake.say(alice, general, "goroutines")
        await fake.message_command(alice, said, "Explain")
        await fake.until(lambda: fake.answers(general))
        await fake.interact(alice, general, "model", {"name": "gpt-4", "file": Upload("a.txt", b"12345")})
        await fake.until(lambda: len(fake.answers(general)) == 2)
        with pytest.raises(LookupError):
            await fake.interact(alice, general, "model", {})

        assert [c["name"] for c in fake.commands[guild.id]] == ["model", "Explain"]
        assert choices[0]["value"] == "gpt-4"
        assert [m.content for m in fake.answers(general)] == ["about goroutines", "gpt-4 5"]


# -- limits and failures ----------------------------------------------------------------------------


async def call_api(fake: FakeDiscord, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
    """Makes one REST call without discord.py; returns status, JSON or text, and headers."""
    headers = {"Authorization": f"Bot {fake.token}"} | options.pop("headers", {})
    async with aiohttp.ClientSession() as session:
        request = session.request(method, fake.api_url + path, headers=headers, **options)
        async with request as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            body = await response.json() if is_json else await response.text()
            return response.status, body, response.headers


async def test_creates_and_edits_count_apart_behind_one_bucket() -> None:
    async with FakeDiscord(limits=True) as fake:
        general = fake.channel(fake.guild("Gophers"), "general")
        path = f"/channels/{general.id}/messages"
        creates = [await call_api(fake, "POST", path, json={"content": str(n)}) for n in range(6)]
        one = f"{path}/{creates[0][1]['id']}"
        status, _, edit = await call_api(fake, "PATCH", one, json={"content": "x"})
        fake.clock.advance(5)
        again, _, _ = await call_api(fake, "POST", path, json={"content": "7"})

        assert [c[0] for c in creates] == [200] * 5 + [429]
        assert [c[2]["X-RateLimit-Remaining"] for c in creates] == ["4", "3", "2", "1", "0", "0"]
        refused = creates[5]
        assert 0 < refused[1]["retry_after"] <= 5
        assert refused[1]["global"] is False
        assert (refused[2]["X-RateLimit-Scope"], refused[2]["Via"]) == ("user", "1.1 google")
        assert status == again == 200
        assert edit["X-RateLimit-Remaining"] == "4"
        assert edit["X-RateLimit-Bucket"] == creates[0][2]["X-RateLimit-Bucket"]
        assert fake.invalid_requests == 1


async def test_old_messages_take_fewer_edits() -> None:
    async with FakeDiscord(limits=True) as fake:
        general = fake.channel(fake.guild("Gophers"), "general")
        path = f"/channels/{general.id}/messages"
        _, made, _ = await call_api(fake, "POST", path, json={"content": "old"})
        fake.clock.advance(3700)
        one = f"{path}/{made['id']}"
        edits = [await call_api(fake, "PATCH", one, json={"content": str(n)}) for n in range(4)]

        assert [e[0] for e in edits] == [200, 200, 200, 429]
        assert edits[3][1]["code"] == 30046


async def test_the_global_limit_says_so() -> None:
    async with FakeDiscord(limits=Limits(everything=Window(3, 60.0))) as fake:
        answers = [await call_api(fake, "GET", "/users/@me") for _ in range(4)]

        assert [a[0] for a in answers] == [200, 200, 200, 429]
        assert answers[3][1]["global"] is True
        assert answers[3][2]["X-RateLimit-Scope"] == "global"


async def test_discord_py_waits_for_the_window_before_it_returns() -> None:
    window = Limits(create=Window(2, 0.4), edit=Window(2, 0.4))
    async with FakeDiscord(limits=window) as fake:
        move_discord_py(fake)
        general = fake.channel(fake.guild("Gophers"), "general")
        async with online(fake) as bot:
            started = asyncio.get_running_loop().time()
            for n in range(3):
                await bot.get_partial_messageable(general.id).send(str(n))
            took_s = asyncio.get_running_loop().time() - started

        assert took_s >= 0.3
        assert [c.status for c in fake.called(CREATE)] == [200] * 3


async def test_too_many_refusals_get_the_address_banned() -> None:
    async with FakeDiscord(ban_after=3) as fake:
        wrong = {"Authorization": "Bot wrong"}
        statuses = [(await call_api(fake, "GET", "/users/@me", headers=wrong))[0] for _ in range(3)]
        status, body, headers = await call_api(fake, "GET", "/users/@me")

        assert statuses == [401] * 3
        assert status == 429
        assert "Via" not in headers
        assert body.startswith("<html>")


async def test_calls_fail_as_asked_and_only_so_often(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        channel = bot.get_partial_messageable(general.id)
        fake.fail(CREATE, status=503)
        fake.fail(CREATE, status=400, code=200000, message="AutoMod")
        fake.rate_limit(CREATE, via=False)
        fake.rate_limit(CREATE, scope="shared")
        fake.lose_request(f"POST /channels/{general.id}/messages")
        kinds: list[Any] = []
        for n in range(5):
            try:
                await channel.send(str(n))
            except (discord.HTTPException, aiohttp.ClientError, ConnectionError) as error:
                kinds.append(getattr(error, "status", None) or type(error).__name__)

        assert kinds[:3] == [503, 400, 429]
        assert len(kinds) == 4
        assert [m.content for m in fake.visible(general)] == ["4"]
        assert fake.invalid_requests == 1


async def test_a_fault_for_no_route_is_an_error(fake: FakeDiscord) -> None:
    with pytest.raises(ValueError, match="no route"):
        fake.fail("POST /channel/{}/messages", status=500)


async def test_a_hanging_call_is_held_until_released(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        hang = fake.hang(CREATE)
        sending = asyncio.create_task(bot.get_partial_messageable(general.id).send("slow"))
        await soon(hang.entered.wait())
        assert fake.visible(general) == []
        hang.release()
        await soon(sending)

        assert [m.content for m in fake.visible(general)] == ["slow"]


async def test_a_hang_does_not_outlive_the_server() -> None:
    async with FakeDiscord() as fake:
        hang = fake.hang("GET /users/@me")
        calling = asyncio.create_task(call_api(fake, "GET", "/users/@me"))
        await soon(hang.entered.wait())

    await asyncio.wait([calling], timeout=5)
    assert calling.done()
    assert calling.exception() is None or isinstance(calling.exception(), aiohttp.ClientError)


async def test_unknown_routes_and_bad_bodies_are_refused(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    path = f"/channels/{general.id}/messages"
    unknown = await call_api(fake, "GET", "/nothing/here")
    not_json = await call_api(fake, "POST", path, data=b"{", headers={"Content-Type": "application/json"})
    form = await call_api(fake, "POST", path, data={"content": "x"})
    both = {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}
    contradiction = await call_api(fake, "POST", path, json=both)

    assert (unknown[0], unknown[1]["code"]) == (404, 0)
    assert [c.path for c in fake.unknown] == ["/nothing/here"]
    assert (not_json[0], not_json[1]["code"]) == (400, 50109)
    assert (form[0], contradiction[0]) == (400, 400)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 3, "d": {}}, 4003),
        ({"op": "x"}, 4002),
        ({"op": 1, "d": "x" * 5000}, 4002),
        ({"op": 2, "d": {"token": "FAKE", "intents": 1, "shard": [2, 2]}}, 4010),
        ({"op": 6, "d": {"token": "no", "session_id": "x", "seq": 1}}, 4004),
    ],
)
async def test_the_gateway_closes_on_bad_frames(fake: FakeDiscord, frame: dict[str, Any], code: int) -> None:
    if frame.get("d") and frame["op"] == 2:
        frame["d"]["token"] = fake.token
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{fake.gateway_url}?v=10") as ws:
        hello = await ws.receive_json()
        await ws.send_json(frame)
        ended = await ws.receive()

        assert hello["op"] == 10
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, code)


async def test_a_thread_can_be_silent_until_joined() -> None:
    async with FakeDiscord(threads_silent_until_joined=True) as fake:
        move_discord_py(fake)
        general = fake.channel(fake.guild("Gophers"), "general")
        alice = fake.person("alice")
        async with online(fake) as bot:
            thread = fake.thread(general, "quiet", by=alice)
            await fake.say(alice, thread, "unheard")
            await bot.http.join_thread(thread.id)
            await fake.say(alice, thread, "heard")
            said = [(await soon(bot.heard.get())).content for _ in range(2)]

        assert said == ["quiet", "heard"]


async def test_an_event_can_stay_away_or_come_twice(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        lost = await fake.say(alice, general, "lost", unheard=True)
        twice = await fake.say(alice, general, "twice")
        await fake.redeliver(twice)
        heard = [(await soon(bot.heard.get())).id for _ in range(2)]

        assert heard == [twice.id, twice.id]
        assert [m.id for m in fake.visible(general)] == [lost.id, twice.id]


async def test_the_managed_role_is_a_role_mention_and_nobody_else(fake: FakeDiscord) -> None:
    guild = fake.guild("Gophers")
    general = fake.channel(guild, "general")
    async with online(fake) as bot:
        await fake.say(fake.person("alice"), general, "hey", mention_role=guild.bot_role)
        heard = await soon(bot.heard.get())

        assert heard.mentions == []
        assert heard.role_mentions == [heard.guild.self_role]


async def test_displayed_texts_replace_content_for_good(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    async with online(fake) as bot:
        layout = discord.ui.LayoutView(timeout=None)
        layout.add_item(discord.ui.TextDisplay("shown"))
        sent = await bot.get_partial_messageable(general.id).send(view=layout)
        with pytest.raises(discord.HTTPException):
            await sent.edit(content="text", view=layout)

        [seen] = fake.visible(general)
        assert (seen.content, seen.text) == ("", "shown")


async def test_a_private_thread_is_known_only_once_the_bot_was_added(fake: FakeDiscord) -> None:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice")
    async with online(fake) as bot:
        thread = fake.thread(general, "secret", by=alice, kind=PRIVATE_THREAD)
        await fake.say(alice, thread, "unheard")
        with pytest.raises(discord.Forbidden):
            await bot.fetch_channel(thread.id)
        fake.add_bot(thread)
        await fake.say(alice, thread, "heard")

        assert (await soon(bot.heard.get())).content == "heard"
        assert bot.heard.empty()


async def test_a_command_in_a_direct_conversation_names_the_user(fake: FakeDiscord) -> None:
    async with asking(fake) as (bot, _, alice):
        await fake.interact(alice, fake.dm(alice), "ask", {"question": "a"})
        asked = await soon(bot.asked.get())
        await asked.response.send_message("here")
        original = await asked.original_response()
        await asked.delete_original_response()

        assert (asked.guild, asked.user.id) == (None, alice.id)
        assert original.content == "here"
        assert fake.visible(fake.dm(alice)) == []


async def test_a_crash_of_the_fake_is_not_hidden() -> None:
    async def send_nonsense() -> None:
        async with FakeDiscord() as fake:
            general = fake.channel(fake.guild("Gophers"), "general")
            await call_api(fake, "POST", f"/channels/{general.id}/messages", json={"embeds": 3})

    with pytest.raises(ExceptionGroup, match="fake itself"):
        await send_nonsense()
