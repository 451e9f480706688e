"""Who is not answered on Discord is told so for their eyes alone, and nothing is posted or read on their behalf."""

from collections.abc import AsyncIterator

import pytest
import structlog

from core.domain import PassedOver, Pressed, Said
from tests.discord_listening import Listening, discord_at_hand, online
from tests.platforms.discord import CATEGORY, Channel, FakeDiscord, Interaction, Permission, Person

REFUSED = "Not for you, not now."
THREADS = "POST /channels/{}/messages/{}/threads"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def lobby(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "lobby")


@pytest.fixture
def ana(fake: FakeDiscord) -> Person:
    return fake.person("ana")


async def registered(fake: FakeDiscord) -> None:
    await fake.until(lambda: fake.commands.get(None))


async def form_about(fake: FakeDiscord, lobby: Channel, ana: Person) -> Interaction:
    await registered(fake)
    message = await fake.say(fake.person("ben"), lobby, "E = mc²")
    picked = await fake.message_command(ana, message, "Ask about this")
    await fake.until(lambda: picked.modal)
    return picked


async def test_a_command_that_is_refused_shows_nothing_to_others(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        ears.intake.refusing = REFUSED
        await registered(fake)
        asked = await fake.interact(ana, lobby, "ask", {"question": "@everyone look"})
        await fake.until(lambda: asked.original)

        assert fake.answers(lobby) == []
        assert [(seen.content, seen.private) for seen in fake.answers(lobby, ana)] == [(REFUSED, True)]
        assert ears.intake.events == []


async def test_who_is_refused_gets_no_form_about_a_message(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        ears.intake.refusing = REFUSED
        await registered(fake)
        message = await fake.say(fake.person("ben"), lobby, "E = mc²")
        picked = await fake.message_command(ana, message, "Ask about this")
        await fake.until(lambda: picked.original)

        assert picked.modal is None
        assert [seen.content for seen in fake.answers(lobby, ana)] == [REFUSED]


async def test_who_is_refused_after_the_form_was_opened_is_told_in_private(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        picked = await form_about(fake, lobby, ana)
        ears.intake.refusing = REFUSED
        submitted = await fake.submit(picked, {"words": "why?"})
        await fake.until(lambda: submitted.original)

        assert fake.answers(lobby) == []
        assert [seen.content for seen in fake.answers(lobby, ana)] == [REFUSED]
        assert ears.intake.events == []


async def test_a_form_that_names_another_channel_reads_nothing_there(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    vault = fake.channel(lobby.guild or fake.guild("x"), "vault")
    secret = await fake.say(fake.person("ben"), vault, "the code is 1234")
    async with online(fake) as ears:
        picked = await form_about(fake, lobby, ana)
        assert picked.modal is not None
        picked.modal["custom_id"] = f"aivax-about:{vault.id}:{secret.id}"
        await fake.submit(picked, {"words": "what is it?"})
        await ears.intake.until(lambda: ears.intake.passed[PassedOver.UNKNOWN_KIND])

        assert ears.intake.events == []
        assert not [call for call in fake.calls if call.method == "GET" and str(secret.id) in call.path]


async def test_a_message_that_somebody_else_was_shown_is_not_read_for_who_may_not_read_back(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    """A form can be sent with the id of any message of the channel; who may not read there gets none."""
    async with online(fake) as ears:
        picked = await form_about(fake, lobby, ana)
        secret = await fake.say(fake.person("ben"), lobby, "the code is 1234")
        assert picked.modal is not None
        picked.modal["custom_id"] = f"aivax-about:{lobby.id}:{secret.id}"
        assert lobby.guild is not None
        lobby.guild.everyone.permissions &= ~Permission.READ_MESSAGE_HISTORY
        await fake.submit(picked, {"words": "what is it?"})

        assert (await ears.intake.first()).text == "what is it?"


async def test_no_thread_is_opened_under_a_question_that_is_refused(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        ears.intake.refusing = REFUSED
        await fake.say(ana, lobby, f"{fake.bot.mention} look at evil.example")
        refused = await ears.intake.first()

        assert refused.place.thread == ""
        assert "evil" not in refused.address


async def test_a_press_is_judged_by_the_category_too(fake: FakeDiscord, ana: Person) -> None:
    guild = fake.guild("Gophers")
    attic = fake.channel(guild, "attic", CATEGORY)
    lobby = fake.channel(guild, "lobby", category=attic)
    async with online(fake) as ears:
        message = await fake.say(fake.bot, lobby, "An answer.")
        row = {"type": 1, "components": [{"type": 2, "id": 1, "custom_id": "aivax:drop:k1", "label": "x"}]}
        message.components = [row]
        await fake.click(ana, message, "aivax:drop:k1")
        await ears.intake.until(lambda: ears.intake.events)
        [pressed] = ears.intake.events

        assert isinstance(pressed, Pressed)
        assert str(attic.id) in pressed.within


# -- what is passed over, and what meets a bug --------------------------------------------------------


async def test_what_is_passed_over_in_silence_is_counted_by_its_reason(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    robot = fake.person("robot", bot=True)
    async with online(fake) as ears:
        await fake.say(ana, lobby, "we talk with each other")
        await fake.say(robot, lobby, f"{fake.bot.mention} hello")
        await fake.say(ana, lobby, f"{fake.bot.mention} by a hook", webhook=True)
        await fake.say(fake.bot, lobby, "an answer")
        await fake.say(ana, lobby, f"{fake.bot.mention} heard")
        await ears.intake.first()

        assert ears.intake.passed == {
            PassedOver.NOT_ADDRESSED: 1,
            PassedOver.BOT: 2,
            PassedOver.OWN: 1,
        }


async def heard(ears: Listening) -> list[str]:
    return [event.text for event in ears.intake.events if isinstance(event, Said)]


async def test_an_event_that_meets_a_bug_is_said_once_and_holds_nobody_up(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        ears.intake.faulty = frozenset({"poison"})
        with structlog.testing.capture_logs() as logs:
            await fake.say(ana, lobby, f"{fake.bot.mention} poison")
            await fake.say(ana, lobby, f"{fake.bot.mention} and this?")
            await ears.intake.texts(1)

        assert await heard(ears) == ["and this?"]
        assert ears.intake.asked == 2
        assert ears.intake.passed[PassedOver.FAULT] == 1
        [told] = [line for line in logs if line["event"] == "discord.event_faulty"]
        assert told["reference"]


async def test_a_press_that_meets_a_bug_is_brought_once(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        ears.intake.failures, ears.intake.failure = 1, KeyError("a bug")
        message = await fake.say(fake.bot, lobby, "An answer.")
        row = {"type": 1, "components": [{"type": 2, "id": 1, "custom_id": "aivax:drop:k1", "label": "x"}]}
        message.components = [row]
        with structlog.testing.capture_logs():
            await fake.click(ana, message, "aivax:drop:k1")
            await ears.intake.until(lambda: ears.intake.passed[PassedOver.FAULT])
            await fake.say(ana, fake.dm(ana), "next")
            assert (await ears.intake.first()).text == "next"

        assert ears.intake.asked == 2
