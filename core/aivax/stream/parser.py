"""The stream of a completion becomes a timeline: pure, incremental, and the same however the bytes were cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from core.aivax import error_mapping
from core.aivax.error_text import Scrub, scrub
from core.aivax.stream import chunks, finish_reasons
from core.aivax.stream.bounds import DEFAULT_BOUNDS, OVERLONG, AnswerBounds
from core.aivax.stream.chunks import Json
from core.aivax.stream.events import Finished, TimelineEvent
from core.aivax.stream.fragments import ToolCalls
from core.aivax.stream.native_forms import answer_in, choice_in
from core.aivax.stream.ordinary import OrdinaryChunks
from core.aivax.stream.reported_errors import error_in, error_in_words, may_be_an_error
from core.aivax.stream.sse import EventTooLarge, Kind, Payload, Payloads
from core.aivax.stream.timeline import Overlong, Timeline
from core.aivax.stream.values import is_done, objects_in
from core.aivax.stream.words import Words
from core.domain import AivaxError, AnswerCut, AnswerFailed, ToolActivity, Unavailable

_FIELDS_TOLD = 8


class TimelineParser:
    """Reads one answer: `feed` bytes as they come, `close` when the connection ends; both yield events.

    Consume each of the two fully before the next call. Usage comes once, right before `Finished`, and also before
    an error. An answer is whole with `[DONE]`, or, when the connection ends, with a finish reason or as a plain
    `chat.completion` document. What comes behind a finish reason still belongs to it.

    An answer that passes its bounds ends at a good place, with the reason `OVERLONG`.

    Raises, after the events before it:
        AnswerCut: the bytes ended before the answer, and some of it was said; `Unavailable` where nothing was.
        AnswerFailed: an error stands in the stream, or bytes that are no events. Before the first visible text
            the error becomes the one that its status or its word means, and bytes that are no events
            `Unavailable`.
    """

    def __init__(
        self,
        *,
        credits_spent: float | None = None,
        clean: Scrub = scrub,
        bounds: AnswerBounds = DEFAULT_BOUNDS,
        is_open: bool = False,
    ) -> None:
        """`is_open`: the answer begins with thinking whose opening tag stands in the prompt."""
        self.ended = False
        """Whether nothing more will be yielded."""
        self.overlong = False
        """Whether the answer was ended because it passed its bounds."""
        self.is_disproved = False
        """Whether the answer went on behind a finish reason: the next one may not be its end either."""
        self.credits_spent = credits_spent
        self._clean = clean
        self._bounds = bounds
        self._timeline = Timeline(bounds)
        self._body_bytes = 0
        self._payloads = Payloads(bounds.event_bytes)
        self._ordinary = OrdinaryChunks()
        self._words = Words(is_open=is_open)
        self._calls = ToolCalls(bounds.event_bytes)
        self._called = False
        self._reason = ""
        self._is_doubtful = False
        self._odd_fields = ""
        self._suspect: Json = chunks.NOTHING
        self._usage: Json = chunks.NOTHING
        self._model = ""
        self._provider = ""

    @property
    def said(self) -> bool:
        """Whether visible text, a picture, or a tool call that the client must run, was yielded."""
        return self._timeline.said or self._called

    @property
    def whole(self) -> bool:
        """Whether the answer seems complete, though `[DONE]`, or even more of it, may still be to come.

        A finish reason that comes with thinking, or before it, is no word to rely on while nothing was said.
        """
        return bool(self._reason) and (self.said or not self._is_doubtful)

    @property
    def signs(self) -> int:
        """How often text, thinking, a picture or a tool showed that the answer goes on."""
        return self._words.signs + self._calls.signs + self._timeline.signs

    @property
    def lacked_opening(self) -> bool:
        """Whether a closing tag came behind thinking that no tag opened."""
        return self._words.lacked_opening

    @property
    def open_tools(self) -> tuple[ToolActivity, ...]:
        """The tools that were seen to begin and not seen to end."""
        return self._timeline.open_tools

    def feed(self, data: bytes) -> Iterator[TimelineEvent]:
        """Take bytes as they were read and yield what they complete. After the end they mean nothing."""
        return self._events_of(partial(self._read, data))

    def close(self) -> Iterator[TimelineEvent]:
        """Tell that the connection ended, and yield what is left."""
        return self._events_of(self._read_end)

    def rest(self) -> Iterator[TimelineEvent]:
        """Yield the text that is held back until more comes: none will."""
        return self._events_of(self._show_rest)

    def _events_of(self, read: Callable[[], None]) -> Iterator[TimelineEvent]:
        """Read on, and yield what came of it: an error is raised after the events before it."""
        failure: AivaxError | None = None
        try:
            if not self.ended:
                read()
        except AivaxError as error:
            failure = error
        except EventTooLarge:
            if not self.ended:
                failure = self._not_events("event_too_large")
        except Overlong:
            self._timeline.show_held()
            self._tell_costs()
            self.ended = self.overlong = True
            self._timeline.emit(Finished(OVERLONG))
        yield from self._timeline.take_events()
        if failure is not None:
            raise failure

    def _show_rest(self) -> None:
        with suppress(Overlong):
            self._say_all()

    def _say_all(self) -> None:
        self._timeline.end(*self._words.close())

    def _break_off(self) -> None:
        """Say what is left of an answer that ends before its end."""
        self._show_rest()
        self._tell_costs()

    def _read(self, data: bytes) -> None:
        self._body_bytes += len(data)
        self._timeline.silent_bytes += len(data)
        try:
            if data.startswith(b"\n"):  # it was cut inside of the blank line behind an event
                self._read_liberally(b"\n")
                data = data[1:]
            self._read_liberally(self._read_ordinary(data))
        except chunks.NotJson:
            raise self._not_events("not_json") from None
        if self.ended:
            return
        if self._body_bytes > self._bounds.body_bytes:
            if self.said:
                raise Overlong
            raise self._not_events("answer_too_large")
        if self._timeline.silent_bytes > self._bounds.silent_bytes:
            raise self._not_events("nothing_said")

    def _read_liberally(self, data: bytes) -> None:
        for payload in self._payloads.feed(data):
            self._take(payload)

    def _read_ordinary(self, data: bytes) -> bytes:
        """Take what is ordinary, all at once; return what is left to be read liberally: the rest, or all of it."""
        events, rest = self._payloads.whole_events(data)
        found = None if self._reason or self.ended else self._ordinary.read(events)
        if found is None:
            return data
        self._payloads.skip()
        if found.model != self._model:
            self._model = chunks.word(found.model) or self._model
        if found.provider != self._provider:
            self._provider = chunks.word(found.provider) or self._provider
        self._usage = found.usage or self._usage
        for run in found.runs:
            self._timeline.say(*self._words.take_run(*run))
        return rest

    def _read_end(self) -> None:
        for payload in self._payloads.close():
            with suppress(chunks.NotJson):  # the half of an event that was cut
                self._take(payload)
        if (self._reason or self._words.is_document) and not self.ended:
            self._end()
        if not self.ended:
            self._break_off()
            raise self._cut()

    def _cut(self) -> AivaxError:
        """What an answer is that ended before its end, or never was one."""
        words = error_in_words(self._payloads.plain)
        if not self.said and (self._suspect or words):
            told = self._suspect or {"message": words}
            return error_mapping.of_event(told, said=False, clean=self._clean)
        if self.said or not self._odd_fields:
            kind = AnswerCut if self.said else Unavailable
            return kind(code="cut", detail="the connection closed before the answer was finished")
        detail = f"a body without an answer; its fields: {self._odd_fields}"
        return Unavailable(code="no_answer", detail=self._clean(detail))

    def _take(self, payload: Payload) -> None:
        if is_done(payload) and not self.ended:
            self._end()
        if not self.ended:
            for chunk in objects_in(payload):
                self._take_chunk(chunk, payload.kind)

    def _take_chunk(self, chunk: Json, kind: Kind) -> None:
        chunk = answer_in(chunk)
        choice = choice_in(chunk)
        signs, had_reason = self.signs, bool(self._reason)
        self._note_costs(chunk)
        self._timeline.take_tools(chunk.get("servertool"))
        self._timeline.say(*self._words.take(choice))
        if self._timeline.take_files(chunk, choice):
            self._reason = self._reason or finish_reasons.STOP
        self._take_calls(choice)
        error = error_in(chunk, choice, named=kind is Kind.ERROR, alone=kind is Kind.BODY)
        self._take_reason(finish_reasons.named(choice.get("finish_reason")), error)
        if self.signs > signs:
            self.is_disproved = self.is_disproved or had_reason
            self._is_doubtful = self._is_doubtful or bool(self._reason)
        if not choice and may_be_an_error(chunk):
            self._suspect = chunk
        if kind is Kind.BODY and not choice and "choices" not in chunk:
            self._odd_fields = ", ".join(list(chunk)[:_FIELDS_TOLD])

    def _take_reason(self, name: str, error: object | None) -> None:
        """Take why the answer ends, if it does. Raises where that is a failure."""
        reason = finish_reasons.meaning(name)
        if error is not None or reason == finish_reasons.FAILED:
            self._break_off()
            raise error_mapping.of_event(error, said=self.said, clean=self._clean)
        if reason == finish_reasons.BROKEN_OFF:
            self._break_off()
            kind = AnswerCut if self.said else Unavailable
            raise kind(code=self._clean(name), detail="the service broke the answer off")
        if reason == finish_reasons.FILTERED and self._words.refused:
            reason = finish_reasons.STOP  # what was held back is told in the model's own words
        self._reason = reason or self._reason

    def _note_costs(self, chunk: Json) -> None:
        head = chunks.mapping(
            chunk.get("message")
        )  # Anthropic's events name the model in the first one alone
        self._model = chunks.word(chunk.get("model")) or chunks.word(head.get("model")) or self._model
        self._provider = chunks.word(chunk.get("provider")) or self._provider
        self._usage = chunks.mapping(chunk.get("usage")) or self._usage
        if (told := chunks.cost(chunk)) is not None:
            self.credits_spent = told

    def _take_calls(self, choice: Json) -> None:
        """Take the calls of a delta; those of a message where no delta had any."""
        for fields in (chunks.mapping(choice.get("delta")), chunks.mapping(choice.get("message"))):
            calls = fields.get("tool_calls") or fields.get("function_call")
            if calls and (fields is choice.get("delta") or not self._calls.are_any):
                self._calls.add(calls if isinstance(calls, list) else [{"function": calls}])

    def _end(self) -> None:
        self._say_all()
        calls = self._calls.whole()
        if self._suspect and not (self.said or calls or self._reason):
            self._tell_costs()
            raise self._cut()
        for call in calls:
            self._called = True
            self._timeline.emit(call)
        self._timeline.end_tools()
        self._tell_costs()
        self.ended = True
        self._timeline.emit(Finished(self._reason or ("tool_calls" if calls else "stop")))

    def _tell_costs(self) -> None:
        if self._usage or self.credits_spent is not None:
            spent, names = self.credits_spent, {"model": self._model, "provider": self._provider}
            self._timeline.emit(chunks.usage(self._usage, credits_spent=spent, **names))
            self._usage, self.credits_spent = chunks.NOTHING, None

    def _not_events(self, code: str) -> AivaxError:
        """End with what was held back, the costs, and this error: the bytes are no events."""
        self._break_off()
        kind = AnswerFailed if self.said else Unavailable
        return kind(code=code, detail="the stream holds bytes that are no events")
