"""Reading attachments: from Discord's own hosts only, bounded, and by a new address where the old one expired."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import aiohttp
import yarl

from bots.bounded_download import download
from bots.discord.events.address import PLATFORM, FileRef
from bots.discord.events.attachments import files_in
from bots.discord.transport.api import Session
from core.domain import Blob, FileGone, PlatformBusy, PlatformError

TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=20)
EXPIRED = frozenset({401, 403, 404, 410})


class AddressExpired(FileGone):
    """The signed address of a file is no longer good."""


class Files:
    """Fetches files without our token: the addresses are signed, and the hosts not the API's."""

    def __init__(self, session: Session, hosts: tuple[str, ...]) -> None:
        self._session = session
        self._hosts = frozenset(hosts)
        self._http: aiohttp.ClientSession | None = None

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        """Read a file of at most so many bytes. Raises PlatformError."""
        file = FileRef.parse(ref)
        if not file.url:
            return await self._read(await self._anew(file), most_bytes)
        try:
            return await self._read(file.url, most_bytes)
        except AddressExpired:
            return await self._read(await self._anew(file), most_bytes)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _anew(self, file: FileRef) -> str:
        """Ask for the message again: its files come with fresh addresses."""
        message = await self._session.fetch_message(file.channel, file.message)
        for found in files_in(message.raw):
            if found.id == file.attachment and found.url:
                return found.url
        raise FileGone(PLATFORM, code="unknown_file", detail=f"attachment {file.attachment} is gone")

    async def _read(self, address: str, most_bytes: int) -> Blob:
        try:
            return await download(PLATFORM, yarl.URL(address), most_bytes, get=self._get, check=_check)
        except (aiohttp.ClientError, OSError) as exc:
            raise PlatformBusy(PLATFORM, code=type(exc).__name__, detail=str(exc)[:500]) from exc
        except ValueError as exc:
            raise PlatformError(PLATFORM, code="unreadable_file", detail="no address") from exc

    async def _get(self, url: yarl.URL) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask for an address on the listed hosts only: by https, or as plain http where the port is listed too."""
        host, port = (url.host or "").lower(), url.port
        listed = f"{host}:{port}" in self._hosts or (
            url.scheme == "https" and url.is_default_port() and host in self._hosts
        )
        if not listed or url.scheme not in ("https", "http") or url.user or url.password:
            raise PlatformError(PLATFORM, code="foreign_host", detail=f"{url.scheme}://{host}:{port}"[:200])
        return self._client().get(url, allow_redirects=False)

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
            )
        return self._http


def _check(response: aiohttp.ClientResponse, _beginning: bytes) -> None:
    if response.status in EXPIRED:
        raise AddressExpired(PLATFORM, code="unknown_file", detail=f"HTTP {response.status}")
    if response.status >= 500 or response.status == 429:
        raise PlatformBusy(PLATFORM, code=str(response.status), detail="a file's host fails")
    if response.status != 200:
        raise PlatformError(PLATFORM, code="unreadable_file", detail=f"HTTP {response.status}")
