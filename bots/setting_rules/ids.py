"""Entries of the settings that name accounts, channels and workspaces: each platform judges the form of its own ids.

An entry that can never match is a gap that nobody sees: `slack:u1` blocks nobody, as Slack writes `U1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # read by each plugin, and `aivax-bots slack --help` is fast
    from core.domain import SettingRefused
    from core.settings import AccessSettings

IdKind = Literal["user", "role", "channel", "workspace"]
"""What an id names."""
IdFix = Callable[[IdKind, str], str]
"""What mends an id of a kind; empty where its form is right."""
KINDS: Mapping[str, IdKind] = {
    "users": "user",
    "roles": "role",
    "channels": "channel",
    "workspaces": "workspace",
}


def any_id(_kind: IdKind, _id: str) -> str:
    """Take whatever is written: for platforms whose ids have no form of their own."""
    return ""


def wrong_entries(access: AccessSettings, judges: Mapping[str, IdFix]) -> Iterator[SettingRefused]:
    """The entries of `[access]` that can never match. `judges`: by the name of each platform."""
    for setting, entries in access:
        kind = KINDS[setting.partition("_")[2]]
        yield from wrong_ids(f"[access] {setting}", kind, entries, partial(_fix, judges))


def wrong_channels(
    setting: str, entries: tuple[str, ...], judges: Mapping[str, IdFix]
) -> Iterator[SettingRefused]:
    """The entries of a list of channels of any platform that can never match."""
    yield from wrong_ids(setting, "channel", entries, partial(_fix, judges))


def wrong_ids(setting: str, kind: IdKind, ids: tuple[str, ...], judge: IdFix) -> Iterator[SettingRefused]:
    """The entries of one list that can never match."""
    from bots.setting_rules.errors import shown
    from core.domain import SettingRefused

    for each in ids:
        if fix := judge(kind, each):
            yield SettingRefused(setting, value=shown(each), fix=fix)


def _fix(judges: Mapping[str, IdFix], kind: IdKind, entry: str) -> str:
    platform, _, name = entry.partition(":")
    judge = judges.get(platform)
    if judge is None:
        return f"there is no platform {platform!r}; known: {', '.join(judges)}"
    workspace, slash, id_there = name.rpartition("/")
    if not slash:
        return judge(kind, name)
    if kind == "workspace":
        return "a workspace stands alone, without a slash"
    return judge("workspace", workspace) or judge(kind, id_there)
