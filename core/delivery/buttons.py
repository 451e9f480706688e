"""The buttons that stand below an answer, and the modals that platforms open, with what they say to the reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain import Action, Button, Translator
from core.i18n import LANGUAGES, LinkPhrase, Phrase, RightsPhrase

LABELS = {
    Action.KEEP: Phrase.KEEP_BUTTON,
    Action.DROP: Phrase.DROP_BUTTON,
    Action.STOP: Phrase.STOP_BUTTON,
    Action.REGENERATE: Phrase.REGENERATE_BUTTON,
    Action.GOOD: Phrase.GOOD_BUTTON,
    Action.BAD: Phrase.BAD_BUTTON,
    Action.FORGET: Phrase.FORGET_BUTTON,
    Action.AGREE: RightsPhrase.CONSENT_BUTTON,
    Action.LINK: LinkPhrase.LINK_AGREE_BUTTON,
    Action.NOT_ME: LinkPhrase.LINK_REFUSE_BUTTON,
    Action.UNLINK: LinkPhrase.LINK_UNDO_BUTTON,
    Action.FORM: Phrase.FORM_FILL_BUTTON,
    Action.CANCEL_BATCH: Phrase.BATCH_CANCEL_BUTTON,
    Action.RETRY_BATCH: Phrase.BATCH_RETRY_BUTTON,
}


def buttons(actions: Iterable[Action], turn: str, translator: Translator) -> tuple[Button, ...]:
    """A button for each action on the turn with this key; one for each language where it can be chosen."""
    drawn: list[Button] = []
    for action in actions:
        if action is Action.LANGUAGE:
            drawn += [Button(action, turn, name, tag) for tag, name in LANGUAGES.items()]
            drawn.append(Button(action, turn, translator.say(Phrase.LANGUAGE_AUTOMATIC)))
        else:
            drawn.append(Button(action, turn, translator.say(LABELS[action])))
    return tuple(drawn)


@dataclass(frozen=True, slots=True)
class Modal:
    """A window with one field for words, by its sentences; each platform draws it in its own way."""

    title: Phrase
    label: Phrase
    initial: Phrase | None = None
    """What stands in the field at first."""


FEEDBACK = Modal(Phrase.FEEDBACK_TITLE, Phrase.FEEDBACK_LABEL)
"""What was wrong with an answer?"""
QUESTION = Modal(Phrase.ASK_ABOUT, Phrase.ASK_QUESTION, Phrase.ASK_ABOUT_DEFAULT)
"""What does somebody want to know of a message?"""
