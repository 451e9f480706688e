"""The chat of the web console as a frontend. Its platform is the database: what browsers sent stands there, and what
is answered goes there, so that any process may answer, and a page that is loaded anew shows the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from bots.web.console.chat import PLATFORM
from bots.web.console.chat.channel import ChatChannel, number
from bots.web.console.chat.news import ChatNews
from bots.web.console.chat.translate import event_of, place_of, user_of
from core.delivery.editing_surface import EditingSurface
from core.delivery.message_parts import gone_is_fine
from core.delivery.pacing import Pace
from core.delivery.plain_frontend import PlainFrontend
from core.domain import (
    Blob,
    BotError,
    Delivery,
    FileGone,
    FileTooLarge,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Place,
    PlaceClosed,
    ReplySurface,
    Watch,
)
from core.storage.console_chat.entries import NewFile
from core.storage.console_chat.rows import AccountGone
from core.storage.console_chat.store import ChatStore
from core.util.log import log

RETRY_S = 5.0
LOOK_EVERY_S = 60.0
"""How often it is looked for what the core has not heard of, though nothing told of any."""
MOST_IDEAS = 5


class ChatFrontend(PlainFrontend):
    """`core.domain.ports.Frontend` for the console's own chat."""

    def __init__(
        self, store: ChatStore, news: ChatNews, *, edit_interval_s: float, first_words_after_s: float
    ) -> None:
        self._store = store
        self._news = news
        self._edit_interval_s = edit_interval_s
        self._first_words_after_s = first_words_after_s

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Bring what was said to the core, that too which an earlier process left, until cancelled."""
        watch.up()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._store.hear(self._news.hear, self._news.tell_all))
            group.create_task(self._bring(intake))

    async def _bring(self, intake: Intake) -> None:
        while True:
            self._news.any.clear()
            wait_s = LOOK_EVERY_S
            try:
                while waiting := await self._store.untaken():
                    for each in waiting:
                        if (event := event_of(each)) is not None:
                            await intake.receive(event)
                        await self._store.took(each, user_of(each.user))
                        self._news.tell(each.user.id)
            except BotError as error:
                log.warning("console.chat_not_taken", cause=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.any.wait()

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        channel = ChatChannel(self._store, number(address), self._edit_interval_s)
        pace = Pace(
            lambda: self._edit_interval_s,
            first_words_after_s=self._first_words_after_s,
            now=time.monotonic,
            sleep=asyncio.sleep,
        )
        return EditingSurface(channel, ledger, pace)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        """A file that somebody sent; a ref names it, and whose chat it stands in."""
        user_id, _, file_id = ref.partition("/")
        found = await self._store.file(number(file_id), number(user_id))
        if found is None:
            raise FileGone(PLATFORM)
        if len(found.data) > most_bytes:
            raise FileTooLarge(PLATFORM)
        return Blob(found.data, found.media_type)

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        """Keep files in a message of their own, from which they are downloaded."""
        user_id = number(address)
        if again and (found := await self._store.find(user_id, delivery.nonce)) is not None:
            return str(found)
        await ledger.check()
        kept = [NewFile(each.name, each.media_type, each.data) for each in files]
        words = "\n\n".join(f"_{each.alt}_" for each in files if each.alt)
        try:
            return str(await self._store.post(user_id, delivery.nonce, words, files=kept))
        except AccountGone:
            raise PlaceClosed(PLATFORM, code="no_account") from None

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        channel = ChatChannel(self._store, number(address), self._edit_interval_s)
        for message_id in message_ids:
            with gone_is_fine():
                await channel.delete(message_id)

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """Show what could be asked next below the newest answer; a chat has no title."""
        if prompts:
            with suppress(AccountGone):
                await self._store.suggest(number(address), prompts[:MOST_IDEAS])

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """Nobody else reads the chat."""
        return place_of(number(address)), address
