"""Brings what the homeserver tells to the intake: one sync after another, gaps, invitations.

How far it has come is kept on the homeserver, beside the account, and only once all before it is stored.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence

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
from aivax_bots_matrix.channel import buttons_below
from aivax_bots_matrix.events import (
    Bot,
    Json,
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
from aivax_bots_matrix.invitations import Invitations, is_membership
from aivax_bots_matrix.rooms import Recent, Rooms, events_in
from aivax_bots_matrix.settings import server_of
from aivax_bots_matrix.wire import Wire

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
MOST_OF_A_PAGE, MOST_ASKED = 100, 5_000


class Listener:
    """Listens for one account, from where it stopped the last time."""

    def __init__(self, wire: Wire, rooms: Rooms, intake: Intake, bot: Bot) -> None:
        self._wire, self._rooms, self._intake, self._bot = wire, rooms, intake, bot
        self._asked = Recent(MOST_ASKED)
        """Questions, so that an edit of one is known."""
        self._told: set[str] = set()
        """Rooms in which it was said that the bot can't read there."""
        self._invitations = Invitations(wire, intake, bot)
        self._kept, self._kept_at = "", float("-inf")
        self._brought = False

    async def run(self, watch: Watch) -> None:
        """Until cancelled. Raises `PlatformError` where the homeserver doesn't tell what is new."""
        since = self._kept = await self._position()
        try:
            failures, missed = 0, True
            while True:
                since, told = await self._sync(since, at_once=missed or bool(failures))
                watch.up()
                try:
                    await self._take(told, since, missed=missed)
                except (FrontendRefused, asyncio.CancelledError):
                    raise
                except BotError as error:  # what was not stored is asked for again
                    log.warning("what was said can't be stored now: %s", error)
                    await asyncio.sleep(min(0.5 * 2**failures, LONGEST_REST_S))
                    failures += 1
                    continue
                since, failures, missed = text(told, "next_batch"), 0, False
                await self._keep(since)
        finally:
            await self._invitations.end()

    async def _sync(self, since: str, *, at_once: bool) -> tuple[str, Json]:
        """What is new, and since when."""
        settings = self._wire.settings
        wait_s = 0.0 if at_once else settings.sync_timeout_s
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

    async def _take(self, told: Json, since: str, *, missed: bool) -> None:
        """Bring all of a sync to the intake. Raises what the intake raises, and `PlatformError`."""
        rooms = part(told, "rooms")
        for room, invitation in part(rooms, "invite").items():
            self._invitations.take(room, part(invitation, "invite_state"))
        for room, news in part(rooms, "join").items():
            self._rooms.learn(room, news)
            for event in await self._events_of(room, part(news, "timeline"), since) if since else ():
                if not missed or self._is_young(event):
                    await self._hear_one(room, event)

    async def _events_of(self, room: str, timeline: Json, since: str) -> Sequence[Json]:
        """What was said since: where the sync leaves some out, that is read too; before an invitation, nothing is."""
        events = events_in(timeline)
        entered = next((at for at, event in enumerate(events) if self._enters(event)), None)
        if entered is not None:
            me = self._bot.id
            invited = (at for at, event in enumerate(events) if is_membership(event, me, "invite"))
            return events[next(invited, entered) :]
        if timeline.get("limited") is True:
            return [*await self._gap(room, text(timeline, "prev_batch"), since), *events]
        return events

    async def _gap(self, room: str, start: str, since: str) -> Sequence[Json]:
        gap: list[Json] = []
        path, most = Path.v3.rooms[room].messages, self._wire.settings.backfill_messages
        while start and len(gap) < most:
            limit = str(min(MOST_OF_A_PAGE, most - len(gap)))
            told = await self._wire.get(path, {"dir": "b", "from": start, "to": since, "limit": limit})
            page = events_in({"events": told.get("chunk")})
            gap += page
            start = text(told, "end") if page and self._is_young(page[-1]) else ""
        return gap[::-1]

    def _is_young(self, event: Json) -> bool:
        """Whether what was missed is still answered, by the homeserver's clock."""
        age = part(event, "unsigned").get("age")
        return isinstance(age, int) and age < self._wire.settings.backfill_hours * 3_600_000

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
            case "m.room.tombstone", str(who) if self._hears(who):
                if following := text(part(event, "content"), "replacement_room"):
                    self._invitations.follow(following, server_of(who))

    async def _on_message(self, room: str, event: Json) -> None:
        message = message_in(event)
        if (reason := passed_over(event, message, self._bot)) or message is None:
            if reason is PassedOver.OWN and message:
                self._rooms.own.keep(message.id)
            return self._intake.passed_over(NAME, reason or PassedOver.UNKNOWN_KIND)
        here = await self._rooms.here(room)
        if not (addressed := is_addressed(message, here, self._bot)) and message.changes not in self._asked:
            return self._intake.passed_over(NAME, PassedOver.NOT_ADDRESSED)
        name = await self._rooms.name(room, message.sender)
        if message.changes:
            await self._receive(as_edited(message, name, here, self._bot))
            if here.private or not addressed or message.changes in self._asked:
                return None
        # an edit that adds the mention makes a question; one that was heard before is a duplicate
        said = as_said(message, name, here, self._bot)
        await self._receive(said)
        self._asked.keep(message.changes or message.id)
        self._rooms.threads.keep(said.place.thread)
        return None

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

    def _enters(self, event: Json) -> bool:
        before = text(part(part(event, "unsigned"), "prev_content"), "membership")
        return is_membership(event, self._bot.id, "join") and before != "join"

    async def _position(self) -> str:
        try:
            return text(await self._wire.get(await self._position_path()), "since")
        except PlaceClosed:
            return ""

    async def _keep(self, since: str) -> None:
        """Keep how far it came, after each event that was stored; where none is, now and then."""
        due = self._brought or time.monotonic() - self._kept_at > KEPT_EVERY_S
        if since == self._kept or not due or self._invitations.under_way:
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
