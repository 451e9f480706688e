"""Where words of people and models are stored: the one list that deletion, redaction, retention and export walk.

Every column that could hold text stands here: as words, with what it becomes when it is emptied, or among those that
hold nobody's words, with the reason. `tests/test_personal_data_registry.py` fails for a column in neither list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, Text, cast, or_

from core.storage.db import (
    alerts,
    audit_log,
    batch_jobs,
    batch_turns,
    blocks,
    breakers,
    calls,
    cluster_leases,
    cluster_members,
    cluster_parts,
    cluster_windows,
    consents,
    console_chat,
    console_files,
    console_links,
    console_outside_accounts,
    console_sessions,
    console_tries,
    console_used_states,
    console_users,
    console_wordings,
    conversations,
    daily_failures,
    daily_people,
    daily_places,
    daily_platforms,
    daily_times,
    deliveries,
    digest_opt_outs,
    digest_runs,
    erasures,
    events,
    failures,
    feedback,
    held_questions,
    identities,
    installations,
    learnt,
    learnt_messages,
    learnt_pieces,
    learnt_sends,
    link_codes,
    looks_back,
    made_files,
    memory_lists,
    messages,
    persons,
    place_models,
    place_settings,
    releases,
    reminders,
    remote_erasures,
    summaries,
    tool_activity,
    tool_calls,
    turns,
    usage,
)
from core.storage.uses_tables import uses


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """A table whose rows are of a person: which columns hold words, and whose they are.

    Exactly one of `turn`, `identity` and `person` names the column that tells whose a row is; `feedback` has two: it
    is about somebody's turn, and perhaps by somebody else.
    """

    table: Table
    words: Mapping[str, Any] = field(default_factory=dict)
    """The columns that hold words, and what each becomes when it is emptied."""
    turn: str = ""
    identity: str = ""
    person: str = ""
    goes: bool = False
    """Whether the row goes with its words once its turn has ended and is emptied."""
    derived: tuple[str, ...] = ()
    """The columns that the model filled, and that may quote the question: emptied when a question is deleted."""
    derived_rows: ColumnElement[bool] | None = None
    """In which rows it did; None: in all of them."""
    needed: tuple[str, ...] = ()
    """The columns that a turn needs until it has ended."""

    def key(self) -> Column[Any]:
        return next(iter(self.table.primary_key))

    def filled(self) -> ColumnElement[bool]:
        """Whether any words are left in a row."""
        return or_(*(_is_filled(self.table.c[name], empty) for name, empty in self.words.items()))


@dataclass(frozen=True, slots=True, eq=False)
class Wordless:
    """Columns of a type that could hold text, and don't hold anybody's words."""

    table: Table
    columns: tuple[str, ...]
    why: str


def _is_filled(column: Column[Any], empty: Any) -> ColumnElement[bool]:
    if empty is None:
        return column.is_not(None)
    return column != empty if isinstance(empty, str | bytes) else cast(column, Text) != str(empty)


IDS = "the platform's ids, or ours"
OURS = "one of a few words that the code knows"

STORES = (
    Store(
        messages,
        {"text": "", "attachments": []},
        turn="turn_id",
        goes=True,
        derived=("text", "attachments"),
        derived_rows=messages.c.role == "assistant",
    ),
    Store(
        tool_activity,
        {"name": "", "contents": "", "explanation": ""},
        turn="turn_id",
        goes=True,
        derived=("name", "contents", "explanation"),
    ),
    Store(made_files, {"alt": "", "data": b""}, turn="turn_id", goes=True, derived=("alt", "data")),
    Store(feedback, {"comment": ""}, turn="turn_id", identity="identity_id", derived=("comment",)),
    Store(turns, {"answer": None, "address": ""}, turn="id", derived=("answer",), needed=("address",)),
    Store(deliveries, turn="turn_id", goes=True),
    Store(usage, turn="turn_id"),
    Store(identities, {"name": "", "name_folded": "", "time_zone": ""}, identity="id"),
    Store(held_questions, {"question": {}}, identity="identity_id"),
    Store(console_chat, {"text": "", "extras": {}}, identity="identity_id"),
    Store(console_files, {"name": "", "data": b""}, identity="identity_id"),
    Store(learnt, {"name": "", "file": None, "address": "", "link": None}, identity="identity_id"),
    Store(summaries, {"text": ""}, identity="identity_id"),
    Store(learnt_sends, person="person_id"),
    Store(conversations, identity="owner_id"),
    Store(persons, person="id"),
    Store(uses, person="person_id"),
    Store(daily_people, identity="identity_id"),
    Store(consents, person="person_id"),
    Store(memory_lists, {"documents": []}, person="person_id"),
    Store(
        batch_jobs,
        {"sheet": "", "result": b"", "address": ""},
        turn="turn_id",
        derived=("sheet", "result"),
    ),
    Store(batch_turns, turn="turn_id"),
    Store(reminders, {"text": "", "address": ""}, identity="identity_id"),
)
OF_TURNS = tuple(store for store in STORES if store.turn)
"""Those whose rows hang on a turn."""
OWN = tuple(store for store in STORES if store.words and (store.identity or store.person))
"""Those with words that are a person's by themselves, whichever turn they are about."""

