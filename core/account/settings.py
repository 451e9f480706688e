"""`[account]`: whether operators see the account in chat."""

from __future__ import annotations

from pydantic import Field

from core.section import Section


class AccountSettings(Section):
    """`[account]`: the words `account`, `gateways` and `models`, for those whom `[operators]` names."""

    enabled: bool = False
    days: int = Field(14, ge=1, le=90)
    """So many days of spending are shown."""
    top: int = Field(5, ge=1, le=20)
    """So many people, places and models that cost most are named."""
