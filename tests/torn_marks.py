"""Judges how an answer looks to its reader while it grows and where its messages end, by readers of our own.

A fault is a sentence; `""` where all is well. Where all marks of an answer are obeyed each letter must look as it does
in one whole message and lead to the same link, in every edit from the first on. Where some are not (a mark that nothing
closes), readers may differ in what they mean: then nothing may be lost, doubled or too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bots.discord.delivery import markup_out as discord
from bots.slack.delivery import markup_out as slack
from bots.slack.delivery.messages import bare, message_content
from bots.slack.delivery.streaming.chunk import Ending
from bots.slack.delivery.streaming.streams import LAST_AGE_S, MOST_AGE_S, MOST_BYTES
from core.domain import Status, ToolActivity, ToolState
from core.markdown.dialect import Dialect
from core.markdown.splitter import Part, Splitter
from tests import discord_reader
from tests.fuzzed_answers import Answer
from tests.platforms.slack import reader as slack_reader
from tests.shown import Shown
from tests.slack_streams import StreamReader

_AMBIGUOUS = re.compile(
    r"^[ \t]*(?:[-*+] |\d+\. )*>.*\n(?![ \t]*(?:>|$))"
    r"|^[ \t]*\S.*\n[ \t>]*[-=]+[ \t]*$"
    r"|^[ \t]+\d+[.)] "
    r"|</?[a-z]+[1-6]?[ />]|<!--"
    r"|(?<!\S)([*_~])\1*+(?=\S)(?:(?!\1|\n\n)[\s\S])*+(?<!\S)\1++(?=\S)"
    r"|`[^`\n*_~|]*(\*\*|__|~~|\|\|)[^`\n*_~|]*`"
    r"|[^\x00-\x7f]__(?!_)[\s\S]*\*\*|\*\*[\s\S]*[^\x00-\x7f]__"
    r"|^-\# *(?:[#>\d-]|$)"
    r"|(?<!\S)_(?!\S)|(?<!\S)\*{3,} |[A-Za-z\u00c0-\u024f0-9](?:\*|~~|__|`)+[A-Za-z\u00c0-\u024f0-9]"
    r"|[A-Za-z0-9]https?://|https?://[^\s<>]*[\u3000-\u303f\uff00-\uffef]"
    r"|`[^`\n]+\n[ \t]*(?:[#>|]|[-*+] )"
    r"|^[ \t]+-?\#|^(?: {4}|\t)[ \t]*>|[*_~|]\#+ "
    r"|^.*[^\s`>].*```|\*{4}|_{4}"
    r"|\[[^\]\n]*(?:\*|__|\b_|_\b|~~|\|\|)[^\]\n]*\]\("
    r"|^[ \t]*\|.*\n[ \t]*[^|\s].*\|"
    r"|(?<!\*)\*(?![*\s])(?:[^*\n`]|`[^`\n]*+`)*+\*\*(?![*\s])(?:[^*\n`]|`[^`\n]*+`)*+(?<!\s)\*(?!\*)",
    re.MULTILINE,
)
"""What readers differ in: a line below a quote, an underlined heading, deeper numbers, HTML, marks begun twice, half
of a pair in code, bold inside bold beside CJK text, headings that are code or in small letters, marks between blanks
or within words, bold that crosses italics, code over several lines that begin blocks, a fence inside a line, an
address inside a word or before CJK signs, marks among a link's words, which only Discord pairs with those around the
link, a row that lacks its first bar."""
_NUMBERED = re.compile(r"^[ \t>]*(?!1[.)])\d+[.)] ", re.MULTILINE)
"""An item that begins no list: where a stream is cut inside the one before, it becomes text."""
_PAIRED = re.compile(r"\*\*|__|~~|\|\||`")
_CODE = re.compile(r"^[ \t>]*```[\s\S]*?^[ \t>]*```|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", re.MULTILINE)
_BLOCK = re.compile(r"\n(?=[ \t]*(?:\n|[-*+] |\d+[.)] |#|>|\||-\#))")
_BEGINS, _ENDS = " \n“([「", " \n”)]」,."
_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:```|~~~)", re.MULTILINE)
_WITHIN_PARAGRAPHS = frozenset({"italic", "bold", "underline", "strike", "code"})
_NOT_A_BAR = re.compile(r"\|\||\\\||`+[^`\n]*`+")
_OWN_MARKS = "-#>*+.)0123456789"
_ROOMS = (600, 1_000, 2_000)
_AGES_S = (0.0, 0.0, MOST_AGE_S, LAST_AGE_S)


@dataclass(frozen=True)
class Platform:
    """How one platform is written for, and read."""

    name: str
    dialect: Dialect
    size: Callable[[str], int]
    written: Callable[[str], str]
    read: Callable[[str], Iterable[Shown]]
    signs: str
    """What a reader sees only where it is no mark."""
    spacious: int = 1
    """How many times more characters its messages hold, since what is counted is more than what is written."""

    def letters(self, text: str) -> list[Shown]:
        return [shown for shown in self.read(text) if shown.character.isalnum()]


DISCORD = Platform("Discord", discord.DIALECT, discord.size, discord.native, discord_reader.read, "*_~`[]<|")
SLACK = Platform("Slack", slack.DIALECT, slack.size, slack.safe, slack_reader.shown, "*_~`[]", 4)
# what a table becomes on Discord depends on the rows that stand in a message: its marks are judged before that
DISCORD_TABLES = Platform(
    "Discord", discord.DIALECT, discord.size, lambda text: text, discord_reader.read, "*_~`[]<"
)


@dataclass(frozen=True)
class Message:
    """What a reader sees of one message."""

    text: str
    again: str = ""
    """What stands before the answer's own text: the marks, or the head of a table, that are opened again."""


