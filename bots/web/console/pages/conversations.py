"""Conversations: found by person, place, time, outcome and reference; by words for who may read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.pages.filters import address, begin_of, day_of, end_of, given
from bots.web.console.pages.overview import Frontends
from bots.web.console.pages.told import MOODS, STATE_NAMES, Mood
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.security.words import WordsRule
from bots.web.console.visit import Visit
from core.console.conversations import Conversations
from core.console.people import PersonFinder
from core.i18n.console_text import ConsoleText as T
from core.storage.console.conversations import OUTCOMES, Wanted
from core.storage.console.paging import spot_of

CONVERSATIONS = f"{PATH}/conversations"
FIELDS = ("of", "person", "platform", "channel", "outcome", "reference", "words", "from", "to", "days")
DAYS, DEFAULT_DAYS = ("1", "7", "30", "90", "365"), "7"
LEAST_WORDS = 3
"""Characters that words are searched by."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
OUTCOME_NAMES = dict(
    zip(
        OUTCOMES,
        (T.NOT_ENDED, T.STATE_ANSWERED, T.STATE_FAILED, T.STATE_CANCELLED, T.STATE_SUPERSEDED),
        strict=True,
    )
)


class ConversationList:
    """`/console/conversations`."""

    def __init__(
        self,
        conversations: Conversations,
        finder: PersonFinder,
        frontends: Frontends,
        renderer: Renderer,
        errors: ErrorPages,
        now: Callable[[], datetime],
        words: WordsRule,
    ) -> None:
        self._conversations = conversations
        self._finder = finder
        self._frontends = frontends
        self._renderer = renderer
        self._errors = errors
        self._now = now
        self._words = words

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/conversations", self.show)]

    async def show(self, visit: Visit) -> Response:
        fields = {name: given(visit.query, name) for name in FIELDS}
        may_read = self._words.may_read(visit)
        if fields["words"] and not may_read:
            return self._errors.forbidden(visit)
        if fields["days"] not in DAYS:
            fields["days"] = DEFAULT_DAYS
        before = spot_of(given(visit.query, "before"))
        is_short = 0 < len(fields["words"]) < LEAST_WORDS
        wanted = wanted_of(fields, await self._whose(fields), self._now())
        nothing = is_short or wanted.identity_ids == []
        listing = None if nothing else await self._conversations.list(wanted, before, with_words=may_read)
        return await self._renderer.large_page(
            "conversations.html",
            visit,
            fields=fields,
            is_filtered=any(value for name, value in fields.items() if name != "days"),
            may_read=may_read,
            is_short=is_short,
            least=LEAST_WORDS,
            lines=listing.page.rows if listing else [],
            looked_back_to=listing.looked_back_to if listing else None,
            older=address(CONVERSATIONS, fields, before=str(listing.page.next))
            if listing and listing.page.next
            else "",
            newest=address(CONVERSATIONS, fields) if before else "",
            spans=[
                (days, address(CONVERSATIONS, {**fields, "from": "", "to": ""}, days=days)) for days in DAYS
            ],
            platforms=[name for name, *_ in self._frontends.parts()],
            outcomes=OUTCOME_NAMES,
            names=STATE_NAMES,
            moods=MOODS,
            idle=Mood.IDLE,
        )

    async def _whose(self, fields: Mapping[str, str]) -> Sequence[int] | None:
        """The identities that are meant; None: anybody's."""
        if fields["of"].isdecimal() and len(fields["of"]) < 19:  # what a row's id has at most
            return await self._finder.of_person(int(fields["of"]))
        if fields["person"]:
            return [found.id for found in await self._finder.find(fields["person"])]
        return None


def wanted_of(fields: Mapping[str, str], identity_ids: Sequence[int] | None, now: datetime) -> Wanted:
    """What the filters ask for; a reference is looked for in all times."""
    until = end_of(day_of(fields["to"])) or now + timedelta(minutes=1)
    since = begin_of(day_of(fields["from"])) or until - timedelta(days=int(fields["days"]))
    return Wanted(
        since=ALWAYS if fields["reference"] else since,
        until=until,
        identity_ids=identity_ids,
        platform=fields["platform"],
        channel=fields["channel"].removeprefix("#"),
        outcome=fields["outcome"] if fields["outcome"] in OUTCOMES else "",
        reference=fields["reference"].strip("`").lower(),
        words=fields["words"],
    )