WORDLESS = (
    Wordless(messages, ("role",), OURS),
    Wordless(messages, ("origin",), IDS),
    Wordless(tool_activity, ("tool_id",), "AIVAX's id of the call"),
    Wordless(tool_activity, ("state",), OURS),
    Wordless(made_files, ("name", "media_type"), "a kind and a number: picture-1.png"),
    Wordless(turns, ("key", "reference", "owner"), IDS),
    Wordless(turns, ("state", "failure", "cancel_request", "offers", "capability", "administers"), OURS),
    Wordless(turns, ("held_by", "faulted_for"), "a breaker's name: a cause and a model's name"),
    Wordless(deliveries, ("message_id",), IDS),
    Wordless(
        usage, ("model", "provider"), "a model's and a provider's name, as the operator or AIVAX gives them"
    ),
    Wordless(identities, ("platform", "workspace", "user"), IDS),
    Wordless(identities, ("locale", "chosen_locale"), "a language's tag; needed to go on speaking it"),
    Wordless(held_questions, ("origin",), IDS),
    Wordless(conversations, ("platform", "workspace", "channel", "thread"), IDS),
    Wordless(learnt, ("collection", "key", "platform", "workspace", "channel", "thread"), IDS),
    Wordless(learnt, ("wanted",), OURS),
    Wordless(learnt, ("owner",), IDS),
    Wordless(learnt_messages, ("origin",), IDS),
    Wordless(learnt_pieces, ("code",), "a digest"),
    Wordless(link_codes, ("digest",), "a digest of a code that is stored nowhere"),
    Wordless(
        link_codes, ("address", "by_address"), "where to ask and tell; the row goes within the code's minutes"
    ),
    Wordless(persons, ("key",), IDS),
    Wordless(uses, ("what",), "a tool's name, or what else is counted, of those that the code knows"),
    Wordless(batch_jobs, ("title", "workflow", "job", "owner"), IDS),
    Wordless(batch_jobs, ("form",), "a form's name, as the operator gives it"),
    Wordless(batch_jobs, ("stage", "wanted", "told_pause"), OURS),
    Wordless(batch_jobs, ("numbers",), "counts, by names that the code knows"),
    Wordless(
        breakers, ("name", "cause", "model"), "a cause and a model's name: the operator's, nobody asked"
    ),
    Wordless(breakers, ("kind",), OURS),
    Wordless(
        breakers, ("told",), "what AIVAX says of a cap, without echoes of a question; gone with the breaker"
    ),
    Wordless(breakers, ("sentence",), "an operator's own, which people are told of a pause; gone with it"),
    Wordless(cluster_leases, ("name", "owner"), OURS),
    Wordless(cluster_members, ("name", "owner"), OURS),
    Wordless(cluster_parts, ("name", "owner"), OURS),
    Wordless(cluster_windows, ("key", "booked"), "a digest of what is called, and when; gone within hours"),
    Wordless(failures, ("breaker",), "a breaker's name: a cause and a model's name"),
    Wordless(failures, ("kind",), OURS),
    Wordless(releases, ("breaker",), "a breaker's name: a cause and a model's name"),
    Wordless(calls, ("workspace",), "a workspace's id; rows are counted, and gone after a day"),
    Wordless(alerts, ("key",), "a cause that operators were told of"),
    Wordless(place_models, ("platform", "workspace", "channel"), IDS),
    Wordless(place_models, ("model",), "a gateway's name, one of those that the operator lists"),
    Wordless(looks_back, ("platform", "workspace"), IDS),
    Wordless(place_settings, ("platform", "workspace", "channel"), IDS),
    Wordless(place_settings, ("name",), OURS),
    Wordless(
        place_settings,
        ("value",),
        "a language, a number, on or off, or a name that the operator gives a gateway",
    ),
    Wordless(events, ("key",), "ids, or a digest of them; gone after 14 days"),
    Wordless(tool_calls, ("key",), "a digest of a call; gone after 14 days"),
    Wordless(
        blocks, ("platform", "workspace", "user"), "ids of whom an operator blocks; kept until that ends"
    ),
    Wordless(installations, ("platform", "workspace", "app", "bot_user", "bot_id", "installer"), IDS),
    Wordless(installations, ("workspace_name", "bot_name"), "what the workspace and its bot are called"),
    Wordless(installations, ("scopes",), "what the app may do"),
    Wordless(installations, ("token", "refresh_token"), "encrypted; gone when the workspace leaves"),
    Wordless(console_chat, ("kind",), OURS),
    Wordless(console_chat, ("key",), IDS),
    Wordless(console_chat, ("locale",), "a language's tag, as a browser asks for it"),
    Wordless(console_files, ("media_type",), "a kind of file, told by its bytes"),
    Wordless(console_users, ("name", "password"), "an operator's own choice for the console; hashed"),
    Wordless(console_users, ("role",), OURS),
    Wordless(
        console_outside_accounts,
        ("issuer", "subject", "workspace", "email", "groups"),
        "with what an operator signs in to the console; gone with their access",
    ),
    Wordless(console_used_states, ("digest",), "a digest; gone after some minutes"),
    Wordless(console_links, ("digest",), "a digest of a token that is stored nowhere"),
    Wordless(console_links, ("role",), OURS),
    Wordless(console_sessions, ("digest",), "a digest of a token that is stored nowhere"),
    Wordless(console_sessions, ("agent",), "the name of an operator's browser; gone with the session"),
    Wordless(
        console_wordings,
        ("language", "key", "text", "changed_by"),
        "a sentence that an operator gave the bot",
    ),
    Wordless(console_tries, ("key",), "a digest of a name or an address; gone after some minutes"),
    Wordless(audit_log, ("via", "action"), OURS),
    Wordless(audit_log, ("detail",), "a role, or a setting of a place as an operator gave it"),
    Wordless(
        audit_log, ("actor", "subject"), "ids, or what an operator is called; people's names are looked up"
    ),
    Wordless(
        audit_log, ("address",), "of an operator's browser; gone after `[storage] retention_audit_days`"
    ),
    Wordless(digest_runs, ("name",), "a digest's name, as the operator gives it"),
    Wordless(digest_runs, ("stage",), OURS),
    Wordless(
        digest_opt_outs,
        ("platform", "workspace", "user"),
        "ids of who is left out of digests; kept until they say otherwise",
    ),
    Wordless(reminders, ("platform", "workspace", "channel", "thread"), IDS),
    Wordless(reminders, ("every", "zone"), "a time of day, days of the week, and a time zone"),
    Wordless(daily_platforms, ("platform",), IDS),
    Wordless(daily_places, ("platform", "workspace", "channel"), "ids of channels; of direct messages none"),
    Wordless(daily_failures, ("platform",), IDS),
    Wordless(daily_failures, ("failure",), OURS),
    Wordless(daily_times, ("platform",), IDS),
    Wordless(daily_times, ("what",), OURS),
    Wordless(erasures, ("address",), "where to tell that all is erased; the row goes with the telling"),
    Wordless(
        remote_erasures, ("address",), "where to tell what was deleted at AIVAX; the row goes soon after"
    ),
)
