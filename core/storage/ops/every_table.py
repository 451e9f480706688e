"""Every table of the schema, those too that stand beside the others: for who goes through all of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table

from core.storage.db import metadata
from core.storage.personal_data import registry  # brings those that only one feature knows


def every_table() -> Sequence[Table]:
    """Those that are referred to come before those that refer to them."""
    assert registry.STORES  # noqa: S101  imported for its tables
    return metadata.sorted_tables
