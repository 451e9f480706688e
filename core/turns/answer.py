"""One answer while it is written: what it answers, where it is shown, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.aivax.stream.events import (
    Finished,
    MadeLink,
    Picture,
    Text,
    Thinking,
    TimelineEvent,
    ToolCalled,
    Usage,
)
from core.conversations.composer import Composed
from core.domain import Action, Frontend, MadeFile, ReplySurface, Status, ToolActivity, Translator, Turn
from core.i18n import Phrase
from core.settings import LimitsSettings
from core.turns.answer_text import AnswerText, file_name, marker_of
from core.util.log import log
from core.util.text import shorten

_EXPLANATION_CHARS = 500
_TOOL_CHARS = 64
MOST_CALLS = 1_000
"""Calls of tools in one answer that are counted against a person's part."""
MOST_MARKED = 10
"""Files that are not shown and that the history has nevertheless."""
_ALL_CONTENTS = 25
"""What all tools of an answer were called with, as a multiple of what is kept of one."""


class ToolLog:
    """Lets through what is shown and stored of tools that AIVAX runs: news only, so many, each of a bounded size."""

    def __init__(self, *, events: int, contents_chars: int) -> None:
        """`events`: how many in all. A tool that was let through may always end."""
        self._events = events
        self._contents_chars = contents_chars
        self._left_chars = contents_chars * _ALL_CONTENTS
        self._last: dict[str, ToolActivity] = {}
        self._met: set[str] = set()

    def is_first_of(self, activity: ToolActivity) -> bool:
        """Whether a call of a tool is met for the first time; of more than `MOST_CALLS` nobody counts on."""
        is_first = activity.id not in self._met and len(self._met) < MOST_CALLS
        if is_first:
            self._met.add(activity.id)
        return is_first

    def admit(self, activity: ToolActivity) -> ToolActivity | None:
        """Return what is kept of an activity; None where it brings nothing new, or too much came already."""
        before = self._last.get(activity.id)
        known = before.contents if before else ""
        kept = replace(
            activity,
            contents=activity.contents[: self._contents_chars],
            explanation=activity.explanation[:_EXPLANATION_CHARS],
        )
        if kept == before or (before is not None and before.ended):
            return None
        if len(kept.contents) - len(known) > self._left_chars:
            kept = replace(kept, contents=known)
        may_end = kept.ended and before is not None
        if self._events <= 0 and not may_end:
            return None
        self._events -= 1
        self._left_chars -= max(len(kept.contents) - len(known), 0)
        self._last[activity.id] = kept
        return kept


