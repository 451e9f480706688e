"""Reads the messages of a request: their roles, their text, and the media that they carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.refusals import Refusal

MediaKind = Literal["image", "audio", "video", "file"]
ROLES = ("system", "developer", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of media: its kind and how a person would call it."""

    kind: MediaKind
    label: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation; `text` joins its text parts by line breaks."""

    role: str
    text: str
    media: tuple[Media, ...] = ()

    @property
    def is_instruction(self) -> bool:
        """Tells whether the operator wrote it, not somebody in the conversation."""
        return self.role in ("system", "developer")


def read_messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """Reads `messages`, or `prompt` in their place; raises a 400 refusal that names the faulty part."""
    messages, prompt = body.get("messages"), body.get("prompt")
    if messages is None and isinstance(prompt, str):
        return (Message("user", prompt),)
    if messages is None:
        raise _wrong("messages", "is missing (or give a 'prompt')")
    if not isinstance(messages, list) or not messages:
        raise _wrong("messages", "must be a list of at least one message")
    return tuple(_message(item, f"messages[{index}]") for index, item in enumerate(messages))


def _wrong(where: str, what: str) -> Refusal:
    return Refusal(400, f"The parameter '{where}' {what}.", param=where, code="invalid_value")


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise _wrong(where, "must be an object")
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise _wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
    if content is None and (item.get("tool_calls") or role == "assistant"):
        return Message(role, "")
    if isinstance(content, str):
        return Message(role, content)
    if not isinstance(content, list) or not content:
        raise _wrong(f"{where}.content", "must be a text or a list of parts")
    parts = [_part(part, f"{where}.content[{index}]") for index, part in enumerate(content)]
    text = "\n".join(part for part in parts if isinstance(part, str))
    return Message(role, text, tuple(part for part in parts if isinstance(part, Media)))


def _part(part: object, where: str) -> str | Media:
    if not isinstance(part, dict):
        raise _wrong(where, "must be an object")
    kind = part.get("type")
    if kind == "text":
        return _text(part, "text", where)
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise _wrong(f"{where}.type", f"must be one of text, {', '.join(_READERS)}")
    inner = part.get(str(kind))
    if not isinstance(inner, dict):
        raise _wrong(f"{where}.{kind}", "must be an object")
    return reader(inner, f"{where}.{kind}")


def _text(holder: Mapping[str, Any], name: str, where: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str):
        raise _wrong(f"{where}.{name}", "must be a text")
    return value


def _image(inner: Mapping[str, Any], where: str) -> Media:
    return Media("image", _address(inner, where))


def _video(inner: Mapping[str, Any], where: str) -> Media:
    return Media("video", _address(inner, where))


def _audio(inner: Mapping[str, Any], where: str) -> Media:
    size = _size(_text(inner, "data", where))
    return Media("audio", f"{_text(inner, 'format', where)}, {size}")


def _file(inner: Mapping[str, Any], where: str) -> Media:
    size = _size(_text(inner, "file_data", where).partition(",")[2] or inner["file_data"])
    return Media("file", f"{_text(inner, 'filename', where)}, {size}")


def _address(inner: Mapping[str, Any], where: str) -> str:
    url = _text(inner, "url", where)
    if url.startswith(("https://", "http://")):
        return url
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma:
        raise _wrong(f"{where}.url", "must be an http, https or data URL")
    return f"{head.removeprefix('data:').partition(';')[0] or 'text/plain'}, {_size(data)}"


def _size(encoded: str) -> str:
    size = len(encoded.rstrip("=")) * 3 // 4
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB"


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Media]] = {
    "image_url": _image,
    "video_url": _video,
    "input_audio": _audio,
    "file": _file,
}
