"""Which surface shows an answer: by what its address says of the question."""

from __future__ import annotations

from collections.abc import Sequence

from bots.discord.channel import DiscordChannel
from bots.discord.ending import EndingSurface
from bots.discord.filing import Attach, CodeFile, FilingSurface
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

    def __init__(self, session: Session, voices: Voices, code_as_file_chars: int = 0) -> None:
        self._session = session
        self._voices = voices
        self._refusals = Refusals(session, voices)
        self._code_as_file_chars = code_as_file_chars

    def surface(self, where: Address, ledger: Ledger) -> ReplySurface:
        """Open the place of a question. A command's answer that can't go on beyond its token ends before that."""
        timing = self._session.timing
        channel = self._channel(where, ledger)
        regretful = Regretful(channel, self._refusals, where)
        inner = EditingSurface(regretful, ledger, now=timing.now, sleep=timing.sleep)
        if type(channel) is DiscordChannel and self._code_as_file_chars:
            return FilingSurface(inner, _attaching(channel, ledger), self._code_as_file_chars)
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


def _attaching(channel: DiscordChannel, ledger: Ledger) -> Attach:
    """Attach to the answer's last message, whichever attempt posted it."""

    async def attach(files: Sequence[CodeFile]) -> None:
        earlier = [delivery.message_id for delivery in ledger.earlier if delivery.message_id]
        await channel.attach(channel.newest or (earlier[-1] if earlier else ""), files)

    return attach
