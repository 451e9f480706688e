"""How events come in: Telegram is asked for them, or calls the bot's own address."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeGuard

from telegram import BotCommand
from telegram.constants import BotCommandLimit

from aivax_bots import (
    LANGUAGES,
    Action,
    BotError,
    Command,
    Commanded,
    FrontendRefused,
    FrontendUnreachable,
    Host,
    Intake,
    MessageRefused,
    OutcomeUnknown,
    PassedOver,
    Place,
    PlatformBusy,
    PlatformError,
    Pressed,
    Watch,
    command_menu,
)
from aivax_bots_telegram import NAME
from aivax_bots_telegram.api import HEARD, MOST_UPDATES, Api
from aivax_bots_telegram.events import Me, album_of, gathered, translate, whole_albums
from aivax_bots_telegram.recent import Recent
from aivax_bots_telegram.settings import TelegramSettings
from aivax_bots_telegram.webhook import MOUNT, PATH, Webhook

log = logging.getLogger(__name__)
LISTABLE = re.compile(r"[a-z0-9_]{1,32}")
"""The words that Telegram takes for commands; others are said without being listed."""
ANSWER_PRESS_S = 5.0
ALBUM_S = 0.5
"""How long the other pictures of an album are waited for."""


class Listener:
    """Brings what happens to the intake; each update is confirmed when it is stored."""

    def __init__(self, settings: TelegramSettings, api: Api, host: Host, recent: Recent) -> None:
        self._settings = settings
        self._api = api
        self._host = host
        self._recent = recent
        self._webhook = Webhook(settings.token.get_secret_value())
        if settings.webhook_url:
            host.web.mount(MOUNT, self._webhook)
        self._listed: dict[str, Sequence[BotCommand]] = {}
        """By language, what Telegram has listed: a connection that breaks off is no reason to tell it all anew."""

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Listen until cancelled. Where Telegram is asked, one process of all asks: it tells only who asked last."""
        if self._settings.webhook_url:
            await self._hear(intake, watch)
        else:
            await self._host.in_one_process(NAME, lambda own: self._hear(intake, own), watch)

    async def _hear(self, intake: Intake, watch: Watch) -> None:
        try:
            me = await self._introduce(intake)
            if self._settings.webhook_url:
                await self._be_called(me, intake, watch)
            else:
                watch.up()
                await self._poll(me, intake)
        except FrontendRefused:
            raise
        except PlatformError as error:
            detail = f"{error.code} {error.detail}".strip()
            raise FrontendUnreachable(
                NAME, setting="[telegram] api_url", detail=detail, retry_after_s=error.retry_after_s
            ) from error

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
        if self._listed.get(language) == listed:
            return
        try:
            await self._api.call(lambda bot: bot.set_my_commands(listed, language_code=language))
        except (PlatformBusy, OutcomeUnknown, MessageRefused) as error:
            log.warning("telegram.commands_not_listed: %s", error)
            return
        self._listed[language] = listed

    async def _be_called(self, me: Me, intake: Intake, watch: Watch) -> None:
        """Have Telegram call. It goes on to when this process ends, and keeps what is not taken for 24 hours."""
        url = f"{self._settings.webhook_url}{PATH}"
        with self._webhook.open(lambda update: self._take_in(update, me, intake)):
            try:
                await self._api.call(
                    lambda bot: bot.set_webhook(url, secret_token=self._webhook.secret, allowed_updates=HEARD)
                )
            except MessageRefused as error:
                fix = "write an address that Telegram reaches: https, on port 443, 80, 88 or 8443"
                raise FrontendRefused(
                    NAME, setting="[telegram] webhook_url", fix=fix, detail=error.detail
                ) from error
            watch.up()
            await asyncio.Event().wait()

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
                # none of them is confirmed: they come again, with more
                updates = whole_albums(await self._api.updates(seen, 0), MOST_UPDATES)
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
            if _deletes(event):
                self._recent.forget(event.author.identity.user)
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


def _deletes(event: object) -> TypeGuard[Commanded | Pressed]:
    """Whether somebody has what they said deleted."""
    return (isinstance(event, Commanded) and event.command is Command.ERASE) or (
        isinstance(event, Pressed) and event.action is Action.FORGET
    )


def _number_of(update: Mapping[str, Any]) -> int:
    number = update.get("update_id")
    return number if isinstance(number, int) else 0
