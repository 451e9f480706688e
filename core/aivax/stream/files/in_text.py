"""Files inside the visible text become `Picture`s in their place, however the text was cut into pieces.

In code they stay, as examples that people ask for, unless they are so long that nobody reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.aivax.stream.events import Picture
from core.aivax.stream.files.base64_decoder import Base64Decoder, Decoder, EscapedDecoder
from core.aivax.stream.files.data_addresses import (
    Around,
    Opening,
    alt_in,
    closing_of,
    find_opening,
    undecided_from,
)
from core.markdown.fences import Fence, fence_after_line
from core.util.media_types import media_type_of, sniffed
from core.util.text import shorten

ALT_CHARS = 200
EXAMPLE_CHARS = 2_000
"""What is up to this long stays where it stands in code."""
SHORT_CHARS = 200
"""What stands by itself and is up to this long stays where it is no file that is known."""
_LINE_CHARS = 400
_LOOK_CHARS = 40
_PIECE_CHARS = 16_384
"""What is looked at in one go, so that what is left of a long text is not copied for each file in it."""

_OF_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_%-"
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=_%-]")
_NO_ESCAPED = re.compile(r"[)\"\s<>]")
_NEXT_LINE = re.compile(r"\r?\n[ \t]{0,8}(?=[A-Za-z0-9+/=_%-])")
_NEXT_LONG_LINE = re.compile(r"\r?\n(?=[A-Za-z0-9+/=_-]{16})")


_Step = tuple[str | Picture | None, bool]
"""What is known now, and whether the rest may tell more."""


def one_line(alt: str) -> str:
    """Bring the words about a picture into one line, without what would end a marker of it."""
    return shorten(" ".join(alt.replace("[", "(").replace("]", ")").split()), ALT_CHARS)


@dataclass(slots=True)
class _File:
    """A file that is being read."""

    opening: Opening
    head: str
    """What stands before it and is its own: `![cat](data:image/png;base64,`."""
    keeps_chars: int
    """Up to so many characters it may still turn out to be text, and is kept as it came."""
    is_code: bool
    decoder: Decoder
    kept: list[str] = field(default_factory=list)
    chars: int = 0
    is_padded: bool = False
    data: bytes | None = None
    """Its bytes, once it is over and only what closes it is still to come."""

    def take(self, text: str) -> None:
        self.chars += len(text)
        if self.chars <= self.keeps_chars:
            self.kept.append(text)
        self.is_padded = text.endswith("=") if text else self.is_padded
        self.decoder.feed(text)

    @property
    def stops(self) -> re.Pattern[str]:
        """What is no part of it."""
        return _NO_BASE64 if self.opening.is_base64 else _NO_ESCAPED

    def takes_all(self, text: str) -> bool:
        """Whether a text is surely all its own, found out in a tenth of the time that looking for its end takes."""
        is_plain = self.opening.is_base64 and text.isascii()
        return is_plain and not text.encode().translate(None, _OF_BASE64)

    def padding_end(self, text: str) -> int | None:
        """Where in what may follow the padding of base64 is over, and with it the file; None where it goes on."""
        at = 0 if self.is_padded else text.find("=")
        if at < 0:
            return None
        end = len(text) - len(text[at:].lstrip("="))
        return end if end < len(text) else None

    def is_text(self, data: bytes) -> bool:
        """Whether it is none after all."""
        if self.chars > self.keeps_chars:
            return False
        return not self.chars or self.is_code or not self.opening.is_told or not sniffed(data)

    @property
    def literal(self) -> str:
        return self.head + "".join(self.kept)


class InlineFiles:
    """Takes files out of a text that comes in pieces."""

    def __init__(self, most_bytes: int) -> None:
        """A file of more than `most_bytes` becomes a `Picture` without data."""
        self._most_bytes = most_bytes
        self._text = ""
        self._last = ""
        """What was said last: in the middle of a word no file begins."""
        self._file: _File | None = None
        self._code = _Code()

    @property
    def is_inside(self) -> bool:
        """Whether a file is being read, of which nothing shows yet."""
        return self._file is not None

    def feed(self, text: str) -> Iterator[str | Picture]:
        """Yield what is known now of the text, with its files in their places."""
        for at in range(0, len(text), _PIECE_CHARS):
            self._text += text[at : at + _PIECE_CHARS]
            yield from self._read(ended=False)

    def close(self) -> Iterator[str | Picture]:
        """Yield what is left: nothing more comes. A file that should have been closed and was not is cut off."""
        yield from self._read(ended=True)
        if (file := self._file) is not None:
            is_whole = file.data is not None or file.opening.around is Around.NOTHING
            found = self._end(file, is_whole=is_whole)
            yield self._leave(file, "") if found is None else found

    def _read(self, *, ended: bool) -> Iterator[str | Picture]:
        while True:
            if self._file is None:
                found, goes_on = self._look(ended=ended)
            elif self._file.data is None:
                found, goes_on = self._go_on(self._file, ended=ended)
            else:
                found, goes_on = self._look_for_closing(self._file, ended=ended)
            if found:
                yield found
            if not goes_on:
                return

    def _look(self, *, ended: bool) -> _Step:
        """Say the text up to the next file, and open that."""
        skip, text = len(self._last), self._last + self._text
        opening = find_opening(text, skip)
        if opening is None:
            at = len(text) if ended else undecided_from(text, skip)
            self._text = text[at:]
            return self._said(text[skip:at]), False
        before = self._said(text[skip : opening.start])
        self._text, self._last = text[opening.end :], ""
        is_code = self._code.is_inside
        alone = SHORT_CHARS if opening.around is Around.NOTHING else 0
        decoder = (Base64Decoder if opening.is_base64 else EscapedDecoder)(self._most_bytes)
        keeps = EXAMPLE_CHARS if is_code else alone
        self._file = _File(opening, text[opening.start : opening.end], keeps, is_code, decoder)
        return before, True

    def _go_on(self, file: _File, *, ended: bool) -> _Step:
        """Take what is the file's, up to its end."""
        stop = None if file.takes_all(self._text) else file.stops.search(self._text)
        at = stop.start() if stop else len(self._text)
        if file.opening.is_base64 and (padding := file.padding_end(self._text[:at])) is not None:
            at = padding
        file.take(self._text[:at])
        self._text = self._text[at:]
        if not self._text:
            return None, False
        if file.opening.is_base64 and self._text[0] in "\r\n":
            next_line = _NEXT_LINE if file.opening.around is not Around.NOTHING else _NEXT_LONG_LINE
            if broken := next_line.match(self._text):
                file.take(broken[0])
                self._text = self._text[broken.end() :]
                return None, True
            if not ended and len(self._text) < _LOOK_CHARS:
                return None, False
        return self._end(file, is_whole=True), True

    def _end(self, file: _File, *, is_whole: bool) -> str | None:
        """Close the file; its text where it is none."""
        if file.data is not None:
            return None
        data = file.decoder.finish()
        if file.is_text(data):
            self._file = None
            return self._said(file.literal)
        file.data = data if is_whole else b""
        return None

    def _look_for_closing(self, file: _File, *, ended: bool) -> _Step:
        at = closing_of(self._text, file.opening.around)
        if at is None and not ended:
            return None, False
        closing, self._text = self._text[: at or 0], self._text[at or 0 :]
        return self._leave(file, closing), True

    def _leave(self, file: _File, closing: str) -> Picture:
        self._file = None
        data = file.data or b""
        alt = file.opening.alt or (alt_in(closing) if file.opening.around is Around.HTML else "")
        kind = (
            media_type_of(data, file.opening.media_type) if data else file.opening.media_type or "image/png"
        )
        return Picture(data, kind, one_line(alt))

    def _said(self, text: str) -> str:
        self._last = text[-1:] or self._last
        self._code.pass_over(text)
        return text


class _Code:
    """Knows whether the end of a text that grows stands in code."""

    def __init__(self) -> None:
        self._fence: Fence | None = None
        self._line = ""
        self._marks = 0

    @property
    def is_inside(self) -> bool:
        return self._fence is not None or self._marks % 2 == 1

    def pass_over(self, text: str) -> None:
        """Take what follows."""
        *lines, last = text.split("\n")
        for line in lines:
            self._fence = fence_after_line((self._line + line)[:_LINE_CHARS], self._fence)
            self._line, self._marks = "", 0
        self._marks += last.count("`")
        self._line = (self._line + last)[:_LINE_CHARS]
