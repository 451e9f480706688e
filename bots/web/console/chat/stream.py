"""`/console/live/try`: the chat as it goes on, by server-sent events.

`all` brings the whole list, where the page shows another one than there is; `update` the entries that changed since,
each for its own place; `end` says that nothing more comes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from bots.web.console.chat.desk import ChatParts
from bots.web.console.chat.shown import is_awaited, said, seen_of, shown, values_of
from bots.web.console.live.hub import event
from bots.web.console.live.pages import HEARTBEAT_S, NOT_KEPT
from bots.web.console.rendering import Renderer
from bots.web.console.security.tokens import digest
from bots.web.console.visit import Visit
from core.console.sign_in import Sessions
from core.domain import BotError
from core.domain.console import ConsoleSession, Role
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.storage.console_chat.entries import EntryKind, Sign
from core.util.log import log

RESTED_S = 1.5
"""For how long an answer must stand unchanged until a screen reader is told it."""


@dataclass(slots=True)
class _Page:
    """What one page shows."""

    user_id: int
    session: str
    """The digest of its session's token."""
    visitor: ConsoleSession
    speaks: ConsoleTranslator
    may_send: bool = False
    signs: Sequence[Sign] = ()
    untold: bool = False
    """Whether an answer changed since a screen reader was told."""


@dataclass(slots=True)
class ChatStream:
    """Every page that follows a chat, in this process."""

    parts: ChatParts
    sessions: Sessions
    admits: Callable[[ConsoleSession], ConsoleSession | None]
    """Judges who looks by the settings of now, as the guard does; None: they are let in no more."""
    renderer: Renderer
    stop: asyncio.Event
    connections: int
    of_session: int
    _open: Counter[str] = field(default_factory=Counter)

    async def follow(self, visit: Visit) -> Response:
        """The stream for a page that shows what `seen` names."""
        session = digest(visit.token)
        is_full = self._open.total() >= self.connections or self._open[session] >= self.of_session
        if is_full or self.stop.is_set():
            return PlainTextResponse("Too many pages are open.", status_code=503)
        if visit.session is None:
            return PlainTextResponse("Nobody is signed in.", status_code=403)
        page = _Page(visit.user.id, session, visit.session, self.renderer.speaks(visit))
        self._is_let_in(page)
        events = self._events(page, visit.query.get("seen", ""))
        return StreamingResponse(events, media_type="text/event-stream", headers=NOT_KEPT)

    async def _events(self, page: _Page, seen: str) -> AsyncIterator[bytes]:
        self._open[page.session] += 1
        try:
            with self.parts.news.looking(page.user_id) as changed:
                yield b"retry: 2000\n\n"
                async for part in self._changes(page, seen, changed):
                    yield part
        except BotError as error:  # the browser comes back by itself
            log.warning("console.chat_stream_lost", cause=f"{type(error).__name__}: {error}")
        finally:
            self._open[page.session] -= 1
            self._open += Counter()  # without those that have none

    async def _changes(self, page: _Page, seen: str, changed: asyncio.Event) -> AsyncIterator[bytes]:
        page.signs = await self.parts.store.signs(page.user_id)
        if seen_of(page.signs) != seen:
            yield event("all", await self._whole(page))
        while not self.stop.is_set():
            news = await self._wait(changed, RESTED_S if page.untold else HEARTBEAT_S)
            could_send = page.may_send
            if not (self._is_let_in(page) and await self.sessions.open_among({page.session})):
                yield event("all", self.renderer.part("live/ended.html", page.speaks, text=T.LIVE_ENDED))
                break
            if page.may_send is not could_send:
                yield event("all", await self._whole(page))
            async for part in self._due(page, news=news):
                yield part
        yield event("end", "")

    def _is_let_in(self, page: _Page) -> bool:
        """Whether they may still look, and note whether they may send."""
        admitted = self.admits(page.visitor)
        page.may_send = admitted is not None and admitted.user.role.may(Role.OPERATOR)
        return admitted is not None

    async def _due(self, page: _Page, *, news: bool) -> AsyncIterator[bytes]:
        before, now = page.signs, await self.parts.store.signs(page.user_id)
        page.signs = now
        if now == before:
            if not news and page.untold:
                page.untold = False
                entries = await self.parts.store.entries(page.user_id)
                yield event("update", self._part(page, "live/chat_said.html", {"text": said(entries)}))
            elif not news:
                yield b": \n\n"
        elif not before or not now:
            page.untold = True
            yield event("all", await self._whole(page))
        else:
            yield event("update", await self._changed(page, before, now))

    async def _whole(self, page: _Page) -> str:
        entries = await self.parts.store.entries(page.user_id)
        return await asyncio.to_thread(
            lambda: self._part(page, "live/chat.html", values_of(entries, may_send=page.may_send))
        )

    async def _changed(self, page: _Page, before: Sequence[Sign], now: Sequence[Sign]) -> str:
        old, known = set(before), {each.id for each in before}
        fresh = [each.id for each in now if each not in old]
        entries = await self.parts.store.entries(page.user_id, {*fresh, now[-1].id})
        page.untold |= any(each.kind is EntryKind.BOT and each.id in fresh for each in entries)

        def render() -> str:
            drawn = shown([each for each in entries if each.id in fresh])
            empty = set(fresh) - {each.entry.id for each in drawn}
            values = {
                "changed": [each for each in drawn if each.entry.id in known],
                "new": [each for each in drawn if each.entry.id not in known],
                "gone": sorted((known - {each.id for each in now}) | (empty & known)),
                "is_awaited": is_awaited(entries),
                "may_send": page.may_send,
            }
            return self._part(page, "live/chat_changes.html", values)

        return await asyncio.to_thread(render)

    def _part(self, page: _Page, template: str, values: Mapping[str, Any]) -> str:
        return self.renderer.part(template, page.speaks, **values)

    async def _wait(self, changed: asyncio.Event, within_s: float) -> bool:
        """Whether something changed within that time; the process's end is nothing that changes."""
        waiting = [asyncio.ensure_future(each.wait()) for each in (changed, self.stop)]
        try:
            await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            return changed.is_set()
        finally:
            changed.clear()
            for each in waiting:
                each.cancel()
