"""Plays the media generations: pictures, speech, transcription, descriptions. The same wish always gives the same."""

import base64
import binascii
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.account import Account
from sandbox.files import MP3, OGG, WAV
from sandbox.knowledge.bodies import fields_of
from sandbox.plans import HOUR, MINUTE, Limit, PlanName, Window, windows
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes

Fields = Mapping[str, Any]
ROUTE: Final = "/api/v1/generations"
IMAGE_MODELS: Final = ("flux-schnell", "sandbox-brush")
REMOVED_IMAGE_MODELS: Final = ("majicMIX-realistic", "AbsoluteReality", "Hassaku-XL", "Meina-Mix")
SPEECH_MODELS: Final = ("Gpt4oTts", "ElevenV3")
TRANSCRIPTION_MODELS: Final = ("whisper-sandbox",)
SOUNDS: Final = {"mp3": ("audio/mpeg", MP3), "wav": ("audio/wav", WAV), "ogg": ("audio/ogg", OGG)}
HEARD_FORMATS: Final = ("wav", "mp3", "m4a", "flac", "ogg", "webm", "aac")
IMAGE_USD, SPEECH_USD, HEARING_USD, DESCRIPTION_USD = 0.01, 0.002, 0.001, 0.0005
IMAGES_MOST = 4
_LIMITS: Final[dict[PlanName, tuple[Limit, ...]]] = {
    "free": ((3, MINUTE), (40, HOUR)),
    "pro": ((30, MINUTE),),
    "max": ((300, MINUTE),),
}
"""Those of speech and of transcription; for pictures the documentation names a day's only for the tool."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a route answers: a document's data or bytes of a media type, and its price in USD."""

    data: object
    usd: float
    media_type: str = ""


Make = Callable[[Request, bytes], Made]


@dataclass(slots=True)
class MediaWindows:
    """What was asked of each generation, against the limits of the account's plan."""

    of: dict[str, tuple[Window, ...]] = field(default_factory=dict)

    def admit(self, name: str, plan: PlanName, now: float) -> None:
        """Counts a call; raises a 429 refusal that says when to come back."""
        mine = self.of.setdefault(name, windows(_LIMITS[plan]))
        wait_s = math.ceil(max((window.wait_s(now) for window in mine), default=0.0))
        if wait_s > 0:
            message = f"The rate limit of {name} is reached. Try again in {wait_s} s."
            raise Refusal(429, message, code="rate_limit_exceeded", retry_after=wait_s)
        for window in mine:
            window.add(now)


