"""Files that a model made, as attachments of a message of their own below the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import aiohttp
import discord

from bots.discord.events.payloads import number_of, parts_of
from bots.discord.events.sdk_message import WholeMessage
from core.domain import MadeFile

DESCRIPTION_CHARS = 1024
"""Discord's limit for the words about an attachment."""


def as_sent(files: Sequence[MadeFile]) -> list[discord.File]:
    """Make files ready to be sent, once: sending reads them to their end."""
    return [
        discord.File(BytesIO(file.data), file.name, description=file.alt[:DESCRIPTION_CHARS] or None)
        for file in files
    ]


def as_form(payload: dict[str, Any], files: Sequence[MadeFile]) -> aiohttp.FormData:
    """Make the body of a request that we write ourselves; for every try a new one."""
    listed = [
        {"id": number, "filename": file.name, "description": file.alt[:DESCRIPTION_CHARS] or None}
        for number, file in enumerate(files)
    ]
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps({**payload, "attachments": listed}))
    for number, file in enumerate(files):
        form.add_field(
            f"files[{number}]", file.data, filename=file.name, content_type="application/octet-stream"
        )
    return form


def shows(message: discord.Message, files: Sequence[MadeFile]) -> bool:
    """Tell whether a message is the one that shows these files: Discord may change their names, not their sizes."""
    raw = message.raw if isinstance(message, WholeMessage) else {}
    sizes = [number_of(each, "size") for each in parts_of(raw, "attachments")]
    return bool(files) and sizes == [len(each.data) for each in files]
