"""HTTP mode: Slack's requests are checked before Bolt sees them, and answered when their payload is stored.

docs.slack.dev, "Events API" and "Verifying requests from Slack". Bolt alone knows no limit for a body, stumbles over a
timestamp that is no number and over bytes that are no text, and takes the same bytes twice.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from cachetools import TTLCache
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bots.slack.listening.bolt_app import Receive, bolt_app, dispatch
from bots.slack.transport.app_api import AppApi
from bots.slack.transport.refusal_log import RefusalLog, RequestRefusedError
from core.domain import Watch
from core.util.clock import Now
from core.util.log import log

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_SIGNED_FOR_S = 300.0
"""How far a request's timestamp may lie from our clock: docs.slack.dev, "Verifying requests"."""
_READ_WITHIN_S = 2.0
_DRAIN_TIMES = 8
"""Of a body that is too large, so many times the limit is read and dropped, so that the sender still gets the 413."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class HttpEvents:
    """Events to `POST /slack/events`: presses and commands too."""

    def __init__(self, api: AppApi, now: Now = time.time) -> None:
        self._api = api
        self._limit = api.settings.body_limit_bytes
        self._clock = _SdkClock(now)
        self._seen = seen_signatures(now)
        self._open: tuple[AsyncApp, Receive, SignatureVerifier] | None = None
        """What requests meet while somebody listens."""
        self._refusals = RefusalLog("slack.request_refused", now)

    async def listen(self, receive: Receive, watch: Watch) -> None:
        """Let requests in until cancelled. While nobody listens, Slack is told to come again."""
        secret = self._api.settings.signing_secret.get_secret_value().strip()
        self._open = bolt_app(self._api, receive), receive, SignatureVerifier(secret, clock=self._clock)
        watch.up()
        try:
            await asyncio.Event().wait()
        finally:
            self._open = None

    async def answer(self, request: Request) -> Response:
        """Take a request in, or say in its status why not: never a 500, and nothing that a person would read."""
        try:
            return await self._answer(request)
        except RequestRefusedError as refusal:
            self._refusals.note(refusal.status, str(refusal))
            return Response(status_code=refusal.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("slack.request_failed")
            return Response(status_code=503)

    async def _answer(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):  # how Slack looks at a command's certificate
            return Response(status_code=200 if request.query_params.get("ssl_check") == "1" else 405)
        text = await self._read(request)
        payload = parsed(text, request.headers.get("content-type", ""))
        if payload.get("ssl_check") == "1":  # unsigned, and nothing comes of it
            return Response(status_code=200)
        if self._open is None:
            raise RequestRefusedError(503, "nobody listens yet, or any more")
        app, receive, verifier = self._open
        sign = _signed(verifier, request.headers, text)
        if sign in self._seen:
            log.warning("slack.request_repeated", retry=request.headers.get("x-slack-retry-num", ""))
            return Response(status_code=200)
        return await self._dispatched((app, receive), request, payload, sign)

    async def _dispatched(
        self, way: tuple[AsyncApp, Receive], request: Request, payload: dict[str, Any], sign: str
    ) -> Response:
        headers = {name: request.headers.getlist(name) for name in request.headers}
        try:
            answer = await dispatch(*way, payload, headers)
        except ValueError as exc:
            raise RequestRefusedError(400, str(exc)) from exc
        if answer.status >= 500:
            raise RequestRefusedError(503, "not stored")
        if answer.status == 200:
            self._seen[sign] = None
        told = {name: ", ".join(values) for name, values in answer.headers.items()}
        return Response(answer.body, status_code=answer.status, headers=told)

    async def _read(self, request: Request) -> str:
        body = bytearray()
        too_much = 0
        try:
            async with asyncio.timeout(_READ_WITHIN_S):
                async for piece in request.stream():
                    if too_much or len(body) + len(piece) > self._limit:
                        too_much += len(piece)
                    else:
                        body += piece
                    if too_much > _DRAIN_TIMES * self._limit:
                        break
        except TimeoutError:
            raise RequestRefusedError(413 if too_much else 408, "the body came too slowly") from None
        if too_much:
            raise RequestRefusedError(413, "[slack] body_limit_bytes: the body is larger")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise RequestRefusedError(400, "the body is not UTF-8") from None


def seen_signatures(now: Now) -> TTLCache[str, None]:
    """Make the memory of requests whose content is stored, so that the same bytes do nothing a second time.

    Kept in this process: what must not happen twice in another one is kept from it by the event's own key. A
    timestamp may lie ahead by as long as it may lie back, so a signature is remembered for both together.
    """
    return TTLCache(math.inf, 2 * _SIGNED_FOR_S, timer=now)


def _signed(verifier: SignatureVerifier, headers: Mapping[str, str], text: str) -> str:
    """The signature with its timestamp, where it is one of Slack's and recent."""
    timestamp = headers.get("x-slack-request-timestamp", "")
    signature = headers.get("x-slack-signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise RequestRefusedError(401, "no signature of Slack's")
    if not verifier.is_valid(text, timestamp, signature):
        raise RequestRefusedError(401, "[slack] signing_secret: wrong signature, or too old")
    return f"{timestamp}:{signature}"


@dataclass(frozen=True, slots=True)
class _SdkClock(Clock):
    """The SDK's clock, in our hands."""

    read: Now

    def now(self) -> float:
        return self.read()


def parsed(text: str, content_type: str) -> dict[str, Any]:
    """Read a body: JSON, a form with JSON in `payload`, or a form of plain fields."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (_JSON, _FORM):
        raise RequestRefusedError(415, "neither JSON nor a form")
    try:
        read: Any = json.loads(text) if kind == _JSON else _form(text)
    except (ValueError, RecursionError):
        raise RequestRefusedError(400, "the body can't be read") from None
    if not isinstance(read, dict) or not isinstance(read.get("event", {}), dict):
        raise RequestRefusedError(400, "the body is no object")
    return read


def _form(text: str) -> Any:
    fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    return json.loads(fields["payload"]) if "payload" in fields else fields
