"""The stream of a completion becomes a timeline: pure, incremental, and the same however the bytes were cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from core.aivax import error_mapping
from core.aivax.error_text import Scrub, scrub
from core.aivax.stream import chunks
from core.aivax.stream.bounds import DEFAULT_BOUNDS, OVERLONG, AnswerBounds, Room
from core.aivax.stream.chunks import Json
from core.aivax.stream.events import Finished, Text, Thinking, TimelineEvent, ToolCalled, Usage
from core.aivax.stream.sse import EventTooLarge, Payloads
from core.aivax.stream.text_joiner import Joiner
from core.aivax.stream.tool_calls import ToolCalls
from core.domain.errors import AivaxError, AnswerCut, AnswerFailed, Unavailable
from core.domain.messages import ToolActivity

_TOOLS_KEPT = 256


class _Overlong(Exception):  # never leaves this module
    """The answer passed its bounds."""


class TimelineParser:
    """Reads one answer: `feed` bytes as they come, `close` when the connection ends; both yield events.

    Consume each of the two fully before the next call. Usage comes once, right before `Finished`, and also before
    an error. An answer is whole with `[DONE]`, with a finish reason, or as a plain `chat.completion` document.

    An answer that passes its bounds ends at a good place, with the reason `OVERLONG`.

    Raises, after the events before it:
        AnswerCut: the bytes ended before the answer, and some of it was said; `Unavailable` where nothing was.
        AnswerFailed: an error stands in the stream, or bytes that are no events. Before the first visible text
            an error whose code is a status becomes that status' own error, and bytes that are no events
            `Unavailable`.
    """

    def __init__(
        self,
        *,
        credits_spent: float | None = None,
        clean: Scrub = scrub,
        bounds: AnswerBounds = DEFAULT_BOUNDS,
    ) -> None:
        self.said = False
        """Whether visible text, or a tool call that the client must run, was yielded."""
        self.ended = False
        """Whether nothing more will be yielded."""
        self.overlong = False
        """Whether the answer was ended because it passed its bounds."""
        self.credits_spent = credits_spent
        self._clean = clean
        self._bounds = bounds
        self._room = Room(bounds.chars)
        self._body_bytes = 0
        self._silent_bytes = 0
        self._payloads = Payloads(bounds.event_bytes)
        self._text = Joiner()
        self._thinking = Joiner()
        self._tools: dict[str, ToolActivity] = {}
        self._calls = ToolCalls(bounds.event_bytes)
        self._reason = ""
        self._usage: Json = chunks.NOTHING
        self._model = ""

    @property
    def whole(self) -> bool:
        """Whether the answer is complete, though `[DONE]` may still be to come."""
        return bool(self._reason)

    @property
    def open_tools(self) -> tuple[ToolActivity, ...]:
        """The tools that were seen to begin and not seen to end."""
        return tuple(tool for tool in self._tools.values() if not tool.ended)

    def feed(self, data: bytes) -> Iterator[TimelineEvent]:
        """Take bytes as they were read and yield what they complete. After the end they mean nothing."""
        yield from self._bounded(self._fed(data))

    def close(self) -> Iterator[TimelineEvent]:
        """Tell that the connection ended, and yield what is left."""
        yield from self._bounded(self._closed())

    def rest(self) -> Iterator[TimelineEvent]:
        """Yield the text that is held back until more comes: none will."""
        if held := self._room.close():
            self.said = True
            yield Text(held)

    def _bounded(self, events: Iterator[TimelineEvent]) -> Iterator[TimelineEvent]:
        try:
            for event in events:
                self._silent_bytes = 0
                yield event
        except EventTooLarge:
            if self.ended:
                return
            yield from self._broken_off()
            raise self._no_events("event_too_large") from None
        except _Overlong:
            yield from self._broken_off()
            self.ended = self.overlong = True
            yield Finished(OVERLONG)

    def _broken_off(self) -> Iterator[TimelineEvent]:
        yield from self.rest()
        yield from self._costs()

    def _fed(self, data: bytes) -> Iterator[TimelineEvent]:
        if self.ended:
            return
        self._body_bytes += len(data)
        self._silent_bytes += len(data)
        for payload in self._payloads.feed(data):
            yield from self._read(payload)
        if not self.ended:
            yield from self._measured()

    def _measured(self) -> Iterator[TimelineEvent]:
        """Judge how much came so far."""
        if self._body_bytes > self._bounds.body_bytes:
            if self.said:
                raise _Overlong
            raise self._no_events("answer_too_large")
        if self._silent_bytes > self._bounds.silent_bytes:
            yield from self._broken_off()
            raise self._no_events("nothing_said")

    def _closed(self) -> Iterator[TimelineEvent]:
        if self.ended:
            return
        for payload in self._payloads.close():
            with suppress(chunks.NotJson):  # the half of an event that was cut
                yield from self._take(payload)
        if self.whole and not self.ended:
            yield from self._end()
        if not self.ended:
            yield from self._broken_off()
            kind = AnswerCut if self.said else Unavailable
            raise kind(code="cut", detail="the connection closed before the answer was finished")

    def _read(self, payload: bytes) -> Iterator[TimelineEvent]:
        try:
            yield from self._take(payload)
        except chunks.NotJson:
            yield from self._broken_off()
            raise self._no_events("not_json") from None

    def _take(self, payload: bytes) -> Iterator[TimelineEvent]:
        payload = payload.strip()
        if payload == b"[DONE]":
            yield from self._end()
        elif payload and not self.ended:
            if chunks.is_intricate(payload):
                raise EventTooLarge
            yield from self._timeline(chunks.decode(payload))

    def _timeline(self, chunk: Json) -> Iterator[TimelineEvent]:
        self._model = chunks.word(chunk.get("model")) or self._model
        self._usage = chunks.mapping(chunk.get("usage")) or self._usage
        yield from self._activities(chunk.get("servertool"))
        choice = chunks.first(chunk.get("choices"))
        message = chunks.mapping(choice.get("message"))
        yield from self._delta(chunks.mapping(choice.get("delta")) or message)
        reason = chunks.word(choice.get("finish_reason")).lower()
        error = chunk.get("error")
        if error or reason == "error":
            yield from self._flush()
            yield from self._costs()
            raise self._failed(error)
        self._reason = reason or self._reason or ("stop" if message else "")

    def _delta(self, delta: Json) -> Iterator[TimelineEvent]:
        thought = self._thinking.join(chunks.thinking(delta))
        if thought:
            yield Thinking(thought)
        text = self._room.take(self._text.join(chunks.answer_text(delta)))
        if text:
            self.said = True
            yield Text(text)
        if self._room.passed:
            raise _Overlong
        try:
            self._calls.add(delta.get("tool_calls"))
        except ValueError:
            raise EventTooLarge from None

    def _activities(self, value: object) -> Iterator[ToolActivity]:
        for tool in value if isinstance(value, list) else (value,):
            name = chunks.tool_id(chunks.mapping(tool))
            if not name:
                continue
            activity = chunks.activity(chunks.mapping(tool), self._tools.pop(name, None))
            self._tools[name] = activity
            if len(self._tools) > _TOOLS_KEPT:
                del self._tools[next(iter(self._tools))]
            yield activity

    def _end(self) -> Iterator[TimelineEvent]:
        yield from self._flush()
        calls: tuple[ToolCalled, ...] = self._calls.whole()
        for call in calls:
            self.said = True
            yield call
        yield from self._costs()
        self.ended = True
        yield Finished(self._reason or ("tool_calls" if calls else "stop"))

    def _flush(self) -> Iterator[TimelineEvent]:
        text = self._room.take(self._text.close())
        if text:
            self.said = True
            yield Text(text)
        yield from self.rest()

    def _costs(self) -> Iterator[Usage]:
        if self._usage or self.credits_spent is not None:
            yield chunks.usage(self._usage, credits_spent=self.credits_spent, model=self._model)
            self._usage, self.credits_spent = chunks.NOTHING, None

    def _failed(self, error: object) -> AivaxError:
        code, message = error_mapping.error_of(error or {})
        code, message = self._clean(code) or "error", self._clean(message)
        status = error_mapping.status_of(code)
        if self.said:
            return AnswerFailed(status=status, code=code, detail=message)
        if status:
            return error_mapping.of_status(status, code=code, detail=message)
        return error_mapping.of_word(code, message) or AnswerFailed(code=code, detail=message)

    def _no_events(self, code: str) -> AivaxError:
        kind = AnswerFailed if self.said else Unavailable
        return kind(code=code, detail="the stream holds bytes that are no events")
