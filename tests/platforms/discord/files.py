"""Attached files: signed addresses that expire after a day, and what is downloaded from them."""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .model import Attachment
from .world import World, as_id

LIFE_S = 86_400


@dataclass(frozen=True)
class Blob:
    """A file as it goes over the wire."""

    data: bytes
    content_type: str


def payload(world: World, attachment: Attachment) -> dict[str, Any]:
    """Writes an attachment, with an address freshly signed."""
    upload = attachment.upload
    url = upload.url or f"{world.base_url}/cdn{signed_path(world, attachment)}"
    data = {
        "id": str(attachment.id),
        "filename": upload.name,
        "size": len(upload.data) if upload.claimed_size is None else upload.claimed_size,
        "url": url,
        "proxy_url": url,
    }
    if upload.content_type is not None:
        data["content_type"] = upload.content_type
    elif upload.guessed_type is not None:
        charset = "; charset=utf-8" if upload.guessed_type.startswith("text/") else ""
        data["content_type"] = f"{upload.guessed_type}{charset}"
    if attachment.description is not None:
        data["description"] = attachment.description
    return data


def signed_path(world: World, attachment: Attachment) -> str:
    issued = int(world.clock.now())
    expires = issued + LIFE_S
    path = f"/attachments/{attachment.channel_id}/{attachment.id}/{quote(attachment.upload.name)}"
    signature = _sign(world, attachment.id, f"{expires:x}")
    return f"{path}?ex={expires:x}&is={issued:x}&hm={signature}&"


def find(world: World, attachment_id: str, query: dict[str, str]) -> Blob | None:
    """Finds a file by its signed address; None where signature or time don't hold."""
    expires, signature = query.get("ex", ""), query.get("hm", "")
    id_ = as_id(attachment_id)
    if signature != _sign(world, id_, expires) or world.clock.now() > int(expires, 16):
        return None
    attachment = world.attachments.get(id_)
    if attachment is None:
        return None
    upload = attachment.upload
    return Blob(upload.data, upload.guessed_type or "application/octet-stream")


def _sign(world: World, attachment_id: int, expires: str) -> str:
    return hashlib.sha256(world.signing_key + f"{attachment_id}.{expires}".encode()).hexdigest()
