"""Who may read what people wrote: `[web.console] words_for`."""

from __future__ import annotations

from bots.web.console.visit import Visit
from core.domain.console import Role


class WordsRule:
    """Asked by every page that could show, search or hand out words."""

    def __init__(self, words_for: str) -> None:
        """`words_for` is the role from which on words are shown, or `nobody`."""
        self._from = Role(words_for) if words_for in list(Role) else None

    def may_read(self, visit: Visit) -> bool:
        return self._from is not None and visit.user.role.may(self._from)