@dataclass(frozen=True, slots=True)
class Studio:
    """Makes what is asked for on one account."""

    account: Account
    windows: MediaWindows
    shapes: Callable[[], Shapes]
    now: Callable[[], float]

    def images(self, request: Request, raw: bytes) -> Made:
        """Makes pictures; a prompt that says `gone` gets links that lead nowhere."""
        known = {"input": object, "count": int, "model": str, "referenceImages": list}
        body = fields_of(raw, known, ("input", "model"))
        prompts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not isinstance(prompts, list) or not prompts or not all(isinstance(each, str) for each in prompts):
            raise Refusal(400, "'input' must be a text or a list of texts.", param="input")
        count = body.get("count") or 1
        if not 1 <= count <= IMAGES_MOST:
            raise Refusal(400, f"'count' must be from 1 to {IMAGES_MOST}.", param="count")
        _known_model(body["model"], IMAGE_MODELS)
        self.account.check_funds(("image",))
        base = f"{request.base_url}files/"
        made = [
            {"images": [f"{base}{'gone' if 'gone' in prompt else 'made'}-{at}-{n}.png" for n in range(count)]}
            for at, prompt in enumerate(prompts)
        ]
        usd = IMAGE_USD * count * len(prompts)
        if self.shapes().image_links == "objects":
            told = [{"images": [{"url": link} for link in each["images"]]} for each in made]
            return Made({"results": told}, usd)
        return Made(made, usd)

    def speech(self, _request: Request, raw: bytes) -> Made:
        """Speaks; the bytes say nothing of the text."""
        known = {"model": str, "input": str, "voice": str, "format": str, "raw": bool}
        body = fields_of(raw, known, ("model", "input"))
        _known_model(body["model"], SPEECH_MODELS)
        wanted = body.get("format") or "mp3"
        if wanted not in SOUNDS:
            raise Refusal(400, f"'format' must be one of {', '.join(SOUNDS)}.", param="format")
        self.account.check_funds(("audio",))
        self._admit("speech")
        media_type, data = SOUNDS[wanted]
        if body.get("raw") and self.shapes().speech == "raw":
            return Made(data, SPEECH_USD, media_type)
        told = {"format": wanted, "mimeType": media_type, "data": base64.b64encode(data).decode()}
        return Made(told, SPEECH_USD)

    def transcribe(self, _request: Request, raw: bytes) -> Made:
        """Writes down what was said: how many bytes it had. Sounds that begin with `silence` can't be measured."""
        name = self.shapes().audio_key
        known = {name: str, "format": str, "language": str, "model": str}
        body = fields_of(raw, known, (name, "format", "model"))
        _known_model(body["model"], TRANSCRIPTION_MODELS)
        if body["format"] not in HEARD_FORMATS:
            raise Refusal(400, f"'format' must be one of {', '.join(HEARD_FORMATS)}.", param="format")
        data = _decoded(body[name], name)
        if b"silence" in data:
            raise Refusal(400, "The duration of the audio cannot be measured.", param=name)
        self.account.check_funds(("audio",))
        self._admit("transcription")
        text = f"spoken words of {len(data)} bytes in {body.get('language') or 'some language'}"
        shapes: Mapping[str, object] = {
            "text": {"text": text},
            "plain": text,
            "transcription": {"transcription": text},
        }
        return Made(shapes[self.shapes().transcript], HEARING_USD)

    def describe(self, _request: Request, raw: bytes) -> Made:
        """Describes content parts, one text for each."""
        known = {"input": list, "extractionGuidance": str, "preset": str}
        body = fields_of(raw, known, ("input",))
        if (body.get("preset") or "auto") not in ("auto", "high"):
            raise Refusal(400, "'preset' must be auto or high.", param="preset")
        kinds = defaultdict[str, str](str, {"image_url": "image", "file": "file", "input_audio": "audio"})
        found = [kinds[each.get("type", "") if isinstance(each, dict) else ""] for each in body["input"]]
        if not found or not all(found):
            raise Refusal(400, "'input' must be content parts of media.", param="input")
        self.account.check_funds(found)
        texts = [f"the {kind} number {number}, in words" for number, kind in enumerate(found, 1)]
        name = self.shapes().description
        told = [
            {"textContent": text} if name == "textContent" else {"type": kind, "text": text}
            for kind, text in zip(found, texts, strict=True)
        ]
        return Made(told, DESCRIPTION_USD * len(found))

    def _admit(self, name: str) -> None:
        self.windows.admit(name, self.account.plan.name, self.now())

    def catalogue(self, names: tuple[str, ...]) -> Make:
        """Makes what lists the models of a kind: by `id`, or by `name`."""

        def make(_request: Request, _raw: bytes) -> Made:
            key = self.shapes().catalogue
            return Made([{key: name, "description": "A model of the sandbox."} for name in names], 0.0)

        return make


Open = Callable[[Make, bool], Callable[[Request], Any]]
"""Makes an endpoint; the flag says whether public keys may call it."""


def media_routes(studio: Studio, open_: Open) -> list[Route]:
    """Builds the routes; all but transcription are open to public keys."""
    made: list[tuple[str, Make, bool]] = [
        ("images", studio.images, True),
        ("speech", studio.speech, True),
        ("descriptions", studio.describe, True),
        ("transcribe-audio", studio.transcribe, False),
    ]
    catalogues = {
        "image-models.json": IMAGE_MODELS,
        "speech-models.json": SPEECH_MODELS,
        "audio-transcription": TRANSCRIPTION_MODELS,
    }
    return [
        *(Route(f"{ROUTE}/{name}", open_(make, public), methods=["POST"]) for name, make, public in made),
        *(
            Route(f"/api/v1/information/{name}", open_(studio.catalogue(models), True), methods=["GET"])
            for name, models in catalogues.items()
        ),
    ]


def answered(made: Made) -> Response | None:
    """Answers with bytes; None for a document."""
    if not isinstance(made.data, bytes):
        return None
    headers = {"consumed-credits": f"{made.usd:.9f}"}
    return Response(made.data, media_type=made.media_type, headers=headers)


def _known_model(model: str, known: tuple[str, ...]) -> None:
    if model in REMOVED_IMAGE_MODELS:
        raise Refusal(400, f"The model '{model}' was removed.", param="model", code="model_not_found")
    if model not in known:
        message = f"There is no model '{model}' here. Known: {', '.join(known)}."
        raise Refusal(400, message, param="model", code="model_not_found")


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, f"'{name}' is not base64.", param=name) from None
