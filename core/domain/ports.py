"""What the core asks of the world around it, and what it offers: small, total protocols.

`bots/` implements `Frontend` and `ReplySurface`; the core implements `Intake`, `Ledger` and `TurnQueue`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from core.domain.capabilities import Capability
from core.domain.errors import BotError
from core.domain.messages import (
    Apology,
    Author,
    Blob,
    Button,
    ChannelMessage,
    Event,
    Footer,
    Identity,
    MadeFile,
    PassedOver,
    Place,
    Quote,
    Receipt,
    Said,
    Sign,
    Status,
)
from core.domain.places.admins import Administers
from core.domain.translator import Translator


class Intake(Protocol):
    """Where events go in."""

    async def receive(self, event: Event) -> Receipt:
        """Store an event for good, or recognise it as seen.

        When this returns, the event survives a crash: only then acknowledge it to the platform. When it
        raises, nothing was stored: withhold the acknowledgement, so that the platform delivers it again.
        """

    async def refusal(self, said: Said) -> str | None:
        """The sentence, in the author's language, that says why this would not be taken in, or None.

        Ask it before anything is posted on somebody's behalf, and show the sentence to nobody but them. Access
        lists and all limits are looked at, as in `receive`. Nothing is stored, but that it was told.
        """

    def passed_over(self, platform: str, reason: PassedOver) -> None:
        """Count something that a frontend passes over in silence, and so never brings to `receive`."""

    def translator(self, locale: str, place: Place) -> Translator:
        """The bot's sentences for a reader, where a platform asks for words that are no answer: names of its
        commands, the labels of a form. `locale` as in `Author.locale`."""

    def capabilities(self) -> Sequence[Capability]:
        """What people can have the bot do by a word, for a platform that lists its commands."""

    async def models(self, author: Author, place: Place) -> Sequence[str]:
        """The gateways that the author may choose from for a place; none for who does not run the bot."""

    async def heard_until(self, platform: str) -> Mapping[str, datetime]:
        """When something was last said in each workspace of a platform; empty where nothing ever was.

        What a frontend missed while it was away lies after that. Events that are brought twice do no harm.
        """

    async def places(self, platform: str, since: datetime) -> Sequence[Place]:
        """The places of a platform in which somebody spoke with the bot since then, the newest first."""

    async def look_back(self, platform: str, since: Mapping[str, datetime]) -> Mapping[str, datetime]:
        """Record from when on each of these workspaces is to be looked through, so that no restart forgets it.

        Returns for each workspace of the platform from when on it is: earlier than asked where an earlier look, of
        whichever process, did not end.
        """

    async def looked_back(self, platform: str, workspace: str, since: datetime) -> None:
        """Record that a workspace was looked through from then on."""

    async def answers(self, place: Place, message_ids: Collection[str]) -> Collection[str]:
        """Those of the messages in a channel (a thread does not count) that are recorded as parts of answers."""


class Watch(Protocol):
    """Who wants to know whether a frontend is connected. Told on every change; telling twice is harmless."""

    def up(self) -> None: ...

    def down(self, cause: BotError) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One platform message of an answer, as the ledger remembers it."""

    part: int
    """Its place in the answer, from 0."""
    nonce: str
    """Our own stable name for it, at most 25 characters of [a-z0-9-]: the same on every try at creating it."""
    message_id: str
    """The platform's id; `""` as long as only the intent to create it is known."""
    shown: int
    """How many characters of the answer's text, from the answer's beginning, are shown up to its end."""
    closed: bool
    """Whether its text is complete, so that it needs no further change."""
    generation: int
    """Which generation of the answer's text it shows; an older one's text is to be replaced."""


