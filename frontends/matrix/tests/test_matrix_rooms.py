"""What Matrix has beside messages: invitations, direct rooms, gaps, threads, rate limits. Against a real Synapse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from aivax_bots import (
    Action,
    Administers,
    AnswerRefusedError,
    Button,
    CheckContext,
    CheckState,
    Edited,
    Footer,
    Frontend,
    FrontendRefused,
    Identity,
    Place,
    PlaceClosed,
    Pressed,
    Question,
    Said,
    Unreadable,
)
from aivax_bots.testing import ANA, BEN, FakeLedger, Inbox, listening_to, soon, until
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.channel import Channel, Typing
from aivax_bots_matrix.plugin import checks, plugin
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import Wire
from homeserver import ApiError
from matrix_venue import BOT_NAME, RoomAdapter

pytestmark = [pytest.mark.usefixtures("room"), pytest.mark.asyncio]


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[RoomAdapter]:
    async with RoomAdapter() as adapter:
        yield adapter


@pytest_asyncio.fixture
async def frontend(venue: RoomAdapter) -> AsyncIterator[Frontend]:
    async with venue.open() as frontend:
        yield frontend


@pytest_asyncio.fixture
async def inbox(frontend: Frontend) -> AsyncIterator[Inbox]:
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        yield inbox


async def show(frontend: Frontend, address: str, text: str, ledger: FakeLedger | None = None) -> None:
    async with frontend.reply_to(address, ledger or FakeLedger()) as surface:
        await surface.write(text)
        await surface.finish(Footer())


async def last(inbox: Inbox, count: int) -> Any:
    return (await inbox.first(count))[-1]


def membership(venue: RoomAdapter, room: str) -> str:
    """The bot's, as Ana sees it."""
    return str(venue.ana.state(room, "m.room.member", venue.bot.user)["membership"])


def direct(venue: RoomAdapter) -> str:
    """A room that Ana invites the bot to, for talking alone."""
    return venue.ana.make_room(venue.bot.user, is_direct=True, preset="trusted_private_chat")


# Invitations


async def test_who_invites_the_bot_is_heard_with_what_they_said_before_it_came(
    venue: RoomAdapter, inbox: Inbox
) -> None:
    room = direct(venue)
    venue.ana.send(room, {"msgtype": "m.text", "body": "hello there"})

    said = await last(inbox, 1)

    assert isinstance(said, Said)
    assert (said.text, said.place.private, said.author.name) == ("hello there", True, "Ana")


async def test_where_a_third_one_comes_nothing_is_private_and_the_bot_waits_for_its_name(
    venue: RoomAdapter, inbox: Inbox
) -> None:
    room = direct(venue)
    venue.ana.send(room, {"msgtype": "m.text", "body": "for you alone"})
    alone = await last(inbox, 1)
    venue.ana.call("POST", f"/_matrix/client/v3/rooms/{quote(room)}/invite", {"user_id": venue.ben.user})
    venue.ana.send(room, {"msgtype": "m.text", "body": "hello Ben"})
    venue.ana.send(room, venue.message("and you"))

    heard = await last(inbox, 2)

    assert (heard.text, heard.place.private) == ("and you", False)
    assert heard.place.thread != alone.place.thread


async def test_an_invitation_of_who_is_not_answered_is_declined(venue: RoomAdapter, inbox: Inbox) -> None:
    inbox.refusing = "not for you"
    room = direct(venue)

    await until("the refusal", lambda: membership(venue, room) == "leave")
    assert inbox.asked_for[0].author.identity.user == venue.ana.user


async def test_an_invitation_from_another_server_than_is_named_is_declined(venue: RoomAdapter) -> None:
    class Elsewhere(RoomAdapter):
        def settings(self) -> Mapping[str, object]:
            return {**super().settings(), "servers": ["elsewhere.org"]}

    async with Elsewhere() as other, other.open() as frontend, listening_to(frontend, Inbox()):
        room = direct(other)

        await until("the refusal", lambda: membership(other, room) == "leave")


async def test_a_room_that_another_one_replaces_is_followed(venue: RoomAdapter, inbox: Inbox) -> None:
    room = venue.ana.make_room(venue.bot.user, preset="public_chat")
    await until("the bot", lambda: membership(venue, room) == "join")
    upgraded = venue.ana.call(
        "POST", f"/_matrix/client/v3/rooms/{quote(room)}/upgrade", {"new_version": "11"}
    )

    def followed() -> bool:
        try:
            return membership(venue, upgraded["replacement_room"]) == "join"
        except ApiError:
            return False

    await until("the bot in the new room", followed)


