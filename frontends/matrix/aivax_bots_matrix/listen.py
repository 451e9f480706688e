"""Brings what the homeserver tells to the intake: one sync after another, gaps, invitations.

How far it has come is kept on the homeserver, beside the account, and only once all before it is stored.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque

from mautrix.api import Method, Path, PathBuilder

from aivax_bots import (
    BotError,
    Event,
    FrontendRefused,
    Intake,
    MessageRefused,
    OddAnswer,
    PassedOver,
    PlaceClosed,
    PlatformError,
    Unreadable,
    Watch,
)
from aivax_bots_matrix import NAME
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.backlog import Backlog, News
from aivax_bots_matrix.channel import buttons_below
from aivax_bots_matrix.events import (
    Bot,
    Json,
    Message,
    as_edited,
    as_said,
    author_of,
    deleted,
    is_addressed,
    message_in,
    part,
    passed_over,
    pressed,
    reaction_in,
    text,
)
from aivax_bots_matrix.gaps import Gaps
from aivax_bots_matrix.invitations import Invitations
from aivax_bots_matrix.rooms import Recent, Rooms
from aivax_bots_matrix.wire import UNKNOWN_MESSAGE, Wire

log = logging.getLogger(__name__)

POSITION = "org.aivax_bots.position"
"""The account data that holds the position in the stream."""
FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "account_data": {"types": []},
            "ephemeral": {"types": []},
            "state": {
                "types": ["m.room.member", "m.room.join_rules", "m.room.history_visibility"],
                "lazy_load_members": True,
            },
            "timeline": {"limit": 20, "lazy_load_members": True},
        },
    }
)
KEPT_EVERY_S, LONGEST_REST_S = 60.0, 15.0
AT_ONCE = 20
"""Rooms that are heard side by side, so that a call that hangs holds up its own alone."""
PATIENCE_S = 1.0
"""So long after a sync its rooms are waited for before the next one; while calls hang, it looks as often."""
MOST_ASKED = 5_000


class Listener:
    """Listens for one account, from where it stopped the last time."""

    def __init__(self, wire: Wire, rooms: Rooms, intake: Intake, bot: Bot) -> None:
        self._wire, self._rooms, self._intake, self._bot = wire, rooms, intake, bot
        self._asked = Recent(MOST_ASKED)
        """Questions, so that an edit of one is known."""
        self._told: set[str] = set()
        """Rooms in which it was said that the bot can't read there."""
        self._invitations = Invitations(wire, intake, bot)
        self._backlog = Backlog()
        self._gaps = Gaps(wire, intake, bot)
        self._hearing: dict[str, asyncio.Task[None]] = {}
        """Who hears a room, as long as that takes."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._unstored: set[str] = set()
        """Rooms of which something was heard that the intake can't store now."""
        self._kept, self._kept_at = "", float("-inf")
        self._brought = False

    async def run(self, watch: Watch) -> None:
        """Until cancelled. Raises `PlatformError` where the homeserver doesn't tell what is new."""
        since = self._kept = await self._position()
        try:
            missed = True
            while True:
                since, told = await self._sync(since, at_once=missed)
                watch.up()
                self._take(told, since, missed=missed)
                await self._hear_all()
                since, missed = text(told, "next_batch"), False
                await self._keep(since)
        finally:
            for hearing in self._hearing.values():
                hearing.cancel()
            await asyncio.gather(*self._hearing.values(), return_exceptions=True)
            await self._invitations.end()

    async def _sync(self, since: str, *, at_once: bool) -> tuple[str, Json]:
        """What is new, and since when."""
        settings = self._wire.settings
        most_s = PATIENCE_S if self._hearing else settings.sync_timeout_s
        wait_s = 0.0 if at_once else self._backlog.due_in_s(most_s, but=self._hearing)
        query = {"filter": FILTER, "timeout": str(int(wait_s * 1_000)), **({"since": since} if since else {})}
        try:
            told = await self._wire.get(Path.v3.sync, query, within_s=wait_s + settings.request_timeout_s)
        except MessageRefused as error:
            if not since:
                raise
            log.warning("the homeserver knows the position of the last time no more: %s", error)
            return await self._sync("", at_once=at_once)
        if not text(told, "next_batch"):
            raise OddAnswer(NAME, code="next_batch")
        return since, told

    def _take(self, told: Json, since: str, *, missed: bool) -> None:
        """Take a sync apart: invitations are answered, and each room waits to be heard."""
        rooms = part(told, "rooms")
        for room, invitation in part(rooms, "invite").items():
            self._invitations.take(room, part(invitation, "invite_state"))
        for room, news in part(rooms, "join").items():
            self._rooms.learn(room, news)
            if since:
                for _ in range(self._backlog.add(room, News(part(news, "timeline"), since, missed))):
                    self._intake.passed_over(NAME, PassedOver.UNREADABLE)

    async def _hear_all(self) -> None:
        """Bring to the intake all that is due. Returns once that is stored, its room put off, or only calls hang."""
        for room in self._backlog.due():
            if room not in self._hearing:
                self._hearing[room] = asyncio.create_task(self._hear_until_stored(room))
        while self._hearing:
            await asyncio.wait(self._hearing.values(), timeout=PATIENCE_S)
            for room, hearing in [*self._hearing.items()]:
                if hearing.done():
                    del self._hearing[room]
                    hearing.result()
            if not self._unstored:  # else nothing more is asked for: the homeserver keeps it
                return

    async def _hear_until_stored(self, room: str) -> None:
        """Hear a room, and again while the intake can't store what was said: what it has is heard no second time."""
        failures = 0
        async with self._places:
            while True:
                try:
                    await self._hear_room(room)
                except FrontendRefused:
                    raise
                except BotError as error:
                    self._unstored.add(room)
                    log.warning("what was said can't be stored now: %s", error)
                    await asyncio.sleep(min(0.5 * 2 ** min(failures, 10), LONGEST_REST_S))
                    failures += 1
                else:
                    return self._unstored.discard(room)

    async def _hear_room(self, room: str) -> None:
        """Bring a room's events to the intake, in their order; the homeserver's trouble with it stays its own."""
        waiting, began = self._backlog.news_of(room), 0.0
        try:
            while waiting:
                news, began = waiting[0], time.monotonic()
                if news.events is None:
                    news.events = deque(await self._gaps.wanted(room, news))
                while news.events:
                    began = time.monotonic()
                    await self._hear_one(room, news.events[0])
                    news.events.popleft()
                waiting.popleft()
        except FrontendRefused:
            raise
        except PlatformError as error:
            self._backlog.put_off(room, error, took_s=time.monotonic() - began)
        else:
            self._backlog.done(room)

    async def _hear_one(self, room: str, event: Json) -> None:
        """Bring one event to the intake; one that can't be read takes none of the others down."""
        try:
            await self._hear(room, event)
        except (PlaceClosed, OddAnswer, MessageRefused) as error:
            log.info("an event is passed over: %s", error)
            self._intake.passed_over(NAME, PassedOver.UNREADABLE)
        except BotError:
            raise
        except Exception:
            log.exception("an event of the type %.60s met a bug", event.get("type"))
            self._intake.passed_over(NAME, PassedOver.FAULT)

    async def _hear(self, room: str, event: Json) -> None:
        match event.get("type"), event.get("sender"):
            case "m.room.message", _:
                await self._on_message(room, event)
            case "m.room.redaction", str(who) if who != self._bot.id and (gone := deleted(event, room)):
                await self._receive(gone)
            case "m.reaction", str(who) if who != self._bot.id and self._hears(who):
                await self._on_reaction(room, event)
            case "m.room.encrypted", str(who) if who != self._bot.id and self._hears(who):
                await self._on_encrypted(room, event)
            case "m.room.tombstone", str(who) if event.get("state_key") == "":
                # who may change a room's state is the homeserver's to judge; an event of this type that is none
                # is anybody's
                following = text(part(event, "content"), "replacement_room")
                if following.startswith("!"):
                    self._invitations.follow(following, who)

    async def _on_message(self, room: str, event: Json) -> None:
        message = message_in(event)
        if (reason := passed_over(event, message, self._bot)) or message is None:
            if reason is PassedOver.OWN and message:
                self._rooms.own.keep(message.id)
            return self._intake.passed_over(NAME, reason or PassedOver.UNKNOWN_KIND)
        here = await self._rooms.here(room)
        if not (addressed := is_addressed(message, here, self._bot)) and message.changes not in self._asked:
            return self._intake.passed_over(NAME, PassedOver.NOT_ADDRESSED)
        if message.changes and not await self._is_own_edit(room, message):
            return self._intake.passed_over(NAME, PassedOver.UNREADABLE)
        name = await self._rooms.name(room, message.sender)
        if message.changes:
            await self._receive(as_edited(message, name, here, self._bot))
            if here.private or not addressed or message.changes in self._asked:
                return None
        # an edit that adds the mention makes a question; one that was heard before is a duplicate
        said = as_said(message, name, here, self._bot)
        await self._receive(said)
        self._asked.keep(message.changes or message.id, f"{room} {message.sender}")
        self._rooms.take_part(said.place.thread)
        return None

    async def _is_own_edit(self, room: str, edit: Message) -> bool:
        """Whether it changes a message of the same person's in the same room: no other edit counts.

        spec.matrix.org, client-server API: "Validity of replacement events". The homeserver lets the others stand.
        """
        if (asked := self._asked.get(edit.changes)) is not None:
            return asked == f"{room} {edit.sender}"
        changed = message_in(await self._wire.get(Path.v3.rooms[room].event[edit.changes]))
        return changed is not None and changed.sender == edit.sender and not changed.changes

    async def _on_reaction(self, room: str, event: Json) -> None:
        if (found := reaction_in(event)) is None:
            return
        below, key = found
        if (button := (await buttons_below(self._wire, room, below)).get(key)) is None:
            return
        here, name = await self._rooms.here(room), await self._rooms.name(room, event["sender"])
        if press := pressed(event, button, name, here):
            await self._receive(press)

    async def _on_encrypted(self, room: str, event: Json) -> None:
        """Have it said, once, that nothing can be read there."""
        self._intake.passed_over(NAME, PassedOver.UNREADABLE)
        if room in self._told:
            return
        here, name = await self._rooms.here(room), await self._rooms.name(room, event["sender"])
        address = Address(room, question=text(event, "event_id"), private=here.private)
        author = author_of(event["sender"], name)
        await self._receive(Unreadable((f"{NAME}:{room}:encrypted",), author, address.place, str(address)))
        self._told.add(room)

    async def _receive(self, event: Event) -> None:
        await self._intake.receive(event)
        self._brought = True

    def _hears(self, user: str) -> bool:
        return self._bot.settings.hears(user, self._bot.id)

    async def _position(self) -> str:
        try:
            return text(await self._wire.get(await self._position_path()), "since")
        except PlaceClosed as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return ""

    async def _keep(self, since: str) -> None:
        """Keep how far it came, after each event that was stored; where none is, now and then."""
        due = self._brought or time.monotonic() - self._kept_at > KEPT_EVERY_S
        if since == self._kept or not due or self._invitations.under_way or self._backlog.holds:
            return
        try:
            await self._wire.call(Method.PUT, await self._position_path(), {"since": since})
        except FrontendRefused:
            raise
        except PlatformError as error:  # events that come twice do no harm
            log.info("the position is not kept: %s", error)
            return
        self._kept, self._kept_at, self._brought = since, time.monotonic(), False

    async def _position_path(self) -> PathBuilder:
        return Path.v3.user[self._bot.id].account_data[POSITION]
