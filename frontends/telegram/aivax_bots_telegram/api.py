"""Calls to the Bot API by python-telegram-bot, whose errors become ours. The token stays out of every log.

Telegram tells neither a nonce nor the history of a chat: a message whose creation nobody saw the end of can't be looked
up. What is known of the API stands in docs/telegram-wire.md.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, TypeVar

from cachetools import LRUCache
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from aivax_bots import (
    FileGone,
    FileTooLarge,
    FrontendRefused,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from aivax_bots_telegram import NAME
from aivax_bots_telegram.settings import TelegramSettings

T = TypeVar("T")
Chat = int | str
"""A chat's number, or the `@name` of a public one."""
MOST_CHATS = 10_000
MOST_UPDATES = 100
"""Telegram tells no more at once."""
CONNECT_S, READ_S, UPLOAD_S = 10.0, 30.0, 120.0
UNTOLD_REST_S = 5.0
"""How long Telegram is left alone that has too much of us and does not say for how long."""
HEARD = ["message", "edited_message", "callback_query", "my_chat_member", "stopped_message_generation"]
NOT_SENT = (
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "Pool timeout",
    "UnsupportedProtocol",
    "ProxyError",
)
"""How a failure begins that happened before Telegram was asked."""
UNKNOWN_MESSAGE = ("message to edit not found", "message can't be edited", "message_id_invalid")
GONE = "message to delete not found"
CLOSED = (
    *(
        "chat not found",
        "chat_write_forbidden",
        "not enough rights",
        "have no rights",
        "need administrator rights",
    ),
    *("topic_closed", "topic_deleted", "message thread not found", "peer_id_invalid", "user_is_blocked"),
    *(
        "group chat was deactivated",
        "chat_restricted",
        "chat_send_",
        "user is deactivated",
        "message can't be deleted",
    ),
)


class Unchanged(MessageRefused):
    """A message stands already as it was to be."""


