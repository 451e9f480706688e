"""The turn that makes a digest; nobody asks for it by a word."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from cachetools import LRUCache

from core.admission.access import Access
from core.admission.spending.caps import SpendCaps
from core.aivax.request import ChatMessage, CompletionRequest
from core.aivax.stream.events import Usage
from core.conversations.capabilities import CapabilityRun
from core.domain import Author, Capability, ChannelMessage, Identity
from core.i18n import ScheduledPhrase
from core.scheduled.digests.making import BoundReached, Made, make
from core.scheduled.digests.reading import heard, sayable
from core.scheduled.settings import DigestSettings
from core.storage.scheduled.digests import DigestStore, Run
from core.storage.scheduled.left_out import LeftOutStore
from core.storage.spending import SpendingStore
from core.util.log import log
from core.util.time_zones import known_zone

DIGEST = "digest"
"""The capability of the turn that makes one."""
REMEMBERED = 200
"""What the model said to so many questions: a digest that is held goes on from there."""


class Bounds:
    """What a digest may cost, and whose words are in none."""

    def __init__(
        self,
        left_out: LeftOutStore,
        caps: SpendCaps,
        spending: SpendingStore,
        now: Callable[[], datetime],
        access: Access,
        *,
        only_agreed: bool,
    ) -> None:
        """`only_agreed`: people are asked whether they agree, so that only those are read who do."""
        self._left_out = left_out
        self._caps = caps
        self._spending = spending
        self._now = now
        self._access = access
        self._only_agreed = only_agreed

    async def require(self, run: CapabilityRun, settings: DigestSettings, calls: int, usd: float) -> None:
        """Raises `BoundReached` where no further call may be made: `calls` were, for `usd`."""
        if calls >= settings.most_calls:
            raise BoundReached("most_calls")
        if settings.most_usd and usd >= settings.most_usd:
            raise BoundReached("most_usd")
        if not self._caps.are_set:
            return
        async with self._spending.read(self._caps.price) as spending:
            asker = await spending.identity_of(run.turn.id)
            left = await self._caps.left(spending, self._now(), asker, run.turn.place)
        if left is not None and left <= usd:
            raise BoundReached("limits")

    async def left_out(self, run: CapabilityRun, messages: Collection[ChannelMessage]) -> set[str]:
        """The ids of those whose words are not summarised."""
        place = run.turn.place
        users = {each.quote.author for each in messages if not each.by_bot} - {""}
        workspace = "" if run.frontend.ids_are_global else place.workspace
        found = await self._left_out.among(place.platform, workspace, users, only_agreed=self._only_agreed)
        blocked = {
            user
            for user in users
            if self._access.refusal(Author(Identity(place.platform, place.workspace, user)), place)
        }
        return found | blocked


class DigestHandler:
    """Reads the channel, has it summarised, and writes what came of it; nothing where there is nothing to tell."""

    capability = Capability(DIGEST, ScheduledPhrase.DIGESTS_NAME, ScheduledPhrase.DIGESTS_COMMAND)

    def __init__(self, digests: Mapping[str, DigestSettings], store: DigestStore, bounds: Bounds) -> None:
        self._digests = digests
        self._store = store
        self._bounds = bounds
        self._said: LRUCache[str, tuple[str, Usage | None]] = LRUCache(REMEMBERED)

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        run.be_quiet()
        stored = await self._store.run_of(run.turn.id)
        settings = self._digests.get(stored.name) if stored is not None else None
        if stored is None or settings is None:  # the operator has taken it out of the configuration
            return
        source = run.frontend.address_of(settings.channel.partition(":")[2])
        found = await run.frontend.said_between(source, stored.since, stored.until, _most_read(settings))
        messages = sayable(found, await self._bounds.left_out(run, found))
        await self._store.read_messages(run.turn.id, len(messages))
        if len(messages) < settings.fewest_messages:
            log.info("digest.quiet", digest=settings.name, messages=len(messages))
            if settings.quiet == "sentence":
                await run.write(run.translator.say(ScheduledPhrase.DIGEST_QUIET))
            return
        await self._make(run, settings, stored, messages)

    async def _make(
        self, run: CapabilityRun, settings: DigestSettings, stored: Run, messages: list[ChannelMessage]
    ) -> None:
        what = heard(messages, settings)
        asking = _Asking(run, settings, stored, self._bounds, self._store, self._said)

        async def link(number: int) -> str:
            message = what.messages[number - 1]
            return await run.frontend.link(message.address, message.quote.origin)

        try:
            made = await make(what, settings, settings.language, asking, link)
        except BoundReached as bound:
            log.warning("digest.not_made", digest=settings.name, bound=str(bound))
            await run.write(run.translator.say(ScheduledPhrase.DIGEST_BOUND))
            return
        if not made.text:
            log.warning("digest.says_nothing", digest=settings.name, messages=len(messages))
            await run.write(run.translator.say(ScheduledPhrase.DIGEST_EMPTY, count=len(messages)))
            return
        log.info("digest.made", digest=settings.name, messages=len(messages), cut_short=made.cut_short)
        await run.write(_page(run, settings, stored, made, len(messages)))


class _Asking:
    """Asks the model for one digest, within its bounds; what it said before in this process is not asked again."""

    def __init__(
        self,
        run: CapabilityRun,
        settings: DigestSettings,
        stored: Run,
        bounds: Bounds,
        store: DigestStore,
        said: LRUCache[str, tuple[str, Usage | None]],
    ) -> None:
        self._run = run
        self._settings = settings
        self._bounds = bounds
        self._store = store
        self._said = said
        self._calls, self._usd = stored.calls, stored.usd

    async def __call__(self, key: str, messages: tuple[ChatMessage, ...]) -> str:
        remembered = f"{self._run.turn.key}:{key}"
        if (known := self._said.get(remembered)) is None:
            await self._bounds.require(self._run, self._settings, self._calls, self._usd)
            known = await self._run.ask_apart(lambda request: self._asked(request, key, messages))
            self._said[remembered] = known
            usd = _usd_of(known[1])
            self._calls, self._usd = self._calls + 1, self._usd + usd
            await self._store.count_call(self._run.turn.id, usd)
        text, usage = known
        if usage is not None:  # also of calls that were made before the turn was held
            self._run.used(usage)
        return text

    def _asked(
        self, request: CompletionRequest, key: str, messages: tuple[ChatMessage, ...]
    ) -> CompletionRequest:
        """The digest's question in place of a person's: no history, and no tools, which its text could call."""
        return replace(
            request,
            messages=messages,
            model=self._settings.model or request.model,
            options=request.options.without_tools(request.options.builtin_tools),
            idempotency_key=f"{request.idempotency_key}-{key}",
            question_files=(),
        )


def _usd_of(usage: Usage | None) -> float:
    return (usage.credits or 0.0) + (usage.other_usd or 0.0) if usage is not None else 0.0


def _most_read(settings: DigestSettings) -> int:
    """Some more than are summarised: bots and who is left out are among them."""
    return settings.most_messages * 2


def _page(run: CapabilityRun, settings: DigestSettings, stored: Run, made: Made, count: int) -> str:
    """The digest with its head, and what it lacks below."""
    say, zone = run.translator.say, known_zone(settings.time_zone)
    since, until = (f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (stored.since, stored.until))
    told = [say(ScheduledPhrase.DIGEST_TITLE, since=since, until=until, count=count), made.text]
    if made.left_out or made.cut_short:
        told.append(say(ScheduledPhrase.DIGEST_PARTLY))
    return "\n\n".join(told)
