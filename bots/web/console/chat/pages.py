"""`/console/try`: what the chat shows, and what is sent into it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.chat.channel import number
from bots.web.console.chat.desk import ChatParts
from bots.web.console.chat.shown import seen_of, values_of
from bots.web.console.chat.stream import ChatStream
from bots.web.console.chat.uploads import SentFile, sent_files
from bots.web.console.errors import ErrorPages
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.conversations.file_types import PICTURES, Document, Picture, Sound, file_type
from core.conversations.text_files import Decoded
from core.domain import Action, Command
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.storage.console_chat.entries import EntryKind, NewFile
from core.util.log import log

SAY = f"{PATH}/try/say"
ANY_FILE = "application/octet-stream"
LOOKED_AT_CHARS = 4_000
KEY_CHARS = 60
NAME_CHARS = 200
COMMENT_CHARS = 3_000
"""Of a comment on a bad answer, as platforms take them."""


@dataclass(frozen=True, slots=True)
class TryPages:
    """The chat; where there is none, its page says why."""

    parts: ChatParts | None
    stream: ChatStream | None
    model: Callable[[int], str]
    """Which gateway an account's questions are asked of."""
    why_not: T
    renderer: Renderer
    errors: ErrorPages

    def routes(self, guard: Guard) -> Sequence[Route]:
        if self.parts is None:
            return [guard.page("/try", self.explain)]
        talk = _Talk(self.parts, self.renderer, self.errors, self.model)
        live = [guard.page("/live/try", self.stream.follow)] if self.stream is not None else []
        return [
            guard.page("/try", talk.show),
            guard.page("/try/conversation.json", talk.save),
            guard.page("/try/files/{file:int}", talk.file),
            guard.action("/try/say", talk.say, Role.OPERATOR, talk.too_large),
            guard.action("/try/press", talk.press, Role.OPERATOR),
            *live,
        ]

    async def explain(self, visit: Visit) -> Response:
        return self.renderer.page("try.html", visit, why_not=self.why_not, may_send=False)


