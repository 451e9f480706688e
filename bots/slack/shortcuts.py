"""The app's shortcuts, by the `callback_id` that the manifest gives them and that Slack tells when one is used."""

from __future__ import annotations

from core.i18n import Phrase

ASK = "ask"
"""Of a message: asks about it, in a form."""
TAKE_AWAY = "take_away"
"""Of a message: takes an answer away."""
FORM = "form"
"""Of the app: opens the forms of `[[forms]]`."""
MENUS = {"learn": (Phrase.LEARN_THIS, Phrase.LEARN_DESCRIPTION)}
"""Of a message, those of capabilities: with name and description."""
