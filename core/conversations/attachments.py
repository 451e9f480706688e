"""A file that came with a question becomes a content part, or a name where it can't, and its author is told why."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.aivax.request import AudioPart, FilePart, ImagePart, Inline, Part, TextPart, data_url
from core.conversations.framing import plain_name
from core.domain import Attachment, Blob, Frontend, PlatformError, Translator
from core.i18n import Phrase
from core.settings import LimitsSettings
from core.util.log import log
from core.util.text import shorten

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
AUDIO_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/webm": "webm",
    "audio/flac": "flac",
}
MOST_UTF8_BYTES = 4
"""Of one character."""
TEXTUAL = frozenset({"application/json", "application/xml", "application/x-yaml", "application/toml"})
MOST_NAMES = 10
NAME_CHARS = 80


class Why(StrEnum):
    """Why a file, or a part of it, is not shown to the model."""

    KIND = "kind"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_LARGE_TOGETHER = "too_large_together"
    TEXT_CUT = "text_cut"
    """Its beginning is shown, at most."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that the model is not shown, or not all of."""

    name: str
    why: Why


@dataclass(frozen=True, slots=True)
class Fetched:
    """The parts that go to the model, and the files that could not."""

    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]
    media: tuple[str, ...] = ()
    """Names of those parts that are more than text: they need a balance of their own."""

    @property
    def skipped(self) -> tuple[str, ...]:
        """The names of the files that the model sees nothing of."""
        return tuple(each.name for each in self.left_out if each.why is not Why.TEXT_CUT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files of a question that are to be fetched, each with the most bytes that it may have."""

    files: tuple[tuple[Attachment, int], ...]
    left_out: tuple[LeftOut, ...]

    @property
    def size_bytes(self) -> int:
        """The room that all of them may need."""
        return sum(most_bytes for _, most_bytes in self.files)


def choose(attachments: Iterable[Attachment], limits: LimitsSettings, *, most_in_all: int) -> Wanted:
    """Choose, before anything is fetched, the files that the limits have room for: at most `most_in_all` bytes.

    A file whose size is not told counts as the largest that there may be.
    """
    files: list[tuple[Attachment, int]] = []
    left_out: list[LeftOut] = []
    left_bytes = min(limits.attachment_total_bytes, most_in_all)
    for attachment in attachments:
        size = attachment.size_bytes if attachment.size_bytes > 0 else limits.attachment_bytes
        if not _readable(_media_type(attachment.media_type)):
            why = Why.KIND
        elif len(files) >= limits.attachments:
            why = Why.TOO_MANY
        elif size > limits.attachment_bytes:
            why = Why.TOO_LARGE
        elif size > left_bytes:
            why = Why.TOO_LARGE_TOGETHER
        else:
            files.append((attachment, size))
            left_bytes -= size
            continue
        log.info("attachment.skipped", why=why.value, size_bytes=attachment.size_bytes)
        left_out.append(LeftOut(attachment.name, why))
    return Wanted(tuple(files), tuple(left_out))


async def fetch_parts(frontend: Frontend, wanted: Wanted, *, text_chars: int) -> Fetched:
    """Fetch the chosen files, of texts at most `text_chars` in all. One that can't be read never fails the turn."""
    parts: list[Part] = []
    media: list[str] = []
    left_out = list(wanted.left_out)
    for attachment, most_bytes in wanted.files:
        blob = await _blob(frontend, attachment, most_bytes)
        part = _as_part(attachment, blob, text_chars) if blob is not None else None
        if part is None:
            left_out.append(LeftOut(attachment.name, Why.UNREADABLE))
        elif isinstance(part, _Text):
            text_chars -= len(part.text)
            if part.is_cut:
                left_out.append(LeftOut(attachment.name, Why.TEXT_CUT))
            parts.append(part.as_part(attachment.name))
        else:
            parts.append(part)
            media.append(attachment.name)
    return Fetched(tuple(parts), tuple(left_out), tuple(media))


async def _blob(frontend: Frontend, attachment: Attachment, most_bytes: int) -> Blob | None:
    try:
        blob = await frontend.fetch(attachment.ref, most_bytes)
    except PlatformError as error:
        log.warning("attachment.unreadable", media_type=_media_type(attachment.media_type), cause=str(error))
        return None
    return blob if len(blob.data) <= most_bytes else None


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    is_cut: bool

    def as_part(self, name: str) -> TextPart:
        rest = "\n[the rest of this file is left out]" if self.is_cut else ""
        return TextPart(f"[file: {plain_name(name)}]\n{self.text}{rest}")


def _as_part(attachment: Attachment, blob: Blob, text_chars: int) -> Part | _Text | None:
    kind = _media_type(attachment.media_type)
    if kind in IMAGES:
        return ImagePart(url=data_url(blob.data, kind))
    if kind in AUDIO_FORMATS:
        return AudioPart(data=Inline(blob.data), format=AUDIO_FORMATS[kind])
    if kind == "application/pdf":
        return FilePart(filename=attachment.name, file_data=data_url(blob.data, kind))
    return _beginning(blob.data, text_chars)


def _beginning(data: bytes, most_chars: int) -> _Text | None:
    """Decode no more of a text than is wanted; None where it is none."""
    most_bytes = most_chars * MOST_UTF8_BYTES
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(
            data[:most_bytes], final=len(data) <= most_bytes
        )
    except UnicodeDecodeError:
        return None
    return _Text(text[:most_chars], is_cut=len(data) > most_bytes or len(text) > most_chars)


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _readable(kind: str) -> bool:
    known = kind in IMAGES or kind in AUDIO_FORMATS or kind in TEXTUAL or kind == "application/pdf"
    return known or kind.startswith("text/")


SENTENCES = {
    Why.KIND: Phrase.ATTACHMENT_KIND,
    Why.UNREADABLE: Phrase.ATTACHMENT_SKIPPED,
    Why.TOO_LARGE: Phrase.ATTACHMENT_TOO_LARGE,
    Why.TOO_MANY: Phrase.ATTACHMENTS_TOO_MANY,
    Why.TOO_LARGE_TOGETHER: Phrase.ATTACHMENTS_TOO_LARGE,
    Why.TEXT_CUT: Phrase.ATTACHMENT_TEXT_CUT,
}
"""What people are told of files that the model was not shown, or not all of."""


def sentences_of(left_out: Sequence[LeftOut], limits: LimitsSettings, translator: Translator) -> list[str]:
    """One sentence for each reason, in the order of the files; of very many files it names the first ones."""
    names: dict[Why, list[str]] = {}
    for each in left_out:
        names.setdefault(each.why, []).append(shorten(each.name, NAME_CHARS))
    person_bytes = int(limits.attachment_memory_bytes * limits.person_share)
    most: dict[Why, float] = {
        Why.TOO_LARGE: _mb(limits.attachment_bytes),
        Why.TOO_MANY: limits.attachments,
        Why.TOO_LARGE_TOGETHER: _mb(min(limits.attachment_total_bytes, person_bytes)),
        Why.TEXT_CUT: limits.attachment_text_chars,
    }
    return [
        translator.say(SENTENCES[why], name=_listed(found), most=most.get(why))
        for why, found in names.items()
    ]


def _mb(size_bytes: int) -> float:
    return round(size_bytes / 1_000_000, 2)


def _listed(names: Sequence[str]) -> str:
    more = " …" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
