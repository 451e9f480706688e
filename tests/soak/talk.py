"""People who ask, in many places at once, and a judge who reads what stands there in the end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aivax_bots.testing.stage import ASKS_NOTHING
from core.conversations.prompt import SURROUNDINGS_END, SURROUNDINGS_HEADING
from core.i18n import Phrase
from sandbox.calls import CallLog
from sandbox.completions.answers import answer_to
from sandbox.completions.question import read_question
from sandbox.wire import read_json
from tests.platforms.slack import Channel, FakeSlack, Shown
from tests.town import Town

_FENCE_LINE = re.compile(r"^[ >]*(```|~~~).*$", re.MULTILINE)
_NOT_A_LETTER = re.compile(r"[\W_]+")
_WORD = re.compile(r"\bq\d{5}z\b")


def letters(text: str) -> str:
    """What of a text no splitting and no translation may change: a cut fence is closed and opened again."""
    return _NOT_A_LETTER.sub("", _FENCE_LINE.sub("", text))


@dataclass(frozen=True, eq=False, slots=True)
class Screen:
    """A place in which answers appear one below the other."""

    name: str
    shown: Callable[[], Sequence[str]]
    """The bot's messages, oldest first."""
    unfinished: Callable[[], Sequence[str]] = tuple
    """What still pretends that something is going on."""
    began: Callable[[], str] = str
    """When its first answer began, to be compared with that of other screens of the conversation."""


@dataclass(frozen=True, slots=True)
class Question:
    word: str
    key: str
    """The event's key, as the bot stores it."""
    conversation: str
    screen: Screen


class Conversation(Protocol):
    """Where one person talks with the bot."""

    name: str

    async def say(self, text: str) -> tuple[str, Screen]:
        """Ask; the key of the event, and where the answer will be."""
        ...


class SlackThread:
    """A thread in a channel, begun by its first question."""

    def __init__(self, town: Town, name: str) -> None:
        self.name = f"slack thread {name}"
        self._slack = town.slack
        self._person = town.slack.person(f"ana{name}")
        self._channel = town.slack.channel(f"general{name}", [self._person])
        self._root: str | None = None
        self._screen: Screen | None = None

    async def say(self, text: str) -> tuple[str, Screen]:
        mention = f"{self._slack.mention} {text}"
        ts = await self._slack.say(self._person, self._channel, mention, thread_ts=self._root)
        self._root = self._root or ts
        self._screen = self._screen or slack_screen(self._slack, self._channel, self._root, self.name)
        return f"slack:{self._slack.workspace.id}:{self._channel.id}:{ts}", self._screen


class SlackDm:
    """A direct conversation: each answer stands in the thread of its question."""

    def __init__(self, town: Town, name: str) -> None:
        self.name = f"slack dm {name}"
        self._slack = town.slack
        self._person = town.slack.person(f"bea{name}")
        self._channel = town.slack.dm(self._person)

    async def say(self, text: str) -> tuple[str, Screen]:
        ts = await self._slack.say(self._person, self._channel, text)
        screen = slack_screen(self._slack, self._channel, ts, f"{self.name} {ts}")
        return f"slack:{self._slack.workspace.id}:{self._channel.id}:{ts}", screen


class DiscordPlace:
    """A channel that one person writes in, or their direct messages."""

    def __init__(self, town: Town, name: str, *, direct: bool) -> None:
        self.name = f"discord {'dm' if direct else 'channel'} {name}"
        self._discord = discord = town.discord
        self._person = discord.person(f"ben{name}")
        self._call = "" if direct else f"<@{discord.bot.id}> "
        place = discord.dm(self._person) if direct else discord.channel(town.guild, f"lobby{name}")
        self._place = place
        self._screen = Screen(self.name, lambda: [seen.content for seen in discord.answers(place)])

    async def say(self, text: str) -> tuple[str, Screen]:
        message = await self._discord.say(self._person, self._place, self._call + text)
        return f"discord:{message.id}", self._screen


