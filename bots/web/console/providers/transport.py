"""Requests to providers: over TLS, within bounds of time and size, and no redirect is followed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bots.web.console.providers.values import ProviderFailed
from core.util.addresses import is_loopback
from core.util.text import shorten

MOST_BYTES = 256 * 1024
_SHOWN = 120
_ADDRESS = re.compile(r"https?://[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]{1,2000}")
"""Printable, and without quotes or brackets: it is written into a header and a page."""


class Transport:
    """Asks for JSON."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Raises ProviderFailed for whatever is no JSON object, in a moment."""
        return await self._ask("GET", url, headers or {}, None)

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> dict[str, Any]:
        """Likewise, of a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self._ask("POST", url, kind, body)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> dict[str, Any]:
        host = check_address(url)
        told = {"Accept": "application/json", **headers}
        try:
            async with asyncio.timeout(self._timeout_s), aiohttp.ClientSession(trust_env=True) as session:
                asked = session.request(method, url, headers=told, data=body, allow_redirects=False)
                async with asked as response:
                    status, text = response.status, await _read(response)
        except TimeoutError:
            raise ProviderFailed(f"{host} did not answer in {self._timeout_s:g} s", is_down=True) from None
        except (aiohttp.ClientError, OSError) as error:
            cause = shorten(str(error), _SHOWN) or type(error).__name__
            raise ProviderFailed(f"{host} can't be reached: {cause}", is_down=True) from error
        return _object(host, status, text)


def check_address(url: str) -> str:
    """The host of an address that may be asked: over TLS, or on this machine. Raises ProviderFailed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or not _ADDRESS.fullmatch(url):
        raise ProviderFailed("it gives an address that is none")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ProviderFailed("it gives an address without TLS")
    return host


async def _read(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for piece in response.content.iter_chunked(16_384):
        data += piece
        if len(data) > MOST_BYTES:
            raise ProviderFailed(f"it answers more than {MOST_BYTES} bytes", is_down=True)
    return bytes(data)


def _object(host: str, status: int, text: bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ProviderFailed(f"{host} answers {status} without a JSON object", is_down=True)
    if status != 200 or "error" in told:
        problem = f"{told.get('error', '')} {told.get('error_description', '')}"
        cause = shorten(" ".join(problem.split()), _SHOWN)
        raise ProviderFailed(f"{host} answers {status}: {cause}", is_down=status >= 500)
    return told
