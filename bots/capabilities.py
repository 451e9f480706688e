"""The capabilities that the configuration switches on."""

from __future__ import annotations

from bots.wiring import Base
from core.conversations.capabilities import Capabilities, CapabilityHandler
from core.forms.checks import check as check_forms
from core.forms.handler import FormHandler
from core.i18n import command_words


def capabilities_of(base: Base) -> Capabilities:
    """Build what people can have the bot do in place of asking the model.

    Raises:
        SettingRefused: one that could not work.
    """
    settings = base.settings
    check_forms(settings.forms, settings.aivax, taken=command_words())
    handlers: list[CapabilityHandler] = [FormHandler(form) for form in settings.forms]
    return Capabilities(handlers)
