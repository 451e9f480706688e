"""A turn's way past the operator's hooks: what they are given of it, and what becomes of what they give back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from core.aivax.request import ChatMessage, CompletionRequest, Part, TextPart
from core.conversations.composer import Composed, Composer
from core.domain import Apology, Translator, Turn
from core.domain.hooks import (
    Answered,
    Call,
    CallMessage,
    Failed,
    HookEvent,
    Hooks,
    Question,
    Refuse,
)
from core.i18n import Phrase
from core.turns.answer import Answer
from core.util.log import log
from core.util.text import shorten

_MODEL_CHARS = 100
Value = TypeVar("Value")


class Refused(Exception):
    """A hook wants no answer given; the sentence says so."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class AsAsked:
    """What hooks made of a question."""

    words: str | None
    """What is asked in place of what was said; None: that."""
    context: str = ""
    model: str = ""
    """The gateway to ask; `""`: the turn's own."""

    def applied(self, composed: Composed) -> Composed:
        """Have the composed question say so."""
        composed = composed.told(self.context) if self.context.strip() else composed
        return composed.asking(self.model) if self.model else composed


class TurnHooks:
    """Asks the hooks of each event, if there are any."""

    def __init__(self, hooks: Hooks, composer: Composer, models: Callable[[], Collection[str]]) -> None:
        """`models`: the gateways that the configuration names."""
        self._hooks = hooks
        self._composer = composer
        self._models = models

    def begin(self, answer: Answer) -> None:
        """Hold the answer back where a hook may change it."""
        if self._hooks.changes_answers:
            answer.hold_back()

    async def before_question(self, answer: Answer, words: str | None) -> AsAsked:
        """Have hooks look at a question; `words` as `Composer.compose` takes them. Raises `Refused`."""
        if not self._hooks.has(HookEvent.BEFORE_QUESTION):
            return AsAsked(words)
        turn = answer.turn
        said = await self._composer.question_of(turn)
        files = tuple(file.name for message in said for file in message.attachments)
        text = "\n\n".join(each.text for each in said if each.text) if words is None else words
        question = Question(turn.author, turn.place, text, self._composer.model_of(turn), files)
        changed = _unless_refused(await self._hooks.before_question(question), answer.translator)
        model = changed.model if changed.model != question.model else ""
        if model and model not in self._models():
            log.warning(
                "hook.model_refused", model=shorten(model, _MODEL_CHARS), known=sorted(self._models())
            )
            model = ""
        return AsAsked(words if changed.text == text else changed.text, changed.context, model)

    async def before_call(self, answer: Answer, request: CompletionRequest) -> CompletionRequest:
        """Have hooks look at all that a call says. Raises `Refused`."""
        if not self._hooks.has(HookEvent.BEFORE_CALL):
            return request
        messages = tuple(CallMessage(each.role, each.texts) for each in request.messages)
        call = Call(answer.turn.author, answer.turn.place, request.model, messages)
        changed = _unless_refused(await self._hooks.before_call(call), answer.translator)
        return request if changed is call else _saying(request, [each.texts for each in changed.messages])

    async def after_answer(self, answer: Answer) -> None:
        """Have hooks look at the whole answer, and show what was held back until then. Raises `Refused`."""
        if self._hooks.has(HookEvent.AFTER_ANSWER) and answer.has_model_words:
            turn = answer.turn
            said = await self._composer.question_of(turn)
            question = "\n\n".join(each.text for each in said if each.text)
            answered = Answered(turn.author, turn.place, question, answer.text)
            changed = _unless_refused(await self._hooks.after_answer(answered), answer.translator)
            if changed.note.strip():
                answer.notes.append(changed.note)
            await answer.release(changed.text)
        else:
            await answer.release()

    async def on_error(self, turn: Turn, message: Apology, error: str) -> Apology:
        """Have hooks word what a person is told of an error."""
        if not self._hooks.has(HookEvent.ON_ERROR):
            return message
        failed = Failed(turn.author, turn.place, error, message.reference, message.text)
        changed = await self._hooks.on_error(failed)
        return replace(message, text=changed.sentence) if changed.sentence.strip() else message


def _unless_refused(told: Value | Refuse, translator: Translator) -> Value:
    if isinstance(told, Refuse):
        raise Refused(told.sentence.strip() or translator.say(Phrase.HOOK_REFUSED))
    return told


def _saying(request: CompletionRequest, texts: Sequence[Sequence[str]]) -> CompletionRequest:
    """The same request with other words in it, files where they were."""
    messages = tuple(map(_with_texts, request.messages, texts))
    return replace(request, messages=messages)


def _with_texts(message: ChatMessage, texts: Sequence[str]) -> ChatMessage:
    if isinstance(message.content, str):
        return replace(message, content=texts[0])
    left = iter(texts)
    parts: list[Part] = [
        TextPart(next(left)) if isinstance(part, TextPart) else part for part in message.content
    ]
    return replace(message, content=tuple(parts))
