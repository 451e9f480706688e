"""Calls AIVAX' administrative routes: JSON, forms and bytes below `/api/v1`, with a private key.

Success is `{"message", "data"}`, of which `data` is handed on; an answer without that envelope is handed on whole.
A refusal becomes an `AivaxError`, as of any route; an unknown collection, document or job is `ResourceUnknown`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from urllib.parse import quote, urlencode

import msgspec

from core.aivax import error_mapping
from core.aivax.addresses import BaseAddress, administrative
from core.aivax.completions.retries import Retries, has_direct_host
from core.aivax.error_text import sample_of, scrub
from core.aivax.http_call import DOCUMENT_BYTES, NO_HEADERS, Headers, HttpCall, Part, Received
from core.aivax.stream.chunks import NotJson, decode_any, mapping
from core.aivax.transport import Wire
from core.domain import AivaxError, GatewayUnknown, RateLimited, ResourceUnknown, Unavailable
from core.settings import AivaxSettings

Query = Mapping[str, str]
_NO_QUERY: Query = {}
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
"""What does the same when it is done twice; a POST only where its caller says so."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a route answered: its `data`, None where it told none, and what the call cost."""

    data: object = field(repr=False)
    spent_usd: float = 0.0


class AdminRoutes:
    """The administrative routes of one account.

    A path is given in segments, each of which is quoted: an id that somebody else chose can't lead to another route.
    A passing failure is tried again where that can't do anything twice.

    Every method raises:
        AivaxError: of the status, of a refusal in the answer, or `Unavailable` where no answer came.
    """

    def __init__(
        self,
        settings: AivaxSettings,
        wire: Wire,
        base: BaseAddress,
        *,
        sleep: Callable[[float], Awaitable[object]],
        jitter: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._base = base
        self._sleep = sleep
        self._jitter = jitter

    async def get(self, *path: str, query: Query = _NO_QUERY, headers: Headers = NO_HEADERS) -> Told:
        """Read a document."""
        return await self._json("GET", path, query=query, headers=headers)

    async def post(
        self,
        *path: str,
        json: object,
        query: Query = _NO_QUERY,
        headers: Headers = NO_HEADERS,
        repeatable: bool = False,
        direct: bool = False,
        timeout_s: float | None = None,
        most_bytes: int = DOCUMENT_BYTES,
    ) -> Told:
        """Send a document. `repeatable`: doing it twice does no harm, as with a search.

        `direct`: to the host for what takes long, where there is one.
        """
        return await self._json(
            "POST",
            path,
            json=json,
            query=query,
            headers=headers,
            repeatable=repeatable,
            direct=direct,
            timeout_s=timeout_s,
            most_bytes=most_bytes,
        )

    async def put(self, *path: str, json: object, query: Query = _NO_QUERY) -> Told:
        """Put a document where it is to stand."""
        return await self._json("PUT", path, json=json, query=query)

    async def patch(self, *path: str, json: object, query: Query = _NO_QUERY) -> Told:
        """Change parts of a document."""
        return await self._json("PATCH", path, json=json, query=query)

    async def delete(self, *path: str, query: Query = _NO_QUERY, headers: Headers = NO_HEADERS) -> Told:
        """Delete; `data` may be None."""
        return await self._json("DELETE", path, query=query, headers=headers)

    async def upload(
        self,
        *path: str,
        parts: Sequence[Part],
        query: Query = _NO_QUERY,
        headers: Headers = NO_HEADERS,
        repeatable: bool = False,
        timeout_s: float | None = None,
    ) -> Told:
        """Send a multipart form."""
        call = HttpCall(
            "POST", self._url(path, query), parts=tuple(parts), headers=headers, timeout_s=timeout_s
        )
        return _told(await self.exchange(call, repeatable=repeatable))

    async def fetch(
        self,
        *path: str,
        query: Query = _NO_QUERY,
        headers: Headers = NO_HEADERS,
        most_bytes: int = DOCUMENT_BYTES,
    ) -> Received:
        """Fetch bytes as they are, such as a file's or an export's."""
        call = HttpCall("GET", self._url(path, query), accept="*/*", headers=headers, most_bytes=most_bytes)
        return await self.exchange(call)

    async def exchange(self, call: HttpCall, *, repeatable: bool = False) -> Received:
        """Make one call as it is given, such as one that sends or receives bytes; `url` gives its address."""
        retries = Retries(self._settings, self._jitter)
        loop = asyncio.get_running_loop()
        began, slept_s = loop.time(), 0.0
        again = repeatable or call.method in _REPEATABLE
        while True:
            failure = await self._tried(call)
            if isinstance(failure, Received):
                return failure
            may_repeat = again or isinstance(failure, RateLimited)  # which says that nothing was done
            delay_s = retries.delay_s(failure, loop.time() - began + slept_s) if may_repeat else None
            if delay_s is None:
                raise failure
            before = loop.time()
            await self._sleep(delay_s)
            slept_s += max(delay_s - (loop.time() - before), 0.0)

    def url(self, *path: str, query: Query = _NO_QUERY, direct: bool = False) -> str:
        """The address of a route, for `exchange`."""
        return self._url(path, query, direct=direct)

    async def _json(
        self,
        method: str,
        path: Sequence[str],
        *,
        json: object = None,
        query: Query = _NO_QUERY,
        headers: Headers = NO_HEADERS,
        repeatable: bool = False,
        direct: bool = False,
        timeout_s: float | None = None,
        most_bytes: int = DOCUMENT_BYTES,
    ) -> Told:
        body = None if json is None else msgspec.json.encode(json)
        call = HttpCall(method, self._url(path, query, direct=direct), body, headers=headers)
        call = replace(call, timeout_s=timeout_s, most_bytes=most_bytes)
        return _told(await self.exchange(call, repeatable=repeatable))

    async def _tried(self, call: HttpCall) -> Received | AivaxError:
        said = cache(lambda: sample_of([(call.body or b"").decode("utf-8", "replace")]))
        clean = partial(scrub, keys=(self._settings.api_key.get_secret_value(),), said=said)
        try:
            received = await self._wire.call(call, clean)
        except AivaxError as error:
            return _of_resource(self._base.judged(error))
        refusal = _refusal_in(received) if call.accept == "application/json" else None
        if refusal is None:
            return received
        return _of_resource(error_mapping.of_event(refusal, said=False, clean=clean))

    def _url(self, path: Sequence[str], query: Query, *, direct: bool = False) -> str:
        if not all(segment.strip(".") for segment in path):
            raise ResourceUnknown(code="no_id", detail="a segment of the path is empty or a dot")
        to_direct = direct and has_direct_host(self._settings)
        base = self._settings.direct_url if to_direct else self._base.current
        address = administrative(base, "/".join(quote(segment, safe="") for segment in path))
        return f"{address}?{urlencode(query, quote_via=quote)}" if query else address


def _told(received: Received) -> Told:
    if not received.body.strip():
        return Told(None, received.spent_usd)
    document = _document(received)
    answer = mapping(document)
    enveloped = "data" in answer and not answer.keys() - _ENVELOPE
    return Told(answer["data"] if enveloped else document, received.spent_usd)


_ENVELOPE = {"message", "data", "error", "details", "success"}


def _document(received: Received) -> object:
    try:
        return decode_any(received.body)
    except NotJson:
        raise Unavailable(code="not_json", detail="the answer is no JSON") from None


def _refusal_in(received: Received) -> object | None:
    """The refusal that stands in an answer with a good status; a deletion's `{"message", "data": null}` is none."""
    try:
        answer = mapping(decode_any(received.body))
    except NotJson:
        return None  # some routes answer with bytes, or with nothing
    return answer if answer.get("error") or answer.get("success") is False else None


def _of_resource(error: AivaxError) -> AivaxError:
    if not isinstance(error, GatewayUnknown):
        return error
    return ResourceUnknown(status=error.status, code=error.code, detail=error.detail)
