"""Which surface shows an answer: by what its address says of the question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bots.discord.delivery.channel import NO_MENTIONS, DiscordChannel
from bots.discord.delivery.code_attachments import CodeAttachmentSurface, CodeFile
from bots.discord.delivery.deadline_surface import DeadlineSurface
from bots.discord.delivery.ephemeral import EphemeralChannel
from bots.discord.delivery.interaction_channel import (
    InteractionChannel,
    ends_at,
    outlives_token,
)
from bots.discord.delivery.markup_out import DIALECT
from bots.discord.delivery.threads import QuestionThread
from bots.discord.events.address import PLATFORM, Address
from bots.discord.transport.api import Session
from bots.discord.transport.pacing import unguarded
from bots.discord.transport.timing import Timing
from core.delivery.editing_surface import EditingSurface
from core.delivery.forwarding import TidySurface, UnreachablePlaces, UnreachableSurface
from core.delivery.message_parts import LEFT_OVER
from core.delivery.pacing import Pace, SharedRate
from core.delivery.platform_retry import patiently
from core.domain import (
    Ledger,
    OutcomeUnknown,
    Place,
    PlaceClosed,
    PlatformBusy,
    ReplySurface,
    Translator,
)
from core.i18n import Phrase, Translators

ATTACH_WITHIN_S = 10.0
"""How long a file may take to be attached to an answer: it stands in the messages too, and the next question waits."""
FORBIDDEN = frozenset({"50001", "50013", "50083", "160005"})
"""No access, a permission that lacks, a thread that is archived or locked: what people of the server can mend."""


class SurfaceChooser:
    """Opens the surface that fits a question's address, and has its author told where the place takes no answer."""

    def __init__(self, session: Session, translators: Translators, code_as_file_chars: int = 0) -> None:
        self._session = session
        self._translators = translators
        self._unreachable = UnreachablePlaces(session.timing.now)
        self._code_as_file_chars = code_as_file_chars

    def surface(self, where: Address, ledger: Ledger) -> ReplySurface:
        """Open the place of a question, and leave no hourglass on it."""
        surface = self._surface(where, ledger)
        question = where.question
        if not ledger.resumed or not question.message:
            return surface
        unreact = DiscordChannel(self._session, question, ledger.check).unreact
        return TidySurface(surface, at_beginning=unreact, at_end=unreact)

    def _surface(self, where: Address, ledger: Ledger) -> ReplySurface:
        """Open the place of a question. A command's answer that can't go on beyond its token ends before that."""
        timing = self._session.timing
        pace = Pace(
            lambda: channel.edit_interval_s,
            rate=self._growing_in(where),
            first_words_after_s=timing.first_words_after_s,
            now=timing.now,
            sleep=timing.sleep,
        )
        channel = self.channel(where, ledger, pace)
        editing = EditingSurface(channel, ledger, pace, dialect=DIALECT, now=timing.now, sleep=timing.sleep)
        inner = UnreachableSurface(editing, partial(self._tell_author, where))
        if type(channel) is DiscordChannel and self._code_as_file_chars:
            return CodeAttachmentSurface(
                inner, partial(_attach, channel, ledger, timing), self._code_as_file_chars
            )
        if not where.interaction or outlives_token(where) or timing.wall() >= ends_at(where):
            return inner
        sentence = self._translator(where).say(Phrase.PRIVATE_ENDED if where.hidden else Phrase.ENDED_HERE)
        return DeadlineSurface(inner, ends_at(where), sentence, timing)

    def channel(
        self, where: Address, ledger: Ledger | None = None, pace: Pace | None = None
    ) -> DiscordChannel:
        """The place of an answer: without a ledger, to take away what stands there; with a pace, one that grows."""
        guard = ledger.check if ledger is not None else unguarded
        if where.interaction:
            return InteractionChannel(self._session, where, guard, pace)
        if where.token:
            return EphemeralChannel(self._session, where)
        if where.opens:
            return QuestionThread(self._session, where, guard, pace)
        return DiscordChannel(self._session, where, guard, pace)

    def _growing_in(self, where: Address) -> SharedRate:
        """What the answers share that grow in the same place."""
        place = self._session.webhook_pace(where.token) if where.token else self._session.pace(where.channel)
        return place.growing

    async def _tell_author(self, where: Address, error: PlaceClosed) -> None:
        """Tell the author, once an hour for each channel, if it is the place that is closed to the bot."""
        if error.code in FORBIDDEN:
            place = Place(PLATFORM, str(where.guild or ""), str(where.channel))
            send = partial(self._send_direct, where) if where.guild and where.user else None
            await self._unreachable.tell(place, error.code, send)

    async def _send_direct(self, where: Address) -> None:
        text = self._translator(where).say(Phrase.MAY_NOT_WRITE, where=f"<#{where.channel}>")
        direct = await self._session.open_direct(where.user)
        await self._session.write(
            self._session.pace(direct),
            lambda client: client.get_partial_messageable(direct).send(
                text, suppress_embeds=True, allowed_mentions=NO_MENTIONS
            ),
            unguarded,
            creates=True,
        )

    def _translator(self, where: Address) -> Translator:
        place = Place(PLATFORM, str(where.guild or ""), str(where.parent or where.channel))
        return self._translators.for_reader(where.locale, place)


async def _attach(channel: DiscordChannel, ledger: Ledger, timing: Timing, files: Sequence[CodeFile]) -> None:
    """Attach to the answer's last message, whichever attempt posted it; a failing platform is waited for briefly."""
    earlier = [each.message_id for each in ledger.earlier if each.message_id and each.part < LEFT_OVER]
    last = channel.newest or (earlier[-1] if earlier else "")
    await patiently(
        lambda: channel.attach(last, files),
        budget_s=ATTACH_WITHIN_S,
        retry=(PlatformBusy, OutcomeUnknown),
        now=timing.now,
        sleep=timing.sleep,
    )
