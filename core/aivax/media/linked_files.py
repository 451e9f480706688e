"""Fetches what lies behind a link that AIVAX or a model gave: within bounds, and never from the own network.

A link can be an attack: on machines that only the bot reaches, or, where a model was talked into writing one, on what
it knows, which stands in the address and would be told to whoever's host it is. So: `https` alone, public addresses
alone (the name is resolved once, and that address is connected to), no key, no cookies, few redirects that are judged
alike, bounded bytes and time, and the file's own first bytes say what it is. Links in what a model wrote are followed
to hosts that the operator trusts alone. The service's own host is the operator's choice, and may lie anywhere.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

import core
from core.aivax.media.public_addresses import is_public
from core.aivax.transport import LIMITS, Transport, httpx, of_transport, trusted
from core.domain import AivaxError, Unavailable
from core.settings import AivaxSettings
from core.util.log import log
from core.util.media_types import sniffed

TIMEOUT_S = 20.0
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_URL_CHARS = 2_000
_KINDS = ("image/", "audio/", "application/pdf")
"""What is shown as a file; a page, an archive or a program stays a link."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the IP addresses of a host; raises `OSError` where there are none."""


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """A file that lay behind a link."""

    data: bytes = field(repr=False)
    media_type: str
    """As its first bytes tell it."""


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class LinkedFiles:
    """Fetches linked files; what can't be had, or is none, stays a link."""

    def __init__(
        self,
        settings: AivaxSettings,
        *,
        transport: Transport | None = None,
        resolve: Resolve = _resolved,
        own_address: Callable[[], str],
    ) -> None:
        """`own_address` tells the base address of the service that is asked."""
        self._hosts = tuple(each.lower().strip(".") for each in settings.file_hosts)
        self._own_address = own_address
        self._resolve = resolve
        self._http = httpx.AsyncClient(
            transport=transport,
            limits=LIMITS,
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_s),
            verify=trusted(),
            trust_env=False,
            headers={"User-Agent": f"aivax-bots/{core.__version__}", "Accept-Encoding": "identity"},
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    def trusts(self, url: str) -> bool:
        """Whether a link that a model wrote may be followed: to the service's own host, or one of the settings'."""
        parts = _parts(url)
        if parts is None:
            return False
        host = (parts.hostname or "").lower()
        return self._is_own(parts) or any(host == each or host.endswith(f".{each}") for each in self._hosts)

    async def fetch(self, url: str, most_bytes: int) -> LinkedFile | None:
        """Fetch a picture, a sound or a PDF of at most so many bytes; None where there is none to be had."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                data = await self._read(url, most_bytes)
        except TimeoutError:
            data = Unavailable(code="timeout")
        except AivaxError as error:
            data = error
        if isinstance(data, AivaxError):
            log.info("link.not_fetched", cause=str(data))  # without the address, which may hold what was said
            return None
        kind = sniffed(data)
        return LinkedFile(data, kind) if kind.startswith(_KINDS) else None

    async def _read(self, url: str, most_bytes: int) -> bytes | AivaxError:
        for _ in range(_MOST_REDIRECTS + 1):
            request = await self._request(url)
            if isinstance(request, AivaxError):
                return request
            response = await _opened(self._http, request)
            try:
                if response.status_code not in _REDIRECTS:
                    return await _body(response, most_bytes)
                url = urljoin(url, response.headers.get("Location", ""))
            finally:
                await response.aclose()
                self._http.cookies.clear()
        return Unavailable(code="redirects", detail="the link redirects in circles")

    async def _request(self, url: str) -> httpx.Request | AivaxError:
        """What asks for a link: by the address that its host was judged by, under the host's name."""
        parts = _parts(url)
        if parts is None:
            return Unavailable(code="no_address")
        if self._is_own(parts):
            return self._http.build_request("GET", url)
        if parts.scheme != "https":
            return Unavailable(code="no_https")
        host = parts.hostname or ""
        try:
            found = await self._resolve(host, parts.port or 443)
        except OSError:
            found = ()
        if not found or not all(map(is_public, found)):
            return Unavailable(code="no_public_address")
        there = httpx.URL(url).copy_with(host=found[0])
        return self._http.build_request(
            "GET", there, headers={"Host": parts.netloc}, extensions={"sni_hostname": host}
        )

    def _is_own(self, parts: SplitResult) -> bool:
        own = urlsplit(self._own_address())
        return (parts.scheme, parts.netloc) == (own.scheme, own.netloc)


def _parts(url: str) -> SplitResult | None:
    """The parts of an address that can be asked for; None where it is none."""
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except (ValueError, httpx.InvalidURL):
        return None
    has_login = parts.username is not None or parts.password is not None
    return parts if usable and not has_login and len(url) <= _MOST_URL_CHARS else None


async def _opened(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        return await http.send(request, stream=True)
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise of_transport(error, clean=lambda _text: "") from None


async def _body(response: httpx.Response, most_bytes: int) -> bytes | AivaxError:
    if not response.is_success:
        return Unavailable(status=response.status_code, code="not_there")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return Unavailable(code="compressed")
    body = bytearray()
    try:
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most_bytes:
                return Unavailable(code="too_large")
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        return of_transport(error, clean=lambda _text: "")
    return bytes(body)
