"""What goes wrong at a homeserver, and what people do there on purpose. Against a real Synapse, behind a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from aivax_bots import Edited, Footer, Frontend, Identity, PassedOver, Said
from aivax_bots.testing import FakeLedger, Inbox, listening_to, until
from aivax_bots_matrix.events import Bot
from aivax_bots_matrix.invitations import Invitations
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import Wire
from homeserver import ApiError
from matrix_venue import BOT_NAME, RoomAdapter
from spoiling_proxy import Spoil, SpoilingProxy, spoiling

pytestmark = [pytest.mark.usefixtures("room"), pytest.mark.asyncio]
PLAIN = {"msgtype": "m.text", "body": "hello there"}
MEMBERS, RULES, READERS = "/members", "/state/m.room.join_rules", "/state/m.room.history_visibility"


class Troubled(RoomAdapter):
    """A room whose homeserver stands behind a proxy."""

    proxy: SpoilingProxy
    more: Mapping[str, object] = {}

    def settings(self) -> Mapping[str, object]:
        return {**super().settings(), "homeserver": self.proxy.url, **self.more}

    def direct(self) -> str:
        """A room in which Ana and the bot are alone."""
        room = self.ana.make_room(self.bot.user, is_direct=True, preset="trusted_private_chat")
        self.bot.join(room)
        return room

    def is_in(self, room: str) -> bool:
        """Whether the bot is in a room, as Ana sees it."""
        try:
            return bool(self.ana.state(room, "m.room.member", self.bot.user)["membership"] == "join")
        except ApiError:
            return False

    def upgrade(self, room: str) -> str:
        """Have another room take its place."""
        path = f"/_matrix/client/v3/rooms/{quote(room)}/upgrade"
        return str(self.ana.call("POST", path, {"new_version": "11"})["replacement_room"])


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[Troubled]:
    async with spoiling(RoomAdapter.homeserver.url) as proxy, Troubled() as adapter:
        adapter.proxy = proxy
        yield adapter


@pytest_asyncio.fixture
async def frontend(venue: Troubled) -> AsyncIterator[Frontend]:
    async with venue.open() as frontend:
        yield frontend


@pytest_asyncio.fixture
async def inbox(frontend: Frontend) -> AsyncIterator[Inbox]:
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        yield inbox


def texts(inbox: Inbox) -> list[str]:
    return [each.text for each in inbox.events if isinstance(each, Said)]


def events_of(path: str, told: Any) -> Iterator[dict[str, Any]]:
    """What people said, in a sync or a page."""
    if path.endswith("/sync"):
        for room in told.get("rooms", {}).get("join", {}).values():
            yield from room["timeline"]["events"]
    elif path.endswith("/messages"):
        yield from told["chunk"]


def before_all_others(room: str) -> Spoil:
    """Has each sync tell of a room first."""

    def reorder(path: str, told: Any) -> None:
        if path.endswith("/sync") and room in (joined := told.get("rooms", {}).get("join", {})):
            told["rooms"]["join"] = {room: joined.pop(room), **joined}

    return reorder


# A homeserver's trouble


@pytest.mark.parametrize("part", [MEMBERS, RULES, ""])
async def test_a_room_that_cannot_be_read_keeps_no_other_waiting_and_is_heard_once_it_can(
    venue: Troubled, inbox: Inbox, part: str
) -> None:
    broken = venue.direct()
    venue.proxy.spoil = before_all_others(broken)
    venue.proxy.failing = {f"/rooms/{broken}{part}": 503}
    for number in range(3):
        venue.ana.send(broken, {"msgtype": "m.text", "body": f"broken {number}"})
    await until("the trouble", lambda: venue.proxy.failed)

    await venue.say("elsewhere")
    await inbox.first(1)
    elsewhere = texts(inbox)
    venue.proxy.failing = {}
    await inbox.first(4)

    assert elsewhere == ["elsewhere"]
    assert texts(inbox) == ["elsewhere", "broken 0", "broken 1", "broken 2"]


@pytest.mark.parametrize("status", [403, 404])
async def test_a_proxys_own_page_closes_no_room(venue: Troubled, inbox: Inbox, status: int) -> None:
    broken = venue.direct()
    venue.proxy.page, venue.proxy.failing = True, {f"/rooms/{broken}": status}
    venue.ana.send(broken, PLAIN)
    await until("the trouble", lambda: venue.proxy.failed)
    venue.proxy.failing = {}
    await inbox.first(1)

    assert texts(inbox) == ["hello there"]
    assert PassedOver.UNREADABLE not in inbox.passed


async def test_a_call_that_hangs_holds_up_its_own_room_alone(venue: Troubled) -> None:
    venue.more = {"request_timeout_s": 15}
    broken, inbox = venue.direct(), Inbox()
    venue.proxy.spoil = before_all_others(broken)
    async with venue.open() as frontend, listening_to(frontend, inbox):
        venue.proxy.hanging = f"/rooms/{broken}/"
        for number in range(2):
            venue.ana.send(broken, {"msgtype": "m.text", "body": f"broken {number}"})
        await until("it to hang", lambda: venue.proxy.held)
        for number in range(2):
            await venue.say(f"elsewhere {number}")
            await inbox.first(number + 1)
        elsewhere, held = texts(inbox), venue.proxy.held
        venue.proxy.released.set()
        await inbox.first(4)

    assert elsewhere == ["elsewhere 0", "elsewhere 1"]
    assert held
    assert texts(inbox)[2:] == ["broken 0", "broken 1"]


async def test_what_could_not_be_read_before_a_stop_is_heard_after_it(
    venue: Troubled, frontend: Frontend
) -> None:
    broken, before, after = venue.direct(), Inbox(), Inbox()
    venue.proxy.spoil = before_all_others(broken)
    venue.proxy.failing = {f"/rooms/{broken}": 503}
    async with listening_to(frontend, before):
        venue.ana.send(broken, PLAIN)
        await until("the trouble", lambda: venue.proxy.failed)
        await venue.say("elsewhere")
        await before.first(1)
    venue.proxy.failing = {}

    async with listening_to(frontend, after):
        await until("what was missed", lambda: "hello there" in texts(after))

    assert texts(before) == ["elsewhere"]


async def test_a_gap_that_cannot_be_read_is_one_rooms_trouble(venue: Troubled, frontend: Frontend) -> None:
    broken = venue.direct()
    async with listening_to(frontend, Inbox()):
        pass
    for number in range(25):  # more than one sync brings
        venue.ana.send(broken, {"msgtype": "m.text", "body": f"{number}"})
    venue.proxy.spoil = before_all_others(broken)
    venue.proxy.failing = {f"/rooms/{broken}/messages": 500}
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        await until("the trouble", lambda: venue.proxy.failed)
        await venue.say("elsewhere")
        await inbox.first(1)
        elsewhere = texts(inbox)
        venue.proxy.failing = {}
        await inbox.first(26)

    assert elsewhere == ["elsewhere"]
    assert texts(inbox)[1:] == [str(number) for number in range(25)]


async def test_what_cannot_be_stored_is_stored_later_in_order(venue: Troubled, inbox: Inbox) -> None:
    inbox.failures = 2
    room = venue.direct()
    for number in range(3):
        venue.ana.send(room, {"msgtype": "m.text", "body": f"{number}"})

    await inbox.first(3)

    assert texts(inbox) == ["0", "1", "2"]


async def test_a_room_without_the_state_that_has_defaults_is_heard(venue: Troubled, inbox: Inbox) -> None:
    venue.proxy.failing = {RULES: 404, READERS: 404}
    venue.ana.send(venue.direct(), PLAIN)

    (said,) = await inbox.first(1)

    assert isinstance(said, Said)
    assert said.place.private


async def test_what_was_missed_is_heard_where_its_age_is_not_told(
    venue: Troubled, frontend: Frontend
) -> None:
    def ageless(path: str, told: Any) -> None:
        for event in events_of(path, told):
            event.get("unsigned", {}).pop("age", None)

    await venue.say("missed")
    venue.proxy.spoil = ageless
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        await until("what was missed", lambda: texts(inbox))

    assert texts(inbox) == ["missed"]


async def test_one_event_that_claims_to_be_old_hides_none_before_it(
    venue: Troubled, frontend: Frontend
) -> None:
    def aged(path: str, told: Any) -> None:
        if path.endswith("/messages") and told["chunk"]:
            oldest = told["chunk"][-1]
            if oldest["content"].get("body") == PLAIN["body"]:
                oldest["unsigned"] = {"age": 10**12}

    await venue.say("missed")
    for _ in range(40):  # more than one sync and one page bring
        venue.ana.send(venue.room_of_all, PLAIN)
    venue.proxy.query, venue.proxy.spoil = {"/messages": {"limit": "15"}}, aged
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        await until("what was missed", lambda: texts(inbox))

    assert texts(inbox) == ["missed"]


# What people do on purpose


async def test_what_is_said_in_private_opens_no_other_room(venue: Troubled) -> None:
    venue.more = {"thread_follow_ups": "always"}
    async with venue.open() as frontend:
        inbox = Inbox()
        async with listening_to(frontend, inbox):
            venue.ana.send(venue.direct(), {"msgtype": "m.text", "body": "for you alone"})
            await inbox.first(1)
            venue.ana.send(venue.room_of_all, {"msgtype": "m.text", "body": "we talk with each other"})
            await venue.say("and you")
            await inbox.first(2)

    assert texts(inbox) == ["for you alone", "and you"]


async def test_only_a_rooms_state_leads_to_another_room(venue: Troubled, inbox: Inbox) -> None:
    elsewhere = venue.ana.make_room(preset="public_chat")

    def forge(path: str, told: Any) -> None:
        """As somebody of another server sends it: Synapse takes none from its own people."""
        for event in events_of(path, told):
            if event["content"].get("body") == PLAIN["body"]:
                event.update(type="m.room.tombstone", content={"replacement_room": elsewhere})

    venue.proxy.spoil = forge
    venue.ana.send(venue.room_of_all, PLAIN)
    await venue.say("and you")
    await inbox.first(1)
    room = venue.ana.make_room(venue.bot.user)

    await until("the bot, where it is invited", lambda: venue.is_in(room))

    assert not venue.is_in(elsewhere)


async def test_who_is_not_answered_leads_the_bot_nowhere(venue: Troubled, inbox: Inbox) -> None:
    room = venue.ana.make_room(venue.bot.user, preset="public_chat")
    await until("the bot", lambda: venue.is_in(room))
    inbox.refusing = "not for you"

    upgraded = venue.upgrade(room)

    await until("the refusal", lambda: inbox.passed[PassedOver.NOT_ALLOWED])
    assert not venue.is_in(upgraded)


async def test_an_edit_of_somebody_elses_message_is_none(venue: Troubled, inbox: Inbox) -> None:
    message = venue.ana.send(venue.room_of_all, PLAIN)
    now = venue.message("what Ben wants")
    relation = {"rel_type": "m.replace", "event_id": message}
    forged = {**now, "body": f"* {now['body']}", "m.new_content": now, "m.relates_to": relation}
    venue.ben.send(venue.room_of_all, forged)
    await venue.edit(message, "what Ana wants")
    venue.ben.send(venue.room_of_all, forged)
    await venue.say("the end")

    edited, said, end = await inbox.first(3)

    assert isinstance(edited, Edited)
    assert isinstance(said, Said)
    assert isinstance(end, Said)
    assert [each.text for each in (edited, said, end)] == ["what Ana wants", "what Ana wants", "the end"]
    assert {each.author.identity.user for each in (edited, said, end)} == {venue.ana.user}


async def test_an_invitation_that_is_told_twice_is_answered_once(venue: Troubled) -> None:
    room = venue.ana.make_room(venue.bot.user)
    settings, inbox = MatrixSettings(**venue.settings()), Inbox()  # type: ignore[arg-type]
    told = {
        "events": [
            {
                "type": "m.room.member",
                "sender": venue.ana.user,
                "state_key": venue.bot.user,
                "content": {"membership": "invite"},
            }
        ]
    }
    async with Wire(settings) as wire:
        invitations = Invitations(wire, inbox, Bot(venue.bot.user, BOT_NAME, settings))
        for _ in range(2):
            invitations.take(room, told)
        await until("the end", lambda: not invitations.under_way)

    assert venue.is_in(room)
    assert len(inbox.asked_for) == 1


async def test_an_edit_of_somebodys_keeps_no_wording_of_an_answer_from_being_taken_away(
    venue: Troubled, frontend: Frontend, inbox: Inbox
) -> None:
    await venue.say("hello there")
    (said,) = await inbox.first(1)
    assert isinstance(said, Said)
    ledger = FakeLedger()
    for words in ("An old secret.", "A new secret."):
        async with frontend.reply_to(said.address, ledger) as surface:
            await surface.write(words)
            await surface.finish(Footer())
        ledger = ledger.reopened(new_generation=True)
    (answer,) = {row.message_id for row in ledger.rows}
    relation = {"rel_type": "m.replace", "event_id": answer}
    venue.ben.send(venue.room_of_all, {**PLAIN, "m.new_content": PLAIN, "m.relates_to": relation})
    venue.proxy.query = {"/m.replace": {"limit": "1"}}

    await frontend.remove(said.address, [answer])

    path = f"/_matrix/client/v3/rooms/{quote(venue.room_of_all)}/messages"
    assert "secret" not in str(venue.ana.call("GET", path, dir="b", limit=20))


async def test_who_left_a_room_is_told_nothing_there(venue: Troubled, frontend: Frontend) -> None:
    ana, address = Identity("matrix", "", venue.ana.user), frontend.address_of(venue.room_of_all)
    left, _ = await frontend.aside(address, ana)
    venue.ana.join(left.channel)
    venue.ana.call("POST", f"/_matrix/client/v3/rooms/{quote(left.channel)}/leave", {})

    place, _ = await frontend.aside(address, ana)

    assert place.channel != left.channel
    venue.ana.join(place.channel)
