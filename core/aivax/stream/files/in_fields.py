"""Pictures and sounds that stand in fields of their own, in whichever form a server has for them.

Seen in the wild: `images` of OpenRouter and LiteLLM, parts of OpenAI's, Anthropic's and MCP's content, `inline_data` of
Gemini and of what stands before it (`multi_mod_content`), base64 of picture servers, and `audio` of spoken answers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.aivax.stream.events import Picture
from core.aivax.stream.files.base64_decoder import Base64Decoder, decoded
from core.aivax.stream.files.data_addresses import find_opening
from core.aivax.stream.files.in_text import one_line
from core.util.media_types import media_type_of, sniffed

_OF_PICTURES = ("images", "image")
_OF_ALL_KINDS = ("content", "multi_mod_content", "parts")
_INSIDE = (
    "inline_data",
    "inlineData",
    "image_url",
    "imageUrl",
    "source",
    "image",
    "file",
    "input_audio",
    "output_audio",
)
_BASE64 = ("b64_json", "image_base64", "base64", "result", "file_data", "data", "url")
_ALT = ("alt", "alt_text", "revised_prompt", "title", "filename", "name")
_TYPES = ("media_type", "mime_type", "mimeType", "mediaType")
_KINDS = frozenset(
    (
        "image_url",
        "output_image",
        "image",
        "image_generation_call",
        "input_image",
        "file",
        "audio",
        "output_audio",
    )
)
"""What a part that is a file says of itself."""
_SIGNS = ("inline_data", "inlineData", "image_url", "b64_json")
"""What tells such a part where it says nothing."""
_MOST_DEEP, _MOST_LISTED = 4, 100
_MOST_LINK_CHARS = 2_000
_LOOK_CHARS = 400
_SAMPLES_A_SECOND = 24_000
"""What OpenAI streams as `pcm16`: one channel, two bytes a sample."""


def is_file(part: Mapping[str, Any]) -> bool:
    """Whether a content part is a file, and no text."""
    kind = part.get("type")
    return (isinstance(kind, str) and kind in _KINDS) or any(sign in part for sign in _SIGNS)


class Pictures:
    """Reads the files of an answer, each once, though a server may send it in a delta and in the whole message."""

    def __init__(self, most_bytes: int) -> None:
        """A file of more than `most_bytes` becomes a `Picture` without data."""
        self._most_bytes = most_bytes
        self._seen: set[tuple[int, int]] = set()
        self._sound = Base64Decoder(most_bytes)
        self._has_sound = False
        self.signs = 0
        """How often something new came."""

    def read(self, delta: Mapping[str, Any]) -> Iterator[Picture | str]:
        """Yield what is new in a delta or a message: files, and the addresses of pictures that lie elsewhere."""
        for name in _OF_ALL_KINDS:
            value = delta.get(name)
            parts = value if isinstance(value, list) else [value]
            yield from self.listed([part for part in parts if isinstance(part, Mapping) and is_file(part)])
        for name in _OF_PICTURES:
            yield from self.listed(delta.get(name))

    def listed(self, value: object) -> Iterator[Picture | str]:
        """Yield what is new in a list of files, or in a single one."""
        parts = value if isinstance(value, list) else [value]
        for part in parts[:_MOST_LISTED]:
            found = self._file(part, "", "", _MOST_DEEP)
            if found is not None and self.is_new(found):
                yield found

    def is_new(self, found: Picture | str) -> bool:
        """Whether the same was not there before."""
        whole = (
            found.data or found.alt.encode() if isinstance(found, Picture) else found.encode(errors="replace")
        )
        digest = len(whole), zlib.crc32(whole)  # a cryptographic hash takes longer than all the rest
        if digest in self._seen:
            return False
        self._seen.add(digest)
        self.signs += 1
        return True

    def hear(self, audio: object, *, is_delta: bool) -> bool:
        """Take a piece of a spoken answer; whether there was one. A whole message after the pieces says nothing new."""
        data = audio.get("data") if isinstance(audio, Mapping) else None
        if not isinstance(data, str) or not data or (self._has_sound and not is_delta):
            return False
        self._has_sound = True
        self.signs += 1
        self._sound.feed(data)
        return True

    def sound(self) -> Picture | None:
        """Return what was spoken, once the answer is whole."""
        if not self._has_sound:
            return None
        self._has_sound = False
        data = self._sound.finish()
        if data and not sniffed(data):
            data = _as_wave(data)
        return Picture(data, media_type_of(data, "") if data else "audio/wav", "")

    def _file(self, part: object, kind: str, alt: str, deep: int) -> Picture | str | None:
        """Read one part, wherever in it the file stands; None where it holds none."""
        if isinstance(part, str):
            return self._by_text(part, kind, alt)
        if not isinstance(part, Mapping) or deep == 0 or part.get("thought") is True:
            return None
        kind = _first_text(part, _TYPES) or kind
        alt = _first_text(part, _ALT) or alt
        if isinstance(part.get("text"), str) and not is_file(part):
            return None
        for name in (*_INSIDE, *_BASE64):
            found = self._file(part.get(name), kind, alt, deep - 1)
            if found is not None:
                return found
        return None

    def _by_text(self, text: str, kind: str, alt: str) -> Picture | str | None:
        """Read an address, or base64 by itself."""
        text = text.strip()
        if text[:8].lower().startswith(("http://", "https://")):
            return text if len(text) <= _MOST_LINK_CHARS and not set(text) & set(" \n\r\t<>") else None
        opening = find_opening(text[:_LOOK_CHARS])
        if opening is not None and opening.start == 0:
            text, kind = text[opening.end :], opening.media_type or kind
            if not opening.is_base64:
                return None
        elif not kind and not sniffed(decoded(text[:_LOOK_CHARS], _LOOK_CHARS)):
            return None
        if not text:
            return None
        data = decoded(text, self._most_bytes)
        return Picture(data, media_type_of(data, kind) if data else kind or "image/png", one_line(alt))


def _first_text(part: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((value for name in names if isinstance(value := part.get(name), str) and value), "")


def _as_wave(samples: bytes) -> bytes:
    """Put the header of a WAV file before samples, so that players know them."""
    rate, channels, width = _SAMPLES_A_SECOND, 1, 2
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * width, channels * width, 8 * width)
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVE"
        + b"fmt "
        + struct.pack("<I", len(form))
        + form
    )
    return head + b"data" + struct.pack("<I", len(samples)) + samples
