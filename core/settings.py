"""The core's sections of the configuration. Frozen values; loading them is `bots.settings`' work."""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal

from pydantic import (
    Field,
    SecretStr,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from core.i18n.settings import Locale
from core.section import Name, Section, ServerAddress, ServerAddressOrNone, TimeZone

Recipient = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^age1[a-z0-9]{20,}$")]
ToolOption = StrictBool | StrictInt | str
RoutingPreset = Literal["Balanced", "Cheapest", "Fastest", "Quality"]


class AivaxSettings(Section):
    """`[aivax]`: which gateway answers, and how long it is waited for."""

    base_url: ServerAddress = "https://inference.aivax.net/v1"
    """What is pasted is mended where it is clear what was meant: `core.aivax.addresses` tells how."""
    direct_url: ServerAddressOrNone = "https://direct.inference.aivax.net/v1"
    """The host for long answers, asked once when the proxy before `base_url` gives up (524). Empty: none."""
    api_key: SecretStr = SecretStr("")
    model: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """A gateway (`name:50c3`, or its UUID) or a hosted model (`@vendor/name`); a public key needs the UUID."""
    fallback_model: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """What answers while `model` can't, for a cause that is its own. Empty: questions are held."""
    connect_timeout_s: float = Field(10.0, gt=0)
    first_event_timeout_s: float = Field(120.0, gt=0)
    idle_timeout_s: float = Field(60.0, gt=0)
    """The longest silence inside an answer. The service's pings count as life, and come every 15 s."""
    answer_timeout_s: float = Field(900.0, gt=0)
    answer_bytes: int = Field(64_000_000, ge=1_000_000)
    """All that AIVAX may send for one answer; what is beyond it is not read."""
    tries: int = Field(3, ge=1, le=10)
    """Tries in all for a passing failure, before any text was shown."""
    retry_budget_s: float = Field(60.0, ge=0)
    balance_interval_s: float = Field(300.0, ge=10)
    """How often the balance is read while nothing is wrong."""
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    builtin_tools: tuple[Name, ...] = ()
    """AIVAX' own tools, asked for with every call; `core.aivax.media.tools` knows their names. None: the gateway's."""
    builtin_tool_options: dict[Name, ToolOption] = Field(default_factory=dict)
    """What those tools are told; `core.aivax.media.tools` knows which options there are."""
    file_hosts: tuple[Name, ...] = ("aivax.net",)
    """Hosts, with all below them, from which files are fetched whose links a model wrote; AIVAX' storage is one."""
    tool_explanations: bool = False
    """Whether the model says why it calls a tool: it stands beside the tool's name while the tool runs."""
    time_zone: TimeZone = ""
    """Where the tool `DateTime` tells the time for people whose platform tells no zone of theirs."""
    routing_preset: RoutingPreset | None = None
    routing_providers: tuple[Name, ...] = ()
    """Providers that may answer, those liked best first. None: as the gateway says."""
    allow_logging: bool = True
    """False: AIVAX keeps the calls out of its log of conversations."""
    forget_remotely: bool = True
    """Whether who asks to be forgotten is forgotten at AIVAX, too, where the key is a private one."""


LEAST_CALLS_DAYS = 32.0
"""What an answer cost counts against caps for a month of the calendar."""


class StorageSettings(Section):
    """`[storage]`: where conversations are kept."""

    url: Name = Field("sqlite+aiosqlite:///data/aivax-bots.sqlite3", repr=False)
    """Not shown in its repr: it may hold a password."""
    pooler: bool = False
    """PostgreSQL: `url` is a connection pooler's, such as PgBouncer in transaction mode: no statement is prepared."""
    direct_url: str = Field("", repr=False)
    """PostgreSQL: the server's own address, past the pooler, where processes hear of work and backups are made."""
    poll_interval_s: float = Field(1.0, ge=0.1, le=60)
    """PostgreSQL: how often a process looks for work that it can't hear of: behind a pooler without `direct_url`."""
    dispatch: Literal["rows", "procrastinate"] = "rows"
    """PostgreSQL: how work reaches workers. `rows`: every process hears of it, and one wins; `procrastinate`: as a job
    that one of them takes, with that library's own tables beside ours."""
    worker_lost_after_s: float = Field(30.0, ge=1)
    """PostgreSQL: how long a process may be silent before others take over the turns it runs."""
    share_platforms: bool = True
    """PostgreSQL: whether processes divide the platforms' connections among them, and share the budgets of calls."""
    retention_days: float = Field(365.0, ge=0, le=36_500)
    """Days after which the text of an ended turn is deleted; numbers stay. 0: kept for ever."""
    retention_files_days: float = Field(0.0, ge=0, le=36_500)
    """Days after which names and addresses of files are deleted, and sheets of batches. 0: with the text."""
    retention_tools_days: float = Field(0.0, ge=0, le=36_500)
    """Days after which is deleted what tools did for an answer. 0: with its text."""
    retention_learnt_days: float = Field(0.0, ge=0, le=36_500)
    """Days after which what was learnt is forgotten, here and at AIVAX. 0: when somebody says so."""
    retention_calls_days: float = Field(0.0, ge=0, le=36_500)
    """Days after which the row of a turn goes with all that hangs on it: who asked when, and the cost. 0: never."""
    retention_audit_days: float = Field(365.0, ge=0, le=36_500)
    """Days after which an entry of the audit log is deleted: what operators did, who tried to sign in. 0: never."""
    rewrite_up_to_mb: float = Field(32.0, ge=0)
    """SQLite: after a deletion a file of up to this size is written anew, so that no moved copy of a text is left."""

    @property
    def server_url(self) -> str:
        """Where programs of PostgreSQL's that need a session of their own find it."""
        return self.direct_url or self.url

    @field_validator("retention_calls_days")
    @classmethod
    def _keeps_what_caps_count(cls, days: float, info: ValidationInfo) -> float:
        least = max(LEAST_CALLS_DAYS, info.data.get("retention_days", 0.0))
        if days and days < least:
            raise ValueError(
                f"write 0, or at least {least:g}: caps on money count a month, and texts are kept so long"
            )
        return days


class BackupSettings(Section):
    """`[backup]`: where `db backup` writes by itself, for whom it encrypts, and what it keeps."""

    folder: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """Where backups go that are given no path, and where `db drill` looks. Empty: each is given its path."""
    recipients: tuple[Recipient, ...] = ()
    """The public keys of age (`age1...`) that can open a backup. None: it is not encrypted."""
    identity: SecretStr = SecretStr("")
    """The secret key of age (`AGE-SECRET-KEY-1...`, or the whole file of `age-keygen`) that opens them."""
    keep: int = Field(14, ge=1)
    """How many of the newest backups stay in the folder."""
    keep_weeks: int = Field(8, ge=0)
    """Beside those the newest of each of the last so many weeks stays. 0: none."""


class ConversationSettings(Section):
    """`[conversation]`: what belongs together, and how much of it the model sees."""

    scope: Literal["author", "thread"] = "author"
    history_tokens: int = Field(16_000, ge=0)
    surroundings_tokens: int = Field(4_000, ge=0)
    surroundings_messages: int = Field(50, ge=0, le=200)
    earlier_attachments: int = Field(5, ge=0)
    """Files of before that a question brings along, within `[limits] attachments`: of the message replied to, of the
    thread's first one, and the newest of the conversation. 0: none."""
    when_busy: Literal["queue", "merge", "interrupt"] = "queue"
    """What becomes of a person's next message while they are being answered: it waits its turn, is answered together
    with their others that wait, or likewise and the answer under way ends."""
    gather_s: float = Field(0.0, ge=0, le=30)
    """How long a question waits for more of its author: what comes within it is answered as one. 0: not at all."""
    instructions: str = ""
    idle_reset_hours: float = Field(0.0, ge=0)
    """Hours of silence after which the next message starts a new conversation. 0: never."""


class LimitsSettings(Section):
    """`[limits]`: how much at once."""

    running_turns: int = Field(20, ge=1)
    person_running: int | None = Field(None, ge=1)
    """Answers for one person written at the same time, over all processes. None: half of `running_turns`."""
    waiting_turns: int = Field(5_000, ge=1)
    """Questions that may wait in all; at the bound a new message gets the "busy" sentence."""
    person_waiting: int = Field(20, ge=1)
    """Questions of one person that may wait or be under way; never more than half of `waiting_turns`."""
    person_actions: int = Field(30, ge=1)
    """Commands, presses of buttons and edits that one person may give in a minute; a stop is always heard."""
    person_signs: int = Field(3, ge=0)
    """Signs that one person gets in a minute, on questions that are refused without a word. 0: none."""
    message_chars: int = Field(40_000, ge=1)
    attachments: int = Field(5, ge=0)
    """Files that go along with one question; further ones of its own are named in the answer as left out."""
    attachment_bytes: int = Field(10_000_000, ge=0)
    attachment_total_bytes: int = Field(50_000_000, ge=0)
    """The files of one question together."""
    attachment_memory_bytes: int = Field(100_000_000, ge=0)
    """Files in memory at once, over all answers under way; of it, one person gets the part `person_share`."""
    attachment_text_chars: int = Field(100_000, ge=0)
    """Characters of text files that one question brings along; the rest is cut off."""
    answer_chars: int = Field(60_000, ge=1)
    """The longest answer; at the bound it is ended, and people are told."""
    answer_files: int = Field(8, ge=0, le=10)
    """Pictures, and files of other kinds, that one answer shows; further ones are left out, and people are told."""
    answer_file_bytes: int = Field(8_000_000, ge=0)
    """The largest of them."""
    tool_events: int = Field(200, ge=0)
    """What tools do during one answer is shown and stored up to so many events."""
    tool_contents_chars: int = Field(4_000, ge=0)
    """What one tool was called with is stored up to so many characters."""
    delivery_hours: float = Field(24.0, gt=0)
    """How long an answer waits for a platform that can't be reached."""
    turn_timeout_s: float = Field(1_200.0, gt=0)
    silent_wait_s: float = Field(10.0, ge=0)
    """A wait for AIVAX up to this long is waited out in silence; for a longer one the author is told."""
    held_hours: float = Field(24.0, gt=0)
    """Hours after which a question that could not be answered is given up, and its author told so."""
    question_tries: int = Field(2, ge=1)
    """Tries of a question at which AIVAX fails while it answers others: then its author gets an error message."""
    slow_start_interval_s: float = Field(0.25, ge=0)
    """While no call was taken lately, the next begins when the one before was taken or refused, or this time passed."""
    release_batch: int = Field(200, ge=1)
    """Held questions that go back into the queue together when they can be answered again."""
    person_hourly: int = Field(0, ge=0)
    """Questions that one person may ask in an hour. 0: as many as they like; so too below."""
    person_daily: int = Field(0, ge=0)
    workspace_daily: int = Field(0, ge=0)
    person_daily_usd: float = Field(0.0, ge=0)
    """What the answers to one person may cost in 24 hours, in US dollars; beyond it none of theirs is taken."""
    place_daily_usd: float = Field(0.0, ge=0)
    """Likewise those in one channel, its threads among it, or in one direct message."""
    workspace_daily_usd: float = Field(0.0, ge=0)
    spend_daily_usd: float = Field(0.0, ge=0)
    """What answers may cost in 24 hours; beyond it no question is taken."""
    spend_monthly_usd: float = Field(0.0, ge=0)
    """Likewise in a month of the calendar."""
    month_time_zone: TimeZone = ""
    """Where that month begins. Empty: UTC."""
    question_usd: float = Field(0.02, ge=0)
    """What a question counts as against these caps while nobody knows what its answer costs."""
    fallback_at_cap: bool = False
    """Whether the fallback model answers where a cap would have a question refused."""
    fallback_cap_factor: float = 2.0
    """How many times each cap answers may cost until the fallback model gives none, either. 0: no bound."""

    @field_validator("fallback_cap_factor")
    @classmethod
    def _no_part_of_a_cap(cls, factor: float) -> float:
        if factor and not 1 < factor < inf:
            raise ValueError("it must be more than 1, or 0 for no bound")
        return factor

    usd_per_million_prompt_tokens: float = Field(0.0, ge=0)
    """The price where AIVAX does not tell what an answer cost. 0: not known."""
    usd_per_million_completion_tokens: float = Field(0.0, ge=0)
    requests_per_minute: int | None = Field(None, ge=0)
    """Calls that AIVAX takes of this account. None: what its plan or the kind of key says. 0: no limit."""
    person_daily_tools: dict[Name, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """How often AIVAX' tools may run for one person in 24 hours, by the tool's name; what is not named: any number."""
    person_share: float = Field(0.5, gt=0, le=1)
    """The part of `requests_per_minute` that one person may take: the rest is there when others come. 1: all."""
    attempts: int = Field(3, ge=1)
    """How often a turn that was cut off by a crash is taken up again before its author gets an error message."""
    shutdown_grace_s: float = Field(20.0, ge=0)

    @property
    def running_of_person(self) -> int:
        """How many answers of one person may be written at once."""
        return self.person_running or max(1, self.running_turns // 2)


Listed = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^:\s]+:\S+$")]


Workspace = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^:\s]+:\S*$")]
"""`platform:` alone means what lies in no workspace, such as direct messages on some platforms."""


class AccessSettings(Section):
    """`[access]`: whom the bot answers, and where; an empty list allows all.

    Entries are `platform:id`, or `platform:workspace/id` for what counts in one workspace alone.
    """

    allow_users: tuple[Listed, ...] = ()
    block_users: tuple[Listed, ...] = ()
    allow_roles: tuple[Listed, ...] = ()
    block_roles: tuple[Listed, ...] = ()
    allow_channels: tuple[Listed, ...] = ()
    block_channels: tuple[Listed, ...] = ()
    allow_workspaces: tuple[Workspace, ...] = ()
    block_workspaces: tuple[Workspace, ...] = ()


class Route(Section):
    """One `[[routes]]` entry: a workspace, server or channel with a gateway, instructions or language of its own."""

    platform: Name
    workspace: str = ""
    channel: str = ""
    model: str = ""
    fallback_model: str = ""
    instructions: str | None = None
    locale: Locale = ""
    """The language there, for those whose own is unknown."""
    builtin_tools: tuple[Name, ...] | None = None
    """These and those below as in `[aivax]`; what is left out is as it stands there."""
    builtin_tool_options: dict[Name, ToolOption] | None = None
    tool_explanations: bool | None = None
    time_zone: TimeZone = ""
    routing_preset: RoutingPreset | None = None
    routing_providers: tuple[Name, ...] | None = None
    allow_logging: bool | None = None
