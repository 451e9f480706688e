"""`[media]`: what is drawn, spoken, and put into words; each is off unless it is switched on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.aivax.keys import KeyKind, kind_of, speaks_aivax
from core.aivax.media.tools import fix_of_image_model
from core.domain import SettingRefused
from core.section import Section
from core.settings import AivaxSettings

Text = Annotated[str, StringConstraints(strip_whitespace=True)]


class MediaSettings(Section):
    """`[media]`."""

    draw: bool = False
    """Whether people may have pictures made, by the word `draw`."""
    image_model: Text = ""
    images: int = Field(1, ge=1, le=4)
    """The most pictures of one wish."""
    image_chars: int = Field(2_000, ge=1)
    draw_daily: int = Field(5, ge=0)
    """How often one person may in 24 hours. 0: as often as they like; so too below."""
    speak: bool = False
    """Whether people may have an answer, or words of theirs, spoken, by the word `speak`."""
    speech_model: Text = ""
    voice: Text = ""
    """`""`: the model's own."""
    speech_format: Literal["mp3", "wav", "ogg"] = "mp3"
    speech_chars: int = Field(3_000, ge=1)
    """The longest text that is spoken; of a longer one its beginning."""
    speak_daily: int = Field(10, ge=0)
    transcribe: Literal["never", "always"] = "never"
    """Whether the recordings of a question are written down before the model is asked: for models that can't hear."""
    transcribe_model: Text = ""
    transcribe_language: Text = ""
    """The language that is spoken, such as `pt`; `""`: AIVAX finds out."""
    transcribe_daily: int = Field(20, ge=0)
    describe: Literal["never", "pictures", "files", "all"] = "never"
    """What of a question is put into words before the model is asked: for models that can't see."""
    describe_guidance: Text = ""
    """What matters in it."""
    describe_preset: Literal["auto", "high"] = "auto"
    describe_daily: int = Field(30, ge=0)


def check(media: MediaSettings, aivax: AivaxSettings) -> None:
    """Refuse what could not be done.

    Raises:
        SettingRefused: which setting, what it holds, and how to mend it.
    """
    kind = kind_of(aivax.api_key)
    needed = {
        "draw": (media.draw, "image_model", media.image_model, "flux-schnell", "image-models.json"),
        "speak": (media.speak, "speech_model", media.speech_model, "Gpt4oTts", "speech-models.json"),
        "transcribe": (
            media.transcribe != "never",
            *("transcribe_model", media.transcribe_model),
            *("the first of the list", "audio-transcription"),
        ),
        "describe": (media.describe != "never", "", "-", "", ""),
    }
    for name, (is_on, setting, model, example, catalogue) in needed.items():
        if not is_on:
            continue
        if not speaks_aivax(kind, aivax.base_url):
            fix = "only AIVAX does this: delete the line, or set [aivax] base_url to AIVAX"
            raise SettingRefused(f"[media] {name}", value=_shown(getattr(media, name)), fix=fix)
        if name == "transcribe" and kind is KeyKind.PUBLIC:
            fix = "a public key (pk-aiv-) may not do this: use a private key (sk-aiv-acc), or delete the line"
            raise SettingRefused("[media] transcribe", value=media.transcribe, fix=fix)
        if not model:
            where = f"https://inference.aivax.net/api/v1/information/{catalogue}"
            raise SettingRefused(f"[media] {setting}", fix=f"name a model of {where}, such as {example}")
    if fix := fix_of_image_model(media.image_model):
        raise SettingRefused("[media] image_model", value=media.image_model, fix=fix)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
