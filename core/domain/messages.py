"""The values that cross the boundary between a frontend and the core.

All of them are frozen, and none knows a platform: what only a platform understands travels as an opaque
string (`address`, `ref`, `origin`) that the frontend made and that the core stores and gives back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.places.admins import Administers


@dataclass(frozen=True, slots=True)
class Identity:
    """One account on one platform."""

    platform: str
    workspace: str
    """The Slack workspace or Discord server that the account was met in; `""` where there is none."""
    user: str


@dataclass(frozen=True, slots=True)
class Author:
    """Who said something, as the platform showed them at that moment."""

    identity: Identity
    name: str = ""
    locale: str = ""
    """A BCP 47 tag such as `pt-BR`; `""` where the platform did not tell."""
    roles: tuple[str, ...] = ()
    """The platform's ids of the roles that they have there, where it has roles."""
    time_zone: str = ""
    """By its IANA name, such as `Europe/Lisbon`; `""` where the platform did not tell."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: a thread, a channel or a direct message."""

    platform: str
    workspace: str
    channel: str
    thread: str = ""
    private: bool = False
    """Whether only the author and the bot can read along."""

    @property
    def is_for_one(self) -> bool:
        """Whether only its author reads what is shown there: in private, or aside of what all there read.

        Frontends name what stands aside `@` and its reader, in the place of a thread.
        """
        return self.private or self.thread.startswith("@")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message. Only what is needed to fetch it is kept, never its bytes."""

    ref: str
    name: str
    media_type: str = "application/octet-stream"
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """The fetched bytes of an attachment."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A picture that the model made, or a file of another kind: it is shown below the answer."""

    name: str
    media_type: str
    alt: str
    """What it shows, in one line; `""` where nothing tells."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Quote:
    """One message of a question's surroundings: the thread so far, or the message replied to."""

    origin: str
    """The platform's own id of the message."""
    author_name: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    """Its files, those of what it forwards among them; any of them can be fetched as a question's own can."""
    replied_to: bool = False
    """Whether the question is a direct reply to this one."""
    author: str = ""
    """The platform's id of its author, as in `Identity.user`: it tells people of the same name apart."""
    own: bool = False
    """Whether the bot itself said it."""

    @property
    def attachment_names(self) -> tuple[str, ...]:
        """What its files are called."""
        return tuple(each.name for each in self.attachments)


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """One message of a channel that is read for a span of time, such as its last day."""

    quote: Quote
    at: datetime
    """When it was said, aware."""
    address: str
    """Where it stands, for `Frontend.link` with its `quote.origin`."""
    by_bot: bool = False
    """Whether a bot or an app said it, ours or another."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did where the bot can hear it: they said, changed, commanded or pressed something."""

    keys: tuple[str, ...]
    """What makes this event the same event when it is delivered again; any one that was seen counts."""
    author: Author
    place: Place
    within: tuple[str, ...] = field(default=(), kw_only=True)
    """The platform's ids of what the channel itself lies in, such as a category, where it has such things."""
    administers: Administers = field(default=Administers.NOTHING, kw_only=True)
    """What its author may set there, where the event itself tells; else the frontend is asked when it matters."""


@dataclass(frozen=True, slots=True)
class Said(Act):
    """A person said something to the bot."""

    text: str
    address: str
    origin: str
    attachments: tuple[Attachment, ...] = ()
    awaited: bool = False
    """Whether the platform shows that an answer is on its way, so that silence would look like a fault."""


@dataclass(frozen=True, slots=True)
class Edited(Act):
    """A person changed what they had said to the bot. An answer to the old words that is under way ends."""

    origin: str
    """The platform's id of the message, as in `Said.origin`."""
    text: str


@dataclass(frozen=True, slots=True)
class Unreadable(Act):
    """A person said something that the bot can't read, as where they encrypt it for each other."""

    address: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages were deleted on the platform: by whom is not always told."""

    keys: tuple[str, ...]
    platform: str
    workspace: str
    channel: str
    """Where they stood: the channel, or the thread in it."""
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A message that was not meant for the bot was changed: what matters where it was learnt. It is read anew then."""

    keys: tuple[str, ...]
    platform: str
    workspace: str
    channel: str
    """Where it stands: the channel, or the thread in it."""
    origin: str


@dataclass(frozen=True, slots=True)
class Left:
    """The bot was removed from a workspace or server: nothing there can be answered any more."""

    keys: tuple[str, ...]
    platform: str
    workspace: str


class Command(StrEnum):
    """What a person can tell the bot to do, in whatever form a platform has for it."""

    RESET = "reset"
    STOP = "stop"
    """Write no further answer to what I asked here."""
    USAGE = "usage"
    HELP = "help"
    PRIVACY = "privacy"
    """Tell what is stored of me; have it deleted."""
    EXPORT = "export"
    """Send me all of it, as files."""
    FORGET = "forget"
    """Ask whether all of it is to be deleted."""
    ERASE = "erase"
    """Delete all of it: the answer to that question, where it is given in words."""
    HOME = "home"
    """Show me what is mine, where a platform has a page for it: use, language, what is stored."""
    MODEL = "model"
    """Show, or, for operators, choose the gateway that answers in this channel: `Commanded.argument` names it."""
    DELETE = "delete"
    """Take an answer away, here and in what is stored: the one that `Commanded.about` names, or my newest here."""