class Ledger(Protocol):
    """An answer's memory: what was posted of it, kept from one attempt to the next.

    Each call commits before it returns, `intend` so that a power cut leaves it; what the others record may then be
    lost, and is found by the intent. Each raises `Fenced` once another attempt has taken the turn over, so
    asking it right before every platform call keeps a frozen worker silent.
    """

    @property
    def earlier(self) -> Sequence[Delivery]:
        """What earlier attempts posted or meant to post, in order; empty on the first attempt."""

    @property
    def resumed(self) -> bool:
        """Whether another attempt ran before: what it showed beside messages, a status or a sign, may still stand."""

    @property
    def generation(self) -> int:
        """The text that is being written now. Deliveries of an older generation show another text."""

    async def intend(self, part: int) -> Delivery:
        """Record that a platform message is about to be created. Known parts keep their nonce and id."""

    async def posted(
        self, part: int, message_id: str, shown: int | None = None, *, closed: bool = False
    ) -> None:
        """Record that the platform created it under this id; with `shown` also what `shows` records."""

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        """Record how far the answer's text is shown in it, before or after the edit that shows it."""

    async def forget(self, part: int) -> None:
        """Record that the message is no longer there: it was deleted, or turned out never to exist."""

    async def check(self) -> None:
        """Raise `Fenced` if this attempt was taken over: ask before a platform call that records nothing."""

    async def holds(self, message_id: str) -> bool:
        """Whether any attempt recorded this message as one of the answer's. For fenced ones: never raises `Fenced`.

        A process that was frozen between `check` and a create finds out afterwards that it was taken over: what
        it created, and the ledger does not hold, is one too many.
        """

    async def spoiled(self, message_id: str) -> None:
        """Have the answer shown anew: a fenced attempt's late edit may have reached this message.

        For fenced attempts: never raises `Fenced`. Nothing happens where the message is none of the answer's.
        """


