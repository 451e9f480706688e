"""AIVAX' generations of media: pictures, speech, the words of a sound, descriptions of pictures and files.

AIVAX documentation of October 2026, "Generations". Where it leaves names unstated, all that are likely are read, and
the likeliest is sent; of the key that a sound stands under, the next one where the one before is refused.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from core.aivax.account import read_models
from core.aivax.admin import AdminRoutes
from core.aivax.http_call import HttpCall
from core.aivax.request import FilePart, ImagePart, Inline
from core.aivax.stream.chunks import NotJson, decode_any, mapping
from core.aivax.stream.files.links import links_within
from core.domain import AddressWrong, RequestRefused, ResourceUnknown, Unavailable
from core.util.media_types import sniffed
from core.util.text import sound

_ROUTE = "generations"
_SLOW_S = 300.0
_AUDIO_KEYS = ("audio", "input", "data")
_TEXT_KEYS = ("text", "textContent", "transcription", "transcript", "content")
_LIST_KEYS = ("results", "descriptions", "items", "outputs", "images")


class Catalogue(StrEnum):
    """A list of models, by the name of its route below `/api/v1/information`."""

    IMAGES = "image-models.json"
    SPEECH = "speech-models.json"
    HEARING = "audio-transcription"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures lie that were made, and what they cost in USD; 0.0 where that is not told."""

    links: tuple[str, ...]
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken text."""

    data: bytes = field(repr=False)
    media_type: str
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """What was said in a sound, or what a picture or a file shows."""

    text: str = field(repr=False)
    spent_usd: float = 0.0


class MediaClient:
    """Asks one account for media. Every method raises `AivaxError`, as `AdminRoutes` does."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin
        self._audio_keys: tuple[str, ...] = _AUDIO_KEYS

    async def models(self, catalogue: Catalogue) -> tuple[str, ...]:
        """The names of the models of a catalogue."""
        return read_models((await self._admin.get("information", catalogue.value)).data)

    async def pictures(self, prompt: str, *, model: str, count: int) -> Pictures:
        """Have 1 to 4 pictures made; it takes up to minutes, so the host for what takes long is asked, if it can."""
        body = {"input": sound(prompt), "count": count, "model": model}
        try:
            told = await self._admin.post(_ROUTE, "images", json=body, direct=True, timeout_s=_SLOW_S)
        except (ResourceUnknown, AddressWrong):  # not every host has the route
            told = await self._admin.post(_ROUTE, "images", json=body, timeout_s=_SLOW_S)
        return Pictures(links_within(told.data)[:count], told.spent_usd)

    async def speech(self, text: str, *, model: str, voice: str, kind: str, most_bytes: int) -> Speech:
        """Have a text spoken as `mp3`, `wav` or `ogg`, in at most so many bytes."""
        body: dict[str, Any] = {"model": model, "input": sound(text), "format": kind, "raw": True}
        if voice:
            body["voice"] = voice
        call = HttpCall(
            "POST",
            self._admin.url(_ROUTE, "speech"),
            msgspec.json.encode(body),
            accept="audio/*, application/json",
            most_bytes=most_bytes * 4 // 3 + 4_096,
            timeout_s=_SLOW_S,
        )
        received = await self._admin.exchange(call)
        data = received.body if _is_sound(received.body) else _in_document(received.body)
        if not _is_sound(data):
            raise Unavailable(code="no_sound", detail="the answer is no sound")
        return Speech(data, sniffed(data), received.spent_usd)

    async def transcribe(self, data: bytes, kind: str, *, model: str, language: str) -> Words:
        """Write down what is said in a sound; `kind` is its format, such as `ogg`."""
        encoded = await asyncio.to_thread(lambda: base64.b64encode(data).decode())
        body = {"format": kind, "model": model, **({"language": language} if language else {})}
        failure: RequestRefused | None = None
        for key in self._audio_keys:
            try:
                told = await self._admin.post(
                    _ROUTE, "transcribe-audio", json={key: encoded, **body}, timeout_s=_SLOW_S
                )
            except RequestRefused as error:
                failure = failure or error
            else:
                self._audio_keys = (key,)
                return Words(_text_of(told.data), told.spent_usd)
        raise failure or Unavailable(code="no_key")

    async def describe(self, part: ImagePart | FilePart, *, guidance: str, preset: str) -> Words:
        """Say in words what a picture or a file shows."""
        wired = await asyncio.to_thread(_plain, part.wire())
        body: dict[str, Any] = {"input": [wired], "preset": preset}
        if guidance:
            body["extractionGuidance"] = guidance
        told = await self._admin.post(_ROUTE, "descriptions", json=body, repeatable=True, timeout_s=_SLOW_S)
        return Words(_text_of(told.data), told.spent_usd)


def _plain(value: Any) -> Any:
    """A content part with its bytes written out."""
    if isinstance(value, Inline):
        return value.prefix + base64.b64encode(value.data).decode()
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def _is_sound(data: bytes) -> bool:
    return sniffed(data).startswith("audio/")


def _in_document(body: bytes) -> bytes:
    """The sound in a document, which is its bytes in base64; nothing where there is none."""
    try:
        answer = mapping(decode_any(body))
    except NotJson:
        return b""
    told = mapping(answer.get("data")) or answer
    encoded = told.get("data")
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _text_of(data: object) -> str:
    """The words in an answer: bare, under one of some names, or the first of a list of such."""
    return next((text for each in _entries(data) if (text := each.strip())), "")


def _entries(data: object, deep: int = 4) -> Iterator[str]:
    if isinstance(data, str):
        yield sound(data)
    elif isinstance(data, Sequence) and deep:
        for each in data[:10]:
            yield from _entries(each, deep - 1)
    elif isinstance(data, dict) and deep:
        for name in (*_TEXT_KEYS, *_LIST_KEYS):
            yield from _entries(data.get(name), deep - 1)
