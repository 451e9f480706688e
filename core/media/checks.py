"""What `doctor` looks at of media: whether AIVAX has the models that the settings name."""

from __future__ import annotations

from dataclasses import dataclass

from core.aivax.client import AivaxClient
from core.aivax.media.client import Catalogue
from core.domain import AivaxError, SettingRefused
from core.domain.checks import Finding, failed, ok, unknown
from core.media.settings import MediaSettings, check
from core.settings import AivaxSettings

_LISTED = 10


@dataclass(frozen=True, slots=True)
class MediaCheck:
    """Reads the catalogues of what is switched on; nothing is told of what is off."""

    settings: MediaSettings
    aivax: AivaxSettings
    name: str = "media"

    async def run(self) -> list[Finding]:
        try:
            check(self.settings, self.aivax)
        except SettingRefused as refused:
            return [failed("media.settings", refused.setting, refused.fix)]
        wanted = self._wanted()
        if not wanted:
            return []
        async with AivaxClient(self.aivax.model_copy(update={"tries": 1})) as aivax:
            return [await self._listed(aivax, *each) for each in wanted]

    def _wanted(self) -> list[tuple[str, str, Catalogue]]:
        media = self.settings
        each: list[tuple[bool, str, str, Catalogue]] = [
            (media.draw, "image_model", media.image_model, Catalogue.IMAGES),
            (media.speak, "speech_model", media.speech_model, Catalogue.SPEECH),
            (media.transcribe != "never", "transcribe_model", media.transcribe_model, Catalogue.HEARING),
        ]
        return [(setting, model, catalogue) for is_on, setting, model, catalogue in each if is_on]

    @staticmethod
    async def _listed(aivax: AivaxClient, setting: str, model: str, catalogue: Catalogue) -> Finding:
        name = f"media.{setting}"
        try:
            models = await aivax.media.models(catalogue)
        except AivaxError as error:
            return unknown(name, f"the catalogue of models can't be read: {type(error).__name__}")
        if not models:
            return unknown(name, "the catalogue of models is empty, or of another form")
        if model.lower() in map(str.lower, models):
            return ok(name, f"{model} is in AIVAX' catalogue")
        some = ", ".join(models[:_LISTED])
        return failed(name, f"AIVAX lists no model {model}", f"[media] {setting}: write one of {some}")
