"""The capabilities that the configuration switches on."""

from __future__ import annotations

from bots.wiring import Base
from core.conversations.capabilities import Capabilities, CapabilityHandler


def capabilities_of(base: Base) -> Capabilities:
    """Build what people can have the bot do in place of asking the model."""
    del base  # nothing is switched on yet
    handlers: list[CapabilityHandler] = []
    return Capabilities(handlers)