def slack_screen(slack: FakeSlack, channel: Channel, root: str, name: str) -> Screen:
    def unfinished() -> list[str]:
        streams = [f"stream {m.ts}" for m in slack.visible(channel, root) if m.streaming]
        status = slack.status(channel, root)
        return [*streams, f"status {status!r}"] if status else streams

    def answers() -> list[Shown]:
        return [m for m in slack.visible(channel, root) if m.is_bot]

    return Screen(
        name, lambda: [m.text for m in answers()], unfinished, lambda: next((m.ts for m in answers()), "")
    )


class Answers:
    """What AIVAX was asked, and what it says to that."""

    def __init__(self, calls: CallLog) -> None:
        self._calls = calls
        self._read = 0
        self._texts: dict[str, set[str]] = {}
        self.asked: Counter[str] = Counter()

    def of(self, word: str) -> set[str]:
        """The letters of each text that the question gets, whole; more than one where the context changed."""
        self.catch_up()
        return self._texts.get(word, set())

    def catch_up(self) -> None:
        calls = list(self._calls._calls)
        for call in calls[self._read :]:
            if call.path.endswith("/chat/completions") and call.raw not in (b"", ASKS_NOTHING):
                question = read_question(read_json(call.raw), public=False)
                for word in _WORD.findall(question.text)[-1:]:  # behind what was said around it
                    self._texts.setdefault(word, set()).add(letters(answer_to(question).text))
                    self.asked[word] += 1
        self._read = len(calls)


@dataclass
class Verdict:
    """What became of the questions."""

    whole: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    apologies: int = 0
    told_to_wait: int = 0
    superseded: int = 0
    """Questions whose author asked something newer while they waited for AIVAX to come back."""
    unheard: int = 0
    """Messages that Discord told a process which died before it had stored them; it tells nothing twice."""
    evidence: list[dict[str, object]] = field(default_factory=list)
    """Of each answer that is not as it should be: the screen whole, message by message, and what AIVAX said."""

    @property
    def faults(self) -> list[str]:
        named = ("lost", "doubled", "broken", "disordered", "left_over")
        return [f"{name}: {each}" for name in named for each in getattr(self, name)]


def judge(questions: Iterable[Question], answers: Answers, *, may_apologise: bool = False) -> Verdict:
    """Read every screen; `questions` in the order of their arrival."""
    verdict = Verdict()
    answers.catch_up()
    screens: dict[Screen, list[Question]] = {}
    for question in questions:
        screens.setdefault(question.screen, []).append(question)
    for screen, asked in screens.items():
        _Reader(screen, answers, verdict, may_apologise).read(asked)
        verdict.left_over += [f"{screen.name}: {what}" for what in screen.unfinished()]
    verdict.disordered += _disordered(screens)
    return verdict


def _disordered(screens: Mapping[Screen, Sequence[Question]]) -> list[str]:
    """Conversations that are answered in several screens, and not in the order of arrival."""
    found: list[str] = []
    last: dict[str, str] = {}
    for screen, asked in screens.items():
        conversation, began = asked[0].conversation, screen.began()
        if began and began < last.get(conversation, ""):
            found.append(f"{screen.name} {asked[0].word}: answered at {began} after {last[conversation]}")
        last[conversation] = began or last.get(conversation, "")
    return found


