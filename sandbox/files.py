"""Hands out the files that tools and generations made: public links, as AIVAX' storage has them."""

import base64
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.refusals import Refusal

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""One pixel."""
PDF: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MP3: Final = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(413)
WAV: Final = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + bytes(12) + b"data" + bytes(4)
OGG: Final = b"OggS\x00\x02" + bytes(50)
_KINDS: Mapping[str, tuple[str, bytes]] = {
    "png": ("image/png", PNG),
    "pdf": ("application/pdf", PDF),
    "html": ("text/html", b"<!DOCTYPE html><title>A page</title><p>Made by the sandbox.</p>"),
}


def file_routes() -> list[Route]:
    """The route of what was made; it needs no key."""
    return [Route("/files/{name}", _file, methods=["GET"])]


async def _file(request: Request) -> Response:
    """A file by its name; `gone-1.png` is one that is no longer there."""
    name: str = request.path_params["name"]
    ending = name.rpartition(".")[2]
    if ending not in _KINDS or name.startswith("gone"):
        raise Refusal(404, "There is no such file.", code="not_found")
    media_type, data = _KINDS[ending]
    return Response(data, media_type=media_type)
