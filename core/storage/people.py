"""What is known of people, as columns."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case

from core.storage.db import identities


def spoken_locale() -> ColumnElement[str]:
    """The locale that an identity is spoken to in: the person's choice, else what the platform told."""
    return case((identities.c.chosen_locale != "", identities.c.chosen_locale), else_=identities.c.locale)
