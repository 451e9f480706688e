"""Failures on demand: what the next calls of a route meet instead of, or after, being served."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from .limits import retry_after_header

HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>cloudflare</body></html>"


@dataclass
class Fault:
    """A rule for the next `times` calls that match."""

    pattern: re.Pattern[str]
    times: int
    met: int = field(default=0, init=False)

    def takes(self, method_and_path: str) -> bool:
        if self.met >= self.times or not self.pattern.fullmatch(method_and_path):
            return False
        self.met += 1
        return True


@dataclass
class Refuse(Fault):
    """Answers with an error; nothing is done."""

    status: int
    body: dict[str, Any] | str
    headers: dict[str, str]
    via: bool = True


@dataclass
class Lose(Fault):
    """Drops the connection: after the work, or before it (then nothing is done)."""

    worked: bool
    reset: bool


@dataclass
class Hang(Fault):
    """Holds calls until released: before the work, or after it with only the answer held back."""

    worked: bool
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Lets the held calls go on, and all later ones pass."""
        self.times = 0
        self._released.set()

    async def hold(self) -> None:
        self.entered.set()
        await self._released.wait()


def pattern(spec: str) -> re.Pattern[str]:
    """Reads `"POST /channels/{}/messages"`: `{}` is any one segment, a `*` anything."""
    literal = re.escape(spec).replace(r"\{\}", "[^/]+").replace(r"\*", ".*")
    return re.compile(literal)


def refusal(
    spec: str, times: int, status: int, code: int, message: str, html: bool, headers: dict[str, str]
) -> Refuse:
    body = HTML.format(f"{status} Error") if html else {"message": message, "code": code}
    return Refuse(pattern(spec), times, status, body, headers, via=not html)


def rate_limit(
    spec: str, times: int, retry_after_s: float, scope: str, via: bool, code: int | None
) -> Refuse:
    """Makes a 429. Scope `global` says `global: true`; without `via` it is Cloudflare's."""
    body: dict[str, Any] = limited_body(retry_after_s, scope, code)
    return Refuse(pattern(spec), times, 429, body, limited_headers(retry_after_s, scope), via)


def limited_body(retry_after_s: float, scope: str, code: int | None = None) -> dict[str, Any]:
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after_s, 3),
        "global": scope == "global",
    }
    return body if code is None else body | {"code": code}


def limited_headers(retry_after_s: float, scope: str) -> dict[str, str]:
    headers = {"Retry-After": retry_after_header(retry_after_s), "X-RateLimit-Scope": scope}
    return headers | {"X-RateLimit-Global": "true"} if scope == "global" else headers
