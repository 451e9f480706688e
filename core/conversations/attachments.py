"""A file that a question brings along becomes a content part, or a name where it can't."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.aivax.request import AudioPart, FilePart, ImagePart, Inline, Part, TextPart, data_url
from core.conversations.file_types import (
    Document,
    Outlook,
    Picture,
    Sound,
    Unread,
    file_type,
    media_type,
    outlook,
)
from core.conversations.framing import NAMELESS, harmless, plain_name
from core.conversations.gif import first_frame
from core.conversations.interpreting import NO_INTERPRETER, Interpreted, Interpreter
from core.conversations.left_out import LeftOut, Why
from core.conversations.request_files import Earlier, EarlierPart, Fetched
from core.domain import Attachment, FileGone, FileTooLarge, Frontend, PlaceClosed, PlatformError
from core.settings import LimitsSettings
from core.util.log import log

EARLIER_TIMEOUT_S = 10.0
"""How long a file of before may take: it is context, and holds up no answer."""
_WHY = {Unread.KIND: Why.KIND, Unread.DAMAGED: Why.UNREADABLE, Unread.EMPTY: Why.EMPTY}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files that are to be fetched, each with the most bytes that it may have."""

    files: tuple[tuple[Attachment, int], ...]
    left_out: tuple[LeftOut, ...]
    earlier: tuple[tuple[Earlier, int], ...] = ()

    @property
    def size_bytes(self) -> int:
        """The room that all of them may need."""
        return sum(most_bytes for _, most_bytes in (*self.files, *self.earlier))


def choose(
    attachments: Iterable[Attachment],
    limits: LimitsSettings,
    *,
    most_in_all: int,
    earlier: Iterable[Earlier] = (),
    most_earlier: int = 0,
) -> Wanted:
    """Choose, before anything is fetched, the files that the limits have room for: at most `most_in_all` bytes.

    The question's own come first, then, the most wanted first, at most `most_earlier` of before. A file whose size is
    not told counts as the largest that there may be.
    """
    room = _Room(limits, most_in_all)
    files = [(each, size) for each in attachments if (size := room.claim(each)) is not None]
    own_refs = {each.ref for each, _ in files}
    before: list[tuple[Earlier, int]] = []
    for each in earlier:
        if len(before) >= most_earlier:
            break
        if each.file.ref in own_refs:
            continue
        own_refs.add(each.file.ref)
        if (size := room.claim(each.file, is_told=each.is_told, is_earlier=True)) is not None:
            before.append((each, size))
    return Wanted(tuple(files), tuple(room.left_out), tuple(before))


@dataclass(slots=True)
class _Room:
    """What the limits leave room for, file after file."""

    limits: LimitsSettings
    left_bytes: int
    files: int = 0
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left_bytes = min(self.limits.attachment_total_bytes, self.left_bytes)

    def claim(self, file: Attachment, *, is_told: bool = True, is_earlier: bool = False) -> int | None:
        """The most bytes that a file may have; None where it has no room, and is left out."""
        size = file.size_bytes if file.size_bytes > 0 else self.limits.attachment_bytes
        why = self._why_not(outlook(file.name, file.media_type), size)
        if why is None:
            self.files += 1
            self.left_bytes -= size
            return size
        if is_told:
            log.info("attachment.skipped", why=why.value, size_bytes=file.size_bytes)
            self.left_out.append(LeftOut(file.name, why, is_earlier))
        return None

    def _why_not(self, outlook: Outlook, size: int) -> Why | None:
        why: Why | None = None
        if outlook is Outlook.UNREAD:
            why = Why.KIND
        elif self.files >= self.limits.attachments:
            why = Why.TOO_MANY
        elif size > self.limits.attachment_bytes:
            why = Why.KIND if outlook is Outlook.DOUBTFUL else Why.TOO_LARGE
        elif size > self.left_bytes:
            why = Why.TOO_LARGE_TOGETHER
        return why


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose question it is: their name, and what their share of a day is counted by."""

    name: str
    person_key: str


NOBODY = Asker("", "")


async def fetch_parts(
    frontend: Frontend,
    wanted: Wanted,
    *,
    text_chars: int,
    history_chars: int = 0,
    interpreter: Interpreter = NO_INTERPRETER,
    asker: Asker = NOBODY,
) -> Fetched:
    """Fetch the chosen files, of texts at most `text_chars` in all. One that can't be read never fails the turn.

    Of the texts of before that are part of the history, at most `history_chars` of them.
    """
    async with asyncio.TaskGroup() as group:
        own = [group.create_task(_read(frontend, file, most)) for file, most in wanted.files]
        before = [
            group.create_task(_read(frontend, each.file, most, EARLIER_TIMEOUT_S))
            for each, most in wanted.earlier
        ]
    reading = _Reading(list(wanted.left_out), text_chars, interpreter, asker)
    parts = [
        part
        for (file, _), task in zip(wanted.files, own, strict=True)
        if (part := await reading.part_of(file, task.result(), text_chars)) is not None
    ]
    earlier: list[EarlierPart] = []
    for (each, _), task in zip(wanted.earlier, before, strict=True):
        most_chars = history_chars if each.in_history else text_chars
        chars = reading.chars
        part = await reading.part_of(each.file, task.result(), most_chars, each)
        history_chars -= chars - reading.chars if each.in_history else 0
        if part is not None:
            earlier.append(EarlierPart(each, part))
    return Fetched(
        tuple(parts),
        tuple(reading.left_out),
        tuple(reading.media),
        tuple(earlier),
        spent=tuple(reading.spent),
    )


async def _read(
    frontend: Frontend, file: Attachment, most_bytes: int, timeout_s: float | None = None
) -> bytes | Why:
    """A file's bytes, or why there are none."""
    try:
        async with asyncio.timeout(timeout_s):
            data = (await frontend.fetch(file.ref, most_bytes)).data
    except (PlatformError, TimeoutError) as error:
        cause = str(error) or type(error).__name__
        log.warning("attachment.unreadable", media_type=media_type(file.media_type), cause=cause)
        if isinstance(error, FileGone | PlaceClosed):
            return Why.GONE
        return Why.TOO_LARGE if isinstance(error, FileTooLarge) else Why.UNREADABLE
    return data if len(data) <= most_bytes else Why.UNREADABLE


