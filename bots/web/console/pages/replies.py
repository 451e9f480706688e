"""The bot's own sentences: looked through, and changed by operators, with a preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.replies import Reply, Source, languages, previewed, replies, sample_values
from core.console.replies import Wording as Configured
from core.console.wording import Wording
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.i18n.overrides import Flaw, flaw_of

MOST_CHARS = 2_000
SOURCES = {
    Source.CONSOLE: T.FROM_CONSOLE,
    Source.CONFIGURATION: T.OWN_WORDING,
    Source.CATALOGUE: T.FROM_CATALOGUE,
}
FLAWS = {
    Flaw.EMPTY: T.FLAW_EMPTY,
    Flaw.UNSOUND: T.FLAW_UNSOUND,
    Flaw.BRACE: T.FLAW_BRACE,
    Flaw.UNKNOWN: T.FLAW_UNKNOWN,
    Flaw.FORMAT: T.FLAW_FORMAT,
}


class RepliesPages:
    """`/console/replies` and `/console/replies/LANGUAGE/NAME`."""

    def __init__(
        self, wording: Wording, configured: Callable[[], Configured], renderer: Renderer, errors: ErrorPages
    ) -> None:
        """`configured` tells what stands in `[replies.sentences]` now."""
        self._wording = wording
        self._configured = configured
        self._renderer = renderer
        self._errors = errors

    def routes(self, guard: Guard) -> Sequence[Route]:
        one = "/replies/{language}/{key}"
        return [
            guard.page("/replies", self.show),
            guard.page(one, self.edit, Role.OPERATOR),
            guard.action(one, self.change, Role.OPERATOR),
            guard.action(f"{one}/preview", self.preview, Role.OPERATOR),
            guard.action(f"{one}/reset", self.reset, Role.OPERATOR),
        ]

    async def show(self, visit: Visit) -> Response:
        known = languages()
        asked = visit.query.get("language", "")
        language = asked if asked in known else next(iter(known))
        return await self._renderer.large_page(
            "replies.html",
            visit,
            languages=known,
            language=language,
            replies=await self._replies(language),
            sources=SOURCES,
            may_edit=visit.user.role.may(Role.OPERATOR),
            saved=visit.query.get("saved", ""),
        )

    async def edit(self, visit: Visit) -> Response:
        """Show one sentence, to be changed."""
        reply = await self._named(visit)
        return self._errors.missing(visit) if reply is None else self._form(visit, reply, reply.text)

    async def preview(self, visit: Visit) -> Response:
        """Show what people would read, and keep nothing."""
        reply, text = await self._named(visit), _text(visit)
        return self._errors.missing(visit) if reply is None else self._form(visit, reply, text)

    async def change(self, visit: Visit) -> Response:
        """Put a sentence in force."""
        reply, text = await self._named(visit), _text(visit)
        if reply is None:
            return self._errors.missing(visit)
        if len(text) > MOST_CHARS or flaw_of(text, reply.placeholders) is not None:
            return self._form(visit, reply, text)
        if text != reply.text:
            await self._wording.change(_language(visit), reply.key, text, visit.actor)
        return self._to_list(visit, reply)

    async def reset(self, visit: Visit) -> Response:
        """Say again what would be said without the console."""
        reply = await self._named(visit)
        if reply is None:
            return self._errors.missing(visit)
        await self._wording.reset(_language(visit), reply.key, visit.actor)
        return self._to_list(visit, reply)

    def _form(self, visit: Visit, reply: Reply, text: str) -> Response:
        language, flaw = _language(visit), flaw_of(text, reply.placeholders)
        problem, values = _problem(text, flaw)
        return self._renderer.page(
            "reply.html",
            visit,
            status=200 if problem is None else 400,
            reply=reply,
            text=text[: MOST_CHARS * 2],
            most=MOST_CHARS,
            language=language,
            language_name=languages()[language],
            problem=problem,
            problem_values=values,
            read=previewed(reply.key, text, language) if flaw is None else "",
            samples=sample_values(reply.key, language),
            sources=SOURCES,
            is_changed=reply.source is Source.CONSOLE,
        )

    async def _replies(self, language: str) -> Sequence[Reply]:
        own: dict[str, dict[str, str]] = {}
        for each in await self._wording.read():
            own.setdefault(each.language, {})[each.key] = each.text
        return replies(self._configured(), own, language)

    async def _named(self, visit: Visit) -> Reply | None:
        """The sentence that the address names."""
        language, key = _language(visit), visit.request.path_params["key"]
        if language not in languages():
            return None
        return next((each for each in await self._replies(language) if each.key == key), None)

    def _to_list(self, visit: Visit, reply: Reply) -> Response:
        to = f"{PATH}/replies?language={_language(visit)}&saved={reply.key}#{reply.key}"
        return RedirectResponse(to, status_code=303)


def _language(visit: Visit) -> str:
    return str(visit.request.path_params["language"])


def _text(visit: Visit) -> str:
    """What was written, with the line ends of everybody else."""
    return visit.form.get("text", "").replace("\r\n", "\n").strip()


def _problem(text: str, flaw: tuple[Flaw, str] | None) -> tuple[T | None, dict[str, Any]]:
    if len(text) > MOST_CHARS:
        return T.FLAW_LONG, {"most": MOST_CHARS}
    if flaw is None:
        return None, {}
    return FLAWS[flaw[0]], {"placeholder": f"{{{flaw[1]}}}"} if flaw[1] or flaw[0] is Flaw.UNKNOWN else {}
