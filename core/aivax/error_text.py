"""What a service says of an error, made fit for a log: one short line without keys, and without what people wrote.

The cost is bounded whatever was asked: a text of the service is looked at up to `LOOKED_AT_CHARS`, and of the
request only a sample, `SAMPLE_CHARS` in all. It is paid only when there is an error to tell.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cache
from urllib.parse import quote_from_bytes, unquote

from core.util.text import shorten

Scrub = Callable[[str], str]

DETAIL_CHARS = 300
LOOKED_AT_CHARS = 4_000
SAMPLE_CHARS = 100_000
"""Of all that was asked, the newest first: as much as the limits of one question let in, and most of a history."""
TEXT_CHARS = 50_000
"""Of one text, half from its beginning and half from its end."""

_WINDOW_CHARS = 600
_ECHO_CHARS = 16
_STRIDE = _ECHO_CHARS // 2
"""Every run of `_ECHO_CHARS` holds a whole block of this length that begins at a multiple of it."""
_PIECE_CHARS = 8
_SHORTEST_KEY = 4
_MASK = "***"
_KEY_LIKE = re.compile(
    r"(?i)\b(?:sk|pk|oky|xox\w|key)[-_][\w.\-]{5,}[\w\-]|\b(?:bearer|basic)\s+[\w.\-+/=~]{6,}|api[-_]key=[^&\s]+"
    r"|\*\*\*[-_][\w.\-]{5,}[\w\-]"  # the rest of another key that begins like ours
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_ENCODINGS_DEEP = 3


def scrub(text: str, *, keys: Iterable[str] = (), said: Callable[[], str] | str = "") -> str:
    """Shorten a foreign text to one line and take out keys, whatever looks like one, and echoes of what was said.

    A key is found in whole and in pieces of 8 letters and digits, with anything else between them, behind the
    escapes of JSON, URLs and HTML, and as base64 or hexadecimal digits. `said` is a `sample_of` the request, or
    makes one when it is needed.
    """
    line = one_line(_unescaped(text[:LOOKED_AT_CHARS]))[:_WINDOW_CHARS]
    for key in keys:
        line = _without_key(line, key)
    if len(line) >= _ECHO_CHARS:
        line = _without_echoes(line, said if isinstance(said, str) else said())
    line = _KEY_LIKE.sub(_MASK, line)
    return shorten(line, DETAIL_CHARS)


def sample_of(texts: Sequence[str]) -> str:
    """A bounded sample of texts, the last ones first, in the form in which `scrub` compares them."""
    left = SAMPLE_CHARS
    chosen: list[str] = []
    for text in reversed(texts):
        if left <= 0:
            break
        most = min(TEXT_CHARS, left)
        whole = text if len(text) <= most else f"{text[: most // 2]}\n{text[-(most // 2) :]}"
        chosen.append(one_line(whole))
        left -= len(whole)
    return "\0".join(chosen)


def one_line(text: str) -> str:
    """Join words by single blanks, without what can't be printed and without what JSON puts before quotes."""
    line = " ".join(text.replace("\\n", " ").replace("\\", "").split())
    return line if line.isprintable() else "".join(filter(str.isprintable, line))


def _unescaped(text: str) -> str:
    """Undo the escapes of JSON, URLs and HTML, also where one stands in another."""
    for _ in range(_ENCODINGS_DEEP):
        plain = _ESCAPE.sub(lambda found: chr(int(found.group(1) or found.group(2), 16)), text)
        plain = html.unescape(unquote(plain))
        if plain == text:
            break
        text = plain
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_key(line: str, key: str) -> str:
    if len(key) < _SHORTEST_KEY:
        return line
    line = line.replace(one_line(key), _MASK)
    letters = [at for at, char in enumerate(line) if char.isalnum()]
    return _masked(line, letters, _PIECE_CHARS, _pieces(key))


@cache
def _pieces(key: str) -> frozenset[str]:
    """The pieces that are already hidden of each form of a key, in letters and digits."""
    raw = key.encode("utf-8", "replace")
    forms = [key, quote_from_bytes(raw), raw.hex(), raw.hex().upper()]
    for before in range(3):  # base64 looks different at each of three places
        coded = base64.b64encode(b"\0" * before + raw).decode()
        whole = coded[4 if before else 0 :].rstrip("=")[:-1]
        forms += [whole, whole.replace("+", "-").replace("/", "_")]
    return frozenset[str]().union(
        *(_runs("".join(filter(str.isalnum, form)), _PIECE_CHARS) for form in forms)
    )


def _without_echoes(line: str, said: str) -> str:
    """Mask every run that was said and is too long to stand there by chance."""
    windows, blocks = _runs(line, _ECHO_CHARS), _runs(line, _STRIDE)
    around: set[str] = set()
    for at in range(0, len(said) - _STRIDE + 1, _STRIDE):
        if said[at : at + _STRIDE] in blocks:
            around.add(said[max(at - _STRIDE, 0) : at + _ECHO_CHARS])  # once, however often it was said
    echoed = windows & set[str]().union(*(_runs(each, _ECHO_CHARS) for each in around))
    return _masked(line, range(len(line)), _ECHO_CHARS, echoed)


def _runs(text: str, chars: int) -> set[str]:
    """Every run of so many characters."""
    return {text[at : at + chars] for at in range(len(text) - chars + 1)}


def _masked(line: str, places: Sequence[int], chars: int, told: Container[str]) -> str:
    """Mask every run of so many characters that is among `told`, read at `places` alone, with what lies between."""
    text = "".join(line[at] for at in places)
    hidden = bytearray(len(line))
    for at in range(len(text) - chars + 1):
        if text[at : at + chars] in told:
            first, last = places[at], places[at + chars - 1]
            hidden[first : last + 1] = b"\1" * (last + 1 - first)
    shown = "".join("\0" if hide else char for char, hide in zip(line, hidden, strict=True))
    return re.sub("\0+", _MASK, shown)