class Whole:
    """An answer as one message would show it."""

    def __init__(self, platform: Platform, text: str) -> None:
        self._platform = platform
        self._known: dict[str, list[Shown]] = {}
        shown = list(platform.read(platform.written(text)))
        self.letters = [each for each in shown if each.character.isalnum()]
        self.is_plain = (
            not _has_stray(shown, platform.signs)
            and not _AMBIGUOUS.search(text)
            and _are_pairs(text)
            and _fences_are_closed(text)
            and _bars_are_tables(text)
            and not _spans_paragraphs(shown)
            and not any("indented" in each.ways for each in shown)
        )
        """Whether its reader obeys all of its marks."""

    def fault(self, messages: Sequence[Message], *, final: bool) -> str:
        """What is wrong with its messages; where they are not `final`, more is to come."""
        seen: list[Shown] = []
        for message in messages:
            letters = self._letters(message.text)
            seen += letters[self._repeated(message) :]
        if final and len(seen) != len(self.letters):
            return f"{len(seen)} letters instead of {len(self.letters)}"
        for at, (one, other) in enumerate(zip(seen, self.letters, strict=False)):
            if one == other or (not final and _grows(one, other)):
                continue
            around = "".join(each.character for each in self.letters[max(0, at - 10) : at + 10])
            return f"a letter looks otherwise in …{around}…: {one} instead of {other}"
        return "letters that are none of its" if len(seen) > len(self.letters) else ""

    def _letters(self, text: str) -> list[Shown]:
        """Read a message, once: while an answer grows most stay as they are."""
        if (known := self._known.get(text)) is None:
            known = self._known[text] = self._platform.letters(text)
        return known

    def _repeated(self, message: Message) -> int:
        return (
            len(self._platform.letters(message.again)) if "|" in message.again and "-" in message.again else 0
        )


def _bars_are_tables(text: str) -> bool:
    """Whether each bar is a table's, and each table has a head."""
    lines = text.split("\n")
    in_tables = slack_reader.lines_of_tables(text) if "|" in text else set()
    return all(
        ("|" in line and "||" not in line) if number in in_tables else ("|" not in _NOT_A_BAR.sub("", line))
        for number, line in enumerate(lines)
    )


def _fences_are_closed(text: str) -> bool:
    """Whether each fence is closed by one as deep in quotes and items."""
    depths = [(line.count(">"), len(line)) for line in _FENCE.findall(text)]
    return len(depths) % 2 == 0 and depths[::2] == depths[1::2]


def _are_pairs(text: str) -> bool:
    """Whether in each block marks of two signs stand in pairs, the first of each where emphasis can only begin."""
    for paragraph in _BLOCK.split(_CODE.sub("x", text)):
        open_marks: set[str] = set()
        for found in _PAIRED.finditer(paragraph):
            before, after = (
                paragraph[found.start() - 1 : found.start()],
                paragraph[found.end() : found.end() + 1],
            )
            if (before or " ") in _BEGINS if found[0] in open_marks else (after or " ") in _ENDS:
                return False
            open_marks ^= {found[0]}
        if open_marks:
            return False
    return True


def _spans_paragraphs(shown: Sequence[Shown]) -> bool:
    """Whether marks go on beyond an empty line, which only a spoiler does everywhere, or into a table or an item."""
    before = None
    for each in shown:
        if each.character == "\n":
            if before is not None and each.ways & before & _WITHIN_PARAGRAPHS:
                return True
            before = each.ways
        elif each.character in "|•" and before is not None and each.ways & before & _WITHIN_PARAGRAPHS:
            return True
        elif not each.character.isspace():
            before = None
    return False


def _has_stray(shown: Sequence[Shown], signs: str) -> bool:
    """Whether a reader sees signs of Markdown as signs that are not escaped."""
    characters = ["\n", *(each.character for each in shown), " "]
    return any(
        (each.character in signs or (each.character in ">#" and before == "\n"))
        and not each.token
        and not any(way.startswith(("code", "block")) for way in each.ways)
        and not (before.isspace() and after.isspace() and each.character in signs)
        and not (
            each.character == "_" and before.isalnum() and after.isalnum() and (before + after).isascii()
        )
        for before, each, after in zip(characters, shown, characters[2:], strict=False)
    )


