"""An answer's bytes read with httpx alone, as its documentation shows it: what no reader on httpx can do without."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Tell me a long story."}], "stream": True}


@asynccontextmanager
async def reader(base_url: str) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """Open a client; what it gives asks once, and returns the body as it came."""
    async with httpx.AsyncClient(timeout=None) as client:

        async def read() -> bytes:
            body = bytearray()
            async with client.stream("POST", f"{base_url}/chat/completions", json=ASKED) as response:
                async for data in response.aiter_raw():
                    body += data
            return bytes(body)

        yield read


def text_of(body: bytes) -> str:
    """The text of events that were read as a whole."""
    events = (json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {"))
    return "".join(each["choices"][0]["delta"].get("content") or "" for each in events if each["choices"])
