"""The files of a message: its own, those of what it forwards, and those that only embeds and components show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from bots.discord.events.address import FileRef
from bots.discord.events.blocks import media_in
from bots.discord.events.names import MOST_FORWARDS
from bots.discord.events.payloads import as_id, id_of, line_of, number_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import Json
from core.domain import Attachment

MOST_FILES = 40
"""How many files of a message are looked at; Discord takes 10, in components no more than there may be of those."""
UNKNOWN = "application/octet-stream"
LONGEST_TYPE = 200
"""How many characters of a file\'s type are read: it is the uploader\'s to choose."""
_UPLOADED = re.compile(r"/attachments/[0-9]{1,20}/(?P<id>[0-9]{1,20})/(?P<name>[^/?#]{1,400})")


@dataclass(frozen=True, slots=True)
class File:
    """A file as a message tells of it."""

    id: int
    name: str
    url: str
    media_type: str = UNKNOWN
    size_bytes: int = 0


def files_in(raw: Any) -> list[File]:
    """List a message's files, each once."""
    snapshots = [part_of(each, "message") for each in parts_of(raw, "message_snapshots")[:MOST_FORWARDS]]
    found: dict[int, File] = {}
    for each in (raw, *snapshots):
        for file in _files_of(each):
            if len(found) < MOST_FILES:
                found.setdefault(file.id, file)
    return list(found.values())


def attachments_in(raw: Any, channel: int, message: int) -> tuple[Attachment, ...]:
    """Describe a message's files to the core."""
    return tuple(attachment_of(file, channel, message) for file in files_in(raw))


def attachment_of(file: File, channel: int, message: int = 0) -> Attachment:
    """Describe a file to the core. One that belongs to no message can't be asked for again."""
    ref = FileRef(channel=channel, message=message, attachment=file.id, url=file.url)
    return Attachment(str(ref), file.name, file.media_type, size_bytes=file.size_bytes)


def file_of(given: Any) -> File | None:
    """Read an attachment object; None where it has no id. One without an address can still be asked for."""
    if not (id_ := id_of(given, "id")):
        return None
    name = line_of(given, "filename")
    if title := line_of(given, "title"):
        # Discord keeps the name that it had to change as a title, without its ending
        ending = PurePosixPath(name).suffix
        name = title if title.endswith(ending) else f"{title}{ending}"
    size = max(0, number_of(given, "size"))
    return File(id_, name or f"file-{id_}", text_of(given, "url"), _media_type(given), size)


def _files_of(raw: Json) -> Iterator[File]:
    yield from filter(None, map(file_of, parts_of(raw, "attachments")))
    for embed in parts_of(raw, "embeds"):
        if text_of(embed, "type") == "rich":
            yield from filter(None, (_shown(part_of(embed, name)) for name in ("image", "thumbnail")))
    yield from filter(None, map(_shown, media_in(raw)))


def _shown(media: Json) -> File | None:
    """Read a picture or file that was uploaded to be shown inside a message; None for one from elsewhere."""
    url = text_of(media, "url")
    if (found := _UPLOADED.search(url)) is None:
        return None
    id_ = as_id(media.get("attachment_id")) or int(found["id"])
    name = line_of(media, "filename") or unquote(found["name"])
    return File(id_, name, url, _media_type(media), max(0, number_of(media, "size")))


def _media_type(given: Json) -> str:
    kind, _, more = text_of(given, "content_type")[:LONGEST_TYPE].lower().partition(";")
    kind = kind.strip()
    if text_of(given, "waveform") and kind.startswith("video/"):
        return f"audio/{kind.removeprefix('video/')}"  # of the apps' voice messages, which show no picture
    # of texts that are no UTF-8 Discord guesses the encoding, which is better than nothing
    told = more.strip() if kind and "charset=" in more and "utf-8" not in more and "ascii" not in more else ""
    return f"{kind}; {told}" if told else kind or UNKNOWN
