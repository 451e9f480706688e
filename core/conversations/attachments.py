"""A file that came with a question becomes a content part, or a name where it can't."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import structlog

from core.aivax.requests import AudioPart, FilePart, ImagePart, Part, TextPart, data_url
from core.conversations.framing import plain_name
from core.errors import PlatformError
from core.messages import Attachment, Blob
from core.ports import Frontend

log = structlog.get_logger(__name__)

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
TEXTUAL = frozenset({"application/json", "application/xml", "application/x-yaml", "application/toml"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """The parts that go to the model, and the names of the files that could not."""

    parts: tuple[Part, ...]
    skipped: tuple[str, ...]
    media: tuple[str, ...] = ()
    """Names of those parts that are more than text: they need a balance of their own."""


async def fetch_parts(
    frontend: Frontend, attachments: tuple[Attachment, ...], *, most: int, most_bytes: int
) -> Fetched:
    """Fetch up to `most` attachments of at most `most_bytes` each. One that can't be read never fails the turn."""
    parts: list[Part] = []
    media: list[str] = []
    skipped = [attachment.name for attachment in attachments[most:]]
    for attachment in attachments[:most]:
        part = await _part(frontend, attachment, most_bytes)
        if part is None:
            skipped.append(attachment.name)
        else:
            parts.append(part)
            if not isinstance(part, TextPart):
                media.append(attachment.name)
    return Fetched(tuple(parts), tuple(skipped), tuple(media))


async def _part(frontend: Frontend, attachment: Attachment, most_bytes: int) -> Part | None:
    kind = _media_type(attachment.media_type)
    if attachment.size_bytes > most_bytes or not _readable(kind):
        log.info("attachment.skipped", media_type=kind, size_bytes=attachment.size_bytes)
        return None
    try:
        blob = await frontend.fetch(attachment.ref, most_bytes)
    except PlatformError as error:
        log.warning("attachment.unreadable", media_type=kind, cause=str(error))
        return None
    return _as_part(attachment.name, kind, blob)


def _as_part(name: str, kind: str, blob: Blob) -> Part | None:
    if kind in IMAGES:
        return ImagePart(url=data_url(blob.data, kind))
    if kind in AUDIO_FORMATS:
        return AudioPart(data=base64.b64encode(blob.data).decode(), format=AUDIO_FORMATS[kind])
    if kind == "application/pdf":
        return FilePart(filename=name, file_data=data_url(blob.data, kind))
    try:
        return TextPart(f"[file: {plain_name(name)}]\n{blob.data.decode()}")
    except UnicodeDecodeError:
        return None


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _readable(kind: str) -> bool:
    known = kind in IMAGES or kind in AUDIO_FORMATS or kind in TEXTUAL or kind == "application/pdf"
    return known or kind.startswith("text/")
