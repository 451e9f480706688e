"""Writes recordings down and describes pictures and files, for models that can neither hear nor see."""

from __future__ import annotations

from core.aivax.media.client import MediaClient, Words
from core.aivax.request import AudioPart, FilePart, ImagePart, Inline, Part
from core.conversations.interpreting import Interpreted
from core.conversations.left_out import Why
from core.domain import AivaxError, NoBalance, RateLimited
from core.media.hints import media_call
from core.media.settings import MediaSettings
from core.storage.uses import UseStore
from core.util.log import log

_DESCRIBED: dict[str, tuple[type[Part], ...]] = {
    "never": (),
    "pictures": (ImagePart,),
    "files": (FilePart,),
    "all": (ImagePart, FilePart),
}


class MediaInterpreter:
    """See `core.conversations.interpreting.Interpreter`. What fails costs the file, and never the question."""

    def __init__(self, settings: MediaSettings, media: MediaClient, uses: UseStore) -> None:
        self._settings = settings
        self._media = media
        self._uses = uses

    def takes(self, part: Part) -> bool:
        if isinstance(part, AudioPart):
            return self._settings.transcribe != "never"
        return isinstance(part, _DESCRIBED[self._settings.describe])

    async def interpret(self, part: Part, person_key: str) -> Interpreted | Why:
        is_speech = isinstance(part, AudioPart)
        settings = self._settings
        what, most = (
            ("transcribe", settings.transcribe_daily) if is_speech else ("describe", settings.describe_daily)
        )
        if not await self._uses.take(person_key, what, most or None):
            return Why.DAILY
        try:
            words = await self._words(part)
        except NoBalance:
            return Why.NO_CREDIT
        except RateLimited:
            return Why.BUSY
        except AivaxError as error:
            log.warning("media.not_interpreted", kind=what, error=type(error).__name__, cause=str(error))
            return Why.NOT_INTERPRETED
        if not words.text:
            return Why.NOT_INTERPRETED
        model = settings.transcribe_model if is_speech else what
        return Interpreted(words.text, model, words.spent_usd, is_speech)

    async def _words(self, part: Part) -> Words:
        settings = self._settings
        if isinstance(part, AudioPart) and isinstance(part.data, Inline):
            async with media_call("audio"):
                return await self._media.transcribe(
                    part.data.data,
                    part.format,
                    model=settings.transcribe_model,
                    language=settings.transcribe_language,
                )
        if isinstance(part, ImagePart | FilePart):
            async with media_call("image" if isinstance(part, ImagePart) else "file"):
                return await self._media.describe(
                    part, guidance=settings.describe_guidance, preset=settings.describe_preset
                )
        return Words("")
