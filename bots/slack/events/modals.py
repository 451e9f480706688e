"""The two forms (modals) that the bot opens: a comment on a bad answer, and a question about a message. Pure.

Shapes: docs.slack.dev, "Modals", "Input block", `view_submission`, `message_action`. A title and the words on the
buttons hold 24 characters, `private_metadata` 3,000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bots.slack import shortcuts
from bots.slack.events.address import PLATFORM, Address, FileRef
from bots.slack.events.message_reader import files_of, words_of
from bots.slack.events.names import NO_NAMES, NameBook
from bots.slack.events.payloads import list_of, part_of, text_of
from core.delivery.buttons import FEEDBACK, QUESTION, Modal
from core.domain import Action, Author, Identity, Place, PlaceClosed, Pressed, Translator
from core.i18n import Phrase
from core.util.text import shorten

ASK_FORM, FEEDBACK_FORM = "aivax:ask", "aivax:feedback"

WORDS_BLOCK = "words"
"""The block of the one field that each form has."""

_QUOTED_CHARS = 1_200
_MOST_FILES = 10
"""Their ids go through the form beside the quote."""

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """A message that somebody wants to ask about."""

    channel: str
    thread: str
    """The root of its thread, or itself."""
    quote: str
    """How it begins."""
    files: tuple[str, ...] = ()
    """The ids of its files, and of those that it forwards."""


def feedback_form(translator: Translator, pressed: Pressed) -> View:
    """Ask what was wrong with an answer."""
    kept = {"turn": pressed.turn, "address": pressed.address, "thread": pressed.place.thread}
    return _form(FEEDBACK_FORM, translator, FEEDBACK, kept)


def ask_form(translator: Translator, about: About) -> View:
    """Ask what somebody wants to know of a message."""
    return _form(ASK_FORM, translator, QUESTION, asdict(about))


def _form(name: str, translator: Translator, modal: Modal, kept: Mapping[str, Any]) -> View:
    field = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "max_length": 3_000,
        **({"initial_value": translator.say(modal.initial)} if modal.initial else {}),
    }
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(kept, ensure_ascii=False, separators=(",", ":")),
        "title": _plain(translator.say(modal.title)),
        "submit": _plain(translator.say(Phrase.FORM_SEND)),
        "close": _plain(translator.say(Phrase.FORM_CANCEL)),
        "blocks": [
            {
                "type": "input",
                "block_id": WORDS_BLOCK,
                "label": {"type": "plain_text", "text": translator.say(modal.label)},
                "element": field,
            }
        ],
    }


def _plain(text: str) -> dict[str, str]:
    """An operator's own wording may be longer than Slack takes."""
    return {"type": "plain_text", "text": shorten(text, 24)}


def wants_to_ask(payload: Mapping[str, Any], names: NameBook = NO_NAMES) -> About | None:
    """Read the message shortcut."""
    message, channel = part_of(payload, "message"), text_of(payload.get("channel"), "id")
    ts = text_of(payload, "message_ts") or text_of(message, "ts")
    shortcut = text_of(payload, "callback_id") if text_of(payload, "type") == "message_action" else ""
    if shortcut != shortcuts.ASK or not (channel and ts):
        return None
    quote = words_of(message, names).strip()
    short = quote if len(quote) <= _QUOTED_CHARS else f"{quote[:_QUOTED_CHARS]} …"
    files = tuple(FileRef.parse(each.ref).id for each in files_of(message, "", names.bot)[:_MOST_FILES])
    return About(channel, text_of(message, "thread_ts") or ts, short, files)


def asked_about(payload: Mapping[str, Any]) -> tuple[About, str] | None:
    """Read the submitted question, and what it is about."""
    kept, question = _kept(payload, ASK_FORM), _words(payload)
    channel, thread, quote = (text_of(kept, name) for name in ("channel", "thread", "quote"))
    files = tuple(each for each in list_of(kept, "files")[:_MOST_FILES] if isinstance(each, str) and each)
    about = About(channel, thread, quote, files)
    return (about, question) if about.channel and about.thread and question else None


def commented(payload: Mapping[str, Any]) -> Pressed | None:
    """Read a submitted comment: the same press as before, with words."""
    kept = _kept(payload, FEEDBACK_FORM)
    team, user, view = (text_of(payload.get(part), "id") for part in ("team", "user", "view"))
    turn = text_of(kept, "turn")
    try:
        here = Address.parse(text_of(kept, "address"))
    except PlaceClosed:
        return None
    if not (team and user and view and re.fullmatch(r"[a-z0-9]{1,32}", turn)):
        return None
    return Pressed(
        keys=(f"slack:{team}:form:{view}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(
            PLATFORM, team, here.channel, text_of(kept, "thread"), private=here.channel.startswith("D")
        ),
        action=Action.BAD,
        turn=turn,
        address=str(here),
        text=_words(payload),
    )


def _kept(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    view = part_of(payload, "view")
    is_ours = text_of(payload, "type") == "view_submission" and text_of(view, "callback_id") == name
    try:
        kept = json.loads(text_of(view, "private_metadata")) if is_ours else {}
    except (ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, Mapping) else {}


def _words(payload: Mapping[str, Any]) -> str:
    values = part_of(part_of(part_of(payload, "view"), "state"), "values")
    return text_of(part_of(part_of(values, WORDS_BLOCK), "text"), "value").strip()
