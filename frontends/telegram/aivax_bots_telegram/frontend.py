"""Telegram as the core sees it: events go in, answers and files come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cachetools import LRUCache

from aivax_bots import (
    Administers,
    Blob,
    Delivery,
    EditingSurface,
    Host,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Pace,
    Place,
    PlaceClosed,
    PlainFrontend,
    Quote,
    ReplySurface,
    SharedRate,
    Sign,
    Watch,
)
from aivax_bots_telegram import NAME
from aivax_bots_telegram.address import Address, FileRef
from aivax_bots_telegram.api import MOST_CHATS, Api
from aivax_bots_telegram.channel import TelegramChannel, number_of
from aivax_bots_telegram.listening import Listener
from aivax_bots_telegram.recent import Recent
from aivax_bots_telegram.settings import TelegramSettings

SIGNS = {Sign.WAITS: "👀", Sign.NOT_TAKEN: "🤷"}
"""Bots can react with a few emoji alone (core.telegram.org/bots/api#reactiontypeemoji)."""
SUPERGROUP = -1_000_000_000_000
"""What stands before the number of a supergroup in the Bot API, and not in links."""


@asynccontextmanager
async def open_telegram(settings: TelegramSettings, host: Host) -> AsyncIterator[TelegramFrontend]:
    """The frontend. Talks to nobody yet: whatever is wrong shows in `listen`, or in the first answer."""
    api = Api(settings)
    await api.open()
    try:
        yield TelegramFrontend(settings, api, host)
    finally:
        await api.close()


class TelegramFrontend(PlainFrontend):
    """One bot of Telegram's."""

    platform = NAME

    def __init__(self, settings: TelegramSettings, api: Api, host: Host) -> None:
        self._settings = settings
        self._api = api
        self._host = host
        self._recent = Recent(settings.remembered_messages)
        self._listener = Listener(settings, api, host, self._recent)
        self._rates: LRUCache[int | str, SharedRate] = LRUCache(MOST_CHATS)

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Hear what happens until cancelled: Telegram is asked for it, or calls."""
        await self._listener.listen(intake, watch)

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        there = Address.parse(address)
        drafts = there.private and self._settings.drafts
        channel = self._channel(there, ledger)
        rate = None if there.private else self._rate(there.chat)
        pace = Pace(
            lambda: channel.edit_interval_s,
            rate=rate,
            first_words_after_s=self._host.first_words_after_s,
            now=asyncio.get_running_loop().time,
            sleep=asyncio.sleep,
        )
        return EditingSurface(channel, ledger, pace, preview=channel.preview if drafts else None)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        there = Address.parse(address)
        emoji = SIGNS.get(sign)
        return bool(there.message and emoji) and await self._channel(there).react(str(emoji))

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        """What this process heard in the group, and what the question is a reply to: no more can be read."""
        return self._recent.around(Address.parse(address), most)

    async def link(self, address: str, origin: str = "") -> str:
        """Supergroups have links, for their members; other chats have none."""
        there = Address.parse(address)
        if not isinstance(there.chat, int) or there.chat >= SUPERGROUP:
            return ""
        number = origin or str(there.message or there.topic or 1)
        return f"https://t.me/c/{SUPERGROUP - there.chat}/{number}"

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        file = FileRef.parse(ref)
        return Blob(await self._api.download(file.id, most_bytes), file.media_type)

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        return await self._channel(Address.parse(address), ledger).post_files(files)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        channel = self._channel(Address.parse(address))
        refused: PlaceClosed | None = None
        for message_id in [each for listed in message_ids for each in listed.split(",")]:
            try:
                await channel.delete(message_id)
            except PlaceClosed as error:
                refused = error
        if refused is not None:
            raise refused

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """Their own chat with the bot, which is there once they have written to it."""
        there = Address.parse(address)
        if not there.private:
            there = Address(number_of(identity.user))
        return Place(NAME, "", str(there.chat), private=True), str(there)

    async def administers(self, who: Identity, place: Place) -> Administers:
        """All of a group for its admins; Telegram is asked each time it matters."""
        if place.private:
            return Administers.NOTHING
        chat, user = Address.parse(place.channel).chat, number_of(who.user)
        member = await self._api.write(chat, lambda bot, chat: bot.get_chat_member(chat, user))
        return Administers.SERVER if member.status in ("creator", "administrator") else Administers.NOTHING

    def address_of(self, channel: str) -> str:
        return str(Address.of_channel(channel))

    def _channel(self, there: Address, ledger: Ledger | None = None) -> TelegramChannel:
        interval_s = self._settings.interval_s(private=there.private)
        return TelegramChannel(self._api, there, interval_s, ledger.check if ledger else _unguarded)

    def _rate(self, chat: int | str) -> SharedRate:
        if (rate := self._rates.get(chat)) is None:
            rate = self._rates[chat] = SharedRate(self._settings.group_writes_per_minute)
        return rate


async def _unguarded() -> None:
    """What belongs to no attempt."""
