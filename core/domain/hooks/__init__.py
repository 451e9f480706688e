"""Hooks: the operator's own code around a turn."""

from core.domain.hooks.port import NO_HOOKS, Hooks
from core.domain.hooks.values import (
    Answered,
    Call,
    CallMessage,
    Failed,
    Feedback,
    HookEvent,
    Question,
    Refuse,
)

__all__ = [
    "NO_HOOKS",
    "Answered",
    "Call",
    "CallMessage",
    "Failed",
    "Feedback",
    "HookEvent",
    "Hooks",
    "Question",
    "Refuse",
]