class _WithoutToken(logging.Filter):
    """Leaves out what httpx says of each call: its address holds the token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        return self._token not in record.getMessage()


class Api:
    """One bot at its Bot API."""

    def __init__(self, settings: TelegramSettings) -> None:
        os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library warns of each 429 without it
        logging.getLogger("telegram").setLevel(logging.INFO)  # below that it shows addresses
        self._token = settings.token.get_secret_value()
        self._moved: LRUCache[Chat, int] = LRUCache(MOST_CHATS)
        """Groups that became supergroups, with their new number."""
        self._resting: LRUCache[Chat, float] = LRUCache(MOST_CHATS)
        """Until when Telegram takes no more of us in a chat."""
        request = HTTPXRequest(
            connection_pool_size=64,
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            write_timeout=READ_S,
            pool_timeout=READ_S,
            media_write_timeout=UPLOAD_S,
        )
        self._bot = Bot(
            self._token,
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=request,
            get_updates_request=request,
        )
        self._request = request
        self._filter = _WithoutToken(self._token)

    async def open(self) -> None:
        """Talks to nobody yet."""
        logging.getLogger("httpx").addFilter(self._filter)
        await self._request.initialize()

    async def close(self) -> None:
        await self._request.shutdown()
        logging.getLogger("httpx").removeFilter(self._filter)

    async def updates(self, after: int, wait_s: int) -> Sequence[Mapping[str, Any]]:
        """What happened since the update `after`, as Telegram sent it; those up to it are confirmed by this.

        Asked for in small letters, which names the same method: the library would parse what comes, and one update that
        it can't read would lose the others.
        """
        asked = {"offset": after + 1, "timeout": wait_s, "allowed_updates": HEARD}
        found = await self.call(
            lambda bot: bot.do_api_request("getupdates", asked, read_timeout=wait_s + READ_S)
        )
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    async def call(self, do: Callable[[Bot], Awaitable[T]]) -> T:
        """Have the library do something that is about no chat. Raises `PlatformError`."""
        try:
            return await do(self._bot)
        except TelegramError as error:
            raise self._as_ours(error) from error
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise OddAnswer(NAME, detail=self._clear(error)) from error

    async def write(
        self, chat: Chat, do: Callable[[Bot, Chat], Awaitable[T]], *, to_message: bool = False
    ) -> T:
        """Do something in a chat, or in what it has become; `to_message`: to a message there, which then is none.

        Raises `PlatformError`, `PlatformBusy` for as long as Telegram wants to be left alone there.
        """
        if chat in self._moved and to_message:  # another message has that number now
            raise PlaceClosed(NAME, code="unknown_message")
        chat = self._moved.get(chat, chat)
        if (rest_s := self._resting.get(chat, 0.0) - monotonic()) > 0:
            raise PlatformBusy(NAME, code="429", retry_after_s=rest_s)
        try:
            return await self.call(lambda bot: do(bot, chat))
        except _Moved as moved:
            self._moved[chat] = moved.to
            return await self.write(chat, do, to_message=to_message)
        except PlatformBusy as busy:
            if busy.retry_after_s:
                self._resting[chat] = monotonic() + busy.retry_after_s
            raise

    async def download(self, file_id: str, most_bytes: int) -> bytes:
        """Read a file. Raises `FileGone`, `FileTooLarge` and `PlatformError`."""
        file = await self.call(lambda bot: bot.get_file(file_id))
        if file.file_size is not None and file.file_size > most_bytes:
            raise FileTooLarge(NAME)
        try:
            data = bytes(await self.call(lambda _: file.download_as_bytearray()))
        except FrontendRefused as error:  # the library takes each 404 for a wrong token
            raise FileGone(NAME, detail=error.detail) from error
        if len(data) > most_bytes:
            raise FileTooLarge(NAME)
        return data

    def _clear(self, error: object) -> str:
        return str(error).replace(self._token, "<token>")[:300]

    def _as_ours(self, error: TelegramError) -> PlatformError:
        said = self._clear(error)
        match error:
            case RetryAfter():
                return PlatformBusy(NAME, code="429", retry_after_s=max(1.0, float(_seconds(error))))
            case ChatMigrated():
                return _Moved(error.new_chat_id)
            case Forbidden():
                return PlaceClosed(NAME, code="403", detail=said)
            case InvalidToken():
                fix = "copy it once more from BotFather (/mybots, API Token)"
                return FrontendRefused(NAME, setting="[telegram] token", fix=fix, detail=said)
            case Conflict():
                return PlatformBusy(NAME, code="409", detail=said)
            case BadRequest():
                return _of_bad_request(said)
            case NetworkError() if "too many requests" in said.casefold():
                return PlatformBusy(NAME, code="429", retry_after_s=UNTOLD_REST_S)
            case NetworkError() if any(each in said for each in NOT_SENT):
                return PlatformBusy(NAME, detail=said)
            case NetworkError():
                return OutcomeUnknown(NAME, detail=said, failed=not said.startswith(("httpx", "Timed out")))
        return OddAnswer(NAME, detail=said)


class _Moved(PlatformError):
    """A group became a supergroup, which has another number."""

    def __init__(self, to: int) -> None:
        super().__init__(NAME, code="migrated")
        self.to = to


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return float(wait) if isinstance(wait, int | float) else wait.total_seconds()


def _of_bad_request(said: str) -> PlatformError:
    low = said.casefold()
    if "message is not modified" in low:
        return Unchanged(NAME, code="unchanged")
    if any(each in low for each in (*UNKNOWN_MESSAGE, GONE)):
        return PlaceClosed(NAME, code="unknown_message", detail=said)
    if any(each in low for each in CLOSED):
        return PlaceClosed(NAME, code="400", detail=said)
    if "file is too big" in low:
        return FileTooLarge(NAME, detail=said)
    return MessageRefused(NAME, code="400", detail=said)
