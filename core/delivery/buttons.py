"""The buttons that stand below an answer, with their labels in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.messages import Action, Button
from core.domain.translator import Translator
from core.i18n.catalog import Phrase
from core.i18n.languages import LANGUAGES

LABELS = {
    Action.KEEP: Phrase.KEEP_BUTTON,
    Action.DROP: Phrase.DROP_BUTTON,
    Action.STOP: Phrase.STOP_BUTTON,
    Action.REGENERATE: Phrase.REGENERATE_BUTTON,
    Action.GOOD: Phrase.GOOD_BUTTON,
    Action.BAD: Phrase.BAD_BUTTON,
    Action.FORGET: Phrase.FORGET_BUTTON,
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
