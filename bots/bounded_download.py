"""Download a file within bounds: of its bytes, of redirects, and of the hosts that it may come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import aiohttp
from yarl import URL

from core.domain import Blob, FileTooLarge, PlatformError

MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PIECE_BYTES = 64 * 1024

Get = Callable[[URL], Awaitable[AbstractAsyncContextManager[aiohttp.ClientResponse]]]
"""Asks for a file without following redirects; raises `PlatformError` where the address is not to be visited."""
Check = Callable[[aiohttp.ClientResponse, bytes], None]
"""Raises `PlatformError` where an answer is no file: called before it is read, and again with its first bytes."""


async def download(platform: str, url: URL, most_bytes: int, *, get: Get, check: Check) -> Blob:
    """Read a file into memory. Every hop of a redirect goes through `get`, which looks at its address.

    Raises:
        FileTooLarge: it is. PlatformError: `file_elsewhere` where redirects lead in circles; or as `get` and `check`.
        aiohttp.ClientError, OSError: the host can't be reached. ValueError: a redirect leads to no address.
    """
    for _ in range(MOST_REDIRECTS + 1):
        async with await get(url) as response:
            if response.status not in REDIRECTS:
                return await _body(platform, response, most_bytes, check)
            url = url.join(URL(response.headers.get("Location", "")))
    raise PlatformError(platform, code="file_elsewhere", detail=f"{url.host} redirects in circles")


async def _body(platform: str, response: aiohttp.ClientResponse, most_bytes: int, check: Check) -> Blob:
    check(response, b"")
    data = bytearray()
    if (response.content_length or 0) <= most_bytes:
        async for piece in response.content.iter_chunked(PIECE_BYTES):
            data += piece
            if len(data) > most_bytes:
                break
        else:
            check(response, bytes(data[:100]))
            return Blob(bytes(data), response.content_type)
    raise FileTooLarge(platform, code="file_too_large", detail=f"more than {most_bytes} bytes")