# What is heard


async def test_what_was_said_while_the_bot_was_away_is_heard_in_order_and_nothing_twice(
    venue: RoomAdapter, frontend: Frontend
) -> None:
    before, after = Inbox(), Inbox()
    async with listening_to(frontend, before):
        await venue.say("one")
        await before.first()
    await venue.say("two")
    for _ in range(25):  # more than one sync brings
        venue.ana.send(venue.room_of_all, {"msgtype": "m.text", "body": "we talk with each other"})
    await venue.say("three")
    async with listening_to(frontend, after):
        await venue.say("four")
        await until(
            "the last", lambda: "four" in [each.text for each in after.events if isinstance(each, Said)]
        )

    texts = [each.text for each in after.events if isinstance(each, Said)]
    # the first may come again: the position is kept once it is stored
    assert [each for each in texts if each != "one"] == ["two", "three", "four"]


async def test_what_was_missed_is_left_where_nothing_is_to_be_looked_back_to(venue: RoomAdapter) -> None:
    class Forgetful(RoomAdapter):
        def settings(self) -> Mapping[str, object]:
            return {**super().settings(), "backfill_hours": 0}

    async with Forgetful() as other, other.open() as frontend:
        async with listening_to(frontend, Inbox()):
            pass
        await other.say("missed")
        inbox = Inbox()
        async with listening_to(frontend, inbox):
            await other.say("heard")
            await inbox.first()

    assert [each.text for each in inbox.events if isinstance(each, Said)] == ["heard"]


async def test_an_edit_that_adds_the_mention_asks(venue: RoomAdapter, inbox: Inbox) -> None:
    message = venue.ana.send(venue.room_of_all, {"msgtype": "m.text", "body": "hello there"})
    await venue.edit(message, "hello there")

    edited, said = await inbox.first(2)

    assert isinstance(edited, Edited)
    assert isinstance(said, Said)
    assert (said.origin, said.text) == (message, "hello there")


async def test_in_an_encrypted_room_the_core_is_told_once(venue: RoomAdapter, inbox: Inbox) -> None:
    room = direct(venue)
    venue.ana.set_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    for number in range(2):
        venue.ana.send(
            room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": f"A{number}"}, "m.room.encrypted"
        )
    unread = await last(inbox, 1)
    await venue.say("hello there")

    _, said = await inbox.first(2)
    assert isinstance(unread, Unreadable)
    assert unread.place.private
    assert isinstance(said, Said)


