"""The signatures that were seen, for as long as they count."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

GOOD_FOR_S = 300.0


class SeenSignatures:
    """Knows the requests whose content is stored, so that the same bytes do nothing a second time.

    Kept in this process: what must not happen twice in another one is kept from it by the event's own key.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

    def __contains__(self, signature: str) -> bool:
        self._forget()
        return signature in self._seen

    def add(self, signature: str) -> None:
        """Remember it. A timestamp may lie ahead by as long as it may lie back: kept for both together."""
        if signature not in self._seen:
            self._seen.add(signature)
            self._order.append((self._now() + 2 * GOOD_FOR_S, signature))

    def _forget(self) -> None:
        now = self._now()
        while self._order and self._order[0][0] <= now:
            self._seen.discard(self._order.popleft()[1])
