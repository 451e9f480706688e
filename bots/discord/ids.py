"""The form of Discord's ids: a whole number (discord.com/developers/docs/reference, "Snowflakes")."""

from __future__ import annotations

import re

from bots.id_checks import IdKind


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.id_checks.IdFix`."""
    if re.fullmatch(r"[0-9]{1,20}", given):
        return ""
    what = "server" if kind == "workspace" else kind
    return (
        f"write the id of a {what}, a number such as 123456789012345678 (Copy ID in Discord's developer mode)"
    )
