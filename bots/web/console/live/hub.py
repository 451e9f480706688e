"""Sends the parts of pages that change to all who look at them: read once a process, whatever their number."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bots.web.console.live.topics import Topic
from bots.web.console.rendering import Renderer
from core.console.sign_in import Sessions
from core.domain import BotError
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.util.log import log
from core.util.tasks import TaskSet

AGAIN_AFTER_S = 15.0
"""What did not change is rendered anew so often: it tells how long ago things were."""


@dataclass(eq=False)
class Listener:
    """One connection: it is sent what is newest, whatever it missed."""

    topic: Topic
    session: str
    """The digest of its session's token."""
    speaks: ConsoleTranslator
    html: str | None = None
    has_ended: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, html: str) -> None:
        if html != self.html:
            self.html = html
            self.changed.set()

    def end(self) -> None:
        self.has_ended = True
        self.changed.set()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many may look at once, and how often it is looked for them."""

    connections: int
    of_session: int
    interval_s: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was last read of a topic, and its parts by their language."""

    read: Any
    at: datetime
    parts: dict[str, str]


class Hub:
    """Everybody who looks at a page that updates itself, in this process."""

    def __init__(
        self,
        sessions: Sessions,
        renderer: Renderer,
        bounds: Bounds,
        now: Callable[[], datetime],
        stop: asyncio.Event,
    ) -> None:
        """Once `stop` is set every connection ends, and none is taken any more."""
        self._sessions = sessions
        self._renderer = renderer
        self._bounds = bounds
        self._now = now
        self._stop = stop
        self._listeners: set[Listener] = set()
        self._seen: dict[Topic, _Seen] = {}
        self._tasks = TaskSet()
        self._reader: asyncio.Task[None] | None = None

    def has_room(self, session: str) -> bool:
        """Whether one more may look."""
        theirs = Counter(each.session for each in self._listeners)[session]
        is_full = len(self._listeners) >= self._bounds.connections
        return not (self._stop.is_set() or is_full or theirs >= self._bounds.of_session)

    @asynccontextmanager
    async def listening(
        self, topic: Topic, session: str, speaks: ConsoleTranslator
    ) -> AsyncIterator[Listener]:
        """Follow a topic while the context is open; as long as anybody does, somebody reads."""
        listener = Listener(topic, session, speaks)
        self._listeners.add(listener)
        if self._reader is None or self._reader.done():
            self._reader = self._tasks.start(self._read(), name="console live")
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _read(self) -> None:
        while self._listeners and not self._stop.is_set():
            try:
                await self._look()
            except BotError as error:
                log.warning("console.live_failed", cause=f"{type(error).__name__}: {error}")
            except Exception:
                log.exception("console.live_crashed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._bounds.interval_s):
                    await self._stop.wait()
        for listener in self._listeners:
            listener.end()
        self._seen.clear()

    async def _look(self) -> None:
        """Read what is followed, once each, and send what changed; end whose session has ended."""
        listeners = list(self._listeners)
        still_open = await self._sessions.open_among({each.session for each in listeners})
        for listener in listeners:
            if listener.session not in still_open:
                listener.send(self._renderer.part("live/ended.html", listener.speaks, text=T.LIVE_ENDED))
                listener.end()
        current = [each for each in listeners if not each.has_ended]
        self._seen = {
            topic: self._seen[topic] for topic in {each.topic for each in current} & self._seen.keys()
        }
        for kind in {each.topic.kind for each in current}:
            theirs = [each for each in current if each.topic.kind is kind]
            read = await kind.read({each.topic.key for each in theirs})
            for listener in theirs:
                await self._tell(listener, read.get(listener.topic.key))

    async def _tell(self, listener: Listener, read: Any) -> None:
        """Send what was read, rendered once for all who follow it in one language."""
        if read is None:
            return
        seen, now = self._seen.get(listener.topic), self._now()
        if seen is None or seen.read != read or (now - seen.at).total_seconds() >= AGAIN_AFTER_S:
            seen = self._seen[listener.topic] = _Seen(read, now, {})
        tag = listener.speaks.tag
        if tag not in seen.parts:
            seen.parts[tag] = await asyncio.to_thread(
                listener.topic.html, self._renderer, read, listener.speaks
            )
        listener.send(seen.parts[tag])


async def events(listener: Listener, heartbeat_s: float) -> AsyncIterator[bytes]:
    """What goes over the wire: each new part as an event `update`, a comment where nothing changes, at last `end`."""
    yield b"retry: 5000\n\n"
    sent: str | None = None
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(heartbeat_s):
                await listener.changed.wait()
        is_silent = not listener.changed.is_set()
        listener.changed.clear()
        if listener.html is not None and listener.html is not sent:
            sent = listener.html
            yield event("update", sent)
        if listener.has_ended:
            yield event("end", "")
            return
        if is_silent:
            yield b": \n\n"


def event(name: str, text: str) -> bytes:
    """One event; no line of the text can become a field of its own."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()
