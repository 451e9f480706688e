"""Sends one request in a thread: the sandbox has no HTTP library of its own but Python's."""

import asyncio
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_S = 15.0
_MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. A status of 0 means that nothing did."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Tells whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """Gives the body as text."""
        return self.body.decode("utf-8", "replace")


async def send(method: str, url: str, headers: Mapping[str, str], body: object = None) -> Reply:
    """Sends a request and waits for the whole answer; a connection that fails is a reply as well."""
    return await asyncio.to_thread(_send, method, url, headers, body)


def _send(method: str, url: str, headers: Mapping[str, str], body: object) -> Reply:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_S)
    data = None if body is None else json.dumps(body).encode()
    told = {**headers, **({} if data is None else {"Content-Type": "application/json"})}
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request(method, path, data, told)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, named, response.read(_MOST_BYTES))
    except (OSError, http.client.HTTPException) as exc:
        return Reply(0, {}, str(exc).encode())
    finally:
        connection.close()
