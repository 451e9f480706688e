"""The words `pause` and `resume`: operators hold all answers, and let them go on."""

from __future__ import annotations

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability
from core.domain.audit import in_chat
from core.i18n import Phrase
from core.storage.operations.pauses import SENTENCE_CHARS, PauseStore
from core.util.log import log
from core.util.text import shorten


class PauseHandler:
    """Carries `pause` and `pause SENTENCE` out."""

    capability = Capability(
        "pause",
        Phrase.PAUSE_NAME,
        Phrase.PAUSE_COMMAND,
        takes="words",
        alone=True,
        argument=Phrase.PAUSE_SENTENCE,
        argument_help=Phrase.PAUSE_SENTENCE_HELP,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    def __init__(self, pauses: PauseStore) -> None:
        self._pauses = pauses

    async def run(self, run: CapabilityRun) -> None:
        """Hold all questions; people are told the sentence, where one is given."""
        by = in_chat(run.turn.author.identity)
        await self._pauses.pause(shorten(run.words, SENTENCE_CHARS), by)
        log.warning("answers.paused", by=str(by))
        await run.write(run.translator.say(Phrase.PAUSE_DONE))


class ResumeHandler:
    """Carries `resume` out."""

    capability = Capability(
        "resume", Phrase.RESUME_NAME, Phrase.RESUME_COMMAND, operators_only=True, free=True
    )

    def __init__(self, pauses: PauseStore) -> None:
        self._pauses = pauses

    async def run(self, run: CapabilityRun) -> None:
        """Release what was held: the prober of each process sees within a second that the breaker is reset."""
        by = in_chat(run.turn.author.identity)
        was_paused = await self._pauses.resume(by)
        if was_paused:
            log.warning("answers.resumed", by=str(by))
        await run.write(run.translator.say(Phrase.RESUME_DONE if was_paused else Phrase.RESUME_NOTHING))
