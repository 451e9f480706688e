"""Everything that can go wrong, as types that carry data and no prose.

BotError
├── SettingRefused            a setting that can't be used: which, what it holds, how to mend it
├── StorageError
│   ├── DatabaseNewer         the database was written by a newer version
│   ├── DatabaseBusy          another process runs on this database file
│   ├── DatabaseFailed        it did not do what it was asked
│   │   ├── DatabaseUnreachable   no connection: refused, lost, no such file or server
│   │   ├── DatabaseCrowded       it takes no more connections, or none of ours became free
│   │   ├── DatabaseLocked        another one holds what is needed, for too long
│   │   ├── DatabaseFull          its disk is full
│   │   ├── DatabaseReadOnly      it takes no changes
│   │   ├── DatabaseForbidden     its account or file may not be used so
│   │   ├── DatabaseDamaged       its file is no sound database
│   │   └── SchemaUnfit           it has no such table or column: a bug, or not our database
│   ├── DatabaseGone          its file was deleted, moved or replaced while it was open
│   ├── BackupRefused         a backup can't be written there, or isn't one that can be restored
│   └── ProgramMissing        a program of PostgreSQL's is needed and not installed
├── Fenced                    this attempt at a turn was taken over by another
│   └── CutShort              its author wants no more of a whole answer that is being shown
├── AivaxError                a call to AIVAX gave no whole answer
│   ├── RequestRefused        400, 422: the request itself
│   │   └── ContextTooLong    more than the model can read
│   ├── KeyRefused            401: key missing, wrong or expired
│   ├── NoBalance             402: balance or storage quota
│   ├── NotAllowed            403: this key may not do that
│   ├── GatewayUnknown        404: no such model or gateway
│   ├── ResourceUnknown       404: no such collection, document, job ... of the account
│   ├── AddressWrong          a web page, an unknown route: the base address leads elsewhere
│   ├── RateLimited           429
│   ├── Unavailable           408, 5xx, time-outs, no connection, no parsable answer
│   ├── Unanswerable          it fails at this question again and again, and answers others
│   ├── SchemaUnmet           no answer had the form that was asked for
│   └── AnswerBroken          it failed after it began
│       ├── AnswerCut         the connection closed in the middle
│       └── AnswerFailed      AIVAX reported an error inside the stream
└── PlatformError             a chat platform did not do what was asked
    ├── FrontendRefused       it refuses our token or settings: the operator must act
    ├── FrontendUnreachable   no connection for now
    ├── PlaceClosed           nothing can be posted in that place
    ├── MessageRefused        this one message is not taken, though the place is open
    ├── FileGone              a file was deleted, or is given out no more
    ├── FileTooLarge          a file has more bytes than were asked for
    ├── OddAnswer             it answered what is no answer of its interface
    ├── PlatformBusy          asked too often, or failing for the moment
    └── OutcomeUnknown        it may or may not have done it
"""

from __future__ import annotations


class BotError(Exception):
    """The root of all errors that this project raises on purpose."""


class SettingRefused(BotError):
    """A setting can't be used."""

    def __init__(self, setting: str, *, value: str = "", fix: str) -> None:
        """`value` is shown to the operator: never pass a secret."""
        super().__init__(f"{setting}{f' = {value!r}' if value else ''}: {fix}")
        self.setting = setting
        self.value = value
        self.fix = fix


class StorageError(BotError):
    """The database can't be used."""


class DatabaseNewer(StorageError):
    """The database's schema is not one that this version knows. Says its revision."""


class DatabaseBusy(StorageError):
    """Another process holds this database file. Says its path."""


class DatabaseFailed(StorageError):
    """The database did not do what it was asked. `reason` is what its driver says, in one line."""

    passes = False
    """Whether it may work a moment later with nobody's help."""

    def __init__(self, url: str, reason: str) -> None:
        """`url` comes without its password."""
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class DatabaseUnreachable(DatabaseFailed):
    """There is no connection: refused, lost, or no such file, server or driver."""

    passes = True


class DatabaseCrowded(DatabaseFailed):
    """The server takes no more connections, or none of ours became free in time."""

    passes = True


class DatabaseLocked(DatabaseFailed):
    """Another process, or transaction, held what was needed for too long."""

    passes = True


class DatabaseFull(DatabaseFailed):
    """There is no room left where the database is stored."""

    passes = True


class DatabaseReadOnly(DatabaseFailed):
    """The file, its folder or the server takes no changes."""


class DatabaseForbidden(DatabaseFailed):
    """The password is wrong, or the account, or this process, may not do that."""


class DatabaseDamaged(DatabaseFailed):
    """The file is not a database, or not a sound one."""


class SchemaUnfit(DatabaseFailed):
    """The database refuses a statement, such as for a column that it does not have: a bug, or not our database."""


class DatabaseGone(StorageError):
    """The file that is open is no longer the one at its path: whatever is written to it would be lost."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: deleted, moved or replaced while it was open")


class BackupRefused(StorageError):
    """A backup was not taken or not restored; what was there before is as it was."""

    def __init__(self, path: str, reason: str) -> None:
        """`path` is the backup's; `reason` comes without secrets."""
        super().__init__(f"{path}: {reason}")


