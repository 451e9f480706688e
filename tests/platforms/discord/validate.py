"""Sizes and shapes that Discord refuses, checked on what a bot sends."""

from collections.abc import Iterator
from typing import Any

from .errors import empty_message, invalid_form, too_large
from .model import COMPONENTS_V2, Message, Upload

MAX_CONTENT = 2000
MAX_FILE = 10 * 1024 * 1024
MAX_REQUEST = 25 * 1024 * 1024
TEXT_DISPLAY, BUTTON, ACTION_ROW = 10, 2, 1

_EMBED_PARTS = (("title", 256), ("description", 4096))
_EMBED_NAMED = (("footer", "text", 2048), ("author", "name", 256))


def check_body(body: dict[str, Any], uploads: list[Upload]) -> None:
    """Raises 50035 or 40005 for what is too long, too many or contradictory in a message's body."""
    check_length("content", body.get("content"), MAX_CONTENT)
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:
        raise invalid_form("nonce", "Must be 25 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    _check_uploads(uploads)
    _check_embeds(body.get("embeds") or [])
    _check_components(body.get("components") or [], v2=bool(int(body.get("flags") or 0) & COMPONENTS_V2))
    if int(body.get("flags") or 0) & COMPONENTS_V2 and (body.get("content") or body.get("embeds")):
        raise invalid_form("content", "Not allowed together with components v2.")


def check_not_empty(message: Message) -> None:
    """Raises 50006 for a message that shows nothing."""
    shown = message.content, message.embeds, message.attachments, message.components, message.snapshots
    if not any(shown):
        raise empty_message()


def check_length(field: str, value: Any, most: int, least: int = 0) -> None:
    """Raises 50035 unless `value` is absent, or text within the bounds (in code points)."""
    if value is None and not least:
        return
    if not isinstance(value, str):
        raise invalid_form(field, "This field is required." if value is None else "Not a string.")
    if len(value) > most:
        raise invalid_form(field, f"Must be {most} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    if len(value) < least:
        raise invalid_form(field, f"Must be between {least} and {most} in length.", "BASE_TYPE_BAD_LENGTH")


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields every component, nested ones too."""
    for item in components:
        yield item
        yield from walk(item.get("components") or [])
        yield from walk([item[k] for k in ("component", "accessory") if k in item])


def _check_uploads(uploads: list[Upload]) -> None:
    if len(uploads) > 10:
        raise invalid_form("files", "Must be 10 or fewer in length.")
    if any(len(u.data) > MAX_FILE for u in uploads) or sum(len(u.data) for u in uploads) > MAX_REQUEST:
        raise too_large()


def _check_embeds(embeds: list[dict[str, Any]]) -> None:
    if len(embeds) > 10:
        raise invalid_form("embeds", "Must be 10 or fewer in length.")
    if sum(map(_check_embed, embeds)) > 6000:
        raise invalid_form("embeds", "Embed size exceeds maximum size of 6000.", "MAX_EMBED_SIZE_EXCEEDED")


def _check_embed(embed: dict[str, Any]) -> int:
    """Checks one embed and returns how many characters it holds."""
    parts = [(name, embed.get(name), most) for name, most in _EMBED_PARTS]
    parts += [(f"{k}.{n}", (embed.get(k) or {}).get(n), most) for k, n, most in _EMBED_NAMED]
    fields = embed.get("fields") or []
    if len(fields) > 25:
        raise invalid_form("embeds.fields", "Must be 25 or fewer in length.")
    for item in fields:
        parts += [("fields.name", item.get("name"), 256), ("fields.value", item.get("value"), 1024)]
    for name, value, most in parts:
        check_length(f"embeds.{name}", value, most)
    return sum(len(value) for _, value, _ in parts if value)


def _check_components(components: list[dict[str, Any]], *, v2: bool) -> None:
    everything = list(walk(components))
    if v2:
        _check_v2(everything)
    elif len(components) > 5 or any(c.get("type") != ACTION_ROW for c in components):
        raise invalid_form("components", "Must be 5 or fewer action rows.")
    for item in everything:
        _check_component(item)
    ids = [c["custom_id"] for c in everything if "custom_id" in c]
    if len(ids) != len(set(ids)):
        raise invalid_form(
            "components", "Component custom id cannot be duplicated", "COMPONENT_CUSTOM_ID_DUPLICATED"
        )


def _check_v2(everything: list[dict[str, Any]]) -> None:
    if len(everything) > 40:
        raise invalid_form("components", "Must be 40 or fewer in total.")
    if sum(len(c.get("content") or "") for c in everything if c.get("type") == TEXT_DISPLAY) > 4000:
        raise invalid_form("components", "Displayed text exceeds 4000 characters.")


def _check_component(item: dict[str, Any]) -> None:
    if item.get("type") == ACTION_ROW and not 1 <= len(item.get("components") or []) <= 5:
        raise invalid_form("components", "Must be between 1 and 5 in length.")
    if item.get("type") != BUTTON:
        return
    check_length("components.label", item.get("label"), 80)
    if "url" not in item:
        check_length("components.custom_id", item.get("custom_id"), 100, least=1)
    if not item.get("label") and not item.get("emoji"):
        raise invalid_form("components.label", "A button must have a label or an emoji.")
