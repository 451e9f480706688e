"""How the fake says no."""

from typing import Any


class RefusedError(Exception):
    """The Web API's `{"ok": false, "error": …}`, with what stands beside it."""

    def __init__(self, error: str, **beside: Any) -> None:
        super().__init__(error)
        self.error = error
        self.beside = beside


def invalid(why: str) -> RefusedError:
    """The answer to an argument that is missing or of the wrong type."""
    return RefusedError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {why}"]})