class ProgramMissing(StorageError):
    """A program that comes with PostgreSQL is not on PATH. Says its name."""


class Fenced(BotError):
    """This attempt at a turn is over: another one took it, so it may write and post nothing more."""

    def __init__(self, turn_id: int, attempt: int) -> None:
        super().__init__(f"turn {turn_id}, attempt {attempt}")


class CutShort(Fenced):
    """A whole answer is shown no further: whoever shows it posts nothing more, and leaves what stands there."""


class AivaxError(BotError):
    """A call to AIVAX gave no whole answer.

    `status` is the HTTP status (0 where there was none), `code` the service's own word for the error, and
    `detail` what it said, for the operator's log only.
    """

    def __init__(
        self, *, status: int = 0, code: str = "", detail: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(" ".join(part for part in (str(status or ""), code, detail) if part))
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class RequestRefused(AivaxError):
    """400, 422: the body, a parameter or the model's name is not accepted. Never retried."""


class ContextTooLong(RequestRefused):
    """The conversation or the message is more than the model can read."""


class KeyRefused(AivaxError):
    """401: the key is missing, malformed, expired or unknown. The operator must act."""


class NoBalance(AivaxError):
    """402: the balance is too low for this call, or the storage quota is exceeded."""


class NotAllowed(AivaxError):
    """403: this key may not use that route or resource."""


class GatewayUnknown(AivaxError):
    """404: there is no such model or gateway."""


class ResourceUnknown(AivaxError):
    """404 of an administrative route: the account has no such collection, document, job or the like."""


class AddressWrong(AivaxError):
    """What answers at the base address is no server of this kind: a page, another route, another protocol.

    `code` is `web_page`, `no_such_route`, `redirect`, `no_tls` or `no_http`; `leads_to` is where a redirect points.
    """

    def __init__(
        self,
        *,
        status: int = 0,
        code: str = "",
        detail: str = "",
        retry_after_s: float | None = None,
        leads_to: str = "",
    ) -> None:
        super().__init__(status=status, code=code, detail=detail, retry_after_s=retry_after_s)
        self.leads_to = leads_to


class RateLimited(AivaxError):
    """429: a request or token rate was reached; `retry_after_s` where the service told."""


class Unavailable(AivaxError):
    """408, 5xx, a time-out, no connection, or an answer that is none: passing."""


class Unanswerable(AivaxError):
    """It failed at this question, before any text, as often as one is tried; other people are answered."""


class SchemaUnmet(AivaxError):
    """No answer had the form that was asked for, however often the model was asked again. Each try was paid for."""


class AnswerBroken(AivaxError):
    """The answer failed after it had begun: what came is partial, never final."""


class AnswerCut(AnswerBroken):
    """The connection closed, or fell silent, before the answer was finished."""


class AnswerFailed(AnswerBroken):
    """AIVAX reported an error inside the stream, or sent bytes that are no events."""


class PlatformError(BotError):
    """A chat platform did not do what it was asked. `detail` is for the operator's log only.

    `failed` says that the platform itself answered with a fault of its own: it may be this one call that it fails
    at, while it serves all others.
    """

    def __init__(
        self,
        platform: str,
        *,
        code: str = "",
        detail: str = "",
        retry_after_s: float | None = None,
        failed: bool = False,
    ) -> None:
        super().__init__(" ".join(part for part in (platform, code, detail) if part))
        self.failed = failed
        self.platform = platform
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class FrontendRefused(PlatformError):
    """The platform refuses a token or a setting: nothing helps until the operator changes `setting`."""

    def __init__(self, platform: str, *, setting: str, fix: str, code: str = "", detail: str = "") -> None:
        super().__init__(platform, code=code, detail=detail)
        self.setting = setting
        self.fix = fix


class FrontendUnreachable(PlatformError):
    """The platform can't be reached for now: `setting` says where it was looked for."""

    def __init__(
        self, platform: str, *, setting: str = "", detail: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(platform, detail=detail, retry_after_s=retry_after_s)
        self.setting = setting


class PlaceClosed(PlatformError):
    """Nothing can be posted in that place: no permission, archived, deleted, or the person blocked it."""


class MessageRefused(PlatformError):
    """This one message is not taken: for what it says, or (`failed`) because the platform fails at it each time."""


class FileGone(PlatformError):
    """A file was deleted, or its platform gives it out no more."""


class FileTooLarge(PlatformError):
    """A file has more bytes than were asked for."""


class OddAnswer(PlatformError):
    """The answer was none that its interface knows: a fault of its, of a proxy, or of ours. Waiting mends none."""


class PlatformBusy(PlatformError):
    """Asked too often or failing for the moment; nothing was done. `retry_after_s` where it told."""


class OutcomeUnknown(PlatformError):
    """The connection broke after the call went out: it may or may not have been done."""
