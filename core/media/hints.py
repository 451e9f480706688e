"""What the log says where AIVAX has too little money for media, though there is some left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.domain import NoBalance
from core.util.log import log

_MINIMUM = {"image": "$0.10", "audio": "$0.10", "file": "$0.50"}
"""AIVAX documentation of July 2026. That of October names no figure: nothing is refused by it beforehand."""


@asynccontextmanager
async def media_call(kind: str) -> AsyncIterator[None]:
    """Around a call for media of a kind: a refusal for want of money passes, with a hint for operators in the log."""
    try:
        yield
    except NoBalance:
        hint = f"AIVAX may want a balance of its own for this: {_MINIMUM[kind]} in July 2026"
        log.warning("media.no_balance", kind=kind, hint=hint)
        raise
