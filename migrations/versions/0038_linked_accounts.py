"""Linked accounts: which person an identity is by itself, and codes by which two are linked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LINKED = sa.text("home_person_id IS NOT NULL")


def upgrade() -> None:
    home = "its own person, while it is linked to another's"
    op.add_column("identities", sa.Column("home_person_id", ID, nullable=True, comment=home))
    shares = "linked, and what is said in private is one conversation"
    op.add_column(
        "identities",
        sa.Column("shares_talk", sa.Boolean(), nullable=False, server_default=sa.false(), comment=shares),
    )
    op.create_index(
        "ix_identities_home", "identities", ["home_person_id"], sqlite_where=LINKED, postgresql_where=LINKED
    )
    op.create_table(
        "link_codes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="of the code, which is stored nowhere"),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="where who has the code is asked and told"),
        sa.Column("asked_turn_id", ID, nullable=True, comment="the turn that asks them whether they agree"),
        sa.Column("by_identity_id", ID, nullable=True),
        sa.Column("by_conversation_id", ID, nullable=True, comment="of who used the code; so too below"),
        sa.Column("by_address", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("by_turn_id", ID, nullable=True),
        sa.Column("by_agreed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("shares_talk", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=f"fk_link_codes_{column}", ondelete="CASCADE"
            )
            for column, target in (
                ("identity_id", "identities"),
                ("conversation_id", "conversations"),
                ("by_identity_id", "identities"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_link_codes"),
        sa.UniqueConstraint("digest", name="uq_link_codes_digest"),
    )
    for column in ("identity_id", "by_identity_id", "expires_at"):
        op.create_index(f"ix_link_codes_{column}", "link_codes", [column])


def downgrade() -> None:
    op.drop_table("link_codes")
    op.execute("UPDATE identities SET person_id = home_person_id WHERE home_person_id IS NOT NULL")
    op.drop_index("ix_identities_home", "identities")
    # column by column: a table that is made anew would take with it, on SQLite, all that refers to it
    op.drop_column("identities", "shares_talk")
    op.drop_column("identities", "home_person_id")
