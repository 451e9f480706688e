"""`[[forms]]`: what people fill in, what is asked of the model then, and the form that its answer has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from core.domain import OptionKind
from core.forms.schema import problems_of, types_of
from core.section import Name, Section

MOST_INPUTS, MOST_CHOICES, MOST_CHARS = 24, 25, 100
"""Options of a command beside its file, choices of an option, and characters of a choice or a line of help: what
platforms take at most (Discord's documentation of application commands)."""
FILE = "file"
"""What the file is called that people can add to any form."""
MOST_COMMAND_CHARS = 8_000
"""All names, lines of help and choices of one command together (as above)."""
LONGEST_NUMBER = 2.0**53
"""Numbers beyond it are no longer exact on their way."""
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]*)\}")


def _without_braces(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("write it without { and }")
    return text


def _as_object(value: object) -> object:
    """A schema is a table, or JSON in a text, as it is copied from elsewhere."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("this is no JSON: write a JSON Schema, or a table") from None


def _obeyed(schema: dict[str, Any]) -> dict[str, Any]:
    if types_of(schema) not in (("object",), ("array",)):
        raise ValueError('an answer is an object or a list: write "type": "object" or "type": "array"')
    if (problem := next(problems_of(schema), None)) is not None:
        raise ValueError(problem)
    return schema


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_CHARS, pattern=r"^[^\r\n]+$"),
    AfterValidator(_without_braces),
]
Choice = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_CHARS)]
FormName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,31}$")]
InputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
ResultSchema = Annotated[dict[str, Any], BeforeValidator(_as_object), AfterValidator(_obeyed)]


class FormInput(Section):
    """One `[[forms.inputs]]` entry: something that people fill in."""

    name: InputName
    """Its name in `{placeholders}` of the prompt, and behind the form's word: `name=value`."""
    kind: OptionKind = "text"
    help: Line
    """What is to be written there."""
    required: bool = True
    choices: tuple[Choice, ...] = ()
    least: float | None = Field(None, ge=-LONGEST_NUMBER, le=LONGEST_NUMBER)
    """The smallest number, or the fewest characters. None: no bound; so too below."""
    most: float | None = Field(None, ge=-LONGEST_NUMBER, le=LONGEST_NUMBER)

    @model_validator(mode="after")
    def _fit_together(self) -> FormInput:
        is_choice, has_bound = self.kind == "choice", self.least is not None or self.most is not None
        if is_choice != bool(self.choices):
            raise ValueError(
                "list what can be chosen in choices" if is_choice else 'choices are for kind = "choice"'
            )
        if len(self.choices) > MOST_CHOICES or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices are {MOST_CHOICES} at most, each another one")
        if has_bound and self.kind in ("boolean", "choice", "date"):
            raise ValueError(f'least and most mean nothing for kind = "{self.kind}": take them out')
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most")
        if self.kind == "text" and any(each is not None and each < 0 for each in (self.least, self.most)):
            raise ValueError("a text has no fewer than 0 characters")
        return self


class FormSettings(Section):
    """One `[[forms]]` entry."""

    name: FormName
    """The word that people give it by."""
    description: Line
    """What it does; lists of commands and the help show it."""
    prompt: Name
    """What the model is asked, with `{name}` where what was filled in as `name` belongs."""
    inputs: tuple[FormInput, ...] = Field((), max_length=MOST_INPUTS)
    result: ResultSchema
    """The JSON Schema of the answer, as a table or as JSON."""
    model: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """Empty: what answers any question in that place."""
    max_attempts: int | None = Field(None, ge=1, le=10)
    """How often the model may try, each time paid for. None: as AIVAX does by itself."""
    file: Literal["", "csv", "json"] = ""
    """Whether the answer is also a file; one that is too long to be shown always is."""
    operators_only: bool = False
    daily: int = Field(0, ge=0)
    """How often one person may use it in 24 hours. 0: as often as they may ask anything."""

    @model_validator(mode="after")
    def _fit_together(self) -> FormSettings:
        names = [each.name for each in self.inputs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two inputs are named {twice[0]!r}: give each its own name")
        asked = set(_PLACEHOLDER.findall(self.prompt))
        if unknown := sorted(asked - set(names)):
            raise ValueError(f"the prompt names {{{unknown[0]}}}, which is no input of the form")
        if FILE in names:
            raise ValueError(f"people add a file under the name {FILE!r}: give the input another name")
        if unused := [name for name in names if name not in asked]:
            raise ValueError(f"the prompt never names {{{unused[0]}}}: put it where it belongs")
        if self._command_chars > MOST_COMMAND_CHARS:
            raise ValueError(
                f"names, helps and choices have {self._command_chars} characters together, of which platforms take"
                f" {MOST_COMMAND_CHARS}: shorten them"
            )
        return self

    @property
    def _command_chars(self) -> int:
        texts = [self.name, self.description]
        for each in self.inputs:
            texts += [each.name, each.help, *(2 * choice for choice in each.choices)]
        return sum(map(len, texts))

    def filled_in(self, values: Mapping[str, str]) -> str:
        """The prompt with what was filled in; nothing where an input was left out.

        In one pass: braces in what people wrote mean nothing.
        """
        return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), self.prompt)