@dataclass(frozen=True, slots=True)
class Commanded(Act):
    """A person gave the bot a command."""

    command: Command
    address: str
    whole_channel: bool = False
    """Whether it is meant for all that the author has in the place's channel, threads included."""
    argument: str = ""
    """What was said with it."""
    awaited: bool = False
    """As in `Said`."""
    about: tuple[str, ...] = ()
    """The message that it is about, by every id that the ledger may have for it."""
    manages: bool = False
    """Whether its author may take away others' messages there, as the platform has it."""


class Action(StrEnum):
    """What a person can do to an answer by a button below it, where the platform has buttons."""

    KEEP = "keep"
    """Go on waiting for the answer."""
    DROP = "drop"
    """Don't answer this any more."""
    STOP = "stop"
    """Write no further."""
    REGENERATE = "regenerate"
    """Answer once more, in other words."""
    GOOD = "good"
    BAD = "bad"
    """Feedback on the answer; where the platform can ask for a comment, it comes in `Pressed.text`."""
    LANGUAGE = "language"
    """Speak to me in this language; `Pressed.text` names its locale, `""`: the one that my platform tells."""
    FORGET = "forget"
    """Delete what is stored of what I said, and of what was answered."""
    AGREE = "agree"
    """What I say may be stored, and sent to be answered."""
    LINK = "link"
    """The account that this message names is mine, too."""
    NOT_ME = "notme"
    """It is not: nothing is linked."""
    UNLINK = "unlink"
    """Take apart again what was linked last."""
    FORM = "form"
    """Have me fill in a form, in a window of the platform's; where it has none, say how else."""
    CANCEL_BATCH = "cancelbatch"
    """End the batch that this message tells of, with what is done."""
    RETRY_BATCH = "retrybatch"
    """Try once more what failed in it."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button below an answer: what it does, to which answer, and what stands on it."""

    action: Action
    turn: str
    """The answer's key, which a press brings back; opaque, at most 32 characters of [a-z0-9]."""
    label: str
    value: str = ""
    """What a press brings back in `Pressed.text`; at most 16 characters of [A-Za-z_-]."""


@dataclass(frozen=True, slots=True)
class Pressed(Act):
    """A person pressed a button below an answer."""

    action: Action
    turn: str
    """Which answer: the key that stood beside the button (`Button.turn`); `""` for a stop of the platform's own,
    which means whatever is being answered to the author in the place."""
    address: str
    """Where a reply to the press goes: seen by nobody else, where the platform has such a place."""
    text: str = ""
    """What came with it: a comment, or the button's `value`."""
    asked_for_more: bool = False
    """Whether the person is just being asked for a comment, so that it is too early to thank."""


Event = Said | Edited | Unreadable | Deleted | Rewritten | Left | Commanded | Pressed
"""What a frontend tells the core."""
Authorless = Deleted | Rewritten | Left
"""Events that tell nothing of who did it."""


class Receipt(StrEnum):
    """What became of an event. Whatever it is, the event is safe and the platform may be told so."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


class Sign(StrEnum):
    """What a quiet sign on a question says, where a sentence would be one too many."""

    WAITS = "waits"
    """It was heard and will be answered; the sign goes when the answer begins."""
    NOT_TAKEN = "not taken"
    """It will not be answered; why was said a short while ago. The sign stays."""


class PassedOver(StrEnum):
    """Why something that reached the bot is passed over in silence. Frontends and core count by these reasons."""

    NOT_ALLOWED = "not allowed"
    """An access list keeps its author or its place out, and they were told so before."""
    STRANGER = "another organisation"
    BOT = "another bot"
    OWN = "the bot's own"
    NOT_ADDRESSED = "not addressed"
    """People talk with each other."""
    DUPLICATE = "duplicate"
    OVER_BOUND = "over the bound"
    """More of one kind than a person may send; what happens to it they were told before."""
    UNKNOWN_KIND = "unknown kind"
    """A message, a button or a form that the bot has no use for."""
    EMPTY = "empty"
    """It says nothing that could be answered, changed or stopped."""
    UNREADABLE = "unreadable"
    """It has another form than its platform documents."""
    FAULT = "a fault of ours"
    """It met a bug; the log has it under a reference."""


class ToolState(StrEnum):
    """How far a tool that AIVAX runs has come."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ToolActivity:
    """A tool that AIVAX runs started, goes on or ended: the same `id`, shown in one place."""

    id: str
    name: str
    state: ToolState
    contents: str = ""
    """JSON text, as the tool was called; hostile until checked."""
    explanation: str = ""
    """Why the model called it, where it told."""

    @property
    def ended(self) -> bool:
        return self.state in (ToolState.COMPLETED, ToolState.FAILED)


@dataclass(frozen=True, slots=True)
class Status:
    """What a surface shows while no text comes: a sentence in the reader's language; an empty one clears it.

    Where it is about a tool, `activity` carries it, so that a platform that has cards for tools can draw one.
    """

    text: str
    activity: ToolActivity | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands below a finished answer. Empty fields are not shown."""

    text: str = ""
    buttons: tuple[Button, ...] = ()
    """What stands below it, where the platform has buttons."""
    files: int = 0
    """How many files are still to be shown below it."""


@dataclass(frozen=True, slots=True)
class Apology:
    """Why there is no answer, or no whole one: one friendly sentence in the reader's language.

    Without a text the answer is only closed as it stands; a status, or a sign of work, is taken away.
    """

    text: str
    reference: str = ""
    """What the operator finds in the log, where the sentence names one."""
    buttons: tuple[Button, ...] = ()
    """What stands below it, where the platform has buttons."""
