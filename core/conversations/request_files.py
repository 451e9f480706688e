"""The files of one request: those that go to the model, and those that could not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.aivax.request import Part, TextPart
from core.conversations.left_out import LeftOut, Why
from core.domain import Attachment


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file of a message before the question, which the question may be about."""

    file: Attachment
    origin: str
    """The platform's id of the message that it stands in."""
    is_told: bool = False
    """Whether who asks is told where it is left out: of what stays in view, once is enough."""
    author: str = ""
    """Who sent it, as they are called."""
    in_history: bool = False
    """Whether it is part of the history, and its text has to find room in what is left of the history's."""


@dataclass(frozen=True, slots=True)
class EarlierPart:
    """What goes to the model of a file of before."""

    earlier: Earlier
    part: Part


@dataclass(frozen=True, slots=True)
class Fetched:
    """The parts that go to the model, and the files that could not."""

    parts: tuple[Part, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    media: tuple[str, ...] = ()
    """Names of those of the question's own that are more than text: they need a balance of their own."""
    earlier: tuple[EarlierPart, ...] = ()
    unsent: tuple[str, ...] = ()
    """Names of the question's own files that could be part of the request, and are not."""
    spent: tuple[tuple[str, float], ...] = ()
    """What it cost in USD to put files into words, beside the name that it is counted under."""

    @property
    def has_media(self) -> bool:
        """Whether any part is more than text."""
        return any(not isinstance(part, TextPart) for part in self._all_parts)

    @property
    def _all_parts(self) -> tuple[Part, ...]:
        return (*self.parts, *(each.part for each in self.earlier))

    def without_earlier(self) -> Fetched:
        """The question's own files alone; who asks is told of those that it is about."""
        left_out = (LeftOut(each.file.name, Why.UNREADABLE, is_earlier=True) for each in self._missed)
        return replace(self, earlier=(), left_out=(*self.left_out, *left_out))

    def without_media(self) -> Fetched:
        """Texts alone."""
        return replace(
            self,
            parts=tuple(part for part in self.parts if isinstance(part, TextPart)),
            earlier=tuple(each for each in self.earlier if isinstance(each.part, TextPart)),
            unsent=self.media,
            media=(),
        )

    def without_refused(self) -> Fetched:
        """Texts alone, of files that the server may have refused: who asks is told so."""
        left_out = (LeftOut(name, Why.UNREADABLE) for name in self.media)
        return replace(self.without_media(), unsent=(), left_out=(*self.left_out, *left_out))

    @property
    def told_media(self) -> tuple[str, ...]:
        """The files, more than texts, whose absence who asks is to hear of."""
        text = {each.earlier for each in self.earlier if isinstance(each.part, TextPart)}
        return self.media + tuple(each.file.name for each in self._missed if each not in text)

    @property
    def _missed(self) -> list[Earlier]:
        """Those of before that the question is about; of the history's it was told when they came."""
        told = (each.earlier for each in self.earlier if each.earlier.is_told)
        return [each for each in told if not each.in_history]

    @property
    def skipped(self) -> tuple[str, ...]:
        """The names of the question's own files that the model sees nothing of."""
        own = (each for each in self.left_out if not each.is_earlier)
        return tuple(each.name for each in own if each.why is not Why.TEXT_CUT)
