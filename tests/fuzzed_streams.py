"""Streams that no server should send, and some that one might: mutants of the corpus, and answers made up whole.

A stream is made by a number alone, as in `tests.fuzzing`: a failure names it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from core.aivax.stream.bounds import AnswerBounds
from core.aivax.stream.events import Finished, Text, Thinking, TimelineEvent, Usage
from core.aivax.stream.parser import TimelineParser
from core.domain import AivaxError
from tests.corpus.entries import FOLDER, Entry
from tests.corpus.servers_streams.render import body_of, head_of
from tests.fuzzing import mutant
from tests.scripted_aivax import joined

BOUNDS = AnswerBounds(chars=5_000, body_bytes=200_000, event_bytes=20_000, silent_bytes=60_000)
"""Small enough to be met."""
MOST_CHANGES = 4
SEAMS = (b"\n\n", b"\n", b"\r\n\r\n", b"\r", b"\n\r\n", b"")
JUNK = (
    *(
        b"data: ",
        b"data:",
        b"event: error\n",
        b": ping\n\n",
        b"[DONE]",
        b"data: [DONE]\n\n",
        b"{",
        b"}",
        b'"',
        b"]",
    ),
    *(
        b"\xff",
        b"\x00",
        b"\xef\xbb\xbf",
        b"\xf0\x9f",
        b"\\ud83d",
        b"error: {",
        b"\n",
        b"\r",
        b"<think>",
        b"</think>",
    ),
    *(
        b'{"error":"x"}\n',
        b"[",
        b"data: [",
        b"data: ping\n\n",
        b"id: 1\nretry: x\n",
        b"9" * 400,
        b"[" * 400,
        b"<" * 300,
    ),
)
TAGS = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("◁think▷", "◁/think▷"),
)
WORDS = (
    "Low ",
    "tide ",
    "at four. ",
    "- one\n",
    "`<think>` ",
    "**b** ",
    "é",
    "😀 ",
    "</think> ",
    "[x](y) ",
    "{}",
    "\n\n",
)


@dataclass(frozen=True)
class Outcome:
    """All that came of a stream; what was said or thought in one go is one event."""

    events: tuple[TimelineEvent, ...]
    error: str

    @property
    def text(self) -> str:
        return "".join(each.delta for each in self.events if isinstance(each, Text))


@cache
def samples() -> Sequence[bytes]:
    """The bodies of the corpus."""
    entries = map(Entry, sorted((FOLDER / "servers_streams").glob("*.txt")))
    return [body_of(entry, head_of(entry)) for entry in entries]


@cache
def objects() -> Sequence[Any]:
    """The JSON of all their events and lines."""
    found = []
    for line in b"\n".join(samples()).splitlines():
        try:
            found.append(json.loads(line.removeprefix(b"data:").strip()))
        except ValueError:
            continue
    return [each for each in found if isinstance(each, dict | list)]


def fuzzed(number: int) -> bytes:
    """Make a stream: a mutant of one from the corpus, or of one that is made up."""
    rng = random.Random(number)  # noqa: S311 - repeatable, not secret
    data = rng.choice(samples()) if rng.random() < 0.7 else made_up(rng)[0]
    for _ in range(rng.randint(1, MOST_CHANGES)):
        data = rng.choice(CHANGES)(rng, data)
    return data


def _change_object(rng: random.Random, data: bytes) -> bytes:
    """Put a mutant of one of the corpus' objects in place of a line."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    changed = mutant(objects(), rng.randrange(2**40))
    prefix = b"data: " if rng.random() < 0.8 else b""
    line = prefix + _dumped(changed, as_ascii=rng.random() < 0.5)
    return b"\n".join([*lines[:at], line, *lines[at + rng.randint(0, 1) :]])


def _dumped(value: object, *, as_ascii: bool) -> bytes:
    return json.dumps(value, ensure_ascii=as_ascii).encode("utf-8", "surrogatepass")


def _move_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    start, end = sorted((rng.randrange(len(lines)), rng.randrange(len(lines) + 1)))
    moved = lines[start:end]
    del lines[start:end]
    at = rng.randint(0, len(lines))
    lines[at:at] = moved * rng.choice((0, 1, 1, 2))
    return b"\n".join(lines)


