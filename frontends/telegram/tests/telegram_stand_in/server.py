"""The HTTP side: methods in any case, parameters in any of the four forms, errors as Telegram words them."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from aiohttp import web

from telegram_stand_in.chats import Chat, Message, Person
from telegram_stand_in.text import RefusedTextError, taken, units

Params = dict[str, Any]
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MOST_FILE_BYTES = 20_000_000
DELETABLE_S = 48 * 3_600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


class RefusedError(Exception):
    def __init__(self, status: int, said: str, **parameters: object) -> None:
        super().__init__(said)
        self.status, self.said, self.parameters = status, said, parameters


def bad(said: str, **parameters: object) -> RefusedError:
    return RefusedError(400, f"Bad Request: {said}", **parameters)


class FakeTelegram:
    """One bot, and the chats that it is in."""

    def __init__(self) -> None:
        self.token = "4242:AAF-stand-in-of-the-Bot-API-000000000"
        self.bot = Person(4242, "Helper", is_bot=True, username="helper_bot")
        self.chats: dict[int, Chat] = {}
        self.updates: list[dict[str, Any]] = []
        self.commands: dict[str, list[Mapping[str, str]]] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.presses: dict[str, bool] = {}
        """Presses, and whether they were answered."""
        self.webhook = self.secret = ""
        self.last_error = ""
        self.reads_all = False
        self.floods = True
        self.drafts = True
        self.faults: list[tuple[str, int | str]] = []
        """What becomes of the next call of a method: a status, or `cut`: done, and the answer lost."""
        self.calls: list[str] = []
        self._news = asyncio.Event()
        self._poller: asyncio.Future[None] | None = None
        self._count = 700_000_000

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # What people do

    def chat(self, id_: int, type_: str = "private", title: str = "Ana") -> Chat:
        return self.chats.setdefault(id_, Chat(id_, type_, title))

    def say(self, who: Person, chat: Chat, text: str = "", **more: Any) -> Message:
        message = Message(chat.next_id(), chat, who, text, **more)
        message.entities = message.entities or self._found_in(text)
        chat.messages[message.id] = message
        self.push(message=message.told())
        return message

    def edit(self, message: Message, text: str) -> None:
        message.text, message.edited_at = text, int(time.time())
        message.entities = self._found_in(text)
        self.push(edited_message=message.told())

    def upload(self, data: bytes, name: str) -> str:
        id_ = f"FILE-{len(self.files)}_x"
        self.files[id_] = (name, data)
        return id_

    def press(self, who: Person, chat: Chat, label: str) -> str:
        message, data = next(
            (message, key["callback_data"])
            for message in reversed(chat.of_bot())
            for row in message.keyboard
            for key in row
            if key["text"] == label
        )
        press = f"press-{len(self.presses)}"
        self.presses[press] = False
        query = {"id": press, "from": who.told(), "chat_instance": "1", "data": data}
        self.push(callback_query=query | {"message": message.told()})
        return press

    def push(self, **update: Any) -> None:
        self._count += 1
        self.updates.append({"update_id": self._count, **update})
        self._news.set()

    def _found_in(self, text: str) -> list[dict[str, Any]]:
        """The names and the command that Telegram sees in what a person writes."""
        kinds = (("mention", r"(?<![\w@])@\w{3,32}"), ("bot_command", r"^/\w+(@\w+)?"))
        return [
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}
            for kind, form in kinds
            for match in re.finditer(form, text, re.ASCII)
        ]

    # What the bot asks

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            result = await self._done(request)
        except RefusedTextError as error:
            return _refusal(bad(str(error)))
        except RefusedError as error:
            return _refusal(error)
        return web.json_response({"ok": True, "result": result})

    async def _done(self, request: web.Request) -> object:
        name = request.match_info["method"].lower()
        self.calls.append(name)
        if request.match_info["token"] != self.token:
            raise RefusedError(401, "Unauthorized")
        method = getattr(self, f"_do_{name}", None)
        if method is None or (name == "sendmessagedraft" and not self.drafts):
            raise RefusedError(404, "Not Found: method not found")
        fault = next((each for each in self.faults if each[0] == name), None)
        if fault is not None:
            self.faults.remove(fault)
        if fault is not None and isinstance(fault[1], int):
            raise RefusedError(fault[1], HTTPStatus(fault[1]).phrase)
        result = await method(await _params_of(request))
        if fault is not None and request.transport is not None:
            request.transport.close()
        return result

    async def _file(self, request: web.Request) -> web.Response:
        found = self.files.get(request.match_info["path"].removeprefix("documents/"))
        if request.match_info["token"] != self.token or found is None or not found[1]:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type="application/octet-stream")

    def _chat_of(self, params: Params, *, writes: bool = False, counts: bool = False) -> Chat:
        try:
            chat = self.chats.get(int(params["chat_id"]))
        except ValueError:
            chat = None
        if chat is None:
            raise bad("chat not found")
        if chat.moved_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to)
        if writes and chat.closed:
            raise RefusedError(403, f"Forbidden: {chat.closed}")
        if counts and self.floods and (wait_s := math.ceil(chat.wait_s())):
            raise RefusedError(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)
        topic = int(params.get("message_thread_id") or 0)
        if topic and topic not in chat.topics:
            raise bad("message thread not found")
        return chat

    async def _do_getme(self, _: Params) -> object:
        return self.bot.told() | {
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_all,
            "supports_inline_queries": False,
        }

    async def _do_getupdates(self, params: Params) -> object:
        if self.webhook:
            cure = "use deleteWebhook to delete the webhook first"
            raise RefusedError(409, f"Conflict: can't use getUpdates method while webhook is active; {cure}")
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)  # the one that asked before is sent away
        mine = self._poller = asyncio.get_running_loop().create_future()
        offset = int(params.get("offset") or 0)
        if offset > 0:
            self.updates = [each for each in self.updates if each["update_id"] >= offset]
        allowed = params.get("allowed_updates") or []
        ends_at = time.monotonic() + float(params.get("timeout") or 0)
        while True:
            self._news.clear()
            found = [each for each in self.updates if not allowed or set(each) & {*allowed, "tide"}]
            if found or time.monotonic() >= ends_at:
                mine.cancel()
                return found[: int(params.get("limit") or 100)]
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait(
                {news, mine}, timeout=ends_at - time.monotonic(), return_when="FIRST_COMPLETED"
            )
            news.cancel()
            if mine.done():
                said = (
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )
                raise RefusedError(409, f"Conflict: {said}")

    async def _do_sendmessage(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True, counts=True)
        text, entities = taken(params.get("text", ""), params.get("entities") or [])
        reply = params.get("reply_parameters") or {}
        if (
            reply
            and reply["message_id"] not in chat.messages
            and not reply.get("allow_sending_without_reply")
        ):
            raise bad("message to be replied not found")
        message = Message(chat.next_id(), chat, self.bot, text, entities, _keyboard(params))
        message.reply_to = number if (number := reply.get("message_id", 0)) in chat.messages else 0
        message.topic = int(params.get("message_thread_id") or 0)
        return self._posted(message)

    def _posted(self, message: Message) -> dict[str, Any]:
        message.chat.messages[message.id] = message
        message.chat.typing_until = 0.0
        message.chat.draft = (0, "", (), 0.0)
        return message.told()

    async def _do_sendmessagedraft(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True)
        if chat.type != "private":
            raise bad("TEXTDRAFT_PEER_INVALID")
        if not int(params["draft_id"]):
            raise bad("draft_id must be non-zero")
        text, entities = (
            taken(params["text"], params.get("entities") or []) if params.get("text") else ("Thinking", [])
        )
        chat.draft = (int(params["draft_id"]), text, entities, time.monotonic())
        chat.can_stop = bool(params.get("can_stop"))
        return True

    def _of_bot(self, params: Params, chat: Chat, to: str) -> Message:
        message = chat.messages.get(int(params["message_id"]))
        if message is None:
            raise bad(f"message to {to} not found")
        if message.author is not self.bot:
            raise bad(f"message can't be {to.removesuffix('e')}ed")
        return message

    async def _do_editmessagetext(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True, counts=True)
        message = self._of_bot(params, chat, "edit")
        text, entities = taken(params.get("text", ""), params.get("entities") or [])
        keyboard = _keyboard(params)
        if (text, list(entities), keyboard) == (message.text, list(message.entities), message.keyboard):
            raise bad(NOT_MODIFIED)
        message.text, message.entities, message.keyboard = text, entities, keyboard
        return message.told()

    async def _do_deletemessage(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True)
        message = self._of_bot(params, chat, "delete")
        if time.time() - message.written_at > DELETABLE_S:
            raise bad("message can't be deleted for everyone")
        del chat.messages[message.id]
        return True

    async def _do_sendchataction(self, params: Params) -> object:
        self._chat_of(params, writes=True).typing_until = time.monotonic() + 5.0
        return True

    async def _do_setmessagereaction(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True)
        if not chat.allows_reactions:
            raise bad("REACTION_INVALID")
        if (message := chat.messages.get(int(params["message_id"]))) is None:
            raise bad("message to react not found")
        message.reactions = [each["emoji"] for each in params.get("reaction") or []]
        return True

    async def _do_answercallbackquery(self, params: Params) -> object:
        if self.presses.get(params["callback_query_id"], True):
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.presses[params["callback_query_id"]] = True
        return True

    async def _do_sendphoto(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True, counts=True)
        name, data = params["photo"]
        return self._posted(self._photo(chat, name, data, params.get("caption", "")))

    async def _do_senddocument(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True, counts=True)
        name, data = params["document"]
        return self._posted(self._document(chat, name, data, params.get("caption", "")))

    async def _do_sendmediagroup(self, params: Params) -> object:
        chat = self._chat_of(params, writes=True, counts=True)
        if not 2 <= len(params["media"]) <= 10:
            raise bad("there must be 2 to 10 media")
        made = {"photo": self._photo, "document": self._document}
        messages = [
            made[each["type"]](
                chat, *params[each["media"].removeprefix("attach://")], each.get("caption", "")
            )
            for each in params["media"]
        ]
        return [self._posted(each) for each in messages]

    def _photo(self, chat: Chat, name: str, data: bytes, caption: str) -> Message:
        if data[:2] != b"\xff\xd8" and not (data.startswith(b"\x89PNG") and data[12:16] == b"IHDR"):
            raise bad("IMAGE_PROCESS_FAILED")
        file = {
            "photo": [{"file_id": self.upload(data, name), "file_unique_id": "u", "width": 1, "height": 1}]
        }
        return Message(chat.next_id(), chat, self.bot, caption, file=file, file_name=name)

    def _document(self, chat: Chat, name: str, data: bytes, caption: str) -> Message:
        file = {"document": {"file_id": self.upload(data, name), "file_unique_id": "u", "file_name": name}}
        return Message(chat.next_id(), chat, self.bot, caption, file=file, file_name=name)

    async def _do_getfile(self, params: Params) -> object:
        if (found := self.files.get(params["file_id"])) is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(found[1]) > MOST_FILE_BYTES:
            raise bad("file is too big")
        told = {"file_id": params["file_id"], "file_unique_id": "u", "file_size": len(found[1])}
        return told | {"file_path": f"documents/{params['file_id']}"}

    async def _do_setmycommands(self, params: Params) -> object:
        for each in params["commands"]:
            if not COMMAND.fullmatch(each["command"]) or not 1 <= len(each["description"]) <= 256:
                raise bad("BOT_COMMAND_INVALID")
        self.commands[params.get("language_code", "")] = params["commands"]
        return True

    async def _do_getchat(self, params: Params) -> object:
        chat = self._chat_of(params)
        return chat.told() | {
            "accent_color_id": 1,
            "max_reaction_count": 11,
            "accepted_gift_types": _NO_GIFTS,
        }

    async def _do_getchatmember(self, params: Params) -> object:
        chat, user = self._chat_of(params), int(params["user_id"])
        status = "left" if chat.closed else "creator" if user in chat.admins else "member"
        person = self.bot if user == self.bot.id else Person(user, "somebody")
        return {"user": person.told(), "status": status, "is_anonymous": False}

    async def _do_getwebhookinfo(self, _: Params) -> object:
        waiting = len(self.updates)
        told = {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": waiting}
        failed = {"last_error_date": 1_800_000_000, "last_error_message": self.last_error}
        return told | (failed if self.last_error else {})

    async def _do_setwebhook(self, params: Params) -> object:
        address = urlsplit(params["url"])
        if address.scheme != "https" or (address.port or 443) not in (443, 80, 88, 8443):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook, self.secret = params["url"], params.get("secret_token", "")
        return True

    async def call(self, app: Any) -> int:
        """Bring the oldest update to the webhook's application; it comes again unless that answers 2xx."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            answer = await client.post(self.webhook, json=self.updates[0], headers=headers)
        if answer.is_success:
            del self.updates[0]
        return answer.status_code

    async def _do_deletewebhook(self, _: Params) -> object:
        self.webhook = ""
        return True


_NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def _refusal(error: RefusedError) -> web.Response:
    told = {"ok": False, "error_code": error.status, "description": error.said}
    more = {"parameters": error.parameters} if error.parameters else {}
    return web.json_response(told | more, status=error.status)


async def _params_of(request: web.Request) -> Params:
    """From the address, a form, a form in parts, or JSON. What is not plain text is JSON in a text."""
    params: Params = dict(request.query)
    if request.content_type == "application/json":
        return params | await request.json()
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            params[key] = (value.filename, value.file.read())
        else:
            params[key] = json.loads(value) if str(value)[:1] in ("[", "{") and key != "text" else value
    for key in ("can_stop",):
        params[key] = params.get(key) in (True, "true", "True")
    return params


def _keyboard(params: Params) -> list[list[dict[str, str]]]:
    rows = (params.get("reply_markup") or {}).get("inline_keyboard", [])
    for key in (key for row in rows for key in row):
        if not 1 <= len(key["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
    return list(rows)
