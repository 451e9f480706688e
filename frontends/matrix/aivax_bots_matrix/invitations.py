"""Which rooms the bot enters: where somebody invites it who would be answered, and where an old room leads to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mautrix.api import Method, Path

from aivax_bots import BotError, FrontendRefused, Intake, MessageRefused, PassedOver, PlaceClosed, Said
from aivax_bots_matrix import NAME
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.events import Bot, Json, author_of, part, text
from aivax_bots_matrix.rooms import events_in
from aivax_bots_matrix.settings import server_of
from aivax_bots_matrix.wire import Wire

log = logging.getLogger(__name__)

JOIN_S, MOST_TRIES = 120.0, 6
"""A room of another server is entered slowly: that server is asked, and those of who is there."""


class Invitations:
    """Answers them beside listening, since it may take long."""

    def __init__(self, wire: Wire, intake: Intake, bot: Bot) -> None:
        self._wire, self._intake, self._bot = wire, intake, bot
        self._joining: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        """By what leads there, the room, and who: the homeserver tells an invitation again until it is answered."""

    @property
    def under_way(self) -> bool:
        """Whether some are being answered: a crash now would lose them."""
        return bool(self._joining)

    def take(self, room: str, state: Json) -> None:
        """Answer an invitation, given what the homeserver tells of the room."""
        invited = next((each for each in events_in(state) if is_membership(each, self._bot.id, "invite")), {})
        if self._bot.settings.join_invites and (by := text(invited, "sender")):
            is_direct = part(invited, "content").get("is_direct") is True
            self._do(("invitation", room, by), lambda: self._answer(room, by, is_direct=is_direct))

    def follow(self, room: str, by: str) -> None:
        """Enter the room that takes the place of another one, where who put it there would be answered."""
        self._do(("upgrade", room, by), lambda: self._go_on(room, by))

    async def end(self) -> None:
        """Leave off."""
        tasks = [*self._joining.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, room: str, by: str, *, is_direct: bool) -> None:
        if not await self._is_answered(by, Address(room, private=is_direct)):
            await self._wire.call(Method.POST, Path.v3.rooms[room].leave)
            return
        await self._join(room, server_of(by))
        if is_direct:
            await mark_direct(self._wire, by, room)

    async def _go_on(self, room: str, by: str) -> None:
        if await self._is_answered(by, Address(room)):
            await self._join(room, server_of(by))

    async def _is_answered(self, who: str, there: Address) -> bool:
        """Whether somebody would be answered in a room."""
        asked = Said((), author_of(who, ""), there.place, "", address="", origin="")
        if self._bot.settings.hears(who, self._bot.id) and await self._intake.refusal(asked) is None:
            return True
        self._intake.passed_over(NAME, PassedOver.NOT_ALLOWED)
        return False

    async def _join(self, room: str, server: str) -> None:
        await self._wire.call(Method.POST, Path.v3.join[room], query={"server_name": server}, within_s=JOIN_S)

    def _do(self, what: tuple[str, str, str], doing: Callable[[], Awaitable[None]]) -> None:
        if what in self._joining:
            return
        task = self._joining[what] = asyncio.create_task(_patiently(doing))
        task.add_done_callback(lambda _: self._joining.pop(what))


async def _patiently(doing: Callable[[], Awaitable[None]]) -> None:
    for tries in range(MOST_TRIES):
        try:
            return await doing()
        except (PlaceClosed, MessageRefused, FrontendRefused) as error:
            return log.warning("a room can't be entered: %s", error)
        except BotError as error:
            log.info("a room can't be entered now: %s", error)
            await asyncio.sleep(2.0**tries)
    return log.warning("a room can't be entered: invite the bot once more")


def is_membership(event: Json, user: str, membership: str) -> bool:
    """Whether an event tells that somebody is now invited, or there."""
    is_theirs = event.get("type") == "m.room.member" and event.get("state_key") == user
    return is_theirs and text(part(event, "content"), "membership") == membership


async def mark_direct(wire: Wire, user: str, room: str) -> None:
    """Tell the bot's account that a room is for talking with one person."""
    path = Path.v3.user[await wire.me()].account_data["m.direct"]
    known = await direct_rooms(wire)
    await wire.call(Method.PUT, path, {**known, user: [*_others(known.get(user), room), room]})


async def direct_rooms(wire: Wire) -> Json:
    """The rooms for talking with one person, by their ids, as the bot's account has them."""
    try:
        return await wire.get(Path.v3.user[await wire.me()].account_data["m.direct"])
    except PlaceClosed:
        return {}


def _others(rooms: object, room: str) -> list[str]:
    return (
        [each for each in rooms if isinstance(each, str) and each != room] if isinstance(rooms, list) else []
    )
