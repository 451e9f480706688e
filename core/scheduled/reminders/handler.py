"""`remind me in 2 hours to call Ana`: remembers it, lists what is remembered, cancels one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Option, Translator, read_options
from core.i18n import LANGUAGES, ScheduledPhrase, Translators
from core.markdown.literal import code, literal
from core.scheduled.reminders.grammar import Wanted, read
from core.scheduled.settings import RemindersSettings
from core.storage.scheduled.reminders import Reminder, ReminderStore
from core.util.time_zones import is_time_zone, known_zone, knows_zone

WHEN, WHAT, CANCEL = "when", "what", "cancel"
_OPTIONS = (
    Option(
        WHEN,
        ScheduledPhrase.REMIND_WHEN_HELP.value,
        required=False,
        sentence=ScheduledPhrase.REMIND_WHEN_HELP,
    ),
    Option(
        WHAT,
        ScheduledPhrase.REMIND_WHAT_HELP.value,
        required=False,
        sentence=ScheduledPhrase.REMIND_WHAT_HELP,
    ),
    Option(
        CANCEL,
        ScheduledPhrase.REMIND_CANCEL_HELP.value,
        "integer",
        required=False,
        least=1,
        sentence=ScheduledPhrase.REMIND_CANCEL_HELP,
    ),
)
_NAMES = (WHEN, WHAT, CANCEL)
_A_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def _words_of(phrase: ScheduledPhrase) -> frozenset[str]:
    """A word in every language."""
    spoken = Translators()
    return frozenset({phrase.value, *(spoken.of(each).say(phrase).casefold() for each in LANGUAGES)})


_LIST, _CANCEL = _words_of(ScheduledPhrase.REMIND_LIST_WORD), _words_of(ScheduledPhrase.REMIND_CANCEL_WORD)


def is_about_reminders(words: str) -> bool:
    """Whether what stands behind the word is meant for it: `remind us what a monad is` is a question."""
    first = words.casefold().split(None, 1)[:1]
    if not first or first[0].rstrip(":,") == "me" or first[0] in _LIST | _CANCEL:
        return True
    return bool(read_options(words, _NAMES).named) or read(words, _A_MOMENT, "") is not None


class RemindHandler:
    """Takes reminders in, and shows and cancels those of who asks."""

    capability = Capability(
        "remind",
        ScheduledPhrase.REMIND_NAME,
        ScheduledPhrase.REMIND_COMMAND,
        takes="words",
        alone=True,
        options=_OPTIONS,
        free=True,
        fits=is_about_reminders,
        asks_in_window=False,
    )

    def __init__(
        self,
        store: ReminderStore,
        settings: RemindersSettings,
        now: Callable[[], datetime],
        look_soon: Callable[[], None],
    ) -> None:
        """`look_soon` has it looked for what is due."""
        self._store = store
        self._settings = settings
        self._now = now
        self._look_soon = look_soon

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        written = read_options(run.words, _NAMES)
        named, (first, *rest) = written.named, written.rest.split() or [""]
        if CANCEL in named or first.casefold() in _CANCEL:
            await self._cancel(run, named.get(CANCEL, "".join(rest)))
        elif not named and (not first or (first.casefold() in _LIST and not rest)):
            await self._list(run)
        else:
            words = " ".join(filter(None, (named.get(WHEN, ""), written.rest)))
            await self._add(run, words, named.get(WHAT))

    async def _add(self, run: CapabilityRun, words: str, what: str | None) -> None:
        say, zone = run.translator.say, self._zone_of(run)
        wanted = read(words, self._now(), zone)
        if wanted is None:
            await run.write(_use(run.translator))
            return
        text = " ".join((wanted.text if what is None else what).split())
        at = {"when": _clock(wanted.due, zone), "zone": zone or "UTC"}
        if not text:
            example = code(say(ScheduledPhrase.REMIND_EXAMPLE_IN))
            await run.write(say(ScheduledPhrase.REMIND_WHAT, example=example))
        elif len(text) > self._settings.most_chars:
            await run.write(say(ScheduledPhrase.REMIND_TOO_LONG, most=self._settings.most_chars))
        elif wanted.due <= self._now():
            await run.write(say(ScheduledPhrase.REMIND_PAST, **at))
        elif wanted.due > self._now() + timedelta(days=self._settings.most_days):
            await run.write(say(ScheduledPhrase.REMIND_TOO_FAR, days=self._settings.most_days))
        else:
            await self._remember(run, wanted, text, zone)

    async def _remember(self, run: CapabilityRun, wanted: Wanted, text: str, zone: str) -> None:
        say, most = run.translator.say, self._settings.most
        every = str(wanted.every) if wanted.every is not None else ""
        where = await run.frontend.reach(run.turn.address, run.turn.place, run.turn.author.identity)
        kept = await self._store.add(run.turn, where, text, (wanted.due, every, zone), most=most)
        word, cancel = say(ScheduledPhrase.REMIND_NAME), say(ScheduledPhrase.REMIND_CANCEL_WORD)
        if kept is None:
            listing = code(f"{word} {say(ScheduledPhrase.REMIND_LIST_WORD)}")
            await run.write(say(ScheduledPhrase.REMIND_TOO_MANY, most=most, example=listing))
            return
        self._look_soon()
        phrase = ScheduledPhrase.REMIND_SET_EVERY if kept.every else ScheduledPhrase.REMIND_SET
        at = {"when": _clock(kept.due_at, kept.zone), "zone": kept.zone or "UTC"}
        await run.write(say(phrase, **at, text=literal(kept.text)))
        how = say(ScheduledPhrase.REMIND_HOW_TO_CANCEL, example=code(f"{word} {cancel} {kept.id}"))
        await run.write(f"\n{how}")

    async def _list(self, run: CapabilityRun) -> None:
        say = run.translator.say
        kept = await self._store.of(run.turn)
        if not kept:
            example = code(say(ScheduledPhrase.REMIND_EXAMPLE_IN))
            await run.write(say(ScheduledPhrase.REMIND_NONE, example=example))
            return
        lines = [f"- {_line(each, run)}" for each in kept]
        word = f"{say(ScheduledPhrase.REMIND_NAME)} {say(ScheduledPhrase.REMIND_CANCEL_WORD)}"
        how = say(ScheduledPhrase.REMIND_HOW_TO_CANCEL, example=code(f"{word} {kept[0].id}"))
        await run.write("\n".join([say(ScheduledPhrase.REMIND_LIST), *lines, "", how]))

    async def _cancel(self, run: CapabilityRun, number: str) -> None:
        say = run.translator.say
        is_number = number.isascii() and number.isdigit() and len(number) < 16
        if is_number and await self._store.cancel(run.turn, int(number)):
            await run.write(say(ScheduledPhrase.REMIND_CANCELLED, number=number))
            return
        listing = code(f"{say(ScheduledPhrase.REMIND_NAME)} {say(ScheduledPhrase.REMIND_LIST_WORD)}")
        await run.write(say(ScheduledPhrase.REMIND_UNKNOWN, example=listing))

    def _zone_of(self, run: CapabilityRun) -> str:
        """The time zone of who asks, as their platform tells it; else the one of the settings."""
        theirs = run.turn.author.time_zone
        return theirs if theirs and is_time_zone(theirs) and knows_zone(theirs) else self._settings.time_zone


def _line(reminder: Reminder, run: CapabilityRun) -> str:
    """One of the list. Of one that was asked for elsewhere only its own place reads the words."""
    say, is_here = run.translator.say, reminder.place == run.turn.place or run.turn.place.is_for_one
    phrase = ScheduledPhrase.REMIND_ONE_EVERY if reminder.every else ScheduledPhrase.REMIND_ONE
    text = literal(reminder.text) if is_here else say(ScheduledPhrase.REMIND_ELSEWHERE)
    at = {"when": _clock(reminder.due_at, reminder.zone), "zone": reminder.zone or "UTC"}
    return say(phrase, number=str(reminder.id), **at, text=text)


def _use(translator: Translator) -> str:
    say, word = translator.say, translator.say(ScheduledPhrase.REMIND_NAME)
    return say(
        ScheduledPhrase.REMIND_USE,
        first=code(say(ScheduledPhrase.REMIND_EXAMPLE_IN)),
        second=code(say(ScheduledPhrase.REMIND_EXAMPLE_AT)),
        third=code(say(ScheduledPhrase.REMIND_EXAMPLE_ON)),
        fourth=code(say(ScheduledPhrase.REMIND_EXAMPLE_EVERY)),
        listing=code(f"{word} {say(ScheduledPhrase.REMIND_LIST_WORD)}"),
        cancel=code(f"{word} {say(ScheduledPhrase.REMIND_CANCEL_WORD)} 7"),
    )


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(known_zone(zone)):%Y-%m-%d %H:%M}"
