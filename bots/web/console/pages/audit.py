"""What operators did, and who tried to sign in."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.pages.filters import address, begin_of, day_of, end_of, given
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.audit import AuditSource
from core.domain.audit import AuditAction
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.storage.console.audit import AuditFilter
from core.storage.console.paging import spot_of

AUDIT = f"{PATH}/audit"
DEEDS = {action: T[f"DID_{action.value.replace('.', '_').upper()}"] for action in AuditAction}
VIAS = {"console": T.VIA_CONSOLE, "command": T.VIA_COMMAND, "chat": T.VIA_CHAT}


class AuditPage:
    """`/console/audit`."""

    def __init__(self, audit: AuditSource, renderer: Renderer, kept_days: float) -> None:
        """`kept_days`: how long an entry is kept; 0: for good."""
        self._audit = audit
        self._renderer = renderer
        self._kept_days = kept_days

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/audit", self.show, Role.OPERATOR)]

    async def show(self, visit: Visit) -> Response:
        fields = {name: given(visit.query, name) for name in ("who", "what", "from", "to", "person")}
        since, until = day_of(fields["from"]), day_of(fields["to"])
        person = given(visit.query, "person")
        wanted = AuditFilter(
            actor=fields["who"],
            action=fields["what"],
            person_id=int(person) if person.isdecimal() and len(person) < 19 else None,
            since=begin_of(since),
            until=end_of(until),
        )
        before = spot_of(given(visit.query, "before"))
        page = await self._audit.page(wanted, before)
        return await self._renderer.large_page(
            "audit.html",
            visit,
            lines=page.rows,
            older=address(AUDIT, fields, before=str(page.next)) if page.next else "",
            newest=address(AUDIT, fields) if before else "",
            fields=fields,
            is_filtered=any(fields.values()),
            actors=await self._audit.actors(),
            deeds={action.value: text for action, text in DEEDS.items()},
            vias=VIAS,
            roles=[role.value for role in Role],
            kept_days=self._kept_days,
        )