async def test_a_press_in_a_thread_is_of_that_thread(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there")
    said = await last(inbox, 1)
    async with frontend.reply_to(said.address, FakeLedger()) as surface:
        await surface.write("The answer.")
        await surface.finish(Footer(buttons=(Button(Action.LANGUAGE, "t1", "Deutsch", "de"),)))

    await venue.press("Deutsch")

    pressed = await last(inbox, 2)
    assert isinstance(pressed, Pressed)
    assert (pressed.text, pressed.place) == ("de", said.place)


async def test_a_token_that_is_revoked_meanwhile_is_told(venue: RoomAdapter, frontend: Frontend) -> None:
    async with listening_to(frontend, Inbox()) as listening:
        await venue.refuse()
        await venue.say("hello there")

        with pytest.raises(FrontendRefused):
            await soon("the refusal", listening)


# What is shown


async def test_a_message_whose_creation_nobody_saw_the_end_of_is_there_once_with_the_newest_words(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there")
    said = await last(inbox, 1)
    ledger = FakeLedger()
    delivery = await ledger.intend(0)
    async with Wire(MatrixSettings(**venue.settings())) as wire:  # type: ignore[arg-type]
        await Channel(wire, Address.parse(said.address), Typing()).post("The first", delivery)

    await show(frontend, said.address, "The first words, and all others.", ledger.reopened())

    assert list(venue.visible()) == ["The first words, and all others."]


def spend_all(venue: RoomAdapter) -> None:
    """Have the bot send until the homeserver has it wait."""
    with suppress(ApiError):
        for _ in range(20):
            venue.bot.send(venue.room_of_all, {"msgtype": "m.notice", "body": "spent"})
        pytest.fail("the homeserver limits nothing")


async def test_an_answer_waits_as_long_as_the_homeserver_says_and_is_whole() -> None:
    class Limited(RoomAdapter):
        is_limited = True

    async with Limited() as venue, venue.open() as frontend:
        inbox = Inbox()
        async with listening_to(frontend, inbox):
            await venue.say("hello there")
            said = await last(inbox, 1)
            spend_all(venue)
            await show(frontend, said.address, "The answer.")

        assert venue.visible()[-1] == "The answer."


async def test_where_the_bot_was_thrown_out_nothing_can_be_shown(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there")
    said = await last(inbox, 1)
    venue.spoil()
    path = f"/_matrix/client/v3/rooms/{quote(venue.room_of_all)}/kick"
    venue.ana.call("POST", path, {"user_id": venue.bot.user})

    with pytest.raises(PlaceClosed):
        await show(frontend, said.address, "Too late.")


async def test_an_answer_that_is_taken_away_is_gone_in_all_its_wordings(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there")
    said = await last(inbox, 1)
    ledger = FakeLedger()
    await show(frontend, said.address, "An old secret.", ledger)
    await show(frontend, said.address, "A new secret.", ledger.reopened(new_generation=True))

    await frontend.remove(said.address, [row.message_id for row in ledger.rows])

    path = f"/_matrix/client/v3/rooms/{quote(venue.room_of_all)}/messages"
    told = venue.ana.call("GET", path, dir="b", limit=20)
    assert "secret" not in str(told)


async def test_an_answer_is_html_in_the_questions_thread_and_calls_nobody(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    question = await venue.say("hello there")
    said = await last(inbox, 1)

    await show(frontend, said.address, f"**Yes**, {venue.ana.user} @room")

    (message,) = venue.apps[ANA].look().messages.values()
    assert message.content["formatted_body"].startswith("<p><strong>Yes</strong>")
    assert message.content["m.relates_to"]["event_id"] == question
    assert list(venue.pings()) == []


# What stands around


async def test_a_thread_so_far_and_what_is_replied_to_are_told_with_their_newest_words(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    room = venue.room_of_all
    root = venue.ben.send(room, {"msgtype": "m.text", "body": "a fox?"})
    thread = {"rel_type": "m.thread", "event_id": root}
    new = {"msgtype": "m.text", "body": "a red fox?"}
    venue.ben.send(
        room,
        {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": root}},
    )
    venue.ben.send(room, {"msgtype": "m.text", "body": "I saw it", "m.relates_to": thread})
    venue.ana.send(room, {**venue.message("what was it?"), "m.relates_to": thread})
    said = await last(inbox, 1)

    quotes = await frontend.surroundings(said.address, 10)

    assert [(each.author_name, each.text) for each in quotes] == [("Ben", "a red fox?"), ("Ben", "I saw it")]
    assert said.place.thread == root


async def test_the_message_replied_to_and_the_rooms_own_history_are_told(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    room = venue.room_of_all
    first = venue.ben.send(room, {"msgtype": "m.text", "body": "a heron"})
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": first}}}
    venue.ana.send(room, {**venue.message("what is that?"), **reply})
    said = await last(inbox, 1)
    counted: list[int] = []

    async def told(count: int) -> None:
        counted.append(count)

    (quoted,) = await frontend.surroundings(said.address, 10)
    history = await frontend.history(said.address, 2, told)

    assert (quoted.text, quoted.replied_to, quoted.author) == ("a heron", True, venue.ben.user)
    assert [each.text for each in history] == ["a heron"]
    assert counted
    assert await frontend.link(said.address) == f"https://matrix.to/#/{quote(room)}/{quote(said.origin)}"


async def test_what_was_said_in_a_span_of_time_is_told_with_threads_and_without_what_was_deleted(
    venue: RoomAdapter, frontend: Frontend
) -> None:
    room = venue.ana.make_room(venue.bot.user)
    venue.bot.join(room)
    root = venue.ana.send(room, {"msgtype": "m.text", "body": "a fox"})
    thread = {"rel_type": "m.thread", "event_id": root}
    venue.ana.send(room, {"msgtype": "m.text", "body": "where?", "m.relates_to": thread})
    venue.ana.redact(room, venue.ana.send(room, {"msgtype": "m.text", "body": "a secret"}))
    new = {"msgtype": "m.text", "body": "a red fox"}
    venue.ana.send(
        room, {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": root}}
    )
    venue.bot.send(room, {"msgtype": "m.notice", "body": "beep"})
    now = datetime.now(UTC)
    day = timedelta(days=1)

    address = frontend.address_of(room)
    told = await frontend.said_between(address, now - day, now + day, 10)
    newest = await frontend.said_between(address, now - day, now + day, 1)
    before = await frontend.said_between(address, now - 2 * day, now - day, 10)

    assert [(each.quote.text, each.by_bot) for each in told] == [
        ("a red fox", False),
        ("where?", False),
        ("beep", True),
    ]
    assert await frontend.link(told[0].address, told[0].quote.origin) == (
        f"https://matrix.to/#/{quote(room)}/{quote(root)}"
    )
    assert [each.quote.text for each in newest] == ["beep"]
    assert before == []
    with pytest.raises(PlaceClosed):
        await frontend.said_between("!elsewhere:bots.test", now - day, now, 10)


async def test_who_moderates_a_room_may_set_what_holds_there(venue: RoomAdapter, frontend: Frontend) -> None:
    place = Place("matrix", "", venue.room_of_all)

    told = [
        await frontend.administers(Identity("matrix", "", each.user), place)
        for each in (venue.ana, venue.ben)
    ]

    assert told == [Administers.CHANNEL, Administers.NOTHING]


async def test_what_is_for_one_person_goes_to_the_room_they_are_alone_in(
    venue: RoomAdapter, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there", by=BEN)
    said = await last(inbox, 1)

    place, address = await frontend.aside(said.address, said.author.identity)
    again, _ = await frontend.aside(said.address, said.author.identity)

    assert place.private
    assert again == place
    venue.ben.join(place.channel)
    await show(frontend, address, "For you alone.")
    with pytest.raises(ApiError):
        venue.ana.state(place.channel, "m.room.create")


# doctor


async def findings(venue: RoomAdapter, *rooms: str, **settings: object) -> dict[str, CheckState]:
    section = MatrixSettings(**{**venue.settings(), **settings})  # type: ignore[arg-type]
    (check,) = checks(section, CheckContext(rooms))
    return {each.check: each.state for each in await check.run()}


async def test_doctor_finds_what_is_well_and_what_is_not(venue: RoomAdapter) -> None:
    room, elsewhere = venue.room_of_all, venue.ana.make_room()

    well = await findings(venue, room, elsewhere)
    revoked = await findings(venue, access_token="another one")
    lost = await findings(venue, homeserver=f"{venue.homeserver.url}/elsewhere")

    assert well == {
        "matrix.homeserver": CheckState.OK,
        "matrix.clock": CheckState.OK,
        "matrix.token": CheckState.OK,
        f"matrix.room.{room}": CheckState.OK,
        f"matrix.room.{elsewhere}": CheckState.FAILED,
    }
    assert revoked["matrix.token"] is CheckState.FAILED
    assert lost == {"matrix.homeserver": CheckState.FAILED}


# init


class Talk:
    """Who is asked, and answers."""

    translator: Any = None

    def __init__(self, venue: RoomAdapter, token: str) -> None:
        self.section = MatrixSettings()
        self.told: list[str] = []
        self._answers = {"homeserver": venue.homeserver.url, "access_token": token}

    def say(self, text: str) -> None:
        self.told.append(text)

    async def ask(
        self, question: Question, trial: Callable[[MatrixSettings], Awaitable[str]] | None = None
    ) -> None:
        key = question.name.partition(".")[2]
        self.section = MatrixSettings(**{**self.section.model_dump(), key: self._answers[key]})
        if trial is not None:
            self.told.append(await trial(self.section))


async def test_init_tries_each_answer_lists_the_rooms_and_posts_a_message(venue: RoomAdapter) -> None:
    setup = plugin.setup() if plugin.setup else None
    assert setup is not None
    talk = Talk(venue, venue.bot.token)
    await setup.interview(talk)

    rooms = await setup.channels(talk.section)
    named = await setup.post(talk.section, venue.room_of_all, "It works.")

    assert f"{BOT_NAME} ({venue.bot.user})" in talk.told
    assert (venue.room_of_all, "Tower") in [(each.value, each.label) for each in rooms]
    assert named == "Tower"
    assert list(venue.visible()) == ["It works."]


async def test_init_tells_what_is_wrong_with_an_answer(venue: RoomAdapter) -> None:
    setup = plugin.setup() if plugin.setup else None
    assert setup is not None
    mistyped = Talk(venue, "another one")
    elsewhere = MatrixSettings(**{**venue.settings(), "homeserver": "http://127.0.0.1:9"})  # type: ignore[arg-type]
    foreign = venue.ana.make_room()

    with pytest.raises(AnswerRefusedError, match="refuses the token"):
        await setup.interview(mistyped)
    with pytest.raises(AnswerRefusedError) as away:
        await setup.channels(elsewhere)
    with pytest.raises(AnswerRefusedError, match="nothing can be posted there"):
        await setup.post(MatrixSettings(**venue.settings()), foreign, "It works.")  # type: ignore[arg-type]
    assert away.value.passing
