"""One place on Telegram where an answer is posted and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.constants import ChatAction

from aivax_bots import Action, Button, Delivery, MadeFile, MessageRefused, PlaceClosed, PlatformError
from aivax_bots_telegram import NAME
from aivax_bots_telegram.address import Address
from aivax_bots_telegram.api import Api, Chat, Unchanged
from aivax_bots_telegram.events import data_of
from aivax_bots_telegram.markup import MAX_SIZE, bare, native, size

Guard = Callable[[], Awaitable[None]]
Shown = tuple[str, list[MessageEntity]]
TYPING_AGAIN_S = 4.0
"""Telegram's sign fades after five seconds."""
DRAFT_AGAIN_S = 20.0
"""A draft fades after thirty."""
PHOTOS = ("image/png", "image/jpeg", "image/webp")
MOST_PHOTO_BYTES = 10_000_000
MOST_IN_GROUP = 10
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramChannel:
    """An `EditableChannel` for one question. `guard` raises `Fenced` where another attempt took the answer over."""

    max_size = MAX_SIZE

    def __init__(self, api: Api, address: Address, edit_interval_s: float, guard: Guard) -> None:
        self._api = api
        self._address = address
        self._guard = guard
        self.edit_interval_s = edit_interval_s
        self._draft: tuple[str, Sequence[Button]] | None = None
        self._drafted_at = 0.0
        self._drafting = asyncio.Lock()

    def size(self, text: str) -> int:
        return size(text)

    async def working(self) -> None:
        """Show that the bot types, and a draft once more before it fades, until cancelled."""
        topic = self._address.topic or None
        while True:
            await self._guard()
            await self._api.write(
                self._address.chat,
                lambda bot, chat: bot.send_chat_action(chat, ChatAction.TYPING, message_thread_id=topic),
            )
            async with self._drafting:
                if self._draft is not None and monotonic() - self._drafted_at > DRAFT_AGAIN_S:
                    await self._send_draft(*self._draft)
            await asyncio.sleep(TYPING_AGAIN_S)

    async def rested(self) -> None:
        """The sign ends with a message, or by itself."""

    async def preview(self, text: str, buttons: Sequence[Button] = ()) -> None:
        """Show the text as a draft, which a message of the bot's takes the place of. In private chats alone."""
        async with self._drafting:
            await self._send_draft(text, buttons)
            self._draft = text, buttons

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        async with self._drafting:
            self._draft = None
            return await _or_bare(text, buttons, lambda shown, keys: self._post(shown, delivery, keys))

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        number = number_of(message_id)

        async def change(shown: Shown, keys: InlineKeyboardMarkup | None) -> None:
            await self._api.write(
                self._address.chat,
                lambda bot, chat: bot.edit_message_text(
                    shown[0],
                    chat,
                    number,
                    entities=shown[1],
                    reply_markup=keys,
                    link_preview_options=NO_PREVIEW,
                ),
                to_message=True,
            )

        await _or_bare(text, buttons, change)

    async def delete(self, message_id: str) -> None:
        """Remove a message of ours; one that is gone already is fine. Telegram lets that be done for 48 hours."""
        number = number_of(message_id)
        try:
            await self._api.write(
                self._address.chat, lambda bot, chat: bot.delete_message(chat, number), to_message=True
            )
        except PlaceClosed as error:
            if error.code != "unknown_message":
                raise

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Telegram lets bots look nothing up: after a crash just at its creation a message may stand there twice."""
        return None

    async def post_files(self, files: Sequence[MadeFile]) -> str:
        """Show files, and return the ids of their messages, with commas between them."""
        are_photos = all(each.media_type in PHOTOS and len(each.data) <= MOST_PHOTO_BYTES for each in files)
        try:
            return await self._post_files(files, as_photos=are_photos)
        except MessageRefused:
            if not are_photos:
                raise
        return await self._post_files(files, as_photos=False)  # it can't be drawn: too long, or no picture

    async def react(self, emoji: str) -> bool:
        """Put a sign on the question; whether it stands there."""
        number = self._address.message
        try:
            await self._api.write(
                self._address.chat,
                lambda bot, chat: bot.set_message_reaction(chat, number, emoji),
                to_message=True,
            )
        except PlatformError:  # the chat may allow no reactions
            return False
        return True

    async def _send_draft(self, text: str, buttons: Sequence[Button]) -> None:
        shown, entities = native(text)
        can_stop = any(each.action is Action.STOP for each in buttons)
        await self._api.write(
            self._address.chat,
            lambda bot, chat: bot.send_message_draft(
                int(chat),
                self._address.message or 1,
                shown,
                message_thread_id=self._address.topic or None,
                entities=entities,
                api_kwargs={"can_stop": True, "keep_on_stop": True} if can_stop else None,
            ),
        )
        self._drafted_at = monotonic()

    async def _post(self, shown: Shown, delivery: Delivery, keys: InlineKeyboardMarkup | None) -> str:
        reply = self._reply if delivery.part == 0 and not self._address.private else None
        message = await self._api.write(
            self._address.chat,
            lambda bot, chat: bot.send_message(
                chat,
                shown[0],
                entities=shown[1],
                reply_markup=keys,
                message_thread_id=self._address.topic or None,
                reply_parameters=reply if chat == self._address.chat else None,
                link_preview_options=NO_PREVIEW,
            ),
        )
        return str(message.message_id)

    @property
    def _reply(self) -> ReplyParameters | None:
        number = self._address.message
        return ReplyParameters(number, allow_sending_without_reply=True) if number else None

    async def _post_files(self, files: Sequence[MadeFile], *, as_photos: bool) -> str:
        ids: list[str] = []
        for start in range(0, len(files), MOST_IN_GROUP):
            await self._guard()
            ids += await self._post_some(files[start : start + MOST_IN_GROUP], as_photos=as_photos)
        return ",".join(ids)

    async def _post_some(self, files: Sequence[MadeFile], *, as_photos: bool) -> list[str]:
        topic = self._address.topic or None
        kind = InputMediaPhoto if as_photos else InputMediaDocument

        async def send(bot: Bot, chat: Chat) -> list[int]:
            if len(files) > 1:
                media = [
                    kind(each.data, filename=each.name, caption=each.alt[:1000] or None) for each in files
                ]
                sent = await bot.send_media_group(chat, media, message_thread_id=topic)
                return [each.message_id for each in sent]
            (file,) = files
            caption = file.alt[:1000] or None
            if as_photos:
                photo = await bot.send_photo(
                    chat, file.data, caption, filename=file.name, message_thread_id=topic
                )
                return [photo.message_id]
            document = await bot.send_document(
                chat, file.data, caption=caption, filename=file.name, message_thread_id=topic
            )
            return [document.message_id]

        return [str(each) for each in await self._api.write(self._address.chat, send)]


async def _or_bare(
    text: str,
    buttons: Sequence[Button],
    do: Callable[[Shown, InlineKeyboardMarkup | None], Awaitable[str | None]],
) -> str:
    """Show a text as it should look, else its words alone; one that stands there as it should be is fine."""
    try:
        return await do(native(text), _keys(buttons)) or ""
    except Unchanged:
        return ""
    except MessageRefused:
        return await do(bare(text), None) or ""


def _keys(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    rows: list[list[InlineKeyboardButton]] = []
    for button in buttons:
        beside = bool(rows) and button.action is Action.BAD  # the good one stands before it
        row = rows[-1] if beside else []
        row.append(InlineKeyboardButton(button.label, callback_data=data_of(button)))
        rows += [] if beside else [row]
    return InlineKeyboardMarkup(rows)


def number_of(message_id: str) -> int:
    """Read a message's id. Raises `PlaceClosed` where it can't be one."""
    if not (message_id.isascii() and message_id.isdigit()):
        raise PlaceClosed(NAME, code="unknown_message", detail=message_id[:40])
    return int(message_id)
