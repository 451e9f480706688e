"""The HTTP side: one httpx client, our headers and limits, and the place where httpx's exceptions become ours.

The only module that knows the HTTP library. httpx2, its maintained successor with the same interface, takes its place
where `$AIVAX_BOTS_HTTP_LIBRARY` says `httpx2` (docs/decisions/0024).
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import core
from core.aivax import error_mapping
from core.aivax.body_encoding import Body
from core.aivax.deadlines import Deadlines
from core.aivax.error_text import Scrub
from core.aivax.http_call import HttpCall, Part, Received
from core.aivax.network.call_spans import server_of
from core.aivax.network.certificates import authorities
from core.aivax.network.counted import call_of, status_label
from core.aivax.network.proxies import proxy_of
from core.aivax.read_ahead import ReadAhead
from core.aivax.refusals.bodies import is_refusal
from core.aivax.stream.chunks import NotJson, amount, decode_any
from core.domain import AddressWrong, AivaxError, AnswerFailed, SettingRefused, Unavailable
from core.domain.metrics import AIVAX_CALLS, NO_METER, Meter
from core.domain.spans import span
from core.domain.tracing import SpanKind
from core.settings import AivaxSettings
from core.util.imports import absent
from core.util.text import sound

with absent("click", "pygments", "rich"):  # the library's own command line takes them along
    if TYPE_CHECKING or os.environ.get("AIVAX_BOTS_HTTP_LIBRARY") != "httpx2":
        import httpx as httpx
    else:
        import httpx2 as httpx

T = TypeVar("T")
Transport: TypeAlias = httpx.AsyncBaseTransport
"""What carries requests to a server; tests hand in their own."""

_REFUSAL_BYTES = 64 * 1024
_DOCUMENT_BYTES = 8 * 1024 * 1024
_DOCUMENT_TIMEOUT_S = 30.0
_DRAIN_S = 0.25
_PIECE_BYTES = 8 * 1024
_TURN_S = 0.001
_PLAN = "X-Authenticated-Account-Plan"
_PLAN_CHARS = 40
_COUNTED_AS = "counted_as"
_OTHER_PROTOCOL = {
    "no_tls": re.compile(r"(?i)wrong.version.number|record.layer.failure|unknown.protocol|http.request\]"),
    "no_http": re.compile(r"(?i)illegal status line.{0,40}\\x15|invalid http.{0,40}\\x15"),
}
"""What OpenSSL says of a server that speaks no TLS, and h11 of one that speaks nothing else."""
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60.0)
"""No bound on connections: how much runs at once is decided by admission, and nowhere twice."""


class Reply:
    """An answer whose status is good and whose body is being read."""

    def __init__(self, response: httpx.Response, body: ReadAhead, deadlines: Deadlines, clean: Scrub) -> None:
        self._body = body
        self._status = response.status_code
        self._deadlines = deadlines
        self._clean = clean
        self._begun = False
        self._given_up = False
        self._data = b""
        self._at = 0
        self._now = asyncio.get_running_loop().time
        self._turn_began = self._now()
        self.credits_spent = _spent(response)

    async def read(self) -> bytes:
        """Return the next bytes, a small piece of them; empty at the end.

        Now and then others have their turn in between: a fast server must not hold up the loop.

        Raises:
            Unavailable: the connection broke, or was silent for too long.
            AddressWrong: it is a web page.
        """
        if self._at >= len(self._data):
            self._data, self._at = await self._next(), 0
            self._turn_began = self._now()
        elif self._now() - self._turn_began > _TURN_S:
            await asyncio.sleep(0)
            self._turn_began = self._now()
        piece = self._data[self._at : self._at + _PIECE_BYTES]
        self._at += _PIECE_BYTES
        if self._at >= len(self._data):
            self._data = b""
        return piece

    async def _next(self) -> bytes:
        failure: AivaxError | None = None
        self._given_up = True
        with self._deadlines:
            try:
                data = await self._body.take()
            except (httpx.HTTPError, httpx.StreamError, OSError) as error:
                failure = of_transport(error, clean=self._clean)
        if (
            failure is not None
        ):  # raised out here, since not even its context may lead to the request and its key
            raise failure
        self._given_up = False
        self._deadlines.sign_of_life()
        if not self._begun and data.strip():
            self._begun = True
            if error_mapping.is_page(data):
                raise error_mapping.of_page(self._status, data, self._clean)
        return data

    async def drain(self) -> None:
        """Read up to the body's end if it is there already, so that the connection can be used again."""
        if not self._given_up:
            await self._body.until_end(_DRAIN_S)


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities, read once a process: they take a megabyte and 30 ms.

    Raises:
        SettingRefused: `SSL_CERT_FILE` names no file of certificates.
    """
    return authorities(os.environ, lambda: httpx.create_ssl_context(trust_env=False))


def _behind_proxies(settings: AivaxSettings) -> dict[str, Transport]:
    """What carries requests to those hosts of the settings that are behind a proxy of the machine.

    Raises:
        SettingRefused: the proxy can't be used.
    """
    needed = [urlsplit(url) for url in (settings.base_url, settings.direct_url) if url]
    carriers = {
        f"{parts.scheme}://{parts.netloc}": _through(*proxy_of(f"{parts.scheme}://{parts.netloc}"))
        for parts in needed
    }
    for parts in needed:  # an address may turn out to be meant with the other scheme
        with suppress(SettingRefused):
            other = f"{'http' if parts.scheme == 'https' else 'https'}://{parts.netloc}"
            carriers.setdefault(other, _through(*proxy_of(other)))
    return {origin: carrier for origin, carrier in carriers.items() if carrier is not None}


def _through(address: str, name: str) -> Transport | None:
    if not address:
        return None
    try:
        return httpx.AsyncHTTPTransport(proxy=httpx.Proxy(address), verify=trusted(), limits=LIMITS)
    except ImportError:
        fix = f"names a SOCKS proxy, for which a package is missing: pip install 'aivax-bots[socks]', or unset {name}"
    except (httpx.InvalidURL, ValueError):
        fix = f"is no address of a proxy: write it like http://proxy.example:8080, or unset {name}"
    raise SettingRefused(name, value="" if "@" in address else address, fix=fix)


class _Counted(httpx.AsyncBaseTransport):
    """Counts the requests that go out over another transport, with the status of the answer."""

    def __init__(self, inner: Transport, meter: Meter) -> None:
        self._inner = inner
        self._meter = meter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status = 0
        try:
            response = await self._inner.handle_async_request(request)
            status = response.status_code
            return response
        finally:
            call = request.extensions.get(_COUNTED_AS) or call_of(request.url.path)
            self._meter.count(AIVAX_CALLS, call=call, status=status_label(status))

    async def aclose(self) -> None:
        await self._inner.aclose()


class Wire:
    """Sends requests to one server. The key goes into a header only, and never to where a redirect points."""

    def __init__(
        self,
        settings: AivaxSettings,
        *,
        transport: Transport | None,
        now: Callable[[], float],
        meter: Meter = NO_METER,
    ) -> None:
        _check_url("[aivax] base_url", settings.base_url)
        if settings.direct_url:
            _check_url("[aivax] direct_url", settings.direct_url)
        self._document_timeout_s = min(settings.first_event_timeout_s, _DOCUMENT_TIMEOUT_S)
        self._now = now
        self.plan = ""
        """The account's plan, as the last answer told it; empty where none did."""
        mounts = _behind_proxies(settings) if transport is None else {}
        transport = transport or httpx.AsyncHTTPTransport(verify=trusted(), limits=LIMITS)
        self._http = httpx.AsyncClient(
            transport=_Counted(transport, meter),
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_s),
            mounts={origin: _Counted(carrier, meter) for origin, carrier in mounts.items()},
            trust_env=False,
            headers=_headers(settings),
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def post(self, url: str, body: Body, deadlines: Deadlines, clean: Scrub) -> AsyncIterator[Reply]:
        """Send a completion and open its answer.

        Raises:
            AivaxError: of the status, or Unavailable.
        """
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Content-Length": str(body.length),  # not every server takes it in chunks
        }
        request = self._http.build_request("POST", url, content=body.sent(), headers=headers)
        with deadlines:
            response = await _sealed(self._http.send(request, stream=True), clean)
        self._note_plan(response)
        try:
            if not response.is_success:
                raise await self._refusal(response, clean)
            _check_plain(response)
            async with ReadAhead(response.aiter_raw()) as read:
                yield Reply(response, read, deadlines, clean)
        finally:
            with suppress(httpx.HTTPError, OSError):
                await response.aclose()

    async def get(self, url: str, clean: Scrub) -> object:
        """Fetch a JSON document.

        Raises:
            AivaxError: of the status, or of a refusal in the document; Unavailable where it is no JSON.
        """
        try:
            async with asyncio.timeout(self._document_timeout_s):
                body = await _sealed(self._document(url, clean), clean)
                if error_mapping.is_page(body):
                    raise error_mapping.of_page(200, body, clean)
                document = await asyncio.to_thread(decode_any, body)  # a long list takes a while
        except TimeoutError:
            raise Unavailable(code="first_event_timeout") from None
        except NotJson:
            raise Unavailable(code="not_json", detail="the answer is no JSON") from None
        if is_refusal(document):
            raise error_mapping.of_event(document, said=False, clean=clean)
        return document

    async def _document(self, url: str, clean: Scrub) -> bytes:
        async with self._http.stream("GET", url) as response:
            self._note_plan(response)
            if not response.is_success:
                raise await self._refusal(response, clean)
            _check_plain(response)
            return await _read(response, _DOCUMENT_BYTES)

    async def call(self, call: HttpCall, clean: Scrub) -> Received:
        """Make one call of an administrative route and read its answer whole.

        Raises:
            AivaxError: of the status; Unavailable where none came in time, AnswerFailed where it is too long.
        """
        timeout_s = call.timeout_s or self._document_timeout_s
        told = {"http.request.method": call.method, **server_of(call.url)}
        try:
            with span(call.method, SpanKind.CLIENT, told):
                async with asyncio.timeout(timeout_s):
                    received = await _sealed(self._exchanged(call, clean), clean)
        except TimeoutError:
            raise Unavailable(code="first_event_timeout", detail=f"no answer in {timeout_s:g} s") from None
        if error_mapping.is_page(received.body) and call.accept == "application/json":
            raise error_mapping.of_page(received.status, received.body, clean)
        return received

    async def _exchanged(self, call: HttpCall, clean: Scrub) -> Received:
        headers = {"Accept": call.accept, **call.headers}
        sent: dict[str, Any] = {"content": call.body, "extensions": {_COUNTED_AS: call.counted_as}}
        if call.parts:
            sent |= {"content": None, "files": [(each.name, _form_field(each)) for each in call.parts]}
        elif call.body is not None:
            headers["Content-Type"] = call.media_type
        async with self._http.stream(call.method, call.url, headers=headers, **sent) as response:
            self._note_plan(response)
            if not response.is_success:
                raise await self._refusal(response, clean)
            _check_plain(response)
            body = await _read(response, call.most_bytes + 1)
            if len(body) > call.most_bytes:
                raise AnswerFailed(code="too_long", detail=f"more than {call.most_bytes} bytes")
            media_type = response.headers.get("Content-Type", "").lower()
            return Received(response.status_code, body, media_type, _spent(response) or 0.0)

    def _note_plan(self, response: httpx.Response) -> None:
        self.plan = sound(response.headers.get(_PLAN, self.plan)[:_PLAN_CHARS])

    async def _refusal(self, response: httpx.Response, clean: Scrub) -> Exception:
        body = b""
        with suppress(httpx.HTTPError, httpx.StreamError, OSError, Unavailable):
            _check_plain(response)
            async with asyncio.timeout(self._document_timeout_s):
                body = await _read(response, _REFUSAL_BYTES)
        status, headers = response.status_code, response.headers
        return error_mapping.of_response(status, headers, body, now=self._now(), clean=clean)


