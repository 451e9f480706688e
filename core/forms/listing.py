"""`forms`: which forms there are, and a button to fill one in where the platform has windows for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.conversations.capabilities import CapabilityRun
from core.domain import Action, Capability
from core.forms.inputs import example_of
from core.forms.settings import FormSettings
from core.i18n import Phrase


class ListForms:
    """Lists the forms that everybody may fill in."""

    capability = Capability(name="forms", word=Phrase.FORMS_NAME, description=Phrase.FORMS_COMMAND, free=True)

    def __init__(self, forms: Sequence[FormSettings]) -> None:
        self._forms = [form for form in forms if not form.operators_only]

    async def run(self, run: CapabilityRun) -> None:
        """Name each form with what it does and how it is written."""
        lines = [f"- {form.description}: {example_of(form)}" for form in self._forms]
        none = [run.translator.say(Phrase.FORMS_NONE)]
        await run.write("\n".join([run.translator.say(Phrase.FORMS_LIST), *lines] if lines else none))
        if any(form.inputs for form in self._forms):
            run.offer(Action.FORM)
