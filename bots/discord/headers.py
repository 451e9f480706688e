"""What Discord's rate-limit headers say of a channel's writes, told to the channel's gate."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import aiohttp

_WRITE = re.compile(r"/channels/(\d+)/messages(?:/\d+)?$")
_METHODS = frozenset({"POST", "PATCH"})

Tell = Callable[[int, int, float], None]
"""Takes a channel, how many more writes Discord takes there, and in how many seconds it begins to count anew."""


def trace(tell: Tell) -> aiohttp.TraceConfig:
    """Make what discord.py hangs on its connections (`http_trace`); it reads, and changes nothing."""

    async def ended(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        found = _WRITE.search(params.url.path)
        if found is None or params.method not in _METHODS:
            return
        headers = params.response.headers
        with suppress(LookupError, ValueError):  # a proxy's answer may lack them
            tell(
                int(found[1]),
                int(headers["X-RateLimit-Remaining"]),
                float(headers["X-RateLimit-Reset-After"]),
            )

    config = aiohttp.TraceConfig()
    config.on_request_end.append(ended)
    return config
