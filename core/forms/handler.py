"""A form as a capability: what was filled in goes into the prompt; what comes back is checked, shown and attached."""

from __future__ import annotations

from dataclasses import replace

from core.aivax.request import AnswerSchema, ChatMessage, CompletionRequest, TextPart
from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, SchemaUnmet, operators_words
from core.forms.files import file_of
from core.forms.inputs import WrongInput, option_of, read_inputs
from core.forms.json_text import value_in
from core.forms.rendering import shown
from core.forms.settings import FormSettings
from core.forms.validation import faults_of
from core.i18n import Phrase


class FormHandler:
    """Has one form filled in."""

    def __init__(self, form: FormSettings) -> None:
        self._form = form
        self._schema = AnswerSchema(form.result, form.max_attempts)
        self.capability = capability_of(form)

    async def run(self, run: CapabilityRun) -> None:
        """Ask what the form asks, and show the answer.

        Raises:
            SchemaUnmet: what came back is not what the form asks for.
        """
        try:
            values = read_inputs(self._form, run.words)
        except WrongInput as wrong:
            await run.write(wrong.told(run.translator))
            return
        await run.status(run.translator.say(Phrase.FORM_UNDER_WAY))
        answer = await run.ask_quietly(lambda request: self._asked(request, self._form.filled_in(values)))
        await self._show(run, answer)

    async def _show(self, run: CapabilityRun, answer: str) -> None:
        form, schema = self._form, self._form.result
        try:
            value = value_in(answer, lambda found: not faults_of(found, schema))
        except ValueError as error:
            raise SchemaUnmet(code="no_json", detail=str(error)) from None
        if faults := faults_of(value, schema):
            raise SchemaUnmet(code="not_as_asked", detail="; ".join(faults))
        page = shown(value, schema, run.translator)
        await run.write(page.markdown)
        if form.file or page.is_cut:
            await run.show(file_of(form.name, value, schema, kind=form.file))

    def _asked(self, request: CompletionRequest, prompt: str) -> CompletionRequest:
        """The form in place of what was said: no history, which would be other people's and other forms'."""
        told = [message for message in request.messages if message.role == "system"]
        files = request.question_files
        question = ChatMessage("user", (TextPart(prompt), *files) if files else prompt)
        return replace(
            request,
            messages=(*told, question),
            model=self._form.model or request.model,
            answer_schema=self._schema,
        )


def capability_of(form: FormSettings) -> Capability:
    """A form as people find it in lists of commands."""
    key = form.name.upper().replace("-", "_")
    return Capability(
        name=form.name,
        word=operators_words(f"FORM_{key}_WORD", form.name),
        description=operators_words(f"FORM_{key}_DESCRIPTION", form.description),
        takes="files",
        options=tuple(sorted(map(option_of, form.inputs), key=lambda option: not option.required)),
        operators_only=form.operators_only,
        daily=form.daily,
    )
