"""The form of Slack's ids: a letter for the kind, and capitals and digits (docs.slack.dev, "Slack objects")."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bots.id_checks import IdKind

FORMS: Mapping[IdKind, tuple[str, str]] = {
    "user": (r"[UW][A-Z0-9]+", "U012AB3CD"),
    "channel": (r"[CGD][A-Z0-9]+", "C012AB3CD"),
    "workspace": (r"[TE][A-Z0-9]+", "T012AB3CD"),
}


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.id_checks.IdFix`."""
    if kind == "role":
        return "Slack has no roles: name people in the list of users"
    form, example = FORMS[kind]
    if re.fullmatch(form, given):
        return ""
    if re.fullmatch(form, given.upper()):
        return f"Slack writes ids in capitals: {given.upper()}"
    return f"write the id of a {kind}, such as {example}"
