"""Telegram as the core sees it: events go in by long polling, answers and files come out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from cachetools import LRUCache
from telegram import BotCommand
from telegram.constants import BotCommandLimit

from aivax_bots import (
    LANGUAGES,
    Administers,
    Blob,
    BotError,
    Delivery,
    EditingSurface,
    FrontendUnreachable,
    Host,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    MessageRefused,
    OutcomeUnknown,
    Pace,
    PassedOver,
    Place,
    PlaceClosed,
    PlainFrontend,
    PlatformBusy,
    PlatformError,
    Quote,
    ReplySurface,
    SharedRate,
    Sign,
    Watch,
    command_menu,
)
from aivax_bots_telegram import NAME
from aivax_bots_telegram.address import Address, FileRef
from aivax_bots_telegram.api import MOST_CHATS, Api
from aivax_bots_telegram.channel import TelegramChannel, number_of
from aivax_bots_telegram.events import Me, album_of, gathered, translate
from aivax_bots_telegram.recent import Recent
from aivax_bots_telegram.settings import TelegramSettings

log = logging.getLogger(__name__)
SIGNS = {Sign.WAITS: "👀", Sign.NOT_TAKEN: "🤷"}
"""Bots can react with a few emoji alone (core.telegram.org/bots/api#reactiontypeemoji)."""
LISTABLE = re.compile(r"[a-z0-9_]{1,32}")
"""The words that Telegram takes for commands; others are said without being listed."""
ANSWER_PRESS_S = 5.0
ALBUM_S = 0.5
"""How long the other pictures of an album are waited for."""
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
        self._rates: LRUCache[int | str, SharedRate] = LRUCache(MOST_CHATS)

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Ask for news until cancelled, in one process of all: Telegram tells them to who asked last."""
        await self._host.in_one_process(NAME, lambda own: self._ask(intake, own), watch)

    async def _ask(self, intake: Intake, watch: Watch) -> None:
        """Ask for news. What is stored is confirmed by asking for what comes after it."""
        try:
            me = await self._introduce(intake)
            watch.up()
            await self._poll(me, intake)
        except (PlatformBusy, OutcomeUnknown) as error:
            raise FrontendUnreachable(
                NAME, setting="[telegram] api_url", detail=f"{error.code} {error.detail}".strip()
            ) from error

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

    async def _introduce(self, intake: Intake) -> Me:
        """Find out who the bot is, and have Telegram list its commands in each language."""
        who = await self._api.call(lambda bot: bot.get_me())
        asked_by, words = set(), set()
        for language in LANGUAGES:
            menu = command_menu(intake.translator(language, Place(NAME, "", "")), intake.capabilities())
            asked_by.add(menu[0][0].casefold())
            words |= {word.casefold() for word, _ in menu}
            await self._list_commands(menu, "" if language == "en" else language.partition("_")[0])
        return Me(who.id, who.username or "", asked_by, words)

    async def _list_commands(self, menu: Sequence[tuple[str, str]], language: str) -> None:
        listed = [
            BotCommand(word.casefold(), does[: BotCommandLimit.MAX_DESCRIPTION])
            for word, does in menu
            if LISTABLE.fullmatch(word.casefold()) and does
        ][: BotCommandLimit.MAX_COMMAND_NUMBER]
        try:
            await self._api.call(lambda bot: bot.set_my_commands(listed, language_code=language))
        except (PlatformBusy, OutcomeUnknown, MessageRefused) as error:
            log.warning("telegram.commands_not_listed: %s", error)

    async def _poll(self, me: Me, intake: Intake) -> None:
        seen = 0
        while True:
            try:
                updates = await self._api.updates(seen, self._settings.poll_s)
            except PlatformBusy as error:
                if error.code != "409" or "webhook" not in error.detail:
                    raise
                log.warning("telegram.webhook_removed: this bot asks for its news itself")
                await self._api.call(lambda bot: bot.delete_webhook())
                continue
            if updates and album_of(updates[-1]):
                await asyncio.sleep(ALBUM_S)
                updates = await self._api.updates(
                    seen, 0
                )  # none of them is confirmed: they come again, with more
            for update in gathered(updates):
                await self._take_in(update, me, intake)
                seen = max(seen, _number_of(update))

    async def _take_in(self, update: Mapping[str, Any], me: Me, intake: Intake) -> None:
        """Bring one update to the intake. Raises where it could not be stored: it will come again."""
        try:
            event = translate(update, me)
            if isinstance(event, PassedOver):
                intake.passed_over(NAME, event)
            else:
                await intake.receive(event)
            self._recent.hear(update)
        except (BotError, OSError):
            raise
        except Exception:  # a bug that one update meets ends with it
            log.exception("telegram.update_faulty")
            intake.passed_over(NAME, PassedOver.FAULT)
        match update:
            case {"callback_query": {"id": str(press)}}:
                await self._answer_press(press)

    async def _answer_press(self, press: str) -> None:
        """Have the button stop glowing."""
        with suppress(PlatformError):  # it was pressed too long ago
            await self._api.call(lambda bot: bot.answer_callback_query(press, read_timeout=ANSWER_PRESS_S))

    def _channel(self, there: Address, ledger: Ledger | None = None) -> TelegramChannel:
        interval_s = self._settings.edit_interval_s
        return TelegramChannel(self._api, there, interval_s, ledger.check if ledger else _unguarded)

    def _rate(self, chat: int | str) -> SharedRate:
        if (rate := self._rates.get(chat)) is None:
            rate = self._rates[chat] = SharedRate(self._settings.group_writes_per_minute)
        return rate


async def _unguarded() -> None:
    """What belongs to no attempt."""


def _number_of(update: Mapping[str, Any]) -> int:
    number = update.get("update_id")
    return number if isinstance(number, int) else 0