def _change_seams(rng: random.Random, data: bytes) -> bytes:
    seam = rng.choice(SEAMS)
    return data.replace(b"\n\n", seam, rng.choice((1, 2, -1)))


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(JUNK) + data[at:]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.choice((1, 2, 7, 40, 10_000)) :]


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _splice(rng: random.Random, data: bytes) -> bytes:
    other = rng.choice(samples())
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start : start + rng.randint(1, 400)] * rng.choice((2, 5, 60)) + data[start:]


Change = Callable[[random.Random, bytes], bytes]
CHANGES: tuple[Change, ...] = (
    *(_change_object, _change_object, _move_lines, _change_seams, _insert, _delete, _flip, _splice, _repeat),
)


def made_up(rng: random.Random) -> tuple[bytes, str, str]:
    """Make up an answer as some server might send it: its bytes, its words, and its reason."""
    words = "".join([rng.choice(WORDS[:8]), *rng.choices(WORDS, k=rng.randint(0, 11))])
    reason = rng.choice(("stop", "length", "content_filter"))
    tag = rng.choice((*TAGS, None))
    content = words if tag is None else f"{tag[0]}secret{tag[1]}\n\n{words}"
    pieces = _cut(rng, content)
    thoughts = [{"reasoning": "secret"}] * rng.randint(0, 2)
    deltas = [*thoughts, *({"content": piece} for piece in pieces)]
    always = rng.random() < 0.2
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": each, "finish_reason": reason if always else None}]}
        for each in deltas
    ]
    last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": reason}
    if rng.random() < 0.3:
        last["message"] = {"role": "assistant", "content": content}
    chunks.append({"choices": [last]})
    bare = rng.random() < 0.15
    seam = "\n" if bare else rng.choice(("\n\n", "\n", "\r\n\r\n", "\r\r"))
    prefix = "" if bare else rng.choice(("data: ", "data:", "data: data: "))
    lines = [prefix + json.dumps(chunk, ensure_ascii=rng.random() < 0.5) for chunk in chunks]
    if rng.random() < 0.7:
        lines.append(prefix + "[DONE]")
    return (seam.join(lines) + seam).encode(), words, reason


def _cut(rng: random.Random, text: str) -> list[str]:
    places = sorted(rng.randint(0, len(text)) for _ in range(rng.randint(0, 8)))
    return [text[start:end] for start, end in pairwise([0, *places, len(text)])]


def outcome(*pieces: bytes, parser: TimelineParser | None = None) -> Outcome:
    """Read a stream in these pieces, to its end. Raises what is no `AivaxError`."""
    parser = parser or TimelineParser(bounds=BOUNDS)
    events: list[TimelineEvent] = []
    try:
        for piece in pieces:
            for event in parser.feed(piece):
                events.append(event)  # noqa: PERF402  what came before an error counts
            if parser.ended:
                break
        for event in parser.close():
            events.append(event)  # noqa: PERF402
    except AivaxError as error:
        return Outcome(tuple(joined(events)), f"{type(error).__name__} {error}")
    return Outcome(tuple(joined(events)), "")


def cut_at_random(data: bytes, number: int) -> list[bytes]:
    """Cut a stream into pieces as a network might."""
    rng = random.Random(f"cut {number}")  # noqa: S311 - repeatable, not secret
    if rng.random() < 0.1 and len(data) < 4_000:
        return [data[at : at + 1] for at in range(len(data))]
    places = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 12)))
    return [data[start:end] for start, end in pairwise([0, *places, len(data)])]


def fault_of(read: Outcome) -> str:
    """What is wrong with an outcome by itself; `""` where nothing is."""
    kinds = [type(event) for event in read.events]
    if kinds.count(Finished) != (not read.error) or (Finished in kinds[:-1]):
        return "it ends other than once"
    if kinds.count(Usage) > 1:
        return "its cost is told twice"
    for event in read.events:
        if isinstance(event, Text | Thinking):
            event.delta.encode()
            if not event.delta or "\x00" in event.delta:
                return "a piece of text that can't be shown"
    return ""