class ReplySurface(Protocol):
    """One answer being shown in one place.

    Used as `async with`: inside it a surface may run a task of its own that brings text to the platform at the
    platform's pace. Leaving the block without `finish` or `fail` keeps what was said so far as it stands.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def write(self, delta: str) -> None:
        """Add text to the answer. Returns soon; blocks only when the platform is far behind."""

    async def note(self, status: Status) -> None:
        """Show what is going on while no text comes; the next text or status takes its place."""

    async def offer(self, buttons: Sequence[Button]) -> None:
        """Show these buttons below the answer while it is written, where the platform has any; none at its end."""

    async def pause(self) -> None:
        """Bring what is due to the reader, the status too: another attempt will go on. Leave the block then."""

    async def finish(self, footer: Footer) -> None:
        """Bring the whole text to the reader and close the answer. Returns when the platform has it all."""

    async def fail(self, apology: Apology) -> None:
        """Close the answer with an apology below whatever was said already."""


class PostableChannel(Protocol):
    """A place where a message can be posted: what `core.delivery.whole_surface` needs of a platform.

    Texts are the answer's Markdown; the implementation makes them safe and native. Every call raises
    `PlatformBusy` (nothing was done, try again), `OutcomeUnknown` (it may have been done), `PlaceClosed`,
    `MessageRefused` (this text is not taken) or `OddAnswer` (the answer makes no sense).
    """

    @property
    def max_size(self) -> int:
        """How much one message holds, in the unit of `size`."""

    def size(self, text: str) -> int:
        """Measure a text as the platform will count it, once it was made safe. Never shrinks as text grows."""

    async def working(self) -> None:
        """Show the platform's own sign that an answer is under way, where it has one; it fades by itself."""

    async def rested(self) -> None:
        """Take that sign away at the answer's end, where it would still stand for a while."""

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        """Create a message below the question, with these buttons below it, and return its id."""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Look up a message whose creation has an unknown outcome; None when it is not there.

        Where a platform allows no look-up it says so in its docs, and this returns None.
        """


class EditableChannel(PostableChannel, Protocol):
    """A place where a message can be posted and changed: what `core.delivery.editing_surface` needs of a platform."""

    @property
    def edit_interval_s(self) -> float:
        """How far apart the edits of an answer that grows are, once it has some length: what readers bear and the
        platform likes. What it allows is for `post` and `edit` to keep, by waiting or by `PlatformBusy`: an answer
        that is whole waits for nothing here."""

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        """Change a message. Buttons that are not given again are gone."""

    async def delete(self, message_id: str) -> None: ...


Preview = Callable[[str, Sequence[Button]], Awaitable[None]]
"""Shows the text of a message that will be created when it is whole, where a platform can: what it shows fades by
itself, and at the latest when that message comes. Called with more of the text again and again. Buttons as in
`EditableChannel.edit`, as far as the platform has any there. Raises what `EditableChannel` does; but for `PlatformBusy`
and `OutcomeUnknown` that means that there are no previews in this place."""


Counting = Callable[[int], Awaitable[object]]
"""Hears how much of something is done."""


class Frontend(Protocol):
    """All that the core knows of a platform."""

    @property
    def platform(self) -> str:
        """Its name, as it stands in `Identity.platform` and `Place.platform`."""

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Bring the platform's events to the intake until cancelled.

        Raises:
            FrontendRefused: a token or a setting is wrong.
            FrontendUnreachable: no connection could be made, or a lost one did not come back.
            Either way it may be called again.
        """

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        """Open the place that `address` names, to show an answer there. Works in a process that never listens."""

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        """Put a quiet sign on the question, such as a reaction. Whether it could be put."""

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        """Read what was said around the question in a shared place, oldest first, at most `most` messages.

        The question itself is left out. Empty where nothing stands around it, or nothing can be read.
        """

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        """Read the newest messages of the whole channel that `address` lies in, oldest first, at most `most`.

        The question itself is left out, and what stands in threads. `told` hears how many are read, now and then. Empty
        where nothing can be read.
        """

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        """Read what was said in the whole channel that `address` lies in from `since` up to `until`, oldest first.

        At most the newest `most` messages; what stands in threads is among them where the platform tells it. What was
        deleted is not. Unlike `history` it tells an empty channel from one that can't be read.

        Raises:
            PlaceClosed: the platform has no such thing, or the channel can't be read.
            PlatformError: it can't be read now.
        """

    async def link(self, address: str, origin: str = "") -> str:
        """Where people find a message: `origin`, else the question, else the place. `""`: nowhere, or not now."""

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        """Read an attachment.

        Raises:
            FileGone, PlaceClosed: it, or what it hung on, was deleted.
            FileTooLarge: it has more bytes.
            PlatformError: it can't be read.
        """

    async def attach(
        self,
        address: str,
        files: Sequence[MadeFile],
        delivery: Delivery,
        ledger: Ledger,
        *,
        again: bool,
    ) -> str:
        """Show files in one message below an answer that is all there; its id, `""` where the place takes none.

        `delivery` is that message's row in `ledger`, which may be told an id before the files show. `again`: an earlier
        try may have shown them, so that they are looked for first.

        Raises:
            PlatformBusy, OutcomeUnknown: call again, with the row as it is then.
            PlaceClosed, MessageRefused, OddAnswer: these can't be shown there.
        """

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        """Take messages of an answer away, and its files; those that are gone already are fine.

        Raises:
            PlatformBusy, OutcomeUnknown: call again.
            PlaceClosed: some can't be taken away; the others are.
        """

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """Name the bot's own thread that `address` lies in, and suggest there what could be asked next.

        `""` and none: as they are. Nothing happens where the platform has no such thing, or the thread isn't the bot's.

        Raises:
            PlatformError: it could not be done; nothing depends on it.
        """

    @property
    def ids_are_global(self) -> bool:
        """Whether the same user id in another workspace is the same person."""

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """The place, and the address in it, where somebody is shown files that nobody else may see.

        The address itself where it is such a place, as a direct message is.

        Raises:
            PlatformBusy, OutcomeUnknown: call again.
            PlaceClosed: there is none.
        """

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """The place, and the address in it, where somebody is told something hours or days after they asked for it.

        `address` and `place` are where they asked. There, and so that they alone are notified, where the platform can
        do that; in their direct messages where they asked for their eyes alone, or the bot can't write there later.

        Raises:
            PlatformBusy, OutcomeUnknown: call again.
            PlaceClosed: there is none.
        """

    async def administers(self, who: Identity, place: Place) -> Administers:
        """What somebody may set of a place, as the platform has it; asked where `Act.administers` tells nothing.

        Nothing where the platform has no such thing, or tells it with every event. Never `ALL`: that is the core's.

        Raises:
            PlatformError: the platform does not tell now.
        """

    def address_of(self, channel: str) -> str:
        """Name a channel that an operator wrote into the settings as an address for `reply_to`."""


class TurnQueue(Protocol):
    """Who is told that a conversation has work."""

    def keep(self, conversation_id: int, platform: str) -> bool:
        """Whether this process looks at it itself, told by `notify`, so that no other needs to: asked just before.

        It may be wrong, as when the process ends at once: that costs time, never a turn.
        """

    def notify(self, conversation_id: int) -> None:
        """Have the conversation's turns run, soon, in order. Losing a call costs time, never a turn."""
