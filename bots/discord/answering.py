"""Which surface shows an answer: by what its address says of the question."""

from __future__ import annotations

from bots.discord.channel import DiscordChannel
from bots.discord.ending import EndingSurface
from bots.discord.interaction_channel import InteractionChannel, ends_at, goes_on
from bots.discord.places import PLATFORM, Address
from bots.discord.refusals import Refusals, Regretful
from bots.discord.session import Session
from bots.discord.threads import QuestionThread
from bots.discord.whisper import Whisper
from core.messages import Place
from core.ports import EditableChannel, Ledger, ReplySurface
from core.reply.editing import EditingSurface
from core.reply.phrases import Phrase
from core.reply.voices import Voices


class Answering:
    """Opens surfaces."""

    def __init__(self, session: Session, voices: Voices) -> None:
        self._session = session
        self._voices = voices
        self._refusals = Refusals(session, voices)

    def surface(self, where: Address, ledger: Ledger) -> ReplySurface:
        """Open the place of a question. A command's answer that can't go on beyond its token ends before that."""
        timing = self._session.timing
        channel = Regretful(self._channel(where, ledger), self._refusals, where)
        inner = EditingSurface(channel, ledger, now=timing.now, sleep=timing.sleep)
        if not where.interaction or goes_on(where) or timing.wall() >= ends_at(where):
            return inner
        return EndingSurface(inner, ends_at(where), self._sentence(where), timing)

    def _channel(self, where: Address, ledger: Ledger) -> EditableChannel:
        if where.interaction:
            return InteractionChannel(self._session, where, ledger.check)
        if where.token:
            return Whisper(self._session, where)
        if where.title:
            return QuestionThread(self._session, where, ledger.check)
        return DiscordChannel(self._session, where, ledger.check)

    def _sentence(self, where: Address) -> str:
        place = Place(PLATFORM, str(where.guild or ""), str(where.parent or where.channel))
        voice = self._voices.for_reader(where.locale, place)
        return voice.say(Phrase.PRIVATE_ENDED if where.hidden else Phrase.ENDED_HERE)
