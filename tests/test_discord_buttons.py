"""Buttons on Discord: drawn as components, pressed over the gateway, answered for one person's eyes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.delivery.ephemeral import EphemeralChannel
from bots.discord.events.address import Address
from bots.discord.events.buttons import action_in, press_of, view_of
from bots.discord.events.interactions import source_of
from bots.discord.transport.api import Session
from core.domain import (
    Action,
    Apology,
    Button,
    Delivery,
    Footer,
    Identity,
    OutcomeUnknown,
    Place,
    PlaceClosed,
    Pressed,
)
from tests.discord_listening import FAST, Listening, discord_at_hand, online, settings
from tests.fakes import FakeLedger
from tests.platforms.discord import Channel, FakeDiscord, Person
from tests.platforms.discord.view import Seen

KEEP, DROP = Button(Action.KEEP, "k1", "Keep waiting"), Button(Action.DROP, "k1", "Don't answer")
LATER = Apology("Sorry, not now.", buttons=(KEEP, DROP))


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def lobby(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "lobby")


async def told_to_wait(fake: FakeDiscord, ears: Listening, channel: Channel, asker: Person) -> Seen:
    """Have somebody ask and be told that the answer waits; the message that tells it."""
    await fake.say(asker, channel, f"{fake.bot.mention} hello")
    said = await ears.intake.first()
    async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
        await surface.fail(LATER)
    return fake.answers(channel)[-1]


async def heard(ears: Listening) -> Pressed:
    """The press that was heard last, when there is one."""
    await ears.intake.until(lambda: any(isinstance(event, Pressed) for event in ears.intake.events))
    pressed = ears.intake.events[-1]
    assert isinstance(pressed, Pressed)
    return pressed


async def reply(ears: Listening, pressed: Pressed, text: str) -> None:
    async with ears.frontend.reply_to(pressed.address, FakeLedger()) as surface:
        await surface.write(text)
        await surface.finish(Footer())


async def test_a_press_names_its_author_and_the_answer_and_is_acknowledged(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        interaction = await fake.click(ben, shown, "aivax:drop:k1")
        pressed = await heard(ears)

        assert interaction.answered_with == 6
        assert (pressed.action, pressed.turn) == (Action.DROP, "k1")
        assert lobby.guild is not None
        assert pressed.author.identity == Identity("discord", str(lobby.guild.id), str(ben.id))
        assert pressed.place == Place("discord", str(lobby.guild.id), str(lobby.id))
        assert pressed.author.locale == "en-US"


async def test_only_who_pressed_reads_the_reply(fake: FakeDiscord, lobby: Channel) -> None:
    ben, eve = fake.person("ben"), fake.person("eve")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        await fake.click(eve, shown, "aivax:drop:k1")
        await reply(ears, await heard(ears), "Only the person who asked can decide that.")

        assert fake.answers(lobby, eve)[-1].content == "Only the person who asked can decide that."
        assert fake.answers(lobby, eve)[-1].private
        assert [seen.content for seen in fake.answers(lobby, ben)] == ["Sorry, not now."]


async def test_buttons_work_after_a_restart_in_a_process_that_never_drew_them(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
    async with online(fake) as ears:
        interaction = await fake.click(ben, shown, "aivax:keep:k1")
        pressed = await heard(ears)
        await reply(ears, pressed, "As you wish.")

        assert pressed.action is Action.KEEP
        assert not fake.did_not_respond(interaction)
        assert fake.answers(lobby, ben)[-1].content == "As you wish."


async def test_a_press_in_a_direct_message_is_the_same_persons_as_the_question(fake: FakeDiscord) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, fake.dm(ben), ben)
        await fake.click(ben, shown, "aivax:drop:k1")
        pressed = await heard(ears)

        assert pressed.place.private
        assert pressed.author.identity == (await ears.intake.first()).author.identity


async def test_a_press_is_acknowledged_at_once_and_stored_when_it_can_be(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        ears.intake.failures = 2
        with structlog.testing.capture_logs():
            interaction = await fake.click(ben, shown, "aivax:drop:k1")
            await heard(ears)

        assert interaction.answered_with == 6


async def test_a_button_that_is_none_of_ours_is_acknowledged_and_not_heard(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        fake.message(shown).components[0]["components"][0]["custom_id"] = "another:bot"
        interaction = await fake.click(ben, shown, "another:bot")
        await fake.until(lambda: interaction.answered_with == 6)

        assert len(ears.intake.events) == 1


async def test_a_reply_to_a_press_of_long_ago_goes_nowhere(fake: FakeDiscord, lobby: Channel) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        interaction = await fake.click(ben, shown, "aivax:drop:k1")
        pressed = await heard(ears)
        interaction.created_at -= 1000

        with pytest.raises(PlaceClosed):
            await reply(ears, pressed, "too late")


async def test_nothing_of_a_button_is_kept_in_memory() -> None:
    view = view_of((KEEP, replace(DROP, label="x" * 100)))

    assert view is not None
    assert view.is_finished()
    assert [item["label"] for row in view.to_components() for item in row["components"]] == [
        "Keep waiting",
        "x" * 80,
    ]


async def test_every_button_is_drawn_and_brings_back_what_it_holds() -> None:
    everything = [Button(action, "k1" * 16, str(action)) for action in Action]
    languages = [Button(Action.LANGUAGE, "k1", name, value) for name, value in (("a", "pt_BR"), ("b", "es"))]
    view = view_of([*everything, *languages])

    assert view is not None
    rows = view.to_components()
    drawn = [item for row in rows for item in row["components"]]
    assert all(len(row["components"]) <= 5 for row in rows)
    assert [action_in(item["custom_id"]) for item in drawn[: len(everything)]] == [
        (action, "k1" * 16, "") for action in Action
    ]
    assert [action_in(item["custom_id"]) for item in drawn[len(everything) :]] == [
        (Action.LANGUAGE, "k1", "pt_BR"),
        (Action.LANGUAGE, "k1", "es"),
    ]
    emojis = {item["label"]: item["emoji"]["name"] for item in drawn if "emoji" in item}
    assert emojis == {"good": "👍", "bad": "👎"}


async def test_the_longest_button_fits_and_what_is_too_much_is_left_out() -> None:
    longest = Button(Action.REGENERATE, "k" * 32, "x" * 200, "v" * 16)
    view = view_of([replace(longest, turn=f"{number:032}") for number in range(30)])

    assert view is not None
    drawn = [item for row in view.to_components() for item in row["components"]]
    assert len(drawn) == 25
    assert all(len(item["custom_id"]) <= 100 for item in drawn)


async def test_a_press_with_a_value_brings_it(fake: FakeDiscord, lobby: Channel) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        await fake.say(ben, lobby, f"{fake.bot.mention} hello")
        said = await ears.intake.first()
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("Which one?")
            await surface.finish(Footer(buttons=(Button(Action.LANGUAGE, "k1", "Español", "es"),)))
        await fake.click(ben, fake.answers(lobby)[-1], "aivax:language:k1:es")
        pressed = await heard(ears)

        assert (pressed.action, pressed.turn, pressed.text) == (Action.LANGUAGE, "k1", "es")


async def test_a_reply_to_a_press_can_have_buttons_of_its_own(fake: FakeDiscord, lobby: Channel) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        await fake.click(ben, shown, "aivax:drop:k1")
        pressed = await heard(ears)
        async with ears.frontend.reply_to(pressed.address, FakeLedger()) as surface:
            await surface.write("Are you sure? https://example.test")
            await surface.finish(Footer(buttons=(Button(Action.FORGET, "k2", "Delete"),)))

        reply_ = fake.answers(lobby, ben)[-1]
        assert [button.label for button in reply_.buttons] == ["Delete"]
        assert not reply_.previews


async def test_a_reply_whose_outcome_nobody_knows_is_not_sent_by_the_sdk_again(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        shown = await told_to_wait(fake, ears, lobby, ben)
        await fake.click(ben, shown, "aivax:drop:k1")
        pressed = await heard(ears)
    session = Session(settings(fake), FAST)
    try:
        fake.fail("POST /webhooks/{}/{}", status=502)
        with pytest.raises(OutcomeUnknown):
            await EphemeralChannel(session, Address.parse(pressed.address)).post(
                "All right.", Delivery(0, "n-0", "", 0, closed=False, generation=1)
            )
    finally:
        await session.close()


def interaction(**changes: Any) -> Any:
    """A press as discord.py hands it over."""
    usual: dict[str, Any] = {
        "id": 5,
        "data": {"custom_id": "aivax:drop:k1", "component_type": 2},
        "user": SimpleNamespace(id=7, display_name="ben"),
        "channel": SimpleNamespace(),
        "guild": None,
        "channel_id": 3,
        "guild_id": 4,
        "application_id": 1,
        "token": "abc",
        "locale": discord.Locale.brazil_portuguese,
        "permissions": discord.Permissions.none(),
    }
    return SimpleNamespace(**{**usual, **changes})


def pressed_in(interaction: Any) -> Pressed | None:
    """Read a press as the dispatcher does."""
    data, source = interaction.data or {}, source_of(interaction)
    return press_of(source, action_in(data.get("custom_id"))) if source else None


def test_a_press_carries_what_a_whisper_needs_and_the_persons_language() -> None:
    pressed = pressed_in(interaction())

    assert pressed is not None
    assert Address.parse(pressed.address) == Address(channel=3, guild=4, app=1, token="abc")
    assert pressed.author.locale == "pt-BR"
    assert pressed.keys == ("discord:interaction:5",)


def test_a_press_carries_the_persons_roles() -> None:
    roles = [SimpleNamespace(id=4), SimpleNamespace(id=9)]
    pressed = pressed_in(interaction(user=SimpleNamespace(id=7, display_name="ben", roles=roles)))

    assert pressed is not None
    assert pressed.author.roles == ("9",)  # the server's own id stands for everyone


@pytest.mark.parametrize(
    "changes",
    [
        {"data": None},
        {"data": {"name": "a command"}},
        {"data": {"custom_id": "aivax:sell:k1"}},
        {"data": {"custom_id": "aivax:drop:" + "k" * 33}},
        {"data": {"custom_id": "aivax:drop:k1\n"}},
        {"data": {"custom_id": 5}},
        {"user": discord.utils.MISSING},
        {"channel_id": None},
    ],
)
def test_a_press_of_anything_else_is_nothing_to_us(changes: dict[str, Any]) -> None:
    assert pressed_in(interaction(**changes)) is None


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_whatever_a_custom_id_is_nothing_breaks(custom_id: object) -> None:
    assert pressed_in(interaction(data={"custom_id": custom_id})) is None