def _grows(one: Shown, other: Shown) -> bool:
    """Whether they differ in an address alone that is still being written, if only its first letters are there."""
    same = (one.character, one.ways) == (other.character, other.ways)
    return same and "://" in other.token[:9].lower() and other.token.startswith(one.token)


def messages_fault(platform: Platform, answer: Answer) -> tuple[str, bool]:
    """Judge an answer in messages that are edited; also tell whether all of its marks are obeyed.

    On Slack its words alone, too, as they are sent where no blocks are taken.
    """
    limit = answer.limit * platform.spacious
    if "|" in answer.text and slack_reader.lines_of_tables(answer.text):
        limit *= 4  # a row has room
        platform = DISCORD_TABLES if platform is DISCORD else platform
    whole = Whole(platform, answer.text)
    splitter, at = Splitter(limit, platform.size, platform.dialect), 0
    full: list[Part] = []
    for cut in answer.cuts:
        splitter.feed(answer.text[at:cut])
        at = cut
        parts = splitter.parts_so_far
        if list(parts[: len(full)]) != full:
            return f"after {cut}: a full message changed", whole.is_plain
        full = list(parts[:-1])
        if fault := _fault_of_parts(platform, whole, answer.text, limit, parts, cut):
            return f"after {cut}: {fault}", whole.is_plain
    fault = _fault_of_parts(platform, whole, answer.text, limit, splitter.parts, None)
    if not fault and platform is SLACK and whole.is_plain and answer.text.strip():
        fault = _fault_of_bare(whole, bare(message_content(answer.text))["text"])
    return fault, whole.is_plain


def _fault_of_bare(whole: Whole, words: str) -> str:
    rest = iter(words)
    lost = next((each for each in whole.letters if each.character not in rest), None)
    return f"lost in its words alone: {lost}" if lost else ""


def _fault_of_parts(
    platform: Platform, whole: Whole, text: str, limit: int, parts: Sequence[Part], cut: int | None
) -> str:
    messages = [Message(platform.written(part.text), part.opened) for part in parts]
    if any(len(message.text) > limit for message in messages):
        return "a message is too long"
    if fault := _fault_of_slices(text, parts, final=cut is None):
        return fault
    return whole.fault(messages, final=cut is None) if whole.is_plain else ""


def _fault_of_slices(text: str, parts: Sequence[Part], *, final: bool) -> str:
    """Whether the parts are the text, in order, each with its own words and no others."""
    at = 0
    for part in parts:
        if part.start != at:
            return f"a message begins at {part.start} instead of {at}"
        at = part.end
        own = _bare(text[part.start : at])
        shown = _bare(part.text[len(part.opened) : len(part.text) - len(part.closed)])
        left = own.removesuffix(shown)  # the mark of an item stands before what is opened again
        if not own.endswith(shown) or left.strip(_OWN_MARKS) or left not in _bare(part.opened):
            return f"the message of {part.start} to {at} has other words than the answer"
    return "the end is lost" if final and text[at:].strip() else ""


def _bare(text: str) -> str:
    return "".join(text.split())


def stream_fault(answer: Answer) -> tuple[str, bool]:
    """Judge an answer in Slack's native streams: some as full as cards make one, some old, some begun by a card."""
    text = answer.text.strip()
    dice = sum(answer.cuts)
    whole = Whole(SLACK, text)
    whole.is_plain = whole.is_plain and not _NUMBERED.search(text)
    room = 8_000 if "|" in text else _ROOMS[dice % len(_ROOMS)]  # a row has room
    reader = StreamReader(MOST_BYTES - 64 - room)
    if dice % 3 == 0:  # while a tool runs, each stream begins with its card
        reader.cards.note(Status("Searching", ToolActivity("t1", "search", ToolState.RUNNING)))
    for number, cut in enumerate(answer.cuts):
        reader.age_s = _AGES_S[(dice + number) % len(_AGES_S)]
        reader.take_all(answer.text[:cut])
        if fault := _fault_of_streams(whole, reader, final=False):
            return f"after {cut}: {fault}", whole.is_plain
    reader.take_all(answer.text, Ending())
    if slack.safe(answer.text[reader.stream.at :]).strip():
        return "the end is lost", whole.is_plain
    return _fault_of_streams(whole, reader, final=True), whole.is_plain


def _fault_of_streams(whole: Whole, reader: StreamReader, *, final: bool) -> str:
    if any(len(text.encode()) > MOST_BYTES for text in reader.texts):
        return "a message is too long"
    if any("<" in text for text in reader.texts):
        return "something may be alive"
    messages = [Message(text, seed) for text, seed in zip(reader.texts, reader.seeds, strict=True)]
    return whole.fault(messages, final=final) if whole.is_plain else ""
