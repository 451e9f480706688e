"""What `aivax-bots doctor` asks Telegram: the token, groups' privacy, a webhook in the way, and the settings' chats.

Nothing is posted, and nothing that waits for the bot is taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from telegram import User, WebhookInfo

from aivax_bots import CheckState, Finding, FrontendRefused, OddAnswer, PlaceClosed, PlatformError
from aivax_bots_telegram.address import Address
from aivax_bots_telegram.api import Api
from aivax_bots_telegram.settings import TelegramSettings
from aivax_bots_telegram.webhook import PATH

MOST_CHATS = 25
_UNREACHABLE = "look at the network and [telegram] api_url"
_COPY_IT = "[telegram] token: copy it once more from BotFather (/mybots, API Token)"
_MAY_WRITE = ("creator", "administrator", "member")


@asynccontextmanager
async def asking(settings: TelegramSettings) -> AsyncIterator[Api]:
    """The Bot API for some questions."""
    api = Api(settings)
    await api.open()
    try:
        yield api
    finally:
        await api.close()


@dataclass(frozen=True, slots=True)
class TelegramCheck:
    """Asks Telegram about one bot; `chats` are those that the configuration names."""

    settings: TelegramSettings
    chats: Sequence[str] = ()
    name: str = "telegram"

    async def run(self) -> Sequence[Finding]:
        async with asking(self.settings) as api:
            try:
                me = await api.call(lambda bot: bot.get_me())
            except FrontendRefused:
                return [_failed("telegram.token", "Telegram refuses the token", _COPY_IT)]
            except OddAnswer as error:
                return [_failed("telegram.token", f"no Bot API answers there: {error.detail}", _UNREACHABLE)]
            except PlatformError as error:
                return [_failed("telegram.token", error.detail or error.code, _UNREACHABLE)]
            found = [_ok("telegram.token", f"@{me.username} ({me.id})"), _privacy(me)]
            found.append(await self._webhook(api))
            return [*found, *[await self._chat(api, each, me.id) for each in self.chats[:MOST_CHATS]]]

    async def _webhook(self, api: Api) -> Finding:
        """A webhook keeps the bot from asking for its news; another program may have set it."""
        check = "telegram.webhook"
        try:
            told = await api.call(lambda bot: bot.get_webhook_info())
        except PlatformError as error:
            return Finding(check, CheckState.UNKNOWN, error.detail or error.code)
        if own := self.settings.webhook_url:
            return _of_own(told, f"{own}{PATH}")
        if told.url:
            host = told.url.partition("://")[2].partition("/")[0]
            cure = "end the program there that uses this token: this bot removes the webhook when it starts"
            return Finding(check, CheckState.WARNING, f"events go to a webhook at {host}", cure)
        return _ok(check, f"no webhook is set; {told.pending_update_count} events wait for the bot")

    async def _chat(self, api: Api, chat: str, me: int) -> Finding:
        check = f"telegram.chat.{chat}"
        try:
            there = Address.parse(chat).chat
            found = await api.write(there, lambda bot, chat: bot.get_chat(chat))
            member = await api.write(there, lambda bot, chat: bot.get_chat_member(chat, me))
        except PlaceClosed:
            cure = "add the bot to that group, or correct the number"
            return _failed(check, "the bot can't see this chat", cure)
        except PlatformError as error:
            return Finding(check, CheckState.UNKNOWN, error.detail or error.code)
        name = found.title or found.full_name or chat
        if found.type != "private" and member.status not in _MAY_WRITE:
            return _failed(check, f"{name}: the bot may not write there", "let the bot write in that group")
        return _ok(check, name)


def _of_own(told: WebhookInfo, url: str) -> Finding:
    """What Telegram tells of the webhook that the bot sets."""
    check = "telegram.webhook"
    if told.url != url:
        return _ok(check, f"the bot has Telegram call {url} when it starts")
    if told.last_error_message:
        cure = (
            "have [telegram] webhook_url lead to [web] host and port, with a certificate that Telegram trusts"
        )
        return Finding(
            check, CheckState.WARNING, f"Telegram's last call failed: {told.last_error_message}", cure
        )
    return _ok(check, f"Telegram calls {url}; {told.pending_update_count} events wait")


def _privacy(me: User) -> Finding:
    """With privacy mode on, groups show the bot its commands, its mentions and replies to it alone."""
    check = "telegram.privacy"
    if not me.can_join_groups:
        cure = "allow groups in BotFather (/setjoingroups), or leave it where only direct messages are wanted"
        return Finding(check, CheckState.WARNING, "the bot can't be added to groups", cure)
    if me.can_read_all_group_messages:
        return _ok(check, "the bot reads all messages of its groups, and answers those that mean it")
    return _ok(
        check,
        "groups show the bot only what means it: it knows nothing else that was said "
        "(/setprivacy in BotFather, then add it to the group anew)",
    )


def _ok(check: str, cause: str) -> Finding:
    return Finding(check, CheckState.OK, cause)


def _failed(check: str, cause: str, cure: str) -> Finding:
    return Finding(check, CheckState.FAILED, cause, cure)
