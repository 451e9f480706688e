"""The commands on Discord: what is registered, when, and what a person who uses one is understood to say."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import structlog

from bots.discord.events.address import Address, FileRef
from bots.discord.events.commands import all_commands, same
from core.domain import Action, BotError, Button, Command, Commanded, Event, Footer, Pressed, Said, Translator
from core.i18n import Phrase, Translators
from tests.discord_listening import FAST, TRANSLATORS, Intake, Listening, discord_at_hand, online
from tests.fakes import FakeLedger
from tests.platforms.discord import CATEGORY, Channel, FakeDiscord, Permission, Upload

MENU = "Take this answer away"
PUT, GET = "PUT /applications/{}/commands", "GET /applications/{}/commands"
GET_HERE = "GET /applications/{}/guilds/{}/commands"
PUT_HERE = "PUT /applications/{}/guilds/{}/commands"
NAMES = [
    *("ask", "reset", "stop", "usage", "help", "privacy", "export", "forget", "delete", "model"),
    *("Ask about this", MENU),
]


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def lobby(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "lobby")


def translator_of(locale: str) -> Translator:
    return TRANSLATORS.of(locale)


async def registered(fake: FakeDiscord, server: int | None = None) -> list[dict[str, Any]]:
    return await fake.until(lambda: fake.commands.get(server) or [])


async def heard(intake: Intake, fits: Callable[[Event], bool] = bool) -> Any:
    return await intake.until(lambda: next((event for event in intake.events if fits(event)), None))


# -- what is registered -------------------------------------------------------------------------------


async def test_all_commands_are_offered_everywhere_in_the_languages_that_the_bot_speaks(
    fake: FakeDiscord,
) -> None:
    async with online(fake):
        commands = await registered(fake)

        assert [command["name"] for command in commands] == NAMES
        ask, *_, about, _ = commands
        assert ask["name_localizations"]["pt-BR"] == "perguntar"
        assert ask["description_localizations"]["es-419"] == "Hacer una pregunta"
        assert ask["description_localizations"].keys() == {"en-US", "en-GB", "es-ES", "es-419", "pt-BR"}
        assert [option["name"] for option in ask["options"]] == ["question", "file", "private"]
        assert about["name_localizations"]["pt-BR"] == TRANSLATORS.of("pt-BR").say(Phrase.ASK_ABOUT)
        assert ask["contexts"] == [0, 1]


async def test_commands_are_written_only_when_they_changed(fake: FakeDiscord) -> None:
    async with online(fake):
        await registered(fake)
    async with online(fake):
        await fake.until(lambda: len([call for call in fake.called(GET) if call.status]) == 2)
    assert len(fake.called(PUT)) == 1

    fake.commands[None][0]["description_localizations"]["pt-BR"] = "Something older"
    async with online(fake):
        await fake.until(lambda: len([call for call in fake.called(PUT) if call.status]) == 2)
    assert fake.commands[None][0]["description_localizations"]["pt-BR"] == "Fazer uma pergunta"


async def test_named_servers_alone_are_offered_the_commands(fake: FakeDiscord) -> None:
    gophers, others = fake.guild("Gophers"), fake.guild("Others")
    fake.register({"name": "old", "description": "of an earlier run"})
    async with online(fake, command_servers=[str(gophers.id)]):
        commands = await registered(fake, gophers.id)
        await fake.until(lambda: fake.commands[None] == [])

        assert [command["name"] for command in commands] == NAMES
        assert others.id not in fake.commands
        assert not any("contexts" in command for command in commands)


async def test_a_server_that_refuses_is_named_once_with_the_setting_and_nothing_else_suffers(
    fake: FakeDiscord, lobby: Channel
) -> None:
    strangers = fake.guild("Strangers")
    fake.kick_bot(strangers)
    assert lobby.guild is not None
    servers = [str(strangers.id), str(lobby.guild.id)]
    ben = fake.person("ben")
    with structlog.testing.capture_logs() as logs:
        async with online(fake, command_servers=servers) as ears:
            await registered(fake, lobby.guild.id)
            await ears.stop()
            again = Listening(ears.frontend)
            await again.up()
            await fake.until(lambda: len([call for call in fake.called(GET_HERE) if call.status == 403]) == 2)
            await fake.say(ben, lobby, f"{fake.bot.mention} hello")
            assert await again.intake.texts(1) == ["hello"]
            await again.stop()

    (told,) = [line for line in logs if line["event"] == "discord.commands_not_registered"]
    assert told["setting"] == "[discord] command_servers"
    assert told["server"] == strangers.id
    assert "applications.commands" in told["fix"]


async def test_too_many_creates_in_a_day_are_said_once(fake: FakeDiscord, lobby: Channel) -> None:
    assert lobby.guild is not None
    lobby.guild.commands_created = 200
    with structlog.testing.capture_logs() as logs:
        async with online(fake, command_servers=[str(lobby.guild.id)]):
            await fake.until(lambda: [call for call in fake.called(PUT_HERE) if call.status])
    told = [line for line in logs if line["event"] == "discord.commands_not_registered"]

    assert [line["code"] for line in told] == ["30034"]


async def test_a_busy_discord_is_asked_again(fake: FakeDiscord) -> None:
    fake.lose_request("PUT /applications/{}/commands", reset=False)
    async with online(fake):
        assert await registered(fake)


def test_an_operators_wording_that_can_be_no_commands_name_is_left_out() -> None:
    translators = Translators(wording={"en": {"ask_name": "Ask Me!", "help_name": "HELPME"}})
    with structlog.testing.capture_logs() as logs:
        commands = {each["name"]: each for each in all_commands(translators.of, everywhere=True)}

    assert "en-US" not in commands["ask"]["name_localizations"]
    assert commands["ask"]["name_localizations"]["es-ES"] == "preguntar"
    assert commands["help"]["name_localizations"]["en-US"] == "helpme"
    assert "ask_name" in logs[0]["sentence"]


def test_what_discord_adds_is_no_difference_and_what_it_lacks_is() -> None:
    wanted = all_commands(translator_of, everywhere=True)
    there = [{**command, "id": "1", "version": "2", "nsfw": False} for command in wanted]

    assert same(there, wanted)
    assert same(there[::-1], wanted)
    assert not same(there[1:], wanted)
    assert not same([*there, {"type": 1, "name": "more"}], wanted)
    assert not same([{**there[0], "options": []}, *there[1:]], wanted)
    assert not same([{**there[0], "name_localizations": {"fr": "demander"}}, *there[1:]], wanted)


# -- what they say ------------------------------------------------------------------------------------


async def test_ask_is_deferred_before_anything_is_stored_and_becomes_a_question(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ana = fake.person("ana", locale="pt-BR")
    async with online(fake) as ears:
        await registered(fake)
        ears.intake.held.clear()
        asked = await fake.interact(
            ana, lobby, "ask", {"question": "why?", "file": Upload("a.txt", b"hello", "text/plain")}
        )
        await fake.until(lambda: asked.answered_with == 5)
        assert not ears.intake.events
        ears.intake.held.set()
        said = await ears.intake.first()

        assert said.text == "why?"
        assert said.author.locale == "pt-BR"
        assert said.place.channel == str(lobby.id)
        assert not said.place.private
        assert not said.place.thread
        assert [(file.name, file.media_type, file.size_bytes) for file in said.attachments] == [
            ("a.txt", "text/plain", 5)
        ]
        assert (await ears.frontend.fetch(said.attachments[0].ref, 100)).data == b"hello"
        assert asked.original is not None
        assert not asked.original.ephemeral


async def test_a_private_question_has_a_place_of_its_own_in_which_the_lists_of_channels_hold(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ana, ben = fake.person("ana"), fake.person("ben")
    async with online(fake) as ears:
        await registered(fake)
        hidden = await fake.interact(ana, lobby, "ask", {"question": "one", "private": True})
        await fake.interact(ben, lobby, "ask", {"question": "two", "private": True})
        await fake.interact(ana, lobby, "ask", {"question": "three", "private": False})
        await ears.intake.texts(3)
        places = {event.text: event.place for event in ears.intake.events if isinstance(event, Said)}

        assert hidden.original is not None
        assert hidden.original.ephemeral
        assert len(set(places.values())) == 3
        assert {place.channel for place in places.values()} == {str(lobby.id)}
        assert not any(place.private for place in places.values())
        assert places["three"].thread == ""


async def test_a_direct_question_is_said_where_direct_messages_are(fake: FakeDiscord) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        await fake.interact(ana, fake.dm(ana), "ask", {"question": "why?", "private": True})
        await fake.say(ana, fake.dm(ana), "and you?")
        await ears.intake.texts(2)
        one, two = [event for event in ears.intake.events if isinstance(event, Said)]

        assert one.place == two.place
        assert one.author.identity == two.author.identity
        assert not Address.parse(one.address).hidden


@pytest.mark.parametrize(
    "command",
    [Command.RESET, Command.STOP, Command.USAGE, Command.HELP, Command.PRIVACY, Command.MODEL],
)
async def test_the_other_commands_are_for_their_author_alone(
    fake: FakeDiscord, lobby: Channel, command: Command
) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        given = await fake.interact(ana, lobby, command.value)
        event = await heard(ears.intake, lambda event: isinstance(event, Commanded))

        assert event.command is command
        assert event.place.channel == str(lobby.id)
        assert event.whole_channel
        assert given.original is not None
        assert given.original.ephemeral
        here = command in (Command.RESET, Command.STOP)
        assert event.place.thread == ("" if here else f"@{ana.id}")


async def test_in_a_thread_a_command_means_that_thread(fake: FakeDiscord, lobby: Channel) -> None:
    ana = fake.person("ana")
    thread = fake.thread(lobby, "talk", by=ana)
    async with online(fake) as ears:
        await registered(fake)
        await fake.interact(ana, thread, "reset")
        event = await heard(ears.intake, lambda event: isinstance(event, Commanded))

        assert (event.place.channel, event.place.thread) == (str(lobby.id), str(thread.id))
        assert not event.whole_channel


async def test_a_command_of_an_older_list_is_not_answered_and_not_heard(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        fake.commands[None].append({"type": 1, "id": "5", "name": "old", "description": "-"})
        old = await fake.interact(ana, lobby, "old")
        await fake.interact(ana, lobby, "help")
        await heard(ears.intake)

        assert old.answered_with is None
        assert len(ears.intake.events) == 1


# -- the gateway --------------------------------------------------------------------------------------


async def test_a_gateway_is_chosen_by_its_name(fake: FakeDiscord, lobby: Channel) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        await fake.interact(ana, lobby, "model", {"gateway": " fast:1 "})
        event = await heard(ears.intake)

        assert (event.command, event.argument, event.place.channel) == (
            Command.MODEL,
            "fast:1",
            str(lobby.id),
        )


async def offered(fake: FakeDiscord, lobby: Channel, typed: str) -> list[str]:
    asked = await fake.autocomplete(fake.person("ana"), lobby, "model", "gateway", typed)
    await fake.until(lambda: asked.choices is not None)
    return [choice["value"] for choice in asked.choices or []]


async def test_gateways_are_offered_as_they_are_typed(fake: FakeDiscord, lobby: Channel) -> None:
    async with online(fake) as ears:
        await registered(fake)
        ears.intake.choices = ["default", "my-Fast", "fast:1", "x" * 101, *(f"other {n}" for n in range(40))]

        assert await offered(fake, lobby, "fAS") == ["fast:1", "my-Fast"]
        assert (await offered(fake, lobby, ""))[:2] == ["default", "my-Fast"]
        assert len(await offered(fake, lobby, "")) == 25
        assert await offered(fake, lobby, "nothing like it") == []


async def test_who_may_not_choose_is_offered_nothing(fake: FakeDiscord, lobby: Channel) -> None:
    async with online(fake):
        await registered(fake)

        assert await offered(fake, lobby, "") == []


async def test_where_nobody_can_tell_the_gateways_none_are_offered(fake: FakeDiscord, lobby: Channel) -> None:
    async with online(fake) as ears:
        await registered(fake)
        ears.intake.choices = BotError()
        with structlog.testing.capture_logs() as logs:
            assert await offered(fake, lobby, "") == []
        assert [line["error"] for line in logs if line["event"] == "discord.choices_unavailable"]


async def test_gateways_that_are_found_too_late_are_not_waited_for(fake: FakeDiscord, lobby: Channel) -> None:
    async with online(fake, replace(FAST, offer_within_s=0.01)) as ears:
        await registered(fake)
        ears.intake.choices = ["default"]
        ears.intake.held.clear()

        with structlog.testing.capture_logs():
            assert await offered(fake, lobby, "") == []


# -- where --------------------------------------------------------------------------------------------


async def test_all_that_is_said_tells_what_it_lies_in(fake: FakeDiscord) -> None:
    guild, ana = fake.guild("Gophers"), fake.person("ana")
    attic = fake.channel(guild, "attic", CATEGORY)
    lobby = fake.channel(guild, "lobby", category=attic)
    thread = fake.thread(lobby, "talk", by=ana)
    old = fake.thread(lobby, "old", by=ana)
    fake.archive(old)
    async with online(fake) as ears:
        await registered(fake)
        for place in (lobby, thread, old):
            await fake.say(ana, place, f"{fake.bot.mention} hello")
            await fake.interact(ana, place, "ask", {"question": "why?", "private": True})
            await fake.interact(ana, place, "usage")
        await fake.say(ana, fake.dm(ana), "hello")
        await ears.intake.until(lambda: len(ears.intake.events) == 10)
        *_, direct = sorted(ears.intake.events, key=lambda event: event.place.private)

        assert direct.within == ()
        told = [set(event.within) for event in ears.intake.events if event is not direct]
        for place in (lobby, thread, old):
            assert told.count({str(attic.id), str(lobby.id), str(place.id)}) == 3


# -- the 3 seconds ------------------------------------------------------------------------------------


async def test_a_command_that_discord_gave_up_on_is_not_answered_behind_its_back(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        fake.fail("POST /interactions/{}/{}/callback", status=404, code=10062)
        with structlog.testing.capture_logs():
            await fake.interact(ana, lobby, "ask", {"question": "too late"})
            await fake.interact(ana, lobby, "ask", {"question": "in time"})
            assert await ears.intake.texts(1) == ["in time"]


async def test_a_command_that_another_process_answered_is_stored_once_more_under_the_same_key(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ana = fake.person("ana")
    async with online(fake) as one, online(fake) as other:
        await registered(fake)
        with structlog.testing.capture_logs() as logs:
            await fake.interact(ana, lobby, "ask", {"question": "why?"})
            first, second = await one.intake.first(), await other.intake.first()

        assert first.keys == second.keys
        assert not [line for line in logs if line["event"] == "discord.interaction_not_answered"]


async def test_an_acknowledgement_that_got_lost_loses_no_question(fake: FakeDiscord, lobby: Channel) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        await registered(fake)
        fake.lose_response("POST /interactions/{}/{}/callback")
        with structlog.testing.capture_logs():
            await fake.interact(ana, lobby, "ask", {"question": "why?"})
            assert await ears.intake.texts(1) == ["why?"]


# -- the menu -----------------------------------------------------------------------------------------


async def ask_about(fake: FakeDiscord, ears: Listening, lobby: Channel, **said: Any) -> tuple[Any, Any]:
    ana, ben = fake.person("ana", locale="es-ES"), fake.person("ben")
    await registered(fake)
    message = await fake.say(ben, lobby, "E = mc²\nand so on", **said)
    return ana, await fake.message_command(ana, message, "Ask about this")


async def test_asking_about_a_message_opens_a_form_and_its_words_come_with_the_message(
    fake: FakeDiscord, lobby: Channel
) -> None:
    async with online(fake) as ears:
        _, picked = await ask_about(fake, ears, lobby, attachments=[("a.txt", b"hello")])
        await fake.until(lambda: picked.modal)
        assert picked.modal["title"] == TRANSLATORS.of("es").say(Phrase.ASK_ABOUT)
        submitted = await fake.submit(picked, {})
        said = await ears.intake.first()

        default = TRANSLATORS.of("es").say(Phrase.ASK_ABOUT_DEFAULT)
        assert said.text == f"> **Ben**:\n> E = mc²\n> and so on\n\n{default}"
        assert [file.name for file in said.attachments] == ["a.txt"]
        assert FileRef.parse(said.attachments[0].ref).message
        await fake.until(lambda: submitted.original)
        assert submitted.original is not None
        assert submitted.original.ephemeral


async def test_a_form_that_was_opened_before_a_restart_still_brings_its_message(
    fake: FakeDiscord, lobby: Channel
) -> None:
    async with online(fake) as ears:
        _, picked = await ask_about(fake, ears, lobby)
        await fake.until(lambda: picked.modal)
    async with online(fake) as ears:
        await fake.submit(picked, {"words": "who said that?"})
        said = await ears.intake.first()

        assert said.text == "> **Ben**:\n> E = mc²\n> and so on\n\nwho said that?"


async def test_a_message_that_can_not_be_read_any_more_leaves_the_question(
    fake: FakeDiscord, lobby: Channel
) -> None:
    async with online(fake) as ears:
        _, picked = await ask_about(fake, ears, lobby)
        await fake.until(lambda: picked.modal)
    fake.deny(lobby, Permission.VIEW_CHANNEL)
    async with online(fake) as ears:
        with structlog.testing.capture_logs():
            await fake.submit(picked, {"words": "who said that?"})
            assert (await ears.intake.first()).text == "who said that?"


async def test_without_the_intent_the_menu_still_brings_the_message(
    lobby: Channel, fake: FakeDiscord
) -> None:
    async with online(fake, message_content=False) as ears:
        _, picked = await ask_about(fake, ears, lobby)
        await fake.until(lambda: picked.modal)
        await fake.submit(picked, {})

        assert "E = mc²" in (await ears.intake.first()).text


# -- feedback -----------------------------------------------------------------------------------------


async def test_a_bad_answer_is_noted_at_the_press_and_a_comment_comes_by_a_form(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben", locale="pt-BR")
    async with online(fake) as ears:
        await fake.say(ben, lobby, f"{fake.bot.mention} hello")
        said = await ears.intake.first()
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("An answer.")
            await surface.finish(Footer(buttons=(Button(Action.BAD, "k1", "Bad answer"),)))
        (answer,) = fake.answers(lobby)
        pressed = await fake.click(ben, answer, "aivax:bad:k1")
        await fake.until(lambda: pressed.modal)
        submitted = await fake.submit(pressed, {"words": "It is wrong."})
        await ears.intake.until(lambda: len(ears.intake.events) == 3)
        first, second = [event for event in ears.intake.events if isinstance(event, Pressed)]

        assert pressed.modal is not None
        assert pressed.modal["title"] == TRANSLATORS.of("pt-BR").say(Phrase.FEEDBACK_TITLE)
        assert (first.action, first.turn, first.text) == (Action.BAD, "k1", "")
        assert (second.action, second.turn, second.text) == (Action.BAD, "k1", "It is wrong.")
        assert first.keys != second.keys
        assert (first.asked_for_more, second.asked_for_more) == (True, False)
        assert submitted.answered_with == 6


async def test_an_empty_form_says_nothing_more_but_may_be_thanked_for(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        message = await fake.say(fake.bot, lobby, "An answer.")
        row = {"type": 1, "components": [{"type": 2, "id": 1, "custom_id": "aivax:bad:k1", "label": "Bad"}]}
        message.components = [row]
        pressed = await fake.click(ben, message, "aivax:bad:k1")
        await fake.until(lambda: pressed.modal)
        submitted = await fake.submit(pressed, {})
        await fake.until(lambda: submitted.answered_with == 6)
        await ears.stop()  # what was heard by then is stored
        presses = [event for event in ears.intake.events if isinstance(event, Pressed)]

        assert [(press.text, press.asked_for_more) for press in presses] == [("", True), ("", False)]


async def test_a_form_that_could_not_be_shown_leaves_the_press_to_be_thanked_for(
    fake: FakeDiscord, lobby: Channel
) -> None:
    ben = fake.person("ben")
    async with online(fake) as ears:
        message = await fake.say(fake.bot, lobby, "An answer.")
        row = {"type": 1, "components": [{"type": 2, "id": 1, "custom_id": "aivax:bad:k1", "label": "Bad"}]}
        message.components = [row]
        fake.fail("POST /interactions/{}/{}/callback", status=404, code=10062)
        with structlog.testing.capture_logs():
            await fake.click(ben, message, "aivax:bad:k1")
            pressed = await heard(ears.intake)

        assert not pressed.asked_for_more
