"""Calls to the homeserver, over mautrix' HTTP client. Its errors become ours, and no call waits for long.

spec.matrix.org, client-server API: "Standard error response", "Rate limiting", "Content repository".
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, cast

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
)
from mautrix.api import HTTPAPI, Method, Path, PathBuilder
from mautrix.errors import MatrixConnectionError, MatrixRequestError

from aivax_bots import (
    Blob,
    FileGone,
    FileTooLarge,
    FrontendRefused,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from aivax_bots_matrix import NAME
from aivax_bots_matrix.settings import MatrixSettings

UNKNOWN_MESSAGE = "unknown_message"
"""What the core knows a message by that is gone, in a place that is open."""
LONGEST_WAIT_S, CONNECT_S, CHUNK = 3_600.0, 15.0, 65_536
TOKEN_FIX = "log the bot in once more, and copy its new access token"  # noqa: S105  a sentence
ADDRESS_FIX = "write the address of the client-server API: /.well-known/matrix/client of your server tells it"
NOT_IMPLEMENTED = 501
"""The one fault of a server that waiting does not mend. Those of proxies, such as 520 to 530, pass."""
OF_NO_HOMESERVER = ("401", "403", "404")
"""With these a homeserver says what it means (`errcode`): who does not is a proxy before one, or none at all."""
_silent = logging.getLogger(f"{__name__}.silent")
_silent.disabled = True  # mautrix would log what people say
_MXC = re.compile(r"mxc://[A-Za-z0-9\[][A-Za-z0-9.:\]-]*/[A-Za-z0-9_-]+")
Json = Mapping[str, Any]


class Wire:
    """One account at one homeserver. Use it as `async with`."""

    def __init__(self, settings: MatrixSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._busy_until = float("-inf")
        self._me = ""
        self.told_at = ""
        """The homeserver's time, as it told it with its last answer."""

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_S),
            headers={"User-Agent": "aivax-bots"},
            middlewares=(self._told_to_wait,),
        )
        token = self.settings.access_token.get_secret_value().strip()
        self._api = HTTPAPI(
            self.settings.homeserver, token, client_session=self._session, log=cast("Any", _silent)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def me(self) -> str:
        """The bot's own id. Raises `FrontendRefused` where the token is none."""
        if not self._me:
            self._me = str((await self.get(Path.v3.account.whoami)).get("user_id", ""))
        return self._me

    async def get(
        self, path: PathBuilder, query: Mapping[str, str] | None = None, *, within_s: float | None = None
    ) -> Json:
        """What the homeserver tells. Raises as `call` does."""
        return await self.call(Method.GET, path, query=query, within_s=within_s)

    async def send(self, room: str, kind: str, content: Json, nonce: str = "") -> str:
        """Have an event stand in a room; its id. The same nonce makes no second one, for a day."""
        if (left_s := self._busy_until - self._clock()) > 0:
            raise PlatformBusy(NAME, code="M_LIMIT_EXCEEDED", retry_after_s=left_s)
        path = Path.v3.rooms[room].send[kind][nonce or secrets.token_hex(12)]
        return _id_in(await self.call(Method.PUT, path, content))

    async def redact(self, room: str, event: str) -> None:
        """Empty an event. Once more does no harm."""
        await self.call(Method.PUT, Path.v3.rooms[room].redact[event][secrets.token_hex(12)])

    async def call(
        self,
        method: Method,
        path: PathBuilder,
        content: Json | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        within_s: float | None = None,
    ) -> Json:
        """One call, made once. Raises `PlatformError` of the kinds that `EditableChannel` names."""
        try:
            async with asyncio.timeout(within_s or self.settings.request_timeout_s):
                told: object = await self._api.request(
                    *(method, path),
                    content=cast("Any", content),
                    headers=dict(headers or {}),
                    query_params=query,
                    sensitive=method is not Method.GET,
                )
        except MatrixRequestError as error:
            raise as_ours(error) from error
        except (MatrixConnectionError, TimeoutError, OSError) as error:
            cause = error.__cause__ or error
            never = PlatformBusy if isinstance(cause, ClientConnectorError) else OutcomeUnknown
            raise never(NAME, detail=type(cause).__name__) from error
        except (ValueError, TypeError) as error:  # what no homeserver answers
            raise OddAnswer(NAME, detail=type(error).__name__) from error
        if not isinstance(told, Mapping):
            raise OddAnswer(NAME)
        return told

    async def upload(self, data: bytes, name: str, media_type: str) -> str:
        """The `mxc` address of a file. Raises as `call` does."""
        headers = {"Content-Type": media_type or "application/octet-stream"}
        path = PathBuilder("_matrix/media/v3/upload")
        told = await self.call(Method.POST, path, data, headers=headers, query={"filename": name})
        return _text(told, "content_uri")

    async def download(self, mxc: str, most_bytes: int) -> Blob:
        """A file that somebody sent. Raises `FileGone`, `FileTooLarge` and `PlatformError`."""
        if not _MXC.fullmatch(mxc):
            raise FileGone(NAME)
        url = self._api.get_download_url(mxc, authenticated=True)
        bearer = {"Authorization": f"Bearer {self._api.token}"}
        try:
            async with (
                asyncio.timeout(self.settings.request_timeout_s),
                self._session.get(url, headers=bearer, allow_redirects=False) as answer,
            ):
                if answer.status in (403, 404):
                    raise FileGone(NAME, code=str(answer.status))
                if answer.status != 200:
                    raise PlatformBusy(NAME, code=str(answer.status), failed=answer.status >= 500)
                return Blob(await _bounded(answer, most_bytes), answer.content_type)
        except (ClientError, TimeoutError, OSError) as error:
            raise PlatformBusy(NAME, detail=type(error).__name__) from error

    async def _told_to_wait(
        self, request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        """Read how long to wait, which mautrix' errors don't tell; nothing is sent until then."""
        answer = await handler(request)
        self.told_at = answer.headers.get("Date", "")
        if answer.status != 429:
            return answer
        wait_s = _wait_s(await answer.read(), answer.headers.get("Retry-After", ""))
        if "/send/" in request.url.path:
            self._busy_until = self._clock() + wait_s
        raise PlatformBusy(NAME, code="M_LIMIT_EXCEEDED", retry_after_s=wait_s)


def as_ours(error: MatrixRequestError) -> PlatformError:
    """What an error of the homeserver means to the core."""
    code = error.errcode or str(error.http_status)
    detail = (error.message or "")[:200]
    if not error.errcode and code in OF_NO_HOMESERVER:
        return PlatformBusy(NAME, code=code, detail=detail, failed=True)
    match error.http_status, code:
        case 401, _:
            return FrontendRefused(NAME, setting="[matrix] access_token", fix=TOKEN_FIX, code=code)
        case 403, "M_USER_DEACTIVATED":
            return FrontendRefused(NAME, setting="[matrix] access_token", fix=TOKEN_FIX, code=code)
        case 403, _:
            return PlaceClosed(NAME, code=code, detail=detail)
        case 404, _:
            return PlaceClosed(NAME, code=UNKNOWN_MESSAGE, detail=detail)
        case 413, _:
            return MessageRefused(NAME, code=code, detail=detail)
        case status, _ if status >= 500 and status != NOT_IMPLEMENTED:
            return PlatformBusy(NAME, code=code, detail=detail, failed=True)
        case 400, "M_TOO_LARGE" | "M_BAD_JSON" | "M_INVALID_PARAM" | "M_UNKNOWN":
            return MessageRefused(NAME, code=code, detail=detail)
    return OddAnswer(NAME, code=code, detail=detail)


def _wait_s(body: bytes, header: str) -> float:
    """How long a 429 says to wait: in its body, in milliseconds, or in its header, in seconds."""
    try:
        told = json.loads(body)
        wait_s = float(told["retry_after_ms"]) / 1_000
    except (ValueError, TypeError, KeyError):
        wait_s = float(header) if header.isdigit() else 1.0
    return min(max(wait_s, 0.1), LONGEST_WAIT_S)


def _id_in(told: Json) -> str:
    return _text(told, "event_id")


def _text(told: Json, key: str) -> str:
    if not isinstance(value := told.get(key), str) or not value:
        raise OddAnswer(NAME, code=key)
    return value


async def _bounded(answer: ClientResponse, most_bytes: int) -> bytes:
    if (answer.content_length or 0) > most_bytes:
        raise FileTooLarge(NAME)
    data = bytearray()
    async for piece in answer.content.iter_chunked(CHUNK):
        data += piece
        if len(data) > most_bytes:
            raise FileTooLarge(NAME)
    return bytes(data)