@dataclass(frozen=True, slots=True)
class _Talk:
    parts: ChatParts
    renderer: Renderer
    errors: ErrorPages
    model: Callable[[int], str]

    async def show(self, visit: Visit) -> Response:
        return await self._page(visit)

    async def save(self, visit: Visit) -> Response:
        """All that stands in the chat, as a file."""
        entries = await self.parts.store.entries(visit.user.id)
        told = [
            {
                "id": each.id,
                "by": "bot" if each.kind is EntryKind.BOT else "you",
                "at": each.at.isoformat(timespec="seconds"),
                "text": each.text,
                "files": [line.name for line in each.files],
            }
            for each in entries
            if each.kind is not EntryKind.IDEAS
        ]
        body = json.dumps({"messages": told}, ensure_ascii=False, indent=1)
        return Response(body, media_type="application/json", headers=_kept("conversation.json"))

    async def file(self, visit: Visit) -> Response:
        """A file of one's own chat: pictures as what they are, anything else as bytes to keep."""
        file_id = int(visit.request.path_params["file"])
        found = await self.parts.store.file(file_id, visit.user.id) if file_id < 2**63 else None
        if found is None:
            return self.errors.missing(visit)
        kind = found.media_type if found.media_type in PICTURES else ANY_FILE
        return Response(found.data, media_type=kind, headers=_kept(found.name))

    async def say(self, visit: Visit) -> Response:
        """Take words and files in. A form that is sent twice says it once."""
        text = visit.form.get("text", "").replace("\r\n", "\n").strip()
        files = [_kind_of(each) for each in sent_files(visit.request)]
        if not text and not files:
            return await self._told(visit, T.CHAT_NOTHING)
        if len(files) > self.parts.most_files:
            return await self._told(visit, T.CHAT_TOO_MANY)
        key = visit.form.get("key", "")[:KEY_CHARS] or uuid.uuid4().hex
        await self.parts.store.say(
            visit.user.id, f"{visit.user.id}-{key}", text, locale=self.renderer.speaks(visit).tag, files=files
        )
        return await self._told(visit)

    async def too_large(self, visit: Visit) -> Response:
        """Tell that words and files were more than is read at once."""
        return await self._told(visit, T.CHAT_TOO_LARGE, 413)

    async def press(self, visit: Visit) -> Response:
        """Take the press of a button in, of an idea for a next question, or of the one for a new conversation."""
        locale, key = self.renderer.speaks(visit).tag, uuid.uuid4().hex
        if "new" in visit.form:
            await self.parts.store.say(visit.user.id, key, Command.RESET.value, locale=locale)
            return await self._told(visit)
        if idea := visit.form.get("idea", ""):
            entry_id, _, index = idea.partition(".")
            words = await self._idea(visit.user.id, number(entry_id), number(index))
            if words:
                await self.parts.store.say(visit.user.id, key, words, locale=locale)
            return await self._told(visit, None if words else T.CHAT_BUTTON_GONE)
        action, turn, value = (visit.form.get("press", "") + "||").split("|")[:3]
        press = {"action": action, "turn": turn, "value": value}
        asks = action == Action.BAD.value and "comment" not in visit.form
        press |= {"more": "1"} if asks else {"comment": visit.form.get("comment", "").strip()[:COMMENT_CHARS]}
        if not await self.parts.store.press(visit.user.id, key, press, locale=locale):
            log.info("console.unknown_button", by=visit.user.name)
            return await self._told(visit, T.CHAT_BUTTON_GONE)
        return await self._told(visit, comment_on=visit.form["press"] if asks else "")

    async def _idea(self, user_id: int, entry_id: int, index: int) -> str:
        found = await self.parts.store.entries(user_id, [entry_id])
        ideas = found[0].ideas if found else ()
        return ideas[index] if index < len(ideas) else ""

    async def _told(
        self, visit: Visit, problem: T | None = None, status: int = 422, comment_on: str = ""
    ) -> Response:
        """What a form gets: where scripts run, a new form or what is wrong; else the page, loaded anew.

        `comment_on`: the button below the answer on which a comment is asked for.
        """
        if visit.request.headers.get("hx-request") == "true":
            is_form = visit.request.url.path == SAY and problem is None
            values = {"problem": problem, "is_form": is_form, "comment_on": comment_on, **self._form()}
            shown = status if status == 413 else 200  # htmx shows no other status of a refusal
            return self.renderer.page("live/chat_sent.html", visit, status=shown, **values)
        if comment_on:
            return await self._page(visit, comment_on=comment_on)
        if problem is None:
            return RedirectResponse(f"{PATH}/try", status_code=303)
        return await self._page(visit, problem, status)

    async def _page(
        self, visit: Visit, problem: T | None = None, status: int = 200, comment_on: str = ""
    ) -> Response:
        may_send = visit.user.role.may(Role.OPERATOR)
        signs = await self.parts.store.signs(visit.user.id)
        entries = await self.parts.store.entries(visit.user.id)
        return await self.renderer.large_page(
            "try.html",
            visit,
            status=status,
            why_not=None,
            problem=problem,
            comment_on=comment_on,
            model=self.model(visit.user.id),
            seen=seen_of(signs),
            **values_of(entries, may_send=may_send),
            **self._form(),
        )

    def _form(self) -> dict[str, Any]:
        return {
            "key": uuid.uuid4().hex,
            "most_files": self.parts.most_files,
            "most_bytes": self.parts.body_bytes,
            "most_mb": self.parts.body_bytes / 1_000_000,
        }


def _kind_of(sent: SentFile) -> NewFile:
    """A file with its kind, which its bytes tell; its name is only shown."""
    name = sent.name.replace("\\", "/").rpartition("/")[2].strip()[:NAME_CHARS] or "file"
    match file_type(sent.data, name, "", most_chars=LOOKED_AT_CHARS):
        case Picture(media_type):
            kind = media_type
        case Sound(format_):
            kind = f"audio/{format_}"
        case Document():
            kind = "application/pdf"
        case Decoded():
            kind = "text/plain"
        case _:
            kind = ANY_FILE
    return NewFile(name, kind, sent.data)


def _kept(name: str) -> dict[str, str]:
    """Headers of a file that is kept and never opened within the console, whatever it is called."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._- ") else "_" for each in name)
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"}
