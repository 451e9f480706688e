"""views.open, views.push, views.update, views.publish."""

import json
from typing import Any

from .. import blocks as kit
from ..refused import RefusedError, invalid
from ..state import Person, View
from .registry import Asked, method

BLOCKS_AT_MOST = 100
BYTES_AT_MOST = 250_000
TITLE_AT_MOST = 24
METADATA_AT_MOST = 3_000
MESSAGES_ONLY = frozenset({"markdown", "context_actions", "task_card", "plan"})


@method("views.open", tier=4)
def open_view(asked: Asked) -> dict[str, Any]:
    person = _triggered_by(asked)
    return _shown(asked, View(asked.world.new_id("V"), person, _body(asked, "modal")))


@method("views.push", tier=4)
def push(asked: Asked) -> dict[str, Any]:
    person = _triggered_by(asked)
    return _shown(asked, View(asked.world.new_id("V"), person, _body(asked, "modal")))


@method("views.update", tier=4)
def update(asked: Asked) -> dict[str, Any]:
    view = asked.world.views.get(asked.args.text("view_id"))
    if view is None or view.gone:
        raise RefusedError("not_found")
    return _replaced(asked, view)


@method("views.publish", tier=4)
def publish(asked: Asked) -> dict[str, Any]:
    person = asked.world.people.get(asked.args.text("user_id"))
    if person is None:
        raise invalid("invalid user_id")
    homes = (v for v in asked.world.views.values() if v.person is person and v.body["type"] == "home")
    home = next(homes, None)
    if home is not None:
        return _replaced(asked, home)
    return _shown(asked, View(asked.world.new_id("V"), person, _body(asked, "home")))


def _replaced(asked: Asked, view: View) -> dict[str, Any]:
    expected = asked.args.maybe_text("hash")
    if expected not in (None, "", view.hash):
        raise RefusedError("hash_conflict")
    view.body = _body(asked, view.body["type"])
    view.hash = asked.world.new_id("")
    return _shown(asked, view)


def _shown(asked: Asked, view: View) -> dict[str, Any]:
    asked.world.views[view.id] = view
    asked.world.changed()
    return {"view": view.as_api()}


def _triggered_by(asked: Asked) -> Person:
    """Spends a trigger: it works once, within three seconds."""
    trigger = asked.world.triggers.get(asked.args.text("trigger_id"))
    if trigger is None:
        raise RefusedError("invalid_trigger_id")
    if trigger.used:
        raise RefusedError("exchanged_trigger_id")
    if asked.world.clock.now() > trigger.until:
        raise RefusedError("expired_trigger_id")
    trigger.used = True
    return trigger.person


def _body(asked: Asked, kind: str) -> dict[str, Any]:
    view = asked.args.structure("view")
    if not isinstance(view, dict) or view.get("type") != kind:
        raise invalid(f"view must be of type {kind}")
    return checked_view(view)


def checked_view(view: dict[str, Any]) -> dict[str, Any]:
    kit.check(view.get("blocks"), at_most=BLOCKS_AT_MOST)
    for block in view["blocks"]:
        if block["type"] in MESSAGES_ONLY:
            raise invalid(f"unsupported type: {block['type']}")
    if view["type"] == "modal":
        _check_modal(view)
    if len(view.get("private_metadata", "")) > METADATA_AT_MOST:
        raise invalid("private_metadata is too long")
    if len(json.dumps(view).encode()) > BYTES_AT_MOST:
        raise RefusedError("view_too_large")
    return view


def _check_modal(view: dict[str, Any]) -> None:
    """A form has a title, and a button to send it where it has fields."""
    for name in ("title", "submit", "close"):
        text = view.get(name)
        if text is None and name != "title":
            continue
        if not isinstance(text, dict) or text.get("type") != "plain_text":
            raise invalid(f"missing required field: {name}")
        if not 0 < len(text.get("text", "")) <= TITLE_AT_MOST:
            raise invalid(f"{name} must be between 1 and {TITLE_AT_MOST} characters")
    if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
        raise invalid("submit is required with input blocks")
