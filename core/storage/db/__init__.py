"""The database itself: engine, types, tables, migrations, retries and locks, alike for SQLite and PostgreSQL."""

from core.storage.db.batches import batched
from core.storage.db.cancel_safe import settled
from core.storage.db.capability_tables.audit import audit_log
from core.storage.db.capability_tables.batches import batch_is_open, batch_jobs, batch_turns
from core.storage.db.capability_tables.cluster import (
    cluster_leases,
    cluster_members,
    cluster_parts,
    cluster_windows,
)
from core.storage.db.capability_tables.console import (
    console_links,
    console_outside_accounts,
    console_sessions,
    console_tries,
    console_used_states,
    console_users,
    console_wordings,
)
from core.storage.db.capability_tables.console_chat import console_chat, console_files
from core.storage.db.capability_tables.learnt import learnt, learnt_messages, learnt_pieces, learnt_sends
from core.storage.db.capability_tables.links import link_codes
from core.storage.db.capability_tables.places import looks_back, place_settings
from core.storage.db.capability_tables.rights import (
    blocks,
    consents,
    held_questions,
    memory_lists,
    remote_erasures,
)
from core.storage.db.capability_tables.rollups import (
    daily_balances,
    daily_failures,
    daily_people,
    daily_places,
    daily_platforms,
    daily_spans,
    daily_times,
)
from core.storage.db.capability_tables.scheduled import digest_opt_outs, digest_runs, reminders
from core.storage.db.capability_tables.summaries import summaries
from core.storage.db.capability_tables.tools import tool_calls
from core.storage.db.datafile import FILE_MODE, warn_of_readers
from core.storage.db.engine import Database, database_path, parse_url
from core.storage.db.file_lock import held_alone
from core.storage.db.listen_notify import CHANNEL, CHAT_CHANNEL, PLACES_CHANNEL, WORDINGS_CHANNEL, hear_on
from core.storage.db.postgresql.server import Reach
from core.storage.db.retry import outlast
from core.storage.db.row_locks import lock_author, lock_conversations, lock_links, lock_these, lock_turns
from core.storage.db.tables import (
    alerts,
    breakers,
    calls,
    conversations,
    deliveries,
    erasures,
    events,
    failures,
    feedback,
    identities,
    installations,
    is_open,
    made_files,
    messages,
    metadata,
    person_at_aivax,
    persons,
    place_models,
    reader_locale,
    releases,
    spoken_locale,
    talks_as_one,
    tool_activity,
    turns,
    usage,
)
from core.storage.db.types import Id, Instant, Label, Words
from core.storage.db.upsert import insert_in, insert_into, insert_once

__all__ = [
    "CHANNEL",
    "CHAT_CHANNEL",
    "FILE_MODE",
    "PLACES_CHANNEL",
    "WORDINGS_CHANNEL",
    "Database",
    "Id",
    "Instant",
    "Label",
    "Reach",
    "Words",
    "alerts",
    "audit_log",
    "batch_is_open",
    "batch_jobs",
    "batch_turns",
    "batched",
    "blocks",
    "breakers",
    "calls",
    "cluster_leases",
    "cluster_members",
    "cluster_parts",
    "cluster_windows",
    "consents",
    "console_chat",
    "console_files",
    "console_links",
    "console_outside_accounts",
    "console_sessions",
    "console_tries",
    "console_used_states",
    "console_users",
    "console_wordings",
    "conversations",
    "daily_balances",
    "daily_failures",
    "daily_people",
    "daily_places",
    "daily_platforms",
    "daily_spans",
    "daily_times",
    "database_path",
    "deliveries",
    "digest_opt_outs",
    "digest_runs",
    "erasures",
    "events",
    "failures",
    "feedback",
    "hear_on",
    "held_alone",
    "held_questions",
    "identities",
    "insert_in",
    "insert_into",
    "insert_once",
    "installations",
    "is_open",
    "learnt",
    "learnt_messages",
    "learnt_pieces",
    "learnt_sends",
    "link_codes",
    "lock_author",
    "lock_conversations",
    "lock_links",
    "lock_these",
    "lock_turns",
    "looks_back",
    "made_files",
    "memory_lists",
    "messages",
    "metadata",
    "outlast",
    "parse_url",
    "person_at_aivax",
    "persons",
    "place_models",
    "place_settings",
    "reader_locale",
    "releases",
    "reminders",
    "remote_erasures",
    "settled",
    "spoken_locale",
    "summaries",
    "talks_as_one",
    "tool_activity",
    "tool_calls",
    "turns",
    "usage",
    "warn_of_readers",
]
