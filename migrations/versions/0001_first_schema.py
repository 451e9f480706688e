"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("thread", sa.String(length=128), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column(
            "owner_id",
            ID,
            nullable=False,
            comment="identity it belongs to; 0: all there share it; -id: sentences beside it",
        ),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("active_at", INSTANT, nullable=False, comment="when something was last said in it"),
        sa.Column("closed_at", INSTANT, nullable=True, comment="null: new messages go here"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index(
        "uq_conversations_open",
        "conversations",
        ["platform", "workspace", "channel", "thread", "owner_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "events",
        sa.Column(
            "key", sa.String(length=255), nullable=False, comment="what makes two deliveries the same event"
        ),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_events"),
    )
    op.create_index("ix_events_received_at", "events", ["received_at"], unique=False)

    op.create_table(
        "gates",
        sa.Column(
            "name",
            sa.String(length=300),
            nullable=False,
            comment="a row is here as long as the gate is closed",
        ),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=256), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("retry_at", INSTANT, nullable=False, comment="when the next trial call may be made"),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("trial_turn", ID, nullable=True),
        sa.Column("trial_until", INSTANT, nullable=True),
        sa.Column("lowest_usd", sa.Float(), nullable=True, comment="lowest balance read since it closed"),
        sa.PrimaryKeyConstraint("name", name="pk_gates"),
    )
    op.create_table(
        "notices",
        sa.Column(
            "key",
            sa.String(length=300),
            nullable=False,
            comment="a cause that operators were told of and that goes on",
        ),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notices"),
    )
    op.create_table(
        "persons",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column(
            "key", sa.String(length=32), nullable=False, comment="opaque; what AIVAX knows the person by"
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("key", name="uq_persons_key"),
    )
    op.create_table(
        "identities",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("user", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=False, comment="as the platform told it"),
        sa.Column("chosen_locale", sa.String(length=35), nullable=False, comment="the person's own choice"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_identities_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("platform", "workspace", "user", name="uq_identities_platform_workspace_user"),
    )
    op.create_index("ix_identities_person_id", "identities", ["person_id"], unique=False)

    op.create_table(
        "turns",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False, comment="idempotency key and root of nonces"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="the frontend's own; where the answer goes"),
        sa.Column(
            "answer",
            sa.Text(),
            nullable=True,
            comment="whole text, once generated; a notice has it from the start",
        ),
        sa.Column(
            "notice",
            sa.Boolean(),
            nullable=False,
            comment="the bot speaks for itself; no call, not in the history",
        ),
        sa.Column(
            "attempt", sa.Integer(), nullable=False, comment="fence: only the newest may write or post"
        ),
        sa.Column("tries", sa.Integer(), nullable=False, comment="attempts that a crash may use up"),
        sa.Column("generation", sa.Integer(), nullable=False, comment="how often the text was begun anew"),
        sa.Column("failure", sa.String(length=64), nullable=True, comment="name of the error that ended it"),
        sa.Column(
            "reference",
            sa.String(length=16),
            nullable=True,
            comment="what the author was told and the log holds",
        ),
        sa.Column("owner", sa.String(length=64), nullable=True, comment="the process that runs it"),
        sa.Column("lease_until", INSTANT, nullable=True, comment="a running turn is its owner's until then"),
        sa.Column(
            "parked_for",
            sa.String(length=300),
            nullable=True,
            comment="the gate that it waits behind, or waited",
        ),
        sa.Column("parked_at", INSTANT, nullable=True),
        sa.Column(
            "wish", sa.String(length=16), nullable=True, comment="what its author wants of it; see `Wish`"
        ),
        sa.Column(
            "replaced_by", ID, nullable=True, comment="the turn that answers the same question once more"
        ),
        sa.Column(
            "awaited", sa.Boolean(), nullable=False, comment="its platform shows that it is on its way"
        ),
        sa.Column("offers", sa.String(length=64), nullable=False, comment="the buttons below a notice"),
        sa.Column(
            "place_told",
            sa.Integer(),
            nullable=True,
            comment="the place in line that its author was last told",
        ),
        sa.Column("announced", sa.Integer(), nullable=False, comment="attempts that only told the place"),
        sa.Column(
            "unpaid", sa.Integer(), nullable=False, comment="attempts that were held before AIVAX answered"
        ),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("emptied_at", INSTANT, nullable=True, comment="when retention took its text away"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'parked', 'answered', 'failed', 'cancelled', 'superseded')",
            name="ck_turns_state",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_turns_conversation_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_turns_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.UniqueConstraint("key", name="uq_turns_key"),
    )
    op.create_index("ix_turns_conversation_id_id", "turns", ["conversation_id", "id"], unique=False)
    op.create_index(
        "ix_turns_ended_at",
        "turns",
        ["ended_at"],
        unique=False,
        sqlite_where=sa.text("emptied_at IS NULL"),
        postgresql_where=sa.text("emptied_at IS NULL"),
    )
    op.create_index("ix_turns_identity_id_created_at", "turns", ["identity_id", "created_at"], unique=False)
    op.create_index(
        "ix_turns_parked",
        "turns",
        ["parked_for", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "ix_turns_waiting",
        "turns",
        ["state", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "uq_turns_running",
        "turns",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )

    op.create_table(
        "calls",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column(
            "workspace",
            sa.String(length=200),
            nullable=False,
            comment="platform and workspace that it was made for",
        ),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column(
            "sent", sa.Boolean(), nullable=False, comment="false: promised to a running turn, not yet made"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_calls_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_at", "calls", ["at"], unique=False)
    op.create_index(
        "ix_calls_promised",
        "calls",
        ["turn_id"],
        unique=False,
        sqlite_where=sa.text("NOT sent"),
        postgresql_where=sa.text("NOT sent"),
    )

    op.create_table(
        "deliveries",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="grows when the message had to be made anew"
        ),
        sa.Column(
            "message_id", sa.String(length=128), nullable=False, comment="empty: only meant to be created"
        ),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_deliveries_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("turn_id", "part", name="uq_deliveries_turn_id_part"),
    )
    op.create_table(
        "messages",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False, comment="false: an answer that was cut short"),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column(
            "origin", sa.String(length=128), nullable=False, comment="the platform's id of a person's message"
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("role IN ('user', 'assistant')", name="ck_messages_role"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_messages_identity_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_messages_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index(
        "ix_messages_origin",
        "messages",
        ["origin"],
        unique=False,
        sqlite_where=sa.text("origin <> ''"),
        postgresql_where=sa.text("origin <> ''"),
    )
    op.create_index("ix_messages_turn_id", "messages", ["turn_id"], unique=False)
    op.create_index("ix_messages_window", "messages", ["conversation_id", "turn_id", "id"], unique=False)

    op.create_table(
        "tool_activity",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("tool_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("contents", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name="fk_tool_activity_turn_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tool_activity"),
        sa.UniqueConstraint("turn_id", "tool_id", name="uq_tool_activity_turn_id_tool_id"),
    )
    op.create_table(
        "usage",
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("model", sa.String(length=256), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_tokens", sa.Integer(), nullable=False),
        sa.Column(
            "credits", sa.Float(), nullable=True, comment="as AIVAX reported it; null where it did not"
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_usage_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", name="pk_usage"),
    )
    op.create_index("ix_usage_created_at", "usage", ["created_at"], unique=False)

    op.create_table(
        "place_models",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column(
            "model",
            sa.String(length=256),
            nullable=False,
            comment="the gateway that an operator chose for the channel",
        ),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", name="pk_place_models"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_feedback_identity_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("turn_id", "identity_id", name="uq_feedback_turn_id_identity_id"),
    )


def downgrade() -> None:
    op.drop_table("feedback")
    op.drop_table("place_models")
    op.drop_index("ix_usage_created_at", "usage")

    op.drop_table("usage")
    op.drop_table("tool_activity")
    op.drop_index("ix_messages_window", "messages")
    op.drop_index("ix_messages_turn_id", "messages")
    op.drop_index("ix_messages_origin", "messages")

    op.drop_table("messages")
    op.drop_table("deliveries")
    op.drop_index("ix_calls_promised", "calls")
    op.drop_index("ix_calls_at", "calls")

    op.drop_table("calls")
    op.drop_index("uq_turns_running", "turns")
    op.drop_index("ix_turns_waiting", "turns")
    op.drop_index("ix_turns_parked", "turns")
    op.drop_index("ix_turns_identity_id_created_at", "turns")
    op.drop_index("ix_turns_ended_at", "turns")
    op.drop_index("ix_turns_conversation_id_id", "turns")

    op.drop_table("turns")
    op.drop_index("ix_identities_person_id", "identities")

    op.drop_table("identities")
    op.drop_table("persons")
    op.drop_table("notices")
    op.drop_table("gates")
    op.drop_index("ix_events_received_at", "events")

    op.drop_table("events")
    op.drop_index("uq_conversations_open", "conversations")

    op.drop_table("conversations")
