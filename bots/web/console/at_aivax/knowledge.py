"""`/console/knowledge`: collections, and what was learnt into them, by whom and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.pages.filters import address
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.security.words import WordsRule
from bots.web.console.visit import Visit
from core.console.knowledge import KnowledgeDesk
from core.domain.console import Role
from core.util.log import log

KNOWLEDGE = f"{PATH}/knowledge"
MOST_CHARS = 200


@dataclass(frozen=True, slots=True)
class KnowledgePages:
    """Lists, and has something forgotten."""

    desk: KnowledgeDesk
    renderer: Renderer
    errors: ErrorPages
    words: WordsRule

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.page("/knowledge", self.show),
            guard.action("/knowledge/{source:int}/forget", self.forget, Role.OPERATOR),
        ]

    async def show(self, visit: Visit) -> Response:
        """Names are what people call their files and threads: only who may read words sees or searches them."""
        may_read = self.words.may_read(visit)
        fields = {name: visit.query.get(name, "").strip()[:MOST_CHARS] for name in ("q", "collection")}
        before = visit.query.get("before", "")
        page = await self.desk.learnt.page(
            fields["q"] if may_read else "",
            fields["collection"],
            int(before) if before.isdecimal() and len(before) < 19 else None,
        )
        return await self.renderer.large_page(
            "knowledge.html",
            visit,
            collections=await self.desk.collections(),
            lines=page.rows,
            older=address(KNOWLEDGE, fields, before=str(page.next.id)) if page.next else "",
            newest=address(KNOWLEDGE, fields) if before else "",
            fields=fields,
            is_filtered=any(fields.values()),
            may_read=may_read,
            may_act=visit.user.role.may(Role.OPERATOR),
        )

    async def forget(self, visit: Visit) -> Response:
        """Have it forgotten, at AIVAX too; it stays in the list, marked, until that is done."""
        source = int(visit.request.path_params["source"])
        if source >= 2**63 or not await self.desk.learnt.forget(source, visit.actor):
            return self.errors.missing(visit)
        log.info("console.acted", by=visit.user.name, learnt=source, act="forget")
        return RedirectResponse(KNOWLEDGE, status_code=303)
