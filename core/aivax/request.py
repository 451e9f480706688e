"""What is asked of the model, and the body that each kind of server understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from core.aivax.keys import KeyKind, speaks_aivax
from core.aivax.options import NO_OPTIONS, RequestOptions
from core.settings import AivaxSettings
from core.util.text import sound


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that travel inside the request: written as base64, behind `prefix`, only while they are sent."""

    data: bytes = field(repr=False)
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str = field(repr=False)

    def wire(self) -> dict[str, Any]:
        return {"type": "text", "text": sound(self.text)}


@dataclass(frozen=True, slots=True)
class ImagePart:
    url: str | Inline = field(repr=False)
    """Reachable without login, or a `data:` URL."""

    def wire(self) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": self.url}}


@dataclass(frozen=True, slots=True)
class AudioPart:
    data: str | Inline = field(repr=False)
    """Base64."""
    format: str

    def wire(self) -> dict[str, Any]:
        return {"type": "input_audio", "input_audio": {"data": self.data, "format": self.format}}


@dataclass(frozen=True, slots=True)
class FilePart:
    filename: str
    file_data: str | Inline = field(repr=False)
    """A `data:` URL with base64."""

    def wire(self) -> dict[str, Any]:
        file = {"filename": sound(self.filename), "file_data": self.file_data}
        return {"type": "file", "file": file}


Part = TextPart | ImagePart | AudioPart | FilePart


def data_url(data: bytes, media_type: str) -> Inline:
    """Put bytes into a URL: platform files can't be fetched without login, so they travel inline."""
    return Inline(data, f"data:{media_type};base64,")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the conversation. Its repr leaves out what was said."""

    role: Literal["system", "user", "assistant"]
    content: str | tuple[Part, ...] = field(repr=False)

    def wire(self) -> dict[str, Any]:
        if isinstance(self.content, str):
            return {"role": self.role, "content": sound(self.content)}
        return {"role": self.role, "content": [part.wire() for part in self.content]}

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it, to keep them out of logs."""
        if isinstance(self.content, str):
            return (self.content,)
        return tuple(part.text for part in self.content if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """The form that an answer is to have. AIVAX has the model mend what does not fit, and each try is paid for."""

    schema: Mapping[str, Any]
    """A JSON Schema."""
    max_attempts: int | None = None
    """Tries in all, 1 to 10. None: as many as AIVAX makes by itself."""

    def wire(self) -> dict[str, Any]:
        """The fields of the request's body: only `response_format` has a place for the number of tries."""
        if self.max_attempts is None:
            return {"response_schema": self.schema}
        described = {"schema": self.schema, "healing_options": {"max_attempts": self.max_attempts}}
        return {"response_format": {"type": "json_schema", "json_schema": described}}


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One turn's question. Servers that don't know a field are not sent it."""

    messages: tuple[ChatMessage, ...]
    model: str = ""
    """`""`: the one of the settings."""
    user: str = ""
    """The person's opaque, stable, fixed-length id, without `@`: AIVAX's memory hangs on it."""
    idempotency_key: str = ""
    """The turn's own key, at most 128 characters; the same on every try."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    options: RequestOptions = NO_OPTIONS
    """What the operator asks of AIVAX beside the question."""
    answer_schema: AnswerSchema | None = None
    """Only AIVAX with a private key takes one: what sends it refuses other settings before the start."""
    question_files: tuple[Part, ...] = field(default=(), repr=False)
    """Those parts of the last message that are the question's own files: for who asks something else about them."""

    def __post_init__(self) -> None:
        if "@" in self.user:
            raise ValueError("user must not hold an @: it is an opaque id, and no address")
        if len(self.idempotency_key) > 128:
            raise ValueError("idempotency_key is longer than 128 characters")

    @property
    def texts(self) -> tuple[str, ...]:
        """All that was said, to keep it out of logs."""
        return tuple(text for message in self.messages for text in message.texts)


class Dialect(StrEnum):
    """Which parameters a server takes."""

    AIVAX = "aivax"
    PUBLIC = "public"
    """AIVAX with a public key: refuses all but a few."""
    PLAIN = "plain"
    """Another OpenAI-compatible server: standard parameters only."""
    BARE = "bare"
    """Such a server that refused even those."""


def dialect_of(kind: KeyKind, base_url: str) -> Dialect:
    """Choose by key and host; `BARE` is only ever learnt."""
    if kind is KeyKind.PUBLIC:
        return Dialect.PUBLIC
    return Dialect.AIVAX if speaks_aivax(kind, base_url) else Dialect.PLAIN


def build_body(request: CompletionRequest, settings: AivaxSettings, dialect: Dialect) -> dict[str, Any]:
    """Build the body of a streamed completion with the parameters that the server takes."""
    body: dict[str, Any] = {
        "model": request.model or settings.model,
        "messages": [message.wire() for message in request.messages],
        "stream": True,
    }
    if dialect is not Dialect.BARE:
        body["temperature"] = settings.temperature
        body["max_completion_tokens"] = settings.max_completion_tokens
    if dialect in (Dialect.AIVAX, Dialect.PLAIN):
        body["user"] = request.user
    if dialect is Dialect.PLAIN:
        body["stream_options"] = {"include_usage": True}
    if dialect in (Dialect.AIVAX, Dialect.PUBLIC):
        body["idempotency_key"] = request.idempotency_key
    if dialect is Dialect.AIVAX:
        body |= request.options.wire()
        body |= request.answer_schema.wire() if request.answer_schema is not None else {}
        body["metadata"] = {sound(key): sound(value) for key, value in request.metadata.items()}
    return {key: value for key, value in body.items() if value not in (None, "", {})}