@dataclass(slots=True)
class _Reading:
    """What has come of the files that were read so far."""

    left_out: list[LeftOut]
    chars: int
    """How many characters of texts may still come."""
    interpreter: Interpreter
    asker: Asker
    media: list[str] = field(default_factory=list)
    spent: list[tuple[str, float]] = field(default_factory=list)

    async def part_of(
        self, file: Attachment, data: bytes | Why, most_chars: int, earlier: Earlier | None = None
    ) -> Part | None:
        """What the model is shown of a file, one in each step of the loop; None where it is left out."""
        await asyncio.sleep(0)
        most_chars = max(0, min(self.chars, most_chars))
        found = data if isinstance(data, Why) else _part(file, data, most_chars)
        if isinstance(found, ImagePart | AudioPart | FilePart) and self.interpreter.takes(found):
            if earlier is not None and (earlier.in_history or not earlier.is_told):
                return None  # its words were told, or are not asked about: it is not paid for again
            found = await self._in_words(file, found, most_chars, earlier)
        part: Part | None = None
        why: Why | None = None
        if isinstance(found, Why):
            why = found
        elif isinstance(found, _Text):
            self.chars -= len(found.text)
            why, part = Why.TEXT_CUT if found.is_cut else None, found.as_part(file.name)
        else:
            part = found
            self.media += [file.name] if earlier is None else []
        if why is not None and (earlier is None or earlier.is_told):
            self.left_out.append(LeftOut(file.name, why, earlier is not None))
        return part

    async def _in_words(
        self,
        file: Attachment,
        part: ImagePart | AudioPart | FilePart,
        most_chars: int,
        earlier: Earlier | None,
    ) -> _Text | Why:
        """A file that the model can't take, in words; behind a recording's frame stands who spoke."""
        told = await self.interpreter.interpret(part, self.asker.person_key)
        if isinstance(told, Why):
            log.info("attachment.not_interpreted", why=told.value, size_bytes=file.size_bytes)
            return told
        self.spent += [(told.model, told.spent_usd)] if told.spent_usd else []
        text = harmless(told.text)
        speaker = self.asker.name if earlier is None else earlier.author
        return _Text(text[:most_chars], len(text) > most_chars, _kind_of(told, speaker))


def _kind_of(told: Interpreted, speaker: str) -> str:
    if not told.is_speech:
        return "description of the file"
    return f"recording of {plain_name(speaker) or NAMELESS}, written down"


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    is_cut: bool
    kind: str = "file"

    def as_part(self, name: str) -> TextPart:
        rest = "\n[the rest of this file is left out]" if self.is_cut else ""
        return TextPart(f"[{self.kind}: {plain_name(name)}]\n{self.text}{rest}")


def _part(file: Attachment, data: bytes, most_chars: int) -> ImagePart | AudioPart | FilePart | _Text | Why:
    match file_type(data, file.name, file.media_type, most_chars=most_chars):
        case Picture(kind):
            return ImagePart(url=data_url(first_frame(data) if kind == "image/gif" else data, kind))
        case Sound(kind):
            return AudioPart(data=Inline(data), format=kind)
        case Document():
            name = plain_name(file.name) or "document"
            name = name if name.lower().endswith(".pdf") else f"{name}.pdf"
            return FilePart(filename=name, file_data=data_url(data, "application/pdf"))
        case Unread() as why:
            return _WHY[why]
        case text:
            return _Text(harmless(text.text), text.is_cut)
