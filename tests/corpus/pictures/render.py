"""What becomes of a server's response with pictures or sounds in it.

`given response`: the body as the server sends it, as server-sent events or as one JSON document. The code also gets it
byte by byte, and has to make the same of it.

- `expected text`: what a person reads.
- `expected files`: the files below the answer, one a line: name, media type, size, what they show where that is told.
- `expected history`: the answer as later questions have it.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.aivax.stream.events import Picture, Text, TimelineEvent
from core.aivax.stream.parser import TimelineParser
from core.turns.answer_text import AnswerText, file_name, marker_of
from tests.corpus.entries import Entry, Rendered


def render(entry: Entry) -> Rendered:
    """Read the response, whole and byte by byte."""
    body = entry.given["response"].encode() + b"\n\n"
    whole, in_bytes = (_rendered(_events(pieces)) for pieces in ([body], [bytes([byte]) for byte in body]))
    assert whole == in_bytes
    return whole


def _events(pieces: Iterable[bytes]) -> list[TimelineEvent]:
    parser = TimelineParser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [*found, *parser.close()]


def _rendered(events: Iterable[TimelineEvent]) -> Rendered:
    text, files = AnswerText(), []
    for event in events:
        match event:
            case Text(delta):
                text.say(delta)
            case Picture(data, media_type, alt):
                name = file_name(len(files) + 1, media_type)
                text.mark(marker_of(name, media_type, alt))
                if data:
                    files.append(
                        ", ".join([name, media_type, f"{len(data)} bytes", *([f"alt: {alt}"] if alt else [])])
                    )
    return {"text": text.shown, "files": "\n".join(files), "history": text.remembered}
