"""What was said in a room before: around a question, of late, or in a span of time; in the words that stand there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mautrix.api import Path

from aivax_bots import ChannelMessage, Counting, PlaceClosed, Quote
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.channel import listed
from aivax_bots_matrix.events import MARK, Json, Message, message_in, part, text
from aivax_bots_matrix.rooms import Rooms
from aivax_bots_matrix.wire import Wire

MOST_OF_A_PAGE = 100
MESSAGES = '{"types":["m.room.message"]}'


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads for one account."""

    wire: Wire
    rooms: Rooms

    async def around(self, there: Address, most: int) -> Sequence[Quote]:
        """The thread so far, and the message that the question replies to, oldest first."""
        quotes: list[Quote] = []
        if not there.private and there.thread not in ("", there.question):
            path = Path.v1.rooms[there.room].relations[there.thread]["m.thread"]
            told = await self.wire.get(path, {"limit": str(min(most, MOST_OF_A_PAGE))})
            in_thread = listed(told)[: most - 1][::-1]
            quotes = await self._quotes(there, [*await self._one(there.room, there.thread), *in_thread])
        if there.replied_to and all(each.origin != there.replied_to for each in quotes):
            quotes = [*await self._quotes(there, await self._one(there.room, there.replied_to)), *quotes]
        return quotes[-most:]

    async def newest(self, there: Address, most: int, told: Counting) -> Sequence[Quote]:
        """The newest messages of the room's own timeline, oldest first."""
        found: list[Json] = []
        async for page in self._pages(there.room):
            messages = [(each, message_in(each)) for each in page]
            found += [each for each, message in messages if message and not message.thread]
            await told(min(len(found), most))
            if len(found) >= most:
                break
        return await self._quotes(there, found[:most][::-1])

    async def between(
        self, there: Address, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        """The newest of what was said in a span of time, threads included, oldest first."""
        found: list[Json] = []
        async for page in self._pages(there.room):
            found += [each for each in page if since <= _at(each) < until]
            if len(found) >= most or (page and _at(page[-1]) < since):
                break
        events = {text(each, "event_id"): each for each in found[:most]}
        quotes = await self._quotes(Address(there.room), list(events.values())[::-1])
        return [_as_message(there.room, each, events[each.origin]) for each in quotes]

    async def _pages(self, room: str) -> AsyncIterator[list[Json]]:
        """The room's messages without edits of them, the newest page first."""
        start: dict[str, str] = {}
        while True:
            query = {"dir": "b", "limit": str(MOST_OF_A_PAGE), "filter": MESSAGES}
            page = await self.wire.get(Path.v3.rooms[room].messages, query | start)
            yield [each for each in listed(page) if (message := message_in(each)) and not message.changes]
            if not (end := text(page, "end")):
                return
            start = {"from": end}

    async def _one(self, room: str, event: str) -> list[Json]:
        try:
            return [await self.wire.get(Path.v3.rooms[room].event[event])]
        except PlaceClosed:
            return []

    async def _quotes(self, there: Address, events: Sequence[Json]) -> list[Quote]:
        """Each as it reads now; the question is none of them."""
        me, quotes = await self.wire.me(), []
        for event in events:
            message = message_in(event)
            if message is None or message.changes or message.id == there.question:
                continue
            name = await self.rooms.name(there.room, message.sender)
            is_own, is_reply = message.sender == me, message.id == there.replied_to
            words = _newest(event, message).text
            quotes.append(Quote(message.id, name, words, message.files, is_reply, message.sender, is_own))
        return quotes


def _newest(event: Json, message: Message) -> Message:
    """The last wording, which the homeserver sends along."""
    return message_in(part(part(part(event, "unsigned"), "m.relations"), "m.replace")) or message


def _as_message(room: str, quote: Quote, event: Json) -> ChannelMessage:
    content = part(event, "content")
    by_bot = text(content, "msgtype") == "m.notice" or MARK in content
    return ChannelMessage(quote, _at(event), str(Address(room)), by_bot)


def _at(event: Json) -> datetime:
    """When something was said, by the homeserver's clock, or that of the one that it came from."""
    at_ms = event.get("origin_server_ts")
    return datetime.fromtimestamp(at_ms / 1_000 if isinstance(at_ms, int) and 0 < at_ms < 2**45 else 0, UTC)