def _spent(response: httpx.Response) -> float | None:
    """What the answer says that it cost, in USD."""
    spent = amount(response.headers.get("Consumed-Credits"))
    return spent if spent is not None and spent >= 0 else None


def _form_field(part: Part) -> tuple[str | None, bytes, str | None]:
    return (part.filename, part.data, part.media_type) if part.filename else (None, part.data, None)


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    """Read a body up to a bound; what is beyond it is left where it is."""
    body = bytearray()
    async for data in response.aiter_raw():
        body += data
        if len(body) >= most_bytes:
            break
    return bytes(body[:most_bytes])


def _check_plain(response: httpx.Response) -> None:
    """Refuse what is compressed: it was asked for as it is, and unpacked it may be a thousand times as much."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Unavailable(status=response.status_code, code="compressed", detail="asked for as it is")


async def _sealed(awaited: Awaitable[T], clean: Scrub) -> T:
    """Await something of httpx's; what it raises becomes ours.

    The error is raised outside the handler and by no context manager, so that not even its context leads to the
    request and its key.
    """
    try:
        return await awaited
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        failure = of_transport(error, clean=clean)
    raise failure


def of_transport(error: httpx.HTTPError | httpx.StreamError | OSError, *, clean: Scrub) -> AivaxError:
    """Translate what httpx raises. Raise the result `from None`: the original holds the request."""
    detail = clean(f"{type(error).__name__}: {error}")
    for code, signs in _OTHER_PROTOCOL.items():
        if signs.search(str(error)):
            return AddressWrong(code=code, detail=detail)
    code = "connect_timeout" if isinstance(error, httpx.ConnectTimeout) else "no_connection"
    if not isinstance(error, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError | OSError):
        code = "connection_lost"
    return Unavailable(code=code, detail=detail)


def _headers(settings: AivaxSettings) -> dict[str, str]:
    headers = {
        "User-Agent": f"aivax-bots/{core.__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # a compressing proxy would hold events back, and a bomb fits in a packet
    }
    key = settings.api_key.get_secret_value().strip()
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _check_url(setting: str, url: str) -> None:
    try:
        parsed = httpx.URL(url)
        urlsplit(url).port  # noqa: B018 - refuses brackets and ports that httpx lets pass
    except (httpx.InvalidURL, ValueError):
        raise SettingRefused(setting, value=url if "@" not in url else "", fix="is no URL") from None
    if parsed.userinfo:
        raise SettingRefused(setting, fix="must not hold a user or password: the key belongs into api_key")
    if not parsed.host:
        raise SettingRefused(setting, value=url, fix="names no host")
