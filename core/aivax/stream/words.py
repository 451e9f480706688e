"""What the choices of an answer say: words and thinking, each of them once, however a server repeats itself."""

from __future__ import annotations

from core.aivax.stream.chunks import Json, answer_text, mapping
from core.aivax.stream.fragments import Ending, Joiner
from core.aivax.stream.thinking_tags import Opening, lacks_opening, split
from core.util.growing_text import GrowingText
from core.util.text import sound

_MOST_CHARS = 500_000
"""Of what is remembered, and of what is looked through in one go: far more than is shown of an answer."""
_LEAST_DELTAS, _LEAST_CHARS = 2, 12


class Words:
    """Reads choice after choice; each gives what it adds: thinking first, then words."""

    def __init__(self, *, is_open: bool = False) -> None:
        """`is_open`: the answer begins with thinking whose opening tag stands in the prompt."""
        self._text = Joiner()
        self._thinking = Joiner()
        self._opening = Opening(is_open=is_open)
        self._ending = Ending()
        self._heard = _Heard()
        self.signs = 0
        """How often something was said or thought, be it still held back."""
        self.is_document = False
        """Whether a whole message came where a delta would have been."""
        self.refused = False
        """Whether the model refused in words of its own."""

    @property
    def lacked_opening(self) -> bool:
        """Whether a closing tag came behind thinking that no tag opened."""
        return self._heard.is_anything and lacks_opening(self._heard.all)

    def take(self, choice: Json) -> tuple[str, str]:
        """Take a choice: its delta, whatever stands beside it; a message only where it goes beyond what was heard."""
        delta, message = mapping(choice.get("delta")), mapping(choice.get("message"))
        text, thought = answer_text(delta)
        if not delta and not message and isinstance(choice.get("text"), str):
            text = choice["text"]  # as completions had it before there was a chat
        if text and choice.get("finish_reason") and self._heard.is_repeated_by(text):
            text = self._heard.beyond(text)
        if text or not message:
            self._heard.by_delta = self._heard.by_delta or bool(text)
            return self._add(delta, text, thought)
        text, told = answer_text(message)
        thought = thought or told
        if "delta" not in choice:
            self.is_document = True
            if not self._heard.is_anything and len(text) <= _MOST_CHARS and lacks_opening(text):
                return self._take_unopened(message, text, thought)
        return self._add(message, self._heard.beyond(text), thought)

    def take_run(self, thought: str, text: str, deltas: int, texts: int) -> tuple[str, str]:
        """Take what `deltas` in a row bring, thinking before text, which `texts` of them have, and nothing beside."""
        self.signs += deltas
        self._heard.by_delta = self._heard.by_delta or bool(text)
        return self._join(thought, text, texts)

    def close(self) -> tuple[str, str]:
        """Return what was held back, now that no more comes."""
        thought, words = self._opening.take(self._text.close())
        more_thought, more_words = self._opening.close()
        words = self._ending.take(words + more_words) + self._ending.close()
        return thought + more_thought + self._thinking.close(), words

    def _add(self, fields: Json, text: str, thought: str) -> tuple[str, str]:
        self._note(fields, text, thought)
        return self._join(thought, text, 1)

    def _join(self, thought: str, text: str, texts: int) -> tuple[str, str]:
        joined = self._text.join(text)
        tagged, words = self._opening.take(joined)
        self._heard.add(joined, words, texts)
        return self._thinking.join(thought) + tagged, self._ending.take(words)

    def _take_unopened(self, message: Json, text: str, thought: str) -> tuple[str, str]:
        """Take a whole message whose thinking lacks the opening tag: here it is known in time."""
        self._note(message, text, thought)
        tagged, words = split(text)
        self._opening.end()
        self._heard.add(text, words)
        return self._thinking.join(thought) + sound(tagged), self._ending.take(sound(words))

    def _note(self, fields: Json, text: str, thought: str) -> None:
        self.signs += bool(text or thought)
        self.refused = self.refused or bool(text and fields.get("refusal"))


class _Heard:
    """Remembers an answer's text as it came, and tells what a message adds to it."""

    def __init__(self) -> None:
        self._text = GrowingText()
        self._shown: GrowingText | None = None
        """None while it is the text as it came, as it is where no thinking stands in tags: a text is held once."""
        self._chars = 0
        self._deltas = 0
        self.by_delta = False
        """Whether some of it came as a delta: then a message is never a further piece."""

    def add(self, text: str, shown: str, deltas: int = 1) -> None:
        """Note a piece, of so many deltas: as it came, and what of it was no thinking."""
        if text and self._chars <= _MOST_CHARS:
            self._chars += len(text)
            self._deltas += deltas
            if self._shown is None and shown != text:
                self._shown = GrowingText()
                self._shown.add(self.all)
            self._text.add(text)
            if self._shown is not None:
                self._shown.add(shown)

    @property
    def all(self) -> str:
        """Everything, thinking in tags too."""
        return self._text.whole

    @property
    def is_anything(self) -> bool:
        return self._chars > 0

    def is_repeated_by(self, delta: str) -> bool:
        """Whether a last delta says all of several before it once more, which no answer does by chance."""
        return self._deltas >= _LEAST_DELTAS and self._chars >= _LEAST_CHARS and delta.startswith(self.all)

    def beyond(self, message: str) -> str:
        """Return what a message adds: its end where it begins with all that was heard, else itself or nothing."""
        if not self._chars or not message:
            return message
        if self._chars > _MOST_CHARS or len(message) > 2 * _MOST_CHARS:
            return "" if self.by_delta else message
        heard = self.all
        if message.startswith(heard):
            return message[len(heard) :]
        if not self.by_delta:
            return message
        heard_words = self._text if self._shown is None else self._shown
        words, shown = split(message)[1].strip(), heard_words.whole.strip()
        return words[len(shown) :] if words.startswith(shown) else ""
