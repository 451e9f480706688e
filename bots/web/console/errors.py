"""What people see in place of a page: not found, not allowed, not now."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from bots.web.console.rendering import Renderer
from bots.web.console.visit import Visit
from core.i18n.console_text import ConsoleText as T


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """Each is a whole page, in the reader's language."""

    renderer: Renderer

    def missing(self, visit: Visit) -> Response:
        return self._page(visit, 404, T.ERROR_MISSING, T.ERROR_MISSING_HELP)

    def forbidden(self, visit: Visit) -> Response:
        return self._page(visit, 403, T.ERROR_FORBIDDEN, T.ERROR_FORBIDDEN_HELP)

    def forged(self, visit: Visit) -> Response:
        return self._page(visit, 403, T.ERROR_FORGED, T.ERROR_FORGED_HELP)

    def too_large(self, visit: Visit) -> Response:
        return self._page(visit, 413, T.ERROR_TOO_LARGE, T.ERROR_TOO_LARGE_HELP)

    def unavailable(self, visit: Visit) -> Response:
        return self._page(visit, 503, T.ERROR_UNAVAILABLE, T.ERROR_UNAVAILABLE_HELP)

    def crashed(self, visit: Visit) -> Response:
        return self._page(visit, 500, T.ERROR_CRASHED, T.ERROR_CRASHED_HELP)

    def _page(self, visit: Visit, status: int, title: T, text: T) -> Response:
        return self.renderer.page("error.html", visit, status=status, title=title, text=text)
