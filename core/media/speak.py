"""`speak`: the last answer of a conversation, or the words given, as a sound."""

from __future__ import annotations

import re
from contextlib import aclosing

from core.aivax.media.client import MediaClient
from core.conversations.capabilities import CapabilityRun
from core.conversations.framing import harmless
from core.domain import Capability, MadeFile
from core.i18n import Phrase
from core.media.hints import media_call
from core.media.settings import MediaSettings
from core.storage.history import HistoryStore
from core.util.media_types import ENDINGS

_FENCED = re.compile(r"(?ms)^[ \t]{0,3}(`{3,}|~{3,}).*?(?:^[ \t]{0,3}\1[`~]*[ \t]*$|\Z)")
_LINKED = re.compile(r"!?\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
_ADDRESS = re.compile(r"<?\bhttps?://\S{1,2000}")
_LINE_MARKS = re.compile(r"(?m)^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\|)")
_RULE = re.compile(r"(?m)^[ \t|:*_-]{3,}$")
_MARKS = re.compile(r"\*{1,3}|_{2,3}|~~|`+|\|")
_ENDS = re.compile(r"[.!?\u3002\uff01\uff1f]\s|\n")
_MOST_READ = 20
"""Messages that are looked through for the last answer."""


def spoken_form(text: str) -> str:
    """What of a Markdown text is to be said: no code, no addresses, no marks."""
    said = _FENCED.sub("\n", harmless(text))
    said = _ADDRESS.sub("", _LINKED.sub(r"\1", said))
    said = _MARKS.sub("", _LINE_MARKS.sub("", _RULE.sub("", said)))
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t]+", " ", said)).strip()


def beginning(text: str, most_chars: int) -> str:
    """The beginning of a text, up to the end of a sentence where one is in its second half."""
    if len(text) <= most_chars:
        return text
    cut = text[:most_chars]
    ends = [found.start() + 1 for found in _ENDS.finditer(cut)]
    return cut[: ends[-1]].strip() if ends and ends[-1] > most_chars // 2 else cut.strip()


class Speaking:
    """Carries `speak` out."""

    def __init__(
        self, settings: MediaSettings, media: MediaClient, history: HistoryStore, *, most_bytes: int
    ) -> None:
        """`most_bytes`: the largest sound that is shown."""
        self._settings = settings
        self._media = media
        self._history = history
        self._most_bytes = most_bytes
        self.capability = Capability(
            name="speak",
            word=Phrase.SPEAK_WORD,
            description=Phrase.SPEAK_DESCRIPTION,
            takes="words",
            argument=Phrase.SPEAK_ARGUMENT,
            argument_help=Phrase.SPEAK_ARGUMENT_HELP,
            alone=True,
            daily=settings.speak_daily,
        )

    async def run(self, run: CapabilityRun) -> None:
        """Have it spoken, and show the sound."""
        say, settings = run.translator.say, self._settings
        text = spoken_form(run.words or await self._last_answer(run))
        if not text:
            await run.write(say(Phrase.SPEAK_NOTHING, word=say(Phrase.SPEAK_WORD)))
            return
        await run.status(say(Phrase.SPEAKING))
        said = beginning(text, settings.speech_chars)
        async with media_call("audio"):
            spoken = await self._media.speech(
                said,
                model=settings.speech_model,
                voice=settings.voice,
                kind=settings.speech_format,
                most_bytes=self._most_bytes,
            )
        if spoken.spent_usd:
            run.spent(settings.speech_model, spoken.spent_usd)
        lines = [say(Phrase.SPOKEN)]
        if said != text:
            lines.append(say(Phrase.SPEAK_CUT, most=settings.speech_chars))
        name = f"speech.{ENDINGS.get(spoken.media_type, settings.speech_format)}"
        await run.show(MadeFile(name, spoken.media_type, "", spoken.data))
        await run.write(" ".join(lines))

    async def _last_answer(self, run: CapabilityRun) -> str:
        """The newest words of the model in the conversation; `""` where there are none among the last messages."""
        _, past = await self._history.read(run.turn.conversation_id, run.turn.id)
        read = 0
        async with aclosing(past):
            async for message in past:
                read += 1
                if message.role == "assistant" and spoken_form(message.text):
                    return message.text
                if read >= _MOST_READ:
                    break
        return ""
