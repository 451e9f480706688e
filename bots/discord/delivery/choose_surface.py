"""Which surface shows an answer: by what its address says of the question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.delivery.code_attachments import Attach, CodeAttachmentSurface, CodeFile
from bots.discord.delivery.deadline_surface import DeadlineSurface
from bots.discord.delivery.ephemeral import EphemeralChannel
from bots.discord.delivery.interaction_channel import InteractionChannel, ends_at, outlives_token
from bots.discord.delivery.threads import QuestionThread
from bots.discord.delivery.unreachable import DirectMessages
from bots.discord.events.address import PLATFORM, Address
from bots.discord.transport.api import Session
from bots.discord.transport.timing import Timing
from core.delivery.editing_surface import EditingSurface
from core.delivery.message_parts import LEFT_OVER
from core.delivery.platform_retry import patiently
from core.delivery.unreachable import UnreachableSurface
from core.delivery.work_signs import TidySurface
from core.domain.errors import OutcomeUnknown, PlatformBusy
from core.domain.messages import Place
from core.domain.ports import EditableChannel, Ledger, ReplySurface
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators

ATTACH_WITHIN_S = 10.0
"""How long a file may take to be attached to an answer: it stands in the messages too, and the next question waits."""


class SurfaceChooser:
    """Opens the surface that fits a question's address."""

    def __init__(self, session: Session, translators: Translators, code_as_file_chars: int = 0) -> None:
        self._session = session
        self._translators = translators
        self._direct = DirectMessages(session, translators)
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
        channel = self._channel(where, ledger)
        editing = EditingSurface(channel, ledger, now=timing.now, sleep=timing.sleep)
        inner = UnreachableSurface(editing, partial(self._direct.tell, where))
        if type(channel) is DiscordChannel and self._code_as_file_chars:
            return CodeAttachmentSurface(inner, _attaching(channel, ledger, timing), self._code_as_file_chars)
        if not where.interaction or outlives_token(where) or timing.wall() >= ends_at(where):
            return inner
        place = Place(PLATFORM, str(where.guild or ""), str(where.parent or where.channel))
        translator = self._translators.for_reader(where.locale, place)
        sentence = translator.say(Phrase.PRIVATE_ENDED if where.hidden else Phrase.ENDED_HERE)
        return DeadlineSurface(inner, ends_at(where), sentence, timing)

    def _channel(self, where: Address, ledger: Ledger) -> EditableChannel:
        if where.interaction:
            return InteractionChannel(self._session, where, ledger.check)
        if where.token:
            return EphemeralChannel(self._session, where)
        if where.opens:
            return QuestionThread(self._session, where, ledger.check)
        return DiscordChannel(self._session, where, ledger.check)


def _attaching(channel: DiscordChannel, ledger: Ledger, timing: Timing) -> Attach:
    """Attach to the answer's last message, whichever attempt posted it; a failing platform is waited for briefly."""

    async def attach(files: Sequence[CodeFile]) -> None:
        earlier = [each.message_id for each in ledger.earlier if each.message_id and each.part < LEFT_OVER]
        last = channel.newest or (earlier[-1] if earlier else "")
        await patiently(
            lambda: channel.attach(last, files),
            budget_s=ATTACH_WITHIN_S,
            retry=(PlatformBusy, OutcomeUnknown),
            now=timing.now,
            sleep=timing.sleep,
        )

    return attach
