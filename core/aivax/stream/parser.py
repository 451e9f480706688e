"""The stream of a completion becomes a timeline: pure, incremental, and the same however the bytes were cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from core.aivax import error_mapping
from core.aivax.error_text import Scrub, scrub
from core.aivax.stream import chunks, finish_reasons
from core.aivax.stream.bounds import DEFAULT_BOUNDS, OVERLONG, AnswerBounds, Room
from core.aivax.stream.chunks import Json
from core.aivax.stream.events import Finished, Picture, Text, Thinking, TimelineEvent
from core.aivax.stream.files.in_fields import Pictures
from core.aivax.stream.files.in_text import InlineFiles
from core.aivax.stream.fragments import ToolCalls
from core.aivax.stream.reported_errors import error_in, error_in_words
from core.aivax.stream.sse import EventTooLarge, Kind, Payload, Payloads
from core.aivax.stream.values import is_done, objects_in
from core.aivax.stream.words import Words
from core.domain import AivaxError, AnswerCut, AnswerFailed, ToolActivity, Unavailable

_TOOLS_KEPT = 256
_FIELDS_TOLD = 8
_MOST_FILES = 200
"""Pictures, and files of other kinds, that one answer may hold, kept or not: more are a server's fault."""


class _Overlong(Exception):  # never leaves this module
    """The answer passed its bounds."""


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
        self.said = False
        """Whether visible text, a picture, or a tool call that the client must run, was yielded."""
        self.ended = False
        """Whether nothing more will be yielded."""
        self.overlong = False
        """Whether the answer was ended because it passed its bounds."""
        self.is_disproved = False
        """Whether the answer went on behind a finish reason: the next one may not be its end either."""
        self.credits_spent = credits_spent
        self._clean = clean
        self._bounds = bounds
        self._events: list[TimelineEvent] = []
        self._room = Room(bounds.chars)
        self._body_bytes = 0
        self._silent_bytes = 0
        self._payloads = Payloads(bounds.event_bytes)
        self._words = Words(is_open=is_open)
        self._inline = InlineFiles(bounds.file_bytes)
        self._pictures = Pictures(bounds.file_bytes)
        self._begins_line = True
        self._files = 0
        self._tool_signs = 0
        self._tools: dict[str, ToolActivity] = {}
        self._calls = ToolCalls(bounds.event_bytes)
        self._reason = ""
        self._is_doubtful = False
        self._odd_fields = ""
        self._usage: Json = chunks.NOTHING
        self._model = ""

    @property
    def whole(self) -> bool:
        """Whether the answer seems complete, though `[DONE]`, or even more of it, may still be to come.

        A finish reason that comes with thinking, or before it, is no word to rely on while nothing was said.
        """
        return bool(self._reason) and (self.said or not self._is_doubtful)

    @property
    def signs(self) -> int:
        """How often text, thinking, a picture or a tool showed that the answer goes on."""
        return self._words.signs + self._tool_signs + self._pictures.signs

    @property
    def lacked_opening(self) -> bool:
        """Whether a closing tag came behind thinking that no tag opened."""
        return self._words.lacked_opening

    @property
    def open_tools(self) -> tuple[ToolActivity, ...]:
        """The tools that were seen to begin and not seen to end."""
        return tuple(tool for tool in self._tools.values() if not tool.ended)

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
        except _Overlong:
            self._show_held()
            self._tell_costs()
            self.ended = self.overlong = True
            self._emit(Finished(OVERLONG))
        events, self._events = self._events, []
        yield from events
        if failure is not None:
            raise failure

    def _emit(self, event: TimelineEvent) -> None:
        self._events.append(event)
        self._silent_bytes = 0

    def _say(self, thought: str, words: str) -> None:
        if thought:
            self._emit(Thinking(thought))
        self._show_found(self._inline.feed(words))
        if self._is_full:
            raise _Overlong
        if self._inline.is_inside:
            self._silent_bytes = 0

    def _show_found(self, found: Iterable[str | Picture]) -> None:
        """Show text as far as there is room for it, and the files that stood in it, each once."""
        for each in found:
            if self._is_full:
                return
            if isinstance(each, str):
                self._begins_line = each.endswith("\n")
                self._show(self._room.take(each))
            elif self._pictures.is_new(each):
                self._show_file(each)

    @property
    def _is_full(self) -> bool:
        return self._room.passed or self._files > _MOST_FILES

    def _show_file(self, picture: Picture) -> None:
        self.said = True
        self._files += 1
        self._emit(picture)

    def _show(self, text: str) -> None:
        if text:
            self.said = True
            self._emit(Text(text))

    def _show_rest(self) -> None:
        with suppress(_Overlong):
            self._say_all()

    def _show_held(self) -> None:
        self._show(self._room.close())

    def _say_all(self) -> None:
        self._say(*self._words.close())
        self._show_found(self._inline.close())
        if (sound := self._pictures.sound()) is not None:
            self._show_file(sound)
        self._show_held()

    def _break_off(self) -> None:
        """Say what is left of an answer that ends before its end."""
        with suppress(_Overlong):
            self._say_all()
        self._tell_costs()

    def _read(self, data: bytes) -> None:
        self._body_bytes += len(data)
        self._silent_bytes += len(data)
        try:
            for payload in self._payloads.feed(data):
                self._take(payload)
        except chunks.NotJson:
            raise self._not_events("not_json") from None
        if self.ended:
            return
        if self._body_bytes > self._bounds.body_bytes:
            if self.said:
                raise _Overlong
            raise self._not_events("answer_too_large")
        if self._silent_bytes > self._bounds.silent_bytes:
            raise self._not_events("nothing_said")

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
        if not self.said and (words := error_in_words(self._payloads.plain)):
            return error_mapping.of_event({"message": words}, said=False, clean=self._clean)
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
        chunk = chunks.answer_in(chunk)
        choice = chunks.first(chunk.get("choices"))
        signs, had_reason = self.signs, bool(self._reason)
        self._note_costs(chunk)
        self._take_tools(chunk.get("servertool"))
        self._say(*self._words.take(choice))
        self._take_files(chunk, choice)
        self._take_calls(choice)
        error = error_in(chunk, choice, named=kind is Kind.ERROR, alone=kind is Kind.BODY)
        self._take_reason(finish_reasons.named(choice.get("finish_reason")), error)
        if self.signs > signs:
            self.is_disproved = self.is_disproved or had_reason
            self._is_doubtful = self._is_doubtful or bool(self._reason)
        if kind is Kind.BODY and "choices" not in chunk:
            self._odd_fields = ", ".join(list(chunk)[:_FIELDS_TOLD])

    def _take_files(self, chunk: Json, choice: Json) -> None:
        """Take pictures and sounds: of a delta, of a whole message, of a server that knows nothing but pictures."""
        for name in ("delta", "message"):
            fields = chunks.mapping(choice.get(name))
            for found in self._pictures.read(fields):
                self._take_file(found)
            if self._pictures.hear(fields.get("audio"), is_delta=name == "delta"):
                self._silent_bytes = 0
        if "choices" not in chunk:
            for found in self._pictures.listed(chunk.get("data")):
                self._take_file(found)
                self._reason = self._reason or finish_reasons.STOP

    def _take_file(self, found: Picture | str) -> None:
        """Show a picture; one that lies elsewhere is a link in a line of its own."""
        if isinstance(found, Picture):
            self._show_file(found)
        else:
            self._show_found([found if self._begins_line else f"\n{found}"])

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
        self._model = chunks.word(chunk.get("model")) or self._model
        self._usage = chunks.mapping(chunk.get("usage")) or self._usage
        if (told := chunks.cost(chunk)) is not None:
            self.credits_spent = told

    def _take_calls(self, choice: Json) -> None:
        """Take the calls of a delta; those of a message where no delta had any."""
        for fields in (chunks.mapping(choice.get("delta")), chunks.mapping(choice.get("message"))):
            calls = fields.get("tool_calls") or fields.get("function_call")
            if calls and (fields is choice.get("delta") or not self._calls.are_any):
                self._calls.add(calls if isinstance(calls, list) else [{"function": calls}])
                self._tool_signs += 1

    def _take_tools(self, value: object) -> None:
        for tool in map(chunks.mapping, value if isinstance(value, list) else (value,)):
            if name := chunks.tool_id(tool):
                self._tools[name] = activity = chunks.activity(tool, self._tools.pop(name, None))
                if len(self._tools) > _TOOLS_KEPT:
                    del self._tools[next(iter(self._tools))]
                self._emit(activity)
                self._tool_signs += 1

    def _end(self) -> None:
        self._say_all()
        calls = self._calls.whole()
        for call in calls:
            self.said = True
            self._emit(call)
        self._tell_costs()
        self.ended = True
        self._emit(Finished(self._reason or ("tool_calls" if calls else "stop")))

    def _tell_costs(self) -> None:
        if self._usage or self.credits_spent is not None:
            self._emit(chunks.usage(self._usage, credits_spent=self.credits_spent, model=self._model))
            self._usage, self.credits_spent = chunks.NOTHING, None

    def _not_events(self, code: str) -> AivaxError:
        """End with what was held back, the costs, and this error: the bytes are no events."""
        self._break_off()
        kind = AnswerFailed if self.said else Unavailable
        return kind(code=code, detail="the stream holds bytes that are no events")
