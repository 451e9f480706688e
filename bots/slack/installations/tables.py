"""The tables of the installations, beside the core's own ones. Migrations are the only thing that creates them.

Tokens stand in them encrypted, in columns wide enough for what encryption makes of them.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text

from core.storage.db.types import Instant, Label, Words
from core.storage.personal_data.registry import Registry, Wordless

metadata = MetaData()

installations = Table(
    "slack_installations",
    metadata,
    Column("team", Label(64), nullable=False),
    Column("team_name", Words, nullable=False),
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
    PrimaryKeyConstraint("team", name="pk_slack_installations"),
)

# states are signed since, and nothing is written here any more: the table stays because a process of an older version
# may run beside this one
states = Table(
    "slack_install_states",
    metadata,
    Column("digest", String(64), nullable=False, comment="SHA-256 of the state that a browser carries"),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("digest", name="pk_slack_install_states"),
)

WORDS = Registry(
    wordless=(
        Wordless(installations, ("team", "app", "bot_user", "bot_id", "installer"), "Slack's ids"),
        Wordless(installations, ("team_name", "bot_name"), "what the workspace and its bot are called"),
        Wordless(installations, ("scopes",), "what the app may do"),
        Wordless(installations, ("token", "refresh_token"), "encrypted; gone when the workspace leaves"),
        Wordless(states, ("digest",), "a digest of random characters; gone within the hour"),
    )
)
"""Nothing that people wrote stands in these tables."""