@dataclass
class _Reader:
    """Reads a screen from top to bottom."""

    screen: Screen
    answers: Answers
    verdict: Verdict
    may_apologise: bool

    def read(self, asked: Sequence[Question]) -> None:
        text, told = letters("\n".join(self.screen.shown())), 0
        if self.may_apologise:  # the sentence that an answer waits stays above it
            text, told = _KEPT.subn("", text)
        self.verdict.told_to_wait += told
        at = 0
        for question in asked:
            at = self._one(question, text, at)
        if not text[at:]:
            return  # every letter was one of an answer, each of which was there once
        left = f"{self.screen.name}: {text[at : at + 80]!r}, {len(text) - at} letters"
        self.verdict.left_over.append(left)
        for question in asked:
            said = _without_echoes(text).split(question.word)
            if len(said) > 2:
                ends = [each[-80:] for each in said[:-1]]
                self.verdict.doubled.append(f"{self.screen.name} {question.word} behind {ends}")

    def _one(self, question: Question, text: str, at: int) -> int:
        wholes = self.answers.of(question.word)
        if (
            self.may_apologise
        ):  # the sandbox may repeat such a sentence, which was taken out of the text above
            wholes = {_KEPT.sub("", whole) for whole in wholes}
        for whole in wholes:
            if text.startswith(whole, at):
                self.verdict.whole += 1
                return at + len(whole)
        if self.may_apologise and (end := _end_of_apology(text, at, wholes)):
            self.verdict.apologies += 1
            return end
        if question.word not in text:
            self.verdict.lost.append(f"{self.screen.name} {question.word}")
        else:
            elsewhere = any(whole in text for whole in wholes)
            blamed = self.verdict.disordered if elsewhere else self.verdict.broken
            same = max((_alike(whole, text[at:]) for whole in wholes), default=0)
            shown = f"{text[at : at + 80]!r}, as expected until {text[at + same - 40 : at + same + 80]!r}"
            blamed.append(f"{self.screen.name} {question.word} at {at}: {shown}")
            said = sorted(self.answers.of(question.word))
            messages = [str(each) for each in self.screen.shown()]
            self.verdict.evidence.append(
                {"screen": self.screen.name, "word": question.word, "shown": messages, "said": said}
            )
        return at


def _alike(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    return next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def _end_of_apology(text: str, at: int, wholes: Iterable[str]) -> int:
    """Where an apology ends that stands here, alone or below the beginning of an answer; 0 for none."""
    found = _APOLOGY.search(text, at)
    if found is None:
        return 0
    before = text[at : found.start()]
    return found.end() if not before or any(whole.startswith(before) for whole in wholes) else 0


_AROUND, _END = letters(SURROUNDINGS_HEADING), letters(SURROUNDINGS_END)


def _without_echoes(text: str) -> str:
    """Take out what the sandbox was shown around a question, and repeats; own answers in it repeat such things, too.

    One that an outage cut off ends where the apology for that stands.
    """
    opened: list[int] = []
    outer: list[tuple[int, int]] = []
    for found in re.finditer(f"{_AROUND}|{_END}", text):
        if found[0] == _AROUND:
            opened.append(found.start())
        elif opened:
            begin = opened.pop()
            outer = [*(each for each in outer if each[0] < begin), (begin, found.end())]
    for begin in reversed(opened):
        if apology := _APOLOGY.search(text, begin):
            inside = [each for each in outer if begin < each[0] and each[1] <= apology.start()]
            outer = [*(each for each in outer if each not in inside), (begin, apology.start())]
    for begin, end in sorted(outer, reverse=True):
        text = text[:begin] + text[end:]
    return text


def _pattern(phrase: Phrase) -> str:
    pieces = re.split(r"(\{\w+\})", phrase)
    return "".join(
        _PLACEHOLDERS.get(piece, _ANY_VALUE) if piece[:1] == "{" else letters(piece) for piece in pieces
    )


_PLACEHOLDERS = {"{wait}": r"(?:\d{1,4}(?:second|minute|hour|day)s?)+", "{reference}": "[0-9a-f]{8}"}
"""What has no end of its own where it ends a sentence."""
_ANY_VALUE = r"\w{1,20}?"


def _any_of(*phrases: Phrase) -> re.Pattern[str]:
    return re.compile("|".join(map(_pattern, phrases)))


_KEPT = _any_of(Phrase.KEPT_BALANCE, Phrase.KEPT_STORAGE, Phrase.KEPT_RATE, Phrase.KEPT_OUTAGE)
_APOLOGY = _any_of(
    Phrase.REQUEST_REFUSED,
    Phrase.UNAVAILABLE,
    Phrase.UNANSWERABLE,
    Phrase.ANSWER_CUT,
    Phrase.GAVE_UP,
    Phrase.UNKNOWN,
)
