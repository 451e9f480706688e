"""One completion over all its tries: where it is sent, how it is written, how far it came, when it is tried again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from core.aivax.addresses import route
from core.aivax.body_encoding import Body
from core.aivax.completions.retries import PROXY_GAVE_UP, Retries, has_direct_host
from core.aivax.deadlines import Deadlines
from core.aivax.error_text import Scrub, sample_of, scrub
from core.aivax.refusals.words import Meaning, tells
from core.aivax.request import CompletionRequest, Dialect, build_body
from core.aivax.stream.bounds import AnswerBounds
from core.aivax.stream.parser import TimelineParser
from core.domain import (
    AddressWrong,
    AivaxError,
    AnswerFailed,
    ContextTooLong,
    GatewayUnknown,
    RequestRefused,
    SchemaUnmet,
    ToolActivity,
    ToolState,
    Unavailable,
)
from core.settings import AivaxSettings

_TIME_ZONE = re.compile(r"(?i)time[ _-]?zone")
_OWN_FAULT = 500
_OWN_FAULT_CODES = frozenset({"server_error", "error", "500"})
"""Codes of an error inside a stream that tell nothing but that there is one."""


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
        self.bases = [settings.base_url]
        """The base addresses that were tried; the last one is asked."""
        self.misled: AddressWrong | None = None
        """What the first of them answered."""
        self.is_open = False
        """Whether answers of this model begin with thinking whose opening tag stands in the prompt."""
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
    def is_direct(self) -> bool:
        """Whether the direct host is asked."""
        return self._direct

    @property
    def model(self) -> str:
        return self._request.model

    @property
    def url(self) -> str:
        return route(self._settings.direct_url if self._direct else self.bases[-1], "chat/completions")

    def body(self) -> Body:
        return Body(build_body(self._request, self._settings, self.dialect))

    def begin_try(self) -> None:
        self.deadlines.begin_try()
        self.parser = TimelineParser(clean=self.clean, bounds=self._bounds, is_open=self.is_open)

    def mind_the_tail(self) -> None:
        """Wait less long for what may follow an answer that seems whole; as long again whenever it goes on."""
        if self.parser.whole:
            self.deadlines.answer_whole(self.parser.signs)
        else:
            self.deadlines.answer_goes_on()

    def go_direct(self, error: AivaxError) -> bool:
        """Turn to the direct host, once, when the proxy in front gave up."""
        if error.status != PROXY_GAVE_UP or self._direct or not has_direct_host(self._settings):
            return False
        self._direct = True
        return True

    def go_to(self, base: str) -> None:
        """Turn to another base address."""
        self.bases.append(base)

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

    def judged(self, error: AivaxError) -> AivaxError:
        """Take a failure that may end AIVAX' own tries at a form for that end: trying again would pay for as many.

        How AIVAX tells of it is unstated: a refusal, a fault of its own, or an error inside the stream.
        """
        if self._request.answer_schema is None or not _may_tell_of_a_form(error):
            return error
        return SchemaUnmet(status=error.status, code=error.code, detail=error.detail)

    def go_without_time_zone(self, error: AivaxError) -> bool:
        """Leave out the zone of who asks where AIVAX refuses it: their question is worth more than their clock."""
        options = self._request.options
        if not (options.time_zone and isinstance(error, RequestRefused)):
            return False
        if not _TIME_ZONE.search(f"{error.code} {error.detail}"):
            return False
        self._request = replace(self._request, options=options.with_next_time_zone())
        return True

    def dropped_tools(self) -> tuple[ToolActivity, ...]:
        """Name the tools that the failed try left open, as failed: the next try won't end them."""
        return tuple(replace(tool, state=ToolState.FAILED) for tool in self.parser.open_tools)


def _may_tell_of_a_form(error: AivaxError) -> bool:
    if isinstance(error, RequestRefused):
        names_another = _TIME_ZONE.search(f"{error.code} {error.detail}") or tells(
            Meaning.MEDIA, error.detail
        )
        return not isinstance(error, ContextTooLong) and not names_another
    if isinstance(error, AnswerFailed):
        return True
    own_fault = error.status == _OWN_FAULT or (not error.status and error.code in _OWN_FAULT_CODES)
    return isinstance(error, Unavailable) and own_fault
