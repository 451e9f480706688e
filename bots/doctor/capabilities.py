"""Forms and batches: whether they could work with this key, and whether what they name is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.aivax import keys
from core.aivax.account import is_listed
from core.aivax.client import AivaxClient
from core.batch.settings import BatchSettings
from core.domain import AivaxError, SettingRefused
from core.domain.checks import Finding, failed, ok, unknown
from core.forms.checks import check as check_forms
from core.forms.settings import FormSettings
from core.i18n import command_words
from core.settings import AivaxSettings

FORMS, BATCH = "capabilities.forms", "capabilities.batch"


@dataclass(frozen=True, slots=True)
class FormsCheck:
    """Looks at `[[forms]]` and `[batch]`; says nothing where neither is set."""

    settings: AivaxSettings
    forms: Sequence[FormSettings]
    batch: BatchSettings
    name: str = "capabilities"

    async def run(self) -> list[Finding]:
        if not self.forms:
            nothing = "[batch] is enabled, and there is no form to be filled in"
            return [failed(BATCH, nothing, "write a form ([[forms]])")] if self.batch.enabled else []
        try:
            check_forms(self.forms, self.settings, taken=command_words())
            async with AivaxClient(self.settings.model_copy(update={"tries": 1})) as aivax:
                return [*await self._of_forms(aivax), *await self._of_batch(aivax)]
        except SettingRefused as refused:
            return [failed(FORMS, f"{refused.setting}: {refused.value or 'not set'}", refused.fix)]

    async def _of_forms(self, aivax: AivaxClient) -> list[Finding]:
        try:
            listed = await aivax.account.models()
        except AivaxError as error:
            return [unknown(FORMS, f"the list of models can't be read: {type(error).__name__}")]
        lost = [
            failed(
                FORMS, f"the form {form.name!r} asks {form.model!r}, which there is not", "correct its model"
            )
            for form in self.forms
            if form.model and not keys.is_uuid(form.model) and listed
            if not is_listed(form.model, listed, exact=True)
        ]
        return lost or [ok(FORMS, ", ".join(form.name for form in self.forms))]

    async def _of_batch(self, aivax: AivaxClient) -> list[Finding]:
        if not self.batch.enabled:
            return []
        try:
            await aivax.batch.find_workflow("aivax-bots doctor")
        except AivaxError as error:
            fix = "look at the key, the plan and the network; the log of the bot says what AIVAX answers"
            return [failed(BATCH, f"batches can't be read: {type(error).__name__}", fix)]
        return [ok(BATCH, "batches can be read")]
