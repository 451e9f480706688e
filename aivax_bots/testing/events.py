"""What a person does on the platform, as the core hears it."""

from __future__ import annotations

import pytest

from aivax_bots import (
    Command,
    Commanded,
    Deleted,
    Edited,
    FileTooLarge,
    Frontend,
    FrontendRefused,
    PlatformError,
    Said,
)
from aivax_bots.testing.adapter import ANA, BEN, Ability, Adapter
from aivax_bots.testing.fakes import FakeLedger
from aivax_bots.testing.listening import Inbox, Lamp
from aivax_bots.testing.stage import listening_to
from aivax_bots.testing.suite import HOSTILE, FrontendSuite, needs, replaces, show
from aivax_bots.testing.waiting import soon, until


class EventContract(FrontendSuite):
    """Each thing that a person does is one event, in the words of the core."""

    async def test_what_a_person_says_becomes_one_event_in_the_words_of_the_core(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        await venue.say("hello there")

        (said,) = await inbox.first()
        assert isinstance(said, Said)
        assert said.text == "hello there"
        assert said.keys
        assert said.author.identity.platform == said.place.platform == frontend.platform
        assert said.place.private is venue.private

    @pytest.mark.parametrize("command", [Command.RESET, Command.STOP, Command.USAGE])
    async def test_a_commands_word_is_a_command(self, venue: Adapter, inbox: Inbox, command: Command) -> None:
        await venue.say(command)

        (event,) = await inbox.first()
        assert isinstance(event, Commanded)
        assert event.command is command

    async def test_hostile_words_of_a_person_arrive_and_harm_nobody(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        await venue.say(f"{HOSTILE} {'long ' * 300}")
        (hostile,) = await inbox.first()
        assert isinstance(hostile, Said)
        await show(frontend, hostile.address, FakeLedger(), "Is that all?")
        await venue.say("hello again")

        _, said = await inbox.first(2)
        assert isinstance(said, Said)
        assert hostile.text.count("long") == 300
        assert said.text == "hello again"

    @needs(Ability.PEOPLE)
    async def test_two_people_are_told_apart(self, venue: Adapter, inbox: Inbox) -> None:
        await venue.say("I am Ana", by=ANA)
        await venue.say("I am Ben", by=BEN)

        ana, ben = (each for each in await inbox.first(2) if isinstance(each, Said))
        assert (ana.text, ben.text) == ("I am Ana", "I am Ben")
        assert ana.author.identity != ben.author.identity

    @needs(Ability.EDITS)
    async def test_an_edited_question_is_a_change_of_the_same_message(
        self, venue: Adapter, inbox: Inbox
    ) -> None:
        message = await venue.say("the old words")
        await inbox.first()
        await venue.edit(message, "the new words")

        said, edited = await inbox.first(2)
        assert isinstance(said, Said)
        assert isinstance(edited, Edited)
        assert (edited.text, edited.origin) == ("the new words", said.origin)
        assert not set(edited.keys) & set(said.keys)

    @needs(Ability.DELETIONS)
    async def test_a_deleted_question_names_the_same_message(self, venue: Adapter, inbox: Inbox) -> None:
        message = await venue.say("hello there")
        await inbox.first()
        await venue.delete(message)

        said, deleted = await inbox.first(2)
        assert isinstance(said, Said)
        assert isinstance(deleted, Deleted)
        assert said.origin in deleted.origins

    @needs(Ability.ATTACHMENTS)
    async def test_a_file_beside_a_question_is_named_and_read_when_it_is_asked_for(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        await venue.send_file("look at this", "note.txt", b"a note of 24 bytes, or so")

        (said,) = await inbox.first()
        assert isinstance(said, Said)
        (file,) = said.attachments
        assert (said.text, file.name) == ("look at this", "note.txt")
        assert (await frontend.fetch(file.ref, 1_000)).data == b"a note of 24 bytes, or so"
        with pytest.raises(FileTooLarge):
            await frontend.fetch(file.ref, 10)

    @replaces(Ability.ATTACHMENTS)
    async def test_where_there_are_no_files_none_can_be_read(self, frontend: Frontend) -> None:
        with pytest.raises(PlatformError):
            await frontend.fetch("note.txt", 1_000)

    @needs(Ability.REDELIVERY)
    async def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(
        self, venue: Adapter, frontend: Frontend
    ) -> None:
        inbox = Inbox()
        inbox.failures = 1
        async with listening_to(frontend, inbox):
            await venue.say("hello there")
            await until("a failure", lambda: not inbox.failures)
        async with listening_to(frontend, inbox):
            await venue.redeliver()
            (said,) = await inbox.first()

        assert isinstance(said, Said)
        assert said.text == "hello there"

    @needs(Ability.WIRE)
    async def test_events_that_nobody_knows_take_no_listener_down(self, venue: Adapter, inbox: Inbox) -> None:
        await venue.surprise()
        await venue.say("hello there")

        (said,) = await inbox.first()
        assert isinstance(said, Said)
        assert said.text == "hello there"

    # How an answer is shown

    @needs(Ability.REFUSAL)
    async def test_what_the_platform_refuses_is_told_by_the_setting_that_mends_it(
        self, venue: Adapter, frontend: Frontend
    ) -> None:
        await venue.refuse()

        lamp = Lamp()
        with pytest.raises(FrontendRefused) as told:
            await soon("the refusal", frontend.listen(Inbox(), lamp))
        assert told.value.setting.startswith(f"[{frontend.platform}] ")
        assert told.value.fix
        assert not lamp.lit.is_set()
