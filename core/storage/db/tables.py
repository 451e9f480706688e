"""The tables, and the names of their constraints. Migrations are the only thing that creates them.

Which columns hold what people and models wrote, and how they are emptied, stands in
`core/storage/personal_data/registry.py`: a new column that could hold text is registered there. Times are UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    case,
    false,
    func,
    or_,
    text,
)

from core.domain.translator import CHOSEN
from core.storage.db.types import Id, Instant, Label, Word, Words

OPEN = "state = 'queued' OR state = 'running' OR state = 'parked'"
ENDED_UNANSWERED = "state = 'failed' OR state = 'cancelled' OR state = 'superseded'"
TURN_STATES = ("queued", "running", "parked", "answered", "failed", "cancelled", "superseded")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _some(predicate: str, sqlite: str = "") -> dict[str, Any]:
    """What makes an index one on some of the rows.

    SQLite uses it for statements that contain the predicate word for word, or one side of its `OR`; PostgreSQL for
    those from which it follows. What is compared in it must be written out in the statement: a bound value proves
    nothing. Only `written_for` tells SQLAlchemy of it.
    """
    return {"info": {"sqlite_where": text(sqlite or predicate), "postgresql_where": text(predicate)}}


def written_for(dialect: str) -> MetaData:
    """All tables, with what makes an index one on some rows: for who compares them with a database, or writes DDL.

    To be told of it SQLAlchemy imports the dialect, which is megabytes of the other database in each process.
    """
    option = f"{dialect}_where"
    for index in (each for table in metadata.tables.values() for each in table.indexes):
        if option in index.info:
            index.dialect_kwargs[option] = index.info[option]
    return metadata


def _reference(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


persons = Table(
    "persons",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", Label(32), nullable=False, unique=True, comment="opaque; what AIVAX knows the person by"),
    Column("created_at", Instant, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("person_id", "persons.id"),
    Column("platform", Label(64), nullable=False),
    Column("workspace", Label(128), nullable=False),
    Column("user", Label(128), nullable=False),
    Column("name", Label(256), nullable=False, default=""),
    Column(
        "name_folded", Label(256), nullable=False, server_default=text("''"), comment="as it is looked for"
    ),
    Column("locale", Label(35), nullable=False, default="", comment="as the platform told it"),
    Column("chosen_locale", Label(35), nullable=False, default="", comment="the person's own choice"),
    Column("time_zone", Label(64), nullable=True, comment="by its IANA name, as the platform told it"),
    Column("home_person_id", Id, nullable=True, comment="its own person, while it is linked to another's"),
    Column(
        "shares_talk",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="linked, and what is said in private is one conversation",
    ),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("platform", "workspace", "user"),
    Index(None, "person_id"),
    Index("ix_identities_home", "home_person_id", **_some("home_person_id IS NOT NULL")),
    Index(None, "name_folded"),
    Index(None, "user"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("platform", Label(64), nullable=False),
    Column("workspace", Label(128), nullable=False),
    Column("channel", Label(128), nullable=False),
    Column("thread", Label(128), nullable=False),
    Column("private", Boolean, nullable=False),
    Column(
        "owner_id",
        Id,
        nullable=False,
        comment="identity it belongs to; 0: all there share it; -id: sentences beside it",
    ),
    Column("opened_at", Instant, nullable=False),
    Column("active_at", Instant, nullable=False, comment="when something was last said in it"),
    Column("closed_at", Instant, nullable=True, comment="null: new messages go here"),
    Index(
        "uq_conversations_open",
        "platform",
        "workspace",
        "channel",
        "thread",
        "owner_id",
        unique=True,
        **_some("closed_at IS NULL"),
    ),
    Index("ix_conversations_owned", "owner_id", **_some("closed_at IS NULL")),
    Index(None, "platform", "workspace", "active_at"),
    Index(None, "channel", "active_at"),
    Index(None, "owner_id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("conversation_id", "conversations.id"),
    _reference("identity_id", "identities.id"),
    Column("key", Label(32), nullable=False, unique=True, comment="idempotency key and root of nonces"),
    Column("state", Word(16), nullable=False),
    Column("address", Words, nullable=False, comment="the frontend's own; where the answer goes"),
    Column(
        "answer", Words, nullable=True, comment="whole text, once generated; a notice has it from the start"
    ),
    Column(
        "notice", Boolean, nullable=False, comment="the bot speaks for itself; no call, not in the history"
    ),
    Column("attempt", Integer, nullable=False, default=0, comment="fence: only the newest may write or post"),
    Column("tries", Integer, nullable=False, default=0, comment="attempts that a crash may use up"),
    Column("generation", Integer, nullable=False, default=0, comment="how often the text was begun anew"),
    Column("failure", Label(64), nullable=True, comment="name of the error that ended it"),
    Column("reference", Label(16), nullable=True, comment="what the author was told and the log holds"),
    Column("owner", Label(64), nullable=True, comment="the process that runs it"),
    Column("lease_until", Instant, nullable=True, comment="a running turn is its owner's until then"),
    Column("held_by", Label(300), nullable=True, comment="the breaker that holds it, or held it last"),
    Column("held_at", Instant, nullable=True),
    Column(
        "faults", Integer, nullable=False, server_default="0", comment="tries that failed by its own fault"
    ),
    Column("faulted_for", Label(300), nullable=True, comment="the breaker that it would have tripped"),
    Column(
        "cancel_request", Label(16), nullable=True, comment="what its author wants of it; see `CancelRequest`"
    ),
    Column("replaced_by", Id, nullable=True, comment="the turn that answers the same question once more"),
    Column(
        "capability",
        Label(32),
        nullable=True,
        comment="what it does in place of asking the model; null: it asks",
    ),
    Column(
        "administers", Label(16), nullable=True, comment="what its author may set there, as the event told it"
    ),
    Column("takes_back", Id, nullable=True, comment="a notice: the turn whose answer it takes away first"),
    Column(
        "awaited", Boolean, nullable=False, default=False, comment="its platform shows that it is on its way"
    ),
    Column("offers", Label(64), nullable=False, default="", comment="the buttons below a notice"),
    Column(
        "position_told", Integer, nullable=True, comment="the place in line that its author was last told"
    ),
    Column(
        "position_only_attempts",
        Integer,
        nullable=False,
        default=0,
        comment="attempts that only told the place",
    ),
    Column(
        "unbilled_attempts",
        Integer,
        nullable=False,
        default=0,
        comment="attempts that were held before AIVAX answered",
    ),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=True),
    Column("first_text_at", Instant, nullable=True, comment="when the first text of its answer was shown"),
    Column("ended_at", Instant, nullable=True),
    Column("emptied_at", Instant, nullable=True, comment="when retention took its text away"),
    CheckConstraint("state IN (" + ", ".join(f"'{state}'" for state in TURN_STATES) + ")", name="state"),
    Index(None, "conversation_id", "id"),
    Index(None, "identity_id", "created_at"),
    Index(None, "created_at"),
    Index(None, "ended_at", **_some("emptied_at IS NULL")),
    Index("ix_turns_emptied", "ended_at", **_some("emptied_at IS NOT NULL")),
    Index("ix_turns_queued", "conversation_id", "id", **_some("state = 'queued'")),
    Index("ix_turns_delayed", "held_by", "id", **_some("state = 'queued'")),
    Index("ix_turns_held", "held_by", "id", **_some("state = 'parked'")),
    Index("ix_turns_kept", "created_at", **_some("state = 'parked'")),
    Index("ix_turns_told", "conversation_id", "held_at", **_some("held_at IS NOT NULL")),
    Index("ix_turns_addressed", "notice", "ended_at", **_some("address <> ''")),
    Index("ix_turns_unemptied", "identity_id", "id", **_some("emptied_at IS NULL")),
    Index("ix_turns_unanswered", "state", "created_at", **_some(ENDED_UNANSWERED)),
    Index("ix_turns_open", "identity_id", "conversation_id", "state", **_some(OPEN)),
    Index(None, "reference", **_some("reference IS NOT NULL")),
    Index("uq_turns_running", "conversation_id", unique=True, **_some("state = 'running'")),
)


def spoken_locale() -> ColumnElement[str]:
    """The locale that an identity is spoken to in: the person's choice, else what the platform told."""
    return case((identities.c.chosen_locale != "", identities.c.chosen_locale), else_=identities.c.locale)


