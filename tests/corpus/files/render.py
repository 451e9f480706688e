"""What becomes of the files of a question: what the model is shown, and what its author is told.

`given files` is a list of objects: `name`, `told` (the platform's type), and its bytes as `hex`, or as `text` in an
`encoding`; `times` repeats them; `gone` or `unreachable` in place of bytes. `given limits` are settings of `[limits]`.
A picture, a sound and a document are shown in round brackets, with the type that the model is told.
"""

from __future__ import annotations

import json
from typing import Any

from core.aivax.request import AudioPart, FilePart, ImagePart, Inline, Part, TextPart
from core.conversations.attachments import choose, fetch_parts
from core.conversations.left_out import sentences_of
from core.domain import Attachment, Blob, FileGone, PlatformError
from core.i18n import LocaleTranslator
from core.settings import LimitsSettings
from tests.corpus.entries import Entry
from tests.stage import FakePlatform


async def render(entry: Entry) -> dict[str, str]:
    """Choose, fetch and read the files as a question's own."""
    platform, files = FakePlatform(), []
    for number, given in enumerate(entry.json("files")):
        ref = f"F{number}"
        platform.files[ref] = _fetched(given)
        size = given.get("size", len(_bytes(given)))
        files.append(Attachment(ref, given["name"], given["told"], size))
    limits = LimitsSettings.model_validate(json.loads(entry.given.get("limits", "{}")))
    wanted = choose(files, limits, most_in_all=limits.attachment_memory_bytes)
    fetched = await fetch_parts(platform, wanted, text_chars=limits.attachment_text_chars)
    told = sentences_of(fetched.left_out, limits, LocaleTranslator())
    return {"model": "\n".join(map(_shown, fetched.parts)), "person": "\n".join(told)}


def _fetched(given: dict[str, Any]) -> Blob | PlatformError:
    if given.get("gone"):
        return FileGone("fake", code="gone")
    if given.get("unreachable"):
        return PlatformError("fake", code="unreachable")
    return Blob(_bytes(given), given["told"])


def _bytes(given: dict[str, Any]) -> bytes:
    data = bytes.fromhex(given.get("hex", "")) + given.get("text", "").encode(given.get("encoding", "utf-8"))
    return data * int(given.get("times", 1))


def _shown(part: Part) -> str:
    match part:
        case TextPart(text):
            return text
        case ImagePart(url):
            assert isinstance(url, Inline)
            return f"(picture: {url.prefix.removeprefix('data:').removesuffix(';base64,')})"
        case AudioPart(_, kind):
            return f"(sound: {kind})"
        case FilePart(name):
            return f"(document: {name})"
