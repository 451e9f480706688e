"""The port of `[web]`: free, held by a running bot, or by another program, so that the bot could not start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bots.settings import WebSettings
from core.domain.checks import Finding, failed, ok

CHECK = "web.port"
TIMEOUT_S, MOST_BYTES = 3.0, 4_096
_ASKED = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  where it is asked instead


@dataclass(frozen=True, slots=True)
class PortCheck:
    """Asks who listens there."""

    web: WebSettings
    name: str = CHECK

    async def run(self) -> list[Finding]:
        host, port = _EVERYWHERE.get(self.web.host, self.web.host), self.web.port
        told = await _answer(host, port) if port else None
        if told is None:
            return [ok(CHECK, f"nobody listens at {host}:{port} yet" if port else "a free one is taken")]
        if b'"alive"' in told:
            return [ok(CHECK, f"a running bot answers at {host}:{port}")]
        cure = "choose another [web] port, or end the program that has this one"
        return [failed(CHECK, f"another program listens at {host}:{port}", cure)]


async def _answer(host: str, port: int) -> bytes | None:
    """What is answered there; None where nobody listens."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            writer.write(_ASKED)
            told = b""
            while len(told) < MOST_BYTES and (piece := await reader.read(MOST_BYTES)):
                told += piece
            return told
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.close()