def reader_locale() -> ColumnElement[str]:
    """The same for a translator, which heeds a person's own choice more than anything (`core.domain.translator`)."""
    chosen = identities.c.chosen_locale
    return case((chosen != "", chosen + CHOSEN), else_=identities.c.locale)


def talks_as_one() -> ColumnElement[bool]:
    """Whether what is said in a conversation goes on in those of accounts that are linked to its author's."""
    return and_(identities.c.shares_talk, conversations.c.private)


def person_at_aivax() -> ColumnElement[int]:
    """The person whose key AIVAX gets with what an identity says in a conversation.

    Linked accounts keep the keys of their own, so that what AIVAX remembers of somebody in one company's channels does
    not turn up in another's; only where their private conversations are one, the key is one, too.
    """
    own = func.coalesce(identities.c.home_person_id, identities.c.person_id)
    return case((talks_as_one(), identities.c.person_id), else_=own)


def is_open(of: FromClause = turns) -> ColumnElement[bool]:
    """Whether a turn has not ended: written as `ix_turns_open` has it, so that this index is used."""
    state = of.c.state
    return or_(state == "queued", state == "running", state == "parked")


breakers = Table(
    "breakers",
    metadata,
    Column("name", Label(300), primary_key=True, comment="a row is here as long as the breaker is tripped"),
    Column("cause", Label(16), nullable=False),
    Column("model", Label(256), nullable=False),
    Column("since", Instant, nullable=False),
    Column("retry_at", Instant, nullable=False, comment="when the next probe may be made"),
    Column("probes", Integer, nullable=False),
    Column("probe_turn", Id, nullable=True),
    Column("kind", Label(64), nullable=True, comment="the failure that tripped it"),
    Column(
        "confirms",
        Integer,
        nullable=False,
        server_default="0",
        comment="how many more people may try at once",
    ),
    Column("hinted_at", Instant, nullable=True, comment="the time of the probe that a sign brought forward"),
    Column("lowest_usd", Float, nullable=True, comment="lowest balance read since it tripped"),
    Column("told", Label(200), nullable=True, comment="what operators hear that AIVAX said of it"),
    Column(
        "sentence", Label(1000), nullable=True, comment="the operator's own, which people are told of a pause"
    ),
)

