"""HTTP mode: signed requests to the app's address, and once more when they are not answered in time."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from .clock import Timer
from .socket_mode import RETRY_AFTER_S, Delivery, Envelope
from .world import World

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A request as it went out, and how it was answered; the status is 0 where no answer came in time."""

    body: bytes
    headers: dict[str, str]
    status: int
    answer: str
    told: dict[str, str]  # the answer's headers, in small letters
    took_s: float
    attempt: int


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Makes `X-Slack-Signature`, as the page "Verifying requests from Slack" has it."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpMode:
    """Slack's end of HTTP mode. Signatures carry the wall clock's time, which is what the app reads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signing_secret = "signing-secret"
        self.request_url = ""
        self.deliveries: list[Delivery] = []
        self.sent: list[Sent] = []
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def deliver(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        self._begin(delivery)
        return delivery

    def redeliver(self) -> int:
        """Makes the next attempt of every unanswered event now; returns how many there were."""
        waiting = [each for each in self.deliveries if each.open and each.type == "events_api" and each.timer]
        for delivery in waiting:
            self._begin(delivery)
        return len(waiting)

    def repeat(self, delivery: Delivery) -> Delivery:
        """Sends an event once more although it was answered, marked as a retry: its first answer was lost."""
        return self.deliver(Delivery(delivery.type, delivery.payload, envelopes=list(delivery.envelopes)))

    def _begin(self, delivery: Delivery) -> None:
        self.world.clock.cancel(delivery.timer)
        delivery.timer = None
        task = asyncio.create_task(self._attempt(delivery))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _attempt(self, delivery: Delivery) -> None:
        number = len(delivery.envelopes)
        now, id_ = self.world.clock.now(), self.world.new_id("request-")
        delivery.envelopes.append(Envelope(id_, delivery.type, delivery.payload, number, None, now))
        body, headers = self._request(delivery, number)
        sent = await self.post(body, headers, number)
        if 200 <= sent.status < 300:
            self._taken(delivery, sent)
        elif sent.told.get("x-slack-no-retry") == "1":
            delivery.lost = True
        else:
            self._plan(delivery, number)
        self.world.changed()

    def _request(self, delivery: Delivery, number: int) -> tuple[bytes, dict[str, str]]:
        if delivery.type == "events_api":
            body, kind = json.dumps(delivery.payload).encode(), JSON
        elif delivery.type == "interactive":
            body, kind = urlencode({"payload": json.dumps(delivery.payload)}).encode(), FORM
        else:
            body, kind = urlencode(delivery.payload).encode(), FORM
        headers = {"Content-Type": kind, **self.signature(body)}
        if number and self.world.rules.same_signature:
            headers = next(sent.headers for sent in self.sent if sent.body == body)
        if number:
            headers = {**headers, "x-slack-retry-num": str(number), "x-slack-retry-reason": "http_error"}
        return body, headers

    def signature(self, body: bytes, *, age_s: float = 0.0) -> dict[str, str]:
        timestamp = str(int(time.time() - age_s))
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self.signing_secret, timestamp, body),
        }

    async def post(self, body: bytes, headers: dict[str, str], attempt: int = 0) -> Sent:
        """Sends one request; a test forges with it what Slack would not send."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        began, status, text, told = time.monotonic(), 0, "", {}
        try:
            async with asyncio.timeout(self.world.rules.ack_deadline_s):
                async with self._session.post(self.request_url, data=body, headers=headers) as answer:
                    status, text = answer.status, await answer.text()
                    told = {name.lower(): value for name, value in answer.headers.items()}
        except (TimeoutError, aiohttp.ClientError):
            pass
        sent = Sent(body, headers, status, text, told, time.monotonic() - began, attempt)
        self.sent.append(sent)
        self.world.changed()
        return sent

    def _taken(self, delivery: Delivery, sent: Sent) -> None:
        delivery.acked = True
        if delivery.on_ack is not None:
            delivery.on_ack(_answer(sent.answer))

    def _plan(self, delivery: Delivery, done: int) -> None:
        """Tries an event again at once, after one minute and after five; the rest is tried once only."""
        if delivery.type != "events_api" or done >= len(RETRY_AFTER_S):
            delivery.lost = True
            if delivery.on_timeout is not None:
                delivery.on_timeout()
            return
        delivery.timer = self._later(delivery, RETRY_AFTER_S[done])

    def _later(self, delivery: Delivery, delay_s: float) -> Timer:
        return self.world.clock.after(delay_s, lambda: self._begin(delivery))


def _answer(text: str) -> dict[str, Any] | None:
    """Reads what an interaction was answered with: nothing, a text, or a message."""
    try:
        read = json.loads(text)
    except ValueError:
        return {"text": text} if text else None
    return read if isinstance(read, dict) else None
