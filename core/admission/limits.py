"""The operator's own limits: what is not taken is answered at once with a sentence."""

from __future__ import annotations

import structlog

from core.messages import Said
from core.reply.phrases import Phrase, Voice
from core.settings import LimitsSettings
from core.storage.intake import IntakeTransaction

log = structlog.get_logger(__name__)


class Limits:
    """`[limits]`, judged inside the transaction that takes the message in."""

    def __init__(self, settings: LimitsSettings) -> None:
        self._settings = settings

    async def refusal(self, transaction: IntakeTransaction, said: Said, voice: Voice) -> str | None:
        """The sentence that answers a message which is not taken, or None."""
        most = self._settings.message_chars
        if len(said.text) > most:
            return voice.say(Phrase.MESSAGE_TOO_LONG, most=most, length=len(said.text))
        if await transaction.waiting_turns() >= self._settings.waiting_turns:
            log.warning("intake.full", waiting=self._settings.waiting_turns, setting="[limits] waiting_turns")
            return voice.say(Phrase.BUSY)
        return None
