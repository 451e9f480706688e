"""One completion over all its tries: where it is sent, how it is written, how far it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from core.aivax.deadlines import Deadlines
from core.aivax.error_text import Scrub, sample_of, scrub
from core.aivax.keys import is_aivax_host
from core.aivax.payload import CompletionRequest, Dialect, build_body
from core.aivax.request_body import Body
from core.aivax.retry import Retries
from core.aivax.stream.bounds import AnswerBounds
from core.aivax.stream.parser import TimelineParser
from core.domain.errors import AivaxError, ContextTooLong, GatewayUnknown, RequestRefused
from core.domain.messages import ToolActivity, ToolState
from core.settings import AivaxSettings

_PROXY_GAVE_UP = 524


class Completion:
    """The state of one call of `AivaxClient.complete`, over all its tries."""

    def __init__(
        self,
        request: CompletionRequest,
        settings: AivaxSettings,
        dialect: Dialect,
        jitter: Callable[[], float],
        bounds: AnswerBounds,
    ) -> None:
        self._request = request
        self._settings = settings
        self._direct = False
        self.dialect = dialect
        self.deadlines = Deadlines(settings)
        self.retries = Retries(settings, jitter)
        self._bounds = bounds
        self.parser = TimelineParser(bounds=bounds)
        key = settings.api_key.get_secret_value()
        self.clean: Scrub = partial(scrub, keys=(key,), said=cache(lambda: sample_of(request.texts)))

    @property
    def key(self) -> str:
        return self._request.idempotency_key

    @property
    def url(self) -> str:
        base = self._settings.direct_url if self._direct else self._settings.base_url
        return f"{base.rstrip('/')}/chat/completions"

    def body(self) -> Body:
        return Body(build_body(self._request, self._settings, self.dialect))

    def begin_try(self) -> None:
        self.deadlines.begin_try()
        self.parser = TimelineParser(clean=self.clean, bounds=self._bounds)

    def go_direct(self, error: AivaxError) -> bool:
        """Turn to the direct host, once, when the proxy in front gave up."""
        if error.status != _PROXY_GAVE_UP or self._direct or not has_direct_host(self._settings):
            return False
        self._direct = True
        return True

    def go_bare(self, error: AivaxError) -> bool:
        """Leave out all that can be left out, once, when another server names a parameter of ours."""
        refused = isinstance(error, RequestRefused) and not isinstance(error, ContextTooLong)
        if self.dialect is not Dialect.PLAIN or not refused or isinstance(error, GatewayUnknown):
            return False
        optional = build_body(self._request, self._settings, self.dialect).keys() - {
            "model",
            "messages",
            "stream",
        }
        if not any(name in f"{error.code} {error.detail}" for name in optional):
            return False
        self.dialect = Dialect.BARE
        return True

    def dropped_tools(self) -> tuple[ToolActivity, ...]:
        """Name the tools that the failed try left open, as failed: the next try won't end them."""
        return tuple(replace(tool, state=ToolState.FAILED) for tool in self.parser.open_tools)


def has_direct_host(settings: AivaxSettings) -> bool:
    """Tell whether there is a direct host to turn to; another server's key never goes to AIVAX' own."""
    direct = settings.direct_url
    return bool(direct) and (is_aivax_host(settings.base_url) or not is_aivax_host(direct))
