"""What `aivax-bots init` asks of who sets Telegram up: the token of a bot that BotFather made."""

from __future__ import annotations

from collections.abc import Sequence

from aivax_bots import (
    AnswerRefusedError,
    Choice,
    FrontendRefused,
    Interview,
    PlatformBusy,
    PlatformError,
    Question,
    SettingRefused,
)
from aivax_bots_telegram.address import Address
from aivax_bots_telegram.checks import asking
from aivax_bots_telegram.settings import TelegramSettings

TOKEN = Question(
    "telegram.token",
    "The bot's token",
    "What BotFather answered to /newbot, or shows under /mybots, API Token: 123456789:AA...",
    is_secret=True,
)
MAKE_BOT = """Telegram: make a bot, unless you have one.
  1. Open https://t.me/BotFather and write /newbot; choose a name, and a user name that ends with "bot".
  2. Copy the token out of its answer.
  3. To have it answer in a group, add it there. It sees what means it: its @name, a reply to it, a command."""


class TelegramSetup:
    """Asks for one bot."""

    title = "Telegram"
    keys = ("token",)

    async def interview(self, talk: Interview) -> None:
        """Ask for the token, and try it."""
        talk.say(MAKE_BOT)
        await talk.ask(TOKEN, _try_token)

    async def channels(self, section: TelegramSettings) -> Sequence[Choice]:
        """The chats in which somebody wrote to the bot that nobody has heard yet: Telegram lists no others."""
        async with asking(section) as api:
            try:
                updates = await api.updates(0, 0)
            except PlatformError as error:
                raise AnswerRefusedError("Telegram lists no chats", "give the chat's number") from error
        chats = [update["message"]["chat"] for update in updates if "chat" in update.get("message", ())]
        found = {str(chat["id"]): str(chat.get("title") or chat.get("first_name") or "") for chat in chats}
        return [Choice(number, f"{name} ({number})") for number, name in found.items()]

    async def post(self, section: TelegramSettings, channel: str, text: str) -> str:
        """Post a message. Telegram lets bots read nothing: that it gave the message a number is all it tells."""
        async with asking(section) as api:
            try:
                there = Address.of_channel(channel)
                topic = there.topic or None
                posted = await api.write(
                    there.chat, lambda bot, chat: bot.send_message(chat, text, message_thread_id=topic)
                )
            except SettingRefused as error:
                raise AnswerRefusedError("this is no chat of Telegram's", error.fix) from error
            except PlatformError as error:
                cure = "write to the bot there first, or add it to the group; then give the chat's number"
                raise _refused(error, "nothing can be posted there", cure) from error
        return posted.chat.title or posted.chat.full_name or channel


async def _try_token(section: TelegramSettings) -> str:
    async with asking(section) as api:
        try:
            me = await api.call(lambda bot: bot.get_me())
        except FrontendRefused as error:
            raise AnswerRefusedError("Telegram refuses the token", error.fix) from error
        except PlatformError as error:
            raise _refused(error, "the token can't be tried") from error
    return f"@{me.username} ({me.id})"


def _refused(error: PlatformError, what: str, cure: str = "") -> AnswerRefusedError:
    if isinstance(error, PlatformBusy):
        return AnswerRefusedError(
            error.detail or "Telegram is busy", "look at the network and [telegram] api_url", passing=True
        )
    return AnswerRefusedError(f"{what}: {error.detail or error.code}", cure)
