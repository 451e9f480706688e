"""What reaches the core of what people, apps and Discord itself write, over a real connection.

What each kind of message says stands in tests/corpus/discord_messages; here is where it is read, and by whose names.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.events.message_reader import LONGEST, files_of, words_of
from bots.discord.events.tokens import as_read, code_in
from bots.discord.transport import names
from core.domain import Commanded, Edited, PassedOver, PlaceClosed, Said
from core.i18n import Phrase
from tests.corpus.discord_messages.render import Ears
from tests.discord_listening import FAST, discord_at_hand, online
from tests.platforms.discord import Channel, FakeDiscord, Guild, Person, Upload, payloads
from tests.platforms.discord.files import signed_path
from tests.processor_time import cost_s

ALERT = {
    "title": "Deploy failed",
    "description": "exit code 3",
    "fields": [{"name": "Host", "value": "web-1"}],
}
READ = "Deploy failed\nexit code 3\nHost: web-1"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def gophers(fake: FakeDiscord) -> Guild:
    return fake.guild("Gophers")


@pytest.fixture
def general(fake: FakeDiscord, gophers: Guild) -> Channel:
    return fake.channel(gophers, "general")


@pytest.fixture
def ana(fake: FakeDiscord) -> Person:
    return fake.person("ana")


# -- cards, wherever they are read ------------------------------------------------------------------


async def test_the_card_of_an_app_that_a_question_replies_to_is_read(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    alert = await fake.say(fake.person("alertbot", bot=True), general, embeds=[{"type": "rich"} | ALERT])
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} why?", reply_to=alert)
        (quote,) = await ears.frontend.surroundings((await ears.intake.first()).address, 10)

        assert (quote.author_name, quote.text, quote.replied_to) == ("alertbot", READ, True)


async def test_the_card_of_a_hook_in_a_thread_is_read(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    alert = await fake.say(fake.person("Deploys"), general, embeds=[{"type": "rich"} | ALERT], webhook=True)
    thread = fake.thread(alert, "what now", by=ana)
    async with online(fake) as ears:
        await fake.say(ana, thread, f"{fake.bot.mention} why?")
        (quote,) = await ears.frontend.surroundings((await ears.intake.first()).address, 10)

        assert (quote.author_name, quote.text) == ("Deploys", READ)


async def test_a_card_is_read_that_somebody_asks_about_from_its_menu(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    alert = await fake.say(fake.person("alertbot", bot=True), general, embeds=[{"type": "rich"} | ALERT])
    async with online(fake) as ears:
        await fake.until(lambda: fake.commands.get(None))
        opened = await fake.message_command(ana, alert, Phrase.ASK_ABOUT.value)
        await fake.until(lambda: opened.modal)
        await fake.submit(opened, {"words": "what happened?"})
        said = await ears.intake.first()

        lines = "\n".join(f"> {line}" for line in ["**alertbot**:", *READ.split("\n")])
        assert said.text == f"{lines}\n\nwhat happened?"


async def test_of_an_own_answer_that_somebody_asks_about_the_words_are_read_alone(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    button = {"type": 2, "id": 1, "custom_id": "aivax:regenerate:k1", "label": "Again"}
    answer = await fake.say(fake.bot, general, "It is 4.", components=[{"type": 1, "components": [button]}])
    await fake.unfurl(answer)
    async with online(fake) as ears:
        await fake.until(lambda: fake.commands.get(None))
        opened = await fake.message_command(ana, answer, Phrase.ASK_ABOUT.value)
        await fake.until(lambda: opened.modal)
        await fake.submit(opened, {"words": "are you sure?"})

        assert (await ears.intake.first()).text == "> **aivax**:\n> It is 4.\n\nare you sure?"


async def test_a_notice_of_discords_own_is_read_where_a_question_replies_to_it(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    ben, held_back = fake.person("ben"), {"type": "auto_moderation_message", "description": "walk the plank"}
    notices = [
        await fake.say(ben, general, kind=7),
        await fake.say(ben, general, kind=4, content="the deck"),
        await fake.say(ben, general, kind=24, embeds=[held_back]),
    ]
    async with online(fake) as ears:
        for notice in notices:
            await fake.say(ana, general, f"{fake.bot.mention} what is this?", reply_to=notice)
        await ears.intake.until(lambda: len(ears.intake.events) == 3)
        addresses = [event.address for event in ears.intake.events if isinstance(event, Said)]
        quotes = [(await ears.frontend.surroundings(address, 10))[0] for address in addresses]

        assert [quote.text for quote in quotes] == [
            "[notice: joined the server]",
            "[notice: changed the name of this channel: the deck]",
            "walk the plank",
        ]
        assert {quote.author_name for quote in quotes} == {"Ben"}


# -- files ------------------------------------------------------------------------------------------


async def test_a_picture_that_a_component_shows_goes_along_and_is_asked_for_anew(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    attached = fake.world.attach(general, Upload("load.png", b"\x89PNG..."))
    shown = {"url": f"{fake.cdn_url}/attachments/{general.id}/{attached.id}/load.png?ex=0&is=0&hm=0"}
    gallery = {"type": 12, "id": 1, "items": [{"media": shown}]}
    message = await fake.say(fake.person("alertbot", bot=True), general, components=[gallery], flags=32768)
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} what is this?", reply_to=message)
        (quote,) = await ears.frontend.surroundings((await ears.intake.first()).address, 10)
        (file,) = quote.attachments
        signed = f"{fake.cdn_url}{signed_path(fake.world, attached)}"
        message.components = [{"type": 12, "id": 1, "items": [{"media": {"url": signed}}]}]

        assert file.name == "load.png"
        assert (await ears.frontend.fetch(file.ref, 1000)).data == b"\x89PNG..."


# -- names ------------------------------------------------------------------------------------------


async def test_names_that_no_message_brings_are_asked_for_and_kept(
    fake: FakeDiscord, gophers: Guild, general: Channel, ana: Person
) -> None:
    ben, cleo = fake.person("ben", nick="Benny"), fake.person("cleo", has_left=True)
    crew, plans = fake.role(gophers, "crew"), fake.channel(gophers, "plans")
    rota = {"description": f"{ben.mention} and {cleo.mention}, {crew.mention}, in {plans.mention}"}
    alert = await fake.say(fake.person("rota", bot=True), general, embeds=[{"type": "rich"} | rota])
    async with online(fake) as ears:
        for _ in range(2):
            await fake.say(ana, general, f"{fake.bot.mention} who?", reply_to=alert)
        await ears.intake.until(lambda: len(ears.intake.events) == 2)
        addresses = [event.address for event in ears.intake.events if isinstance(event, Said)]
        quotes = [(await ears.frontend.surroundings(address, 10))[0] for address in addresses]

        assert [quote.text for quote in quotes] == ["@Benny and @Cleo, @crew, in #plans"] * 2
        assert len(fake.called("GET /guilds/{}/members/{}")) == 2
        assert len(fake.called("GET /users/{}")) == 1


async def test_a_person_is_called_the_same_in_the_words_and_above_them(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    ben = fake.person("ben", nick="Benny")
    async with online(fake) as ears:
        thread = fake.thread(general, "who does what", by=ana)
        await fake.say(ben, thread, f"{fake.bot.mention} I take the notes")
        await fake.say(ana, thread, f"{ben.mention} takes the release")
        await fake.say(ana, thread, f"{fake.bot.mention} who takes the release?")
        await ears.intake.until(lambda: len(ears.intake.events) == 2)
        question = ears.intake.events[1]
        assert isinstance(question, Said)
        quotes = await ears.frontend.surroundings(question.address, 10)

        assert [(quote.author_name, quote.text) for quote in quotes] == [
            ("Benny", "@aivax I take the notes"),
            ("Ana", "@Benny takes the release"),
        ]


async def test_a_question_does_not_wait_for_names_that_do_not_come(
    fake: FakeDiscord, general: Channel, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "WITHIN_S", 0.05)
    fake.hang("GET /guilds/{}/members/{}")
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} who is <@123456789012345678>?")

        assert await ears.intake.texts(1) == ["who is <@123456789012345678>?"]


async def test_one_persons_invented_ids_use_up_no_more_than_a_part_of_the_calls(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        for first in range(10):
            ids = " ".join(f"<@{1_000_000_000_000_000_000 + 30 * first + each}>" for each in range(30))
            await fake.say(ana, general, f"{fake.bot.mention} who are {ids}?")
        await ears.intake.until(lambda: len(ears.intake.events) == 10)

        asked = {call.path for call in fake.called("GET /guilds/{}/members/{}")}
        assert len(asked) == names.MOST_A_MINUTE


async def test_words_of_a_command_name_people_too(fake: FakeDiscord, general: Channel, ana: Person) -> None:
    ben = fake.person("ben", nick="Benny")
    async with online(fake) as ears:
        await fake.until(lambda: fake.commands.get(None))
        await fake.interact(ana, general, "ask", {"question": f"greet {ben.mention} as {fake.bot.mention}"})

        assert (await ears.intake.first()).text == "greet @Benny as @aivax"


async def test_in_private_nobody_learns_what_the_channels_of_a_server_are_called(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        await fake.say(ana, fake.dm(ana), f"what is {general.mention}?")

        assert await ears.intake.texts(1) == ["what is #channel?"]


# -- edits ------------------------------------------------------------------------------------------


async def test_a_mention_that_an_edit_adds_makes_it_a_question(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        message = await fake.say(ana, general, "what is 2 + 2?")
        await fake.edit(ana, message, f"{fake.bot.mention} what is 2 + 2?")
        said = await ears.intake.first()
        await fake.unfurl(message)
        await fake.edit(ana, message, f"{fake.bot.mention} what is 2 + 3?")
        await ears.intake.until(lambda: len(ears.intake.events) == 2)
        _, edited = ears.intake.events

        assert (said.text, said.origin) == ("what is 2 + 2?", str(message.id))
        assert isinstance(edited, Edited)
        assert edited.text.startswith("what is 2 + 3?")


async def test_an_edited_question_that_another_process_heard_is_no_second_one(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    message = await fake.say(ana, general, f"{fake.bot.mention} what is 2 + 2?")
    async with online(fake, backfill_hours=0) as ears:
        ears.intake.seen.add(f"discord:{message.id}")
        await fake.edit(ana, message, f"{fake.bot.mention} what is 2 + 3?")
        await ears.intake.until(lambda: len(ears.intake.events) == 2)

        assert isinstance(ears.intake.events[-1], Edited)


async def test_a_mention_that_is_added_days_later_is_no_question(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    message = await fake.say(ana, general, "what is 2 + 2?")
    later = replace(FAST, wall=lambda: time.time() + 2 * 86_400)
    async with online(fake, later, backfill_hours=0) as ears:
        await fake.edit(ana, message, f"{fake.bot.mention} what is 2 + 2?")
        await fake.say(ana, general, f"{fake.bot.mention} the end")

        assert "the end" in await ears.intake.texts(2)
        assert sum(isinstance(event, Said) for event in ears.intake.events) == 1


async def test_a_command_is_not_given_by_an_edit(fake: FakeDiscord, general: Channel, ana: Person) -> None:
    async with online(fake) as ears:
        message = await fake.say(ana, general, "reset")
        await fake.edit(ana, message, f"{fake.bot.mention} reset")
        await fake.say(ana, general, f"{fake.bot.mention} the end")
        await ears.intake.until(lambda: any(isinstance(event, Said) for event in ears.intake.events))

        assert not any(isinstance(event, Commanded) for event in ears.intake.events)


# -- who is heard -------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["hook", "application"])
async def test_people_who_write_through_a_hook_are_heard_where_it_is_set(
    fake: FakeDiscord, general: Channel, named: str
) -> None:
    hook = fake.person("River")
    entry = str(hook.id) if named == "hook" else "466378653216014359"
    asks = {"webhook": True, "application_id": 466378653216014359}
    async with online(fake, heard_apps=(entry,)) as ears:
        await fake.say(hook, general, f"{fake.bot.mention} hello", **asks)
        await fake.say(fake.person("another"), general, f"{fake.bot.mention} hello", webhook=True)
        said = await ears.intake.first()
        await ears.intake.until(lambda: ears.intake.passed[PassedOver.BOT])

        assert (said.text, said.author.name, said.author.roles) == ("hello", "River", ())


async def test_hooks_and_apps_are_not_heard_by_default(fake: FakeDiscord, general: Channel) -> None:
    async with online(fake) as ears:
        for author, webhook in ((fake.person("River"), True), (fake.person("robot", bot=True), False)):
            await fake.say(author, general, f"{fake.bot.mention} hello", webhook=webhook)
        await ears.intake.until(lambda: ears.intake.passed[PassedOver.BOT] == 2)

        assert ears.intake.events == []


# -- what Discord may send one day ------------------------------------------------------------------------


async def test_an_event_that_nobody_can_read_is_counted_and_the_next_one_heard(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        with structlog.testing.capture_logs() as logs:
            fake.dispatch("MESSAGE_CREATE", {"content": "the secret"})
            fake.dispatch("CHANNEL_UPDATE", {"guild_id": str(general.guild and general.guild.id)})
            fake.dispatch("TIDE_TURNED", {"level": 3})
            await fake.say(ana, general, f"{fake.bot.mention} hello")
            assert await ears.intake.texts(1) == ["hello"]

        passed = ears.intake.passed
        assert (passed[PassedOver.UNREADABLE], passed[PassedOver.UNKNOWN_KIND]) == (2, 1)
        assert [log["kind"] for log in logs if log["event"] == "discord.event_unreadable"] == [
            "MESSAGE_CREATE",
            "CHANNEL_UPDATE",
            "TIDE_TURNED",
        ]
        assert "the secret" not in str(logs)


async def test_a_message_of_a_kind_that_nobody_knows_is_counted(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} hello", kind=99)
        await ears.intake.until(lambda: ears.intake.passed[PassedOver.UNKNOWN_KIND] == 1)

        assert ears.intake.events == []


async def test_a_server_with_a_part_that_nobody_can_read_is_known_without_it(
    fake: FakeDiscord, gophers: Guild, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        whole = payloads.guild(fake.world, gophers)
        fake.dispatch("GUILD_CREATE", whole | {"stage_instances": [{"tide": 1}], "threads": [7]})
        await fake.say(ana, general, f"what does {gophers.bot_role.mention} cost in {general.mention}?")

        assert await ears.intake.texts(1) == ["what does @aivax cost in #general?"]
        assert ears.intake.passed[PassedOver.UNREADABLE] == 1


async def test_a_command_in_a_channel_of_a_kind_that_nobody_knows_is_answered(
    fake: FakeDiscord, gophers: Guild, ana: Person
) -> None:
    reef = fake.channel(gophers, "reef", 77)
    async with online(fake) as ears:
        await fake.until(lambda: fake.commands.get(None))
        asked = await fake.interact(ana, reef, "ask", {"question": "hello"})
        said = await ears.intake.first()

        assert said.text == "hello"
        assert asked.answered_with == 5


async def test_what_is_gone_can_not_be_fetched(fake: FakeDiscord, general: Channel, ana: Person) -> None:
    async with online(fake) as ears:
        unsigned = {"id": "123456789012345678", "filename": "a.txt", "size": 1}
        await fake.say(ana, general, f"{fake.bot.mention} look", further={"attachments": [unsigned]})
        (file,) = (await ears.intake.first()).attachments
        for message in list(general.messages.values()):
            await fake.delete(ana, message)

        with pytest.raises(PlaceClosed):
            await ears.frontend.fetch(file.ref, 100)


# -- the reader alone ---------------------------------------------------------------------------------

EARS = Ears()
PIECES = st.sampled_from(["`", "``", "```", "<@1>", "<#2>", "<t:0>", "a", " ", "\n", "<", ">", "\\"])
TEXTS = st.lists(PIECES, max_size=30).map("".join)
FIELDS = [
    "type",
    "content",
    "components",
    "items",
    "label",
    "title",
    "fields",
    "name",
    "value",
    "message",
    "media",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=25,
)


@given(TEXTS)
def test_code_is_left_as_it_is_and_all_else_of_tokens_is_read(text: str) -> None:
    read = as_read(text, {1: "Ana"}, {}, {2: "general"})

    assert [text[a:b] for a, b in code_in(text)] == [read[a:b] for a, b in code_in(read)]
    outside = "".join(text[a:b] for a, b in _between(list(code_in(text)), len(text)))
    assert read.count("@Ana") == outside.count("<@1>")


def _between(spans: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for span in spans for edge in span), end]
    return list(zip(edges[::2], edges[1::2], strict=True))


@given(
    st.dictionaries(
        st.sampled_from(["embeds", "components", "poll", "message_snapshots", "sticker_items"]), JSON
    )
)
def test_whatever_stands_in_the_parts_of_a_message_it_is_read_within_bounds(parts: dict[str, object]) -> None:
    message = EARS.message({"id": "5", "channel_id": "6", "type": 0, "content": "hello"} | parts)

    assert words_of(message).startswith("hello")
    assert len(words_of(message)) <= LONGEST


CARD = {"type": "rich", "title": "<@1> " * 4000, "fields": [{"name": "`" * 9, "value": "</a" * 4000}] * 25}
TOO_MUCH = {
    "content": "``a<@1></" * 300_000,
    "embeds": [CARD] * 10,
    "components": [{"type": 10, "content": "<@1> " * 800}] * 100_000,
    "message_snapshots": [{"message": {"content": "[\n" * 9000, "embeds": [CARD] * 10}}] * 200,
    "attachments": [{"id": str(each), "filename": "a" * 1000, "title": "b"} for each in range(1, 50_000)],
    "mentions": [{"id": str(each), "username": "u"} for each in range(1, 50_000)],
    "sticker_items": [{"name": "s" * 50}] * 100_000,
    "poll": {"answers": [{"poll_media": {"text": "x"}}] * 100_000},
}


@pytest.mark.parametrize("part", TOO_MUCH)
def test_reading_more_than_discord_sends_takes_no_longer(part: str) -> None:
    given = {"id": "5", "channel_id": "6", "type": 0, "content": "hello", part: TOO_MUCH[part]}

    def read() -> None:
        message = EARS.message(given)
        words_of(message), files_of(message)

    assert cost_s(read, enough_s=0.25) < 0.25  # it is a fifth of that


def test_components_in_components_end_somewhere() -> None:
    nested: list[object] = [{"type": 10, "content": "deep"}]
    for _ in range(300):
        nested = [{"type": 17, "components": nested * 3}]

    assert (
        words_of(EARS.message({"id": "5", "channel_id": "6", "content": "hello", "components": nested}))
        == "hello"
    )
