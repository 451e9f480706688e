"""The ordinary chunks of an answer, many at once: words or thinking in the form of OpenAI, and nothing else of meaning.

Nearly all of an answer is made of them, so they are decoded and joined at a fiftieth of what the liberal reading of
`core.aivax.stream.chunks` costs. Only fields are known here that have no meaning there, or the same: bytes with any
other are not ordinary, and are read there. `tests/test_ordinary_chunks.py` holds both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

Nothing = Literal[""] | tuple[()] | None
"""What servers send in place of a field that they leave out."""


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["assistant", ""] | None = None
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_details: Nothing = None
    refusal: Nothing = None
    tool_calls: Nothing = None
    function_call: Nothing = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _Delta
    index: int = 0
    finish_reason: Literal[""] | None = None
    native_finish_reason: str | None = None
    stop_reason: None = None
    matched_stop: None = None
    token_ids: None = None
    logprobs: None = None
    content_filter_results: msgspec.Raw = msgspec.Raw()


class _Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_Choice]
    id: str | int | None = None
    object: Literal["chat.completion.chunk"] | None = None
    created: int | float | None = None
    model: str | None = None
    provider: str | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    obfuscation: str | None = None
    p: str | None = None
    usage: dict[str, Any] | None = None
    servertool: None = None
    generation_context: None = None
    error: None = None


class Run(NamedTuple):
    """Thinking, and then words, that chunks in a row say."""

    thought: str
    words: str
    deltas: int
    """How many of the chunks say something."""
    texts: int
    """How many of them say words."""


class Said(NamedTuple):
    """What some chunks say."""

    runs: Sequence[Run]
    """In their order; at least one."""
    model: str
    provider: str
    usage: Mapping[str, Any]
    """What is told last of the model, of who ran it, and of tokens; empty where nothing is."""


_CHUNKS = msgspec.json.Decoder(_Chunk)
_TEXTS = msgspec.json.Decoder(list[str])
_BROKEN = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoders raise."""
_BEGINNINGS = (b"data: {", b"data:{")
_END = b"\n\n"
_NUL = b"\\u0000"
_CONTENT = re.compile(rb'"content": ?"((?:[^"\\]|\\.)*)"')


class OrdinaryChunks:
    """Reads whole events of one answer."""

    def __init__(self) -> None:
        self._frame: _Frame | None = None

    def read(self, events: bytes) -> Said | None:
        """Read events, each with the blank line that ends it; None where one of them is not ordinary."""
        texts = self._frame.texts_in(events) if self._frame else None
        if texts is not None:
            words = "".join(texts)
            count = len(texts) - texts.count("")
            return Said((Run("", words, count, count),), "", "", {})
        chunks = _chunks_in(events)
        if chunks is None:
            return None
        self._frame = _frame_of(events, chunks[-1])
        return _said_in(chunks)


class _Frame:
    """The bytes around the words of chunks that differ in nothing else, as most of an answer do.

    With them taken out, all that is left to decode is a list of texts.
    """

    def __init__(self, before: bytes, behind: bytes) -> None:
        self._before = before
        self._behind = behind
        self._between = behind + before

    def texts_in(self, events: bytes) -> list[str] | None:
        """The words of the chunks; None where one of them has another frame, or its words end with a backslash."""
        if not (events.startswith(self._before) and events.endswith(self._behind)):
            return None
        count = events.count(self._between) + 1
        found = events[len(self._before) : -len(self._behind)].replace(self._between, b'","')
        if b'\\","' in found:  # it might hide the quotation mark that is to end it
            return None
        try:
            texts = _TEXTS.decode(b'["%b"]' % found)
        except _BROKEN:
            return None
        return texts if len(texts) == count else None


def _frame_of(events: bytes, last: _Chunk) -> _Frame | None:
    """What stands around the words of the last chunk, if words are all that it brings."""
    delta = last.choices[0].delta
    before = events.rfind(_END, 0, -len(_END))
    event = events[before + len(_END) :] if before >= 0 else events
    found = _CONTENT.search(event)
    if (
        found is None
        or event.count(b'"content"') > 1
        or last.usage
        or delta.reasoning
        or delta.reasoning_content
    ):
        return None
    frame = _Frame(event[: found.start(1)], event[found.end(1) :])
    return frame if frame.texts_in(event) == [delta.content] else None


def _said_in(chunks: Sequence[_Chunk]) -> Said:
    runs: list[Run] = []
    thought = words = model = provider = ""
    usage: Mapping[str, Any] = {}
    deltas = texts = 0
    for chunk in chunks:
        delta = chunk.choices[0].delta
        said = delta.content or ""
        thinks = delta.reasoning or delta.reasoning_content or ""
        if thinks and words:
            runs.append(Run(thought, words, deltas, texts))
            thought, words, deltas, texts = "", "", 0, 0
        if thinks or said:
            thought += thinks
            words += said
            deltas += 1
            texts += bool(said)
        model = chunk.model or model
        provider = chunk.provider or provider
        usage = chunk.usage or usage
    runs.append(Run(thought, words, deltas, texts))
    return Said(runs, model, provider, usage)


def _chunks_in(events: bytes) -> list[_Chunk] | None:
    """Decode all of them in one go, as lines: that each line is one of them, and whole, is made sure of."""
    beginning = next((each for each in _BEGINNINGS if events.startswith(each)), None)
    if beginning is None or _NUL in events or b"\r" in events:
        return None
    lines = events[len(beginning) - 1 : -len(_END)].replace(_END + beginning[:-1], b"\n")
    more = lines.count(b"\n")
    if lines.count(b"}\n{") != more:
        return None
    try:
        chunks = _CHUNKS.decode_lines(lines)
    except _BROKEN:
        return None
    return chunks if len(chunks) == more + 1 else None