failures = Table(
    "failures",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column(
        "breaker", Label(300), nullable=False, comment="the breaker that it tripped, or would have tripped"
    ),
    Column("kind", Label(64), nullable=False, comment="what makes two failures the same"),
    _reference("turn_id", "turns.id"),
    Column("person_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "breaker", "at"),
    Index(None, "turn_id"),
)

releases = Table(
    "releases",
    metadata,
    Column(
        "breaker",
        Label(300),
        primary_key=True,
        comment="a breaker that was reset, with turns that it still holds",
    ),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("turn_id", "turns.id"),
    Column("workspace", Label(200), nullable=False, comment="platform and workspace that it was made for"),
    Column("person_id", Id, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("sent", Boolean, nullable=False, comment="false: promised to a running turn, not yet made"),
    Index("ix_calls_promised", "turn_id", **_some("NOT sent", "sent = 0")),
)

alerts = Table(
    "alerts",
    metadata,
    Column(
        "key", Label(300), primary_key=True, comment="a cause that operators were told of and that goes on"
    ),
    Column("told_at", Instant, nullable=False),
)

place_models = Table(
    "place_models",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True),
    Column("channel", Label(128), primary_key=True),
    Column("model", Label(256), nullable=False, comment="the gateway that an operator chose for the channel"),
    Column("chosen_at", Instant, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("conversation_id", "conversations.id"),
    _reference("turn_id", "turns.id"),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=True),
    Column("role", Label(16), nullable=False),
    Column("text", Words, nullable=False),
    Column("whole", Boolean, nullable=False, default=True, comment="false: an answer that was cut short"),
    Column("attachments", JSON, nullable=False),
    Column("origin", Label(128), nullable=False, comment="the platform's id of a person's message"),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("role IN ('user', 'assistant')", name="role"),
    Index("ix_messages_window", "conversation_id", "turn_id", "id"),
    Index(None, "turn_id"),
    Index(None, "origin", **_some("origin <> ''")),
)

events = Table(
    "events",
    metadata,
    Column("key", Label(255), primary_key=True, comment="what makes two deliveries the same event"),
    Column("received_at", Instant, nullable=False, index=True),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("turn_id", "turns.id"),
    Column("part", Integer, nullable=False),
    Column(
        "revision", Integer, nullable=False, default=0, comment="grows when the message had to be made anew"
    ),
    Column("message_id", Label(128), nullable=False, default="", comment="empty: only meant to be created"),
    Column("shown", Integer, nullable=False, default=0),
    Column("closed", Boolean, nullable=False, default=False),
    Column("generation", Integer, nullable=False, default=0),
    Column("gone", Boolean, nullable=False, default=False),
    UniqueConstraint("turn_id", "part"),
    Index("ix_deliveries_message_id", "message_id", **_some("message_id <> ''")),
)

tool_activity = Table(
    "tool_activity",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("turn_id", "turns.id"),
    Column("tool_id", Label(128), nullable=False),
    Column("name", Label(128), nullable=False),
    Column("state", Label(16), nullable=False),
    Column("contents", Words, nullable=False),
    Column("explanation", Words, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("turn_id", "tool_id"),
)

made_files = Table(
    "made_files",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("turn_id", "turns.id"),
    Column("number", Integer, nullable=False, comment="its place among the files of the answer, from 1"),
    Column("name", Label(64), nullable=False),
    Column("media_type", Label(128), nullable=False),
    Column("alt", Words, nullable=False, comment="what it shows"),
    Column("size_bytes", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False, comment="kept until it is shown"),
    UniqueConstraint("turn_id", "number"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _reference("turn_id", "turns.id"),
    _reference("identity_id", "identities.id"),
    Column("good", Boolean, nullable=False),
    Column("comment", Words, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("turn_id", "identity_id"),
    Index(None, "identity_id"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False),
    _reference("identity_id", "identities.id"),
    _reference("conversation_id", "conversations.id"),
    Column("address", Words, nullable=False, comment="where the person is told once all is erased"),
    Column("as_page", Boolean, nullable=False, comment="whether the page about them tells it"),
    Column("last_turn", Id, nullable=False, comment="what is asked after it stays"),
    Column("messages", Integer, nullable=False, comment="how many were erased so far"),
    Column("asked_at", Instant, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Label(256), nullable=False),
    Column("provider", Label(64), nullable=True, comment="who ran the model; null or empty: not told"),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("credits", Float, nullable=True, comment="as AIVAX reported it; null where it did not"),
    Column("other_usd", Float, nullable=True, comment="of calls beside the completion, such as a search"),
    Column("created_at", Instant, nullable=False, index=True),
)

installations = Table(
    "installations",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True),
    Column("workspace_name", Words, nullable=False),
    Column("app", Label(64), nullable=False),
    Column("bot_user", Label(64), nullable=False),
    Column("bot_id", Label(64), nullable=False),
    Column("bot_name", Words, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("installer", Label(64), nullable=False),
    Column("token", Text, nullable=False, comment="encrypted"),
    Column("refresh_token", Text, nullable=False, comment="encrypted; empty where tokens do not rotate"),
    Column("expires_at", Instant, nullable=True, comment="null: the token does not expire"),
    Column("version", Integer, nullable=False, comment="grows each time that the token changes"),
    Column("refreshing_until", Instant, nullable=True, comment="a process asks for a new token until then"),
    Column("installed_at", Instant, nullable=False),
)
