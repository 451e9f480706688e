"""What goes back when a modal of a form is submitted: the form that was chosen, or what is wrong at which input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.events.address import PLATFORM
from bots.slack.events.form_modals import chosen, errors_at, filled, view_of
from bots.slack.events.payloads import text_of
from bots.slack.features.workspaces import Workspace
from core.domain import Intake, Place, Translator
from core.forms.inputs import problems_in


async def form_answer(payload: Mapping[str, Any], intake: Intake, there: Workspace) -> dict[str, Any] | None:
    """Tell what a submission is acknowledged with; None where it is no form, or one that can be asked."""
    capabilities = intake.capabilities()
    if (choice := chosen(payload, capabilities)) is not None:
        form, where = choice
        return {
            "response_action": "update",
            "view": view_of([form], where, await _translator(payload, intake, there, where.channel)),
        }
    if (submitted := filled(payload, capabilities)) is None:
        return None
    translator = await _translator(payload, intake, there, submitted.where.channel)
    problems = problems_in(submitted.form.options, submitted.values, translator)
    return errors_at(problems) if problems else None


async def _translator(
    payload: Mapping[str, Any], intake: Intake, there: Workspace, channel: str
) -> Translator:
    person = await there.people.find(text_of(payload.get("user"), "id"))
    place = Place(PLATFORM, text_of(payload.get("team"), "id"), channel)
    return intake.translator(person.locale, place)