class Answer:
    """An answer that is being written, by the model or, in place of it, by the bot itself."""

    def __init__(
        self,
        turn: Turn,
        frontend: Frontend,
        surface: ReplySurface,
        translator: Translator,
        limits: LimitsSettings,
        *,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`heard` is called where something was read that its author may want of it."""
        self.heard = heard
        self.turn = turn
        self.frontend = frontend
        self.surface = surface
        self.translator = translator
        self.tools = ToolLog(events=limits.tool_events, contents_chars=limits.tool_contents_chars)
        self.files = 0
        """How many files the model made that are to be shown."""
        self._most_files = limits.answer_files
        self._files_left_out = 0
        self.links: dict[str, None] = {}
        """Where AIVAX' tools said that something lies which they made, in that order."""
        self.followed: set[str] = set()
        """The links that were followed, or are not to be."""
        self._text = AnswerText()
        self.notes: list[str] = []
        """The bot's own sentences that stand below the answer and are no part of it."""
        self.usage: Usage | None = None
        self.summary_tokens = 0
        """What it took to make the summary that stands in the question for the first time."""
        self.reason = ""
        self._thinking = False
        self._unseen: list[str] | None = None
        self._is_held_back = False
        self._markers: list[str] = []
        self.has_model_words = False
        """Whether the model said anything."""
        self.offers: tuple[Action, ...] = ()
        """The buttons below it, where it is the bot's own."""
        self.is_quiet = False
        """Whether nothing is shown but its text: no status, and nothing where there is no text."""
        self.is_ours = False
        """Whether the text is a sentence of the bot's own: it can be neither generated again nor judged."""

    @property
    def text(self) -> str:
        """What people read."""
        return self._text.shown

    @property
    def remembered(self) -> str:
        """What the model is told later that it said: its files are markers in there."""
        return self._text.remembered

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self._text.has_words or self.files)

    async def say(self, phrase: Phrase) -> None:
        """Write a sentence of the bot's own in place of the model's answer."""
        await self.speak(self.translator.say(phrase))

    async def speak(self, sentence: str) -> None:
        """Likewise, one that is written out."""
        self.is_ours = True
        await self._write(sentence)

    async def take(self, event: TimelineEvent) -> None:
        """Take what the model says."""
        match event:
            case Text(delta):
                self.has_model_words = True
                await self._write(delta)
            case Thinking() if not (self._thinking or self.is_quiet):
                self._thinking = True
                await self.surface.note(Status(self.translator.say(Phrase.THINKING)))
            case Usage():
                self.used(event)
            case MadeLink(url):
                self.links[url] = None
            case ToolCalled(name=name):
                log.warning("answer.tool_not_here", tool=shorten(name, _TOOL_CHARS))
            case Finished(reason):
                self.reason = reason
            case _:
                pass

    async def write(self, text: str) -> None:
        """Write a piece of an answer that is not the model's."""
        await self._write(text)

    def conceal(self, secret: str) -> None:
        """Keep what was written without a secret that stands in it."""
        self._text.conceal(secret)

    @contextmanager
    def unseen(self) -> Iterator[list[str]]:
        """Keep what the model says from its reader while the block runs; the pieces of it."""
        self._unseen = []
        try:
            yield self._unseen
        finally:
            self._unseen = None

    @property
    def is_unseen(self) -> bool:
        """Whether what the model says is kept from its reader."""
        return self._unseen is not None

    async def _write(self, text: str) -> None:
        if self._unseen is not None:
            self._unseen.append(text)
        elif (shown := self._text.say(text)) and not self._is_held_back:
            await self.surface.write(shown)

    def hold_back(self) -> None:
        """Show nothing of what is written until `release`."""
        self._is_held_back = True

    async def release(self, text: str | None = None) -> None:
        """Show what was held back, if anything was; `text` in its place, files below it."""
        if not self._is_held_back:
            return
        if text is not None and text != self.text:
            self._text = AnswerText()
            self._text.say(text)
            for marker in self._markers:
                self._text.mark(marker)
        self._is_held_back = False
        if self.text:
            await self.surface.write(self.text)

    def drop_held_back(self) -> None:
        """Forget what was held back: it is neither shown nor stored."""
        if self._is_held_back:
            self._text = AnswerText()
            self._is_held_back = False

    def spent(self, what: str, usd: float) -> None:
        """Count money that a call cost which is no completion; `what` names it as a model would."""
        told = Usage(other_usd=usd, model=what)
        self.usage = told if self.usage is None else told.plus(self.usage)

    def used(self, usage: Usage) -> None:
        """Count what completions used."""
        self.usage = usage if self.usage is None else self.usage.plus(usage)

    def admit(self, picture: Picture) -> MadeFile | None:
        """Give a file its place in the text; None where it is not to be shown, being too large or one too many."""
        is_shown = bool(picture.data) and self.files < self._most_files
        name = file_name(self.files + 1, picture.media_type)
        self.files += is_shown
        self._files_left_out += not is_shown
        if is_shown or self._files_left_out <= MOST_MARKED:
            self._mark(marker_of(name, picture.media_type, picture.alt))
        return MadeFile(name, picture.media_type, picture.alt, picture.data) if is_shown else None

    def add_file(self, file: MadeFile, *, always: bool = False) -> bool:
        """Give a file of the bot's own making its place below the answer; false where it is one too many.

        `always`: none is too many.
        """
        is_shown = always or self.files < self._most_files
        self.files += is_shown
        self._files_left_out += not is_shown
        if is_shown:
            self._mark(marker_of(file.name, file.media_type, file.alt))
        return is_shown

    def _mark(self, marker: str) -> None:
        self._markers.append(marker)
        self._text.mark(marker)

    @property
    def has_room_for_files(self) -> bool:
        """Whether one more file may be shown."""
        return self.files < self._most_files

    async def add_link(self, url: str) -> None:
        """Write where something lies that was made, in a line of its own."""
        await self._write(f"\n\n{url}" if self._text.has_words else url)

    def notes_below(self) -> list[str]:
        """The bot's own sentences below the answer."""
        left_out = self._files_left_out
        told = [self.translator.say(Phrase.FILES_NOT_SHOWN, count=left_out)] if left_out else []
        return [*self.notes, *told]

    def without_media(self, composed: Composed) -> Composed:
        """Ask with the files only named, and say so below the answer."""
        if names := composed.files.told_media:
            self.notes.append(self.translator.say(Phrase.WITHOUT_MEDIA, names=", ".join(names)))
        return composed.without_media()
