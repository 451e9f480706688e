"""What the core knows of Matrix: how it listens there, how an answer is shown in a room, and what there is beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from mautrix.api import Method, Path

from aivax_bots import (
    Administers,
    Blob,
    ChannelMessage,
    Counting,
    Delivery,
    EditingSurface,
    Frontend,
    FrontendRefused,
    FrontendUnreachable,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Pace,
    Place,
    PlaceClosed,
    PlainFrontend,
    PlatformError,
    Quote,
    ReplySurface,
    Sign,
    Watch,
)
from aivax_bots_matrix import NAME
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.channel import Channel, Typing, remove
from aivax_bots_matrix.events import Bot, Json, part, text
from aivax_bots_matrix.invitations import direct_rooms, mark_direct
from aivax_bots_matrix.listen import Listener
from aivax_bots_matrix.reading import Reading
from aivax_bots_matrix.rooms import Rooms
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import ADDRESS_FIX, Wire

THREADS_OF = timedelta(days=14)
MODERATOR, CREATORS_SINCE = 50, 12
NOT_TAKEN = "\N{NO ENTRY SIGN}"


@asynccontextmanager
async def open_matrix(settings: MatrixSettings, first_words_after_s: float = 0.25) -> AsyncIterator[Frontend]:
    """The frontend. Opening does not fail because the homeserver is down: `listen` tells that."""
    async with Wire(settings) as wire:
        yield MatrixFrontend(wire, first_words_after_s)


class MatrixFrontend(PlainFrontend):
    """One account at one homeserver. Make it with `open_matrix`."""

    platform = NAME

    def __init__(self, wire: Wire, first_words_after_s: float) -> None:
        self._wire = wire
        self._rooms = Rooms(wire)
        self._reading = Reading(wire, self._rooms)
        self._typing = Typing()
        self._first_words_after_s = first_words_after_s

    async def listen(self, intake: Intake, watch: Watch) -> None:
        try:
            bot = await self._bot()
            for place in await intake.places(NAME, datetime.now(UTC) - THREADS_OF):
                self._rooms.take_part(place.thread)
            await Listener(self._wire, self._rooms, intake, bot).run(watch)
        except (FrontendRefused, FrontendUnreachable):
            raise
        except PlatformError as error:
            raise FrontendUnreachable(
                NAME, setting="[matrix] homeserver", detail=str(error), retry_after_s=error.retry_after_s
            ) from error

    async def _bot(self) -> Bot:
        try:
            me = await self._wire.me()
        except PlaceClosed as error:
            setting = "[matrix] homeserver"
            raise FrontendRefused(NAME, setting=setting, fix=ADDRESS_FIX, code=error.code) from error
        try:
            name = text(await self._wire.get(Path.v3.profile[me].displayname), "displayname")
        except PlaceClosed:
            name = ""
        return Bot(me, name, self._wire.settings)

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        channel = Channel(self._wire, Address.parse(address), self._typing)
        now = asyncio.get_running_loop().time
        pace = Pace(
            lambda: channel.edit_interval_s,
            first_words_after_s=self._first_words_after_s,
            now=now,
            sleep=asyncio.sleep,
        )
        return EditingSurface(channel, ledger, pace)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        """Show that the question was read; one that is not taken gets a reaction."""
        there = Address.parse(address)
        if not there.question:
            return False
        here = Path.v3.rooms[there.room]
        if sign is Sign.WAITS:
            thread = there.thread if there.thread not in ("", there.question) else "main"
            await self._wire.call(Method.POST, here.receipt["m.read"][there.question], {"thread_id": thread})
        elif sign is Sign.NOT_TAKEN:
            relation = {"rel_type": "m.annotation", "event_id": there.question, "key": NOT_TAKEN}
            await self._wire.send(there.room, "m.reaction", {"m.relates_to": relation})
        else:
            return False
        return True

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        """Show each in a message of its own. Sent again, an event stands there once: it bears the same nonce."""
        if any(len(each.data) > self._wire.settings.upload_bytes for each in files):
            return ""
        return await Channel(self._wire, Address.parse(address), self._typing).show_files(files, delivery)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        for message_id in [each for ids in message_ids for each in ids.split()]:
            await remove(self._wire, Address.parse(address).room, message_id)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        return await self._wire.download(ref, most_bytes)

    async def link(self, address: str, origin: str = "") -> str:
        there = Address.parse(address)
        event = origin or there.question
        return f"https://matrix.to/#/{quote(there.room)}" + (f"/{quote(event)}" if event else "")

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return await self._reading.around(Address.parse(address), most)

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        return await self._reading.newest(Address.parse(address), most, told)

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        return await self._reading.between(Address.parse(address), since, until, most)

    async def administers(self, who: Identity, place: Place) -> Administers:
        """Who may moderate a room, or made it, may set what holds there."""
        state = Path.v3.rooms[place.channel].state
        try:
            levels = await self._wire.get(state["m.room.power_levels"])
            made = await self._wire.get(state["m.room.create"], {"format": "event"})
        except PlaceClosed:
            return Administers.NOTHING
        level = part(levels, "users").get(who.user, levels.get("users_default", 0))
        may = who.user in _creators(made) or (isinstance(level, int) and level >= MODERATOR)
        return Administers.CHANNEL if may else Administers.NOTHING

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """The room that somebody and the bot are alone in; one is made where there is none."""
        there = Address.parse(address)
        if not (there.private and await self._rooms.is_alone_with(there.room, identity.user)):
            there = Address(await self._direct_room(identity.user), private=True)
        return there.place, str(there)

    async def _direct_room(self, user: str) -> str:
        rooms = (await direct_rooms(self._wire)).get(user)
        for room in reversed(rooms) if isinstance(rooms, list) else ():
            try:
                if await self._rooms.is_alone_with(str(room), user):
                    return str(room)
            except PlaceClosed:
                continue
        asked = {"is_direct": True, "preset": "trusted_private_chat", "invite": [user]}
        made = text(await self._wire.call(Method.POST, Path.v3.createRoom, asked), "room_id")
        if not made:
            raise PlaceClosed(NAME, code="no_direct_messages")
        await mark_direct(self._wire, user, made)
        return made

    def address_of(self, channel: str) -> str:
        return str(Address(channel))


def _creators(made: Json) -> list[object]:
    """Who made a room, where that gives them all power: from the rooms' version 12 on, and in no list of levels."""
    content = part(made, "content")
    version, more = text(content, "room_version"), content.get("additional_creators")
    if not (version.isdigit() and int(version) >= CREATORS_SINCE):
        return []
    return [text(made, "sender"), *(more if isinstance(more, list) else ())]
