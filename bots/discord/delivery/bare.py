"""Messages without anything but their words, for a Discord that does not take their look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core.domain import Button, MessageRefused
from core.util.log import log

T = TypeVar("T")


async def or_bare(write: Callable[[Sequence[Button]], Awaitable[T]], buttons: Sequence[Button]) -> T:
    """Write a message, and where it is not taken its words alone: no buttons.

    Raises:
        MessageRefused: the words are taken neither.
    """
    try:
        return await write(buttons)
    except MessageRefused as exc:
        if exc.failed:
            raise
        log.warning("discord.look_refused", code=exc.code)
        return await write(())
