"""`[replies]`, and the types of settings that name a language."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from core.i18n.languages import LANGUAGES, nearest
from core.i18n.overrides import problems_of
from core.section import Name, Section


def _spoken(tag: str) -> str:
    if tag and nearest(tag) is None:
        raise ValueError(f"write one of {', '.join(LANGUAGES)}")
    return tag


def _usable(sentences: object) -> object:
    """Each problem by itself, under the name of its sentence."""
    found = [
        InitErrorDetails(
            type=PydanticCustomError("sentence", "{fix}", {"fix": problem.fix}),
            loc=problem.path,
            input=problem.value,
        )
        for problem in problems_of(sentences)
    ]
    if found:
        raise ValidationError.from_exception_data("sentences", found)
    return sentences


Locale = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_spoken)]
Sentences = Annotated[dict[str, str | dict[str, str]], BeforeValidator(_usable)]


class RepliesSettings(Section):
    """`[replies]`: how the bot speaks when it speaks for itself."""

    locale: Annotated[Name, AfterValidator(_spoken)] = "en"
    """The language for those whose own is unknown, or none of ours."""
    show_tools: bool = True
    buttons: tuple[Literal["stop", "regenerate", "good", "bad"], ...] = ("stop", "regenerate", "good", "bad")
    """What stands below an answer, where the platform has buttons: *stop* while it is written, the others after."""
    footer: bool = False
    """Whether the model's name and the tokens used stand below an answer."""
    titles: bool = False
    """Whether a new thread of the bot's is named by AIVAX after its first answer, where the platform has names."""
    suggestions: bool = False
    """Whether what could be asked next is suggested after an answer, where the platform has a place for it."""
    first_words_after_s: float = Field(0.25, ge=0, le=5)
    """How long an answer's first words are held: one that is whole by then is posted once and never edited."""
    sentences: Sentences = Field(default_factory=dict)
    """The operator's own wording: a sentence by its name for all languages, or by language and name."""
