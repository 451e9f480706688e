"""Backups in a folder: named by their time, and which of them stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.domain import BackupRefused

_NAME = re.compile(r"aivax-bots-(\d{8}T\d{6}Z)\.backup(\.age)?")
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """One backup in the folder."""

    taken_at: datetime
    """In UTC, by its name."""
    path: Path


def name_at(at: datetime, *, encrypted: bool) -> str:
    """`aivax-bots-20261129T143000Z.backup`, with `.age` where it is encrypted."""
    return f"aivax-bots-{at.astimezone(UTC).strftime(_TIME)}.backup{'.age' if encrypted else ''}"


def backups_in(folder: Path) -> list[Kept]:
    """Those in a folder that bear such a name, the newest first; nothing else there is ours.

    Raises `BackupRefused` when the folder can't be read.
    """
    try:
        files = [each for each in folder.iterdir() if _NAME.fullmatch(each.name) and each.is_file()]
    except OSError as exc:
        raise BackupRefused(str(folder), f"the folder can't be read: {exc.strerror}") from exc
    found = (Kept(taken_at, path) for path in files if (taken_at := _taken_at(path)) is not None)
    return sorted(found, reverse=True)


def newest_in(folder: Path) -> Path:
    """Raises `BackupRefused` when there is none."""
    found = backups_in(folder)
    if not found:
        raise BackupRefused(str(folder), "there is no backup in it: `aivax-bots db backup` writes one")
    return found[0].path


def superseded(backups: Iterable[Kept], *, keep: int, keep_weeks: int) -> Sequence[Kept]:
    """Those that the rule lets go: not among the `keep` newest, nor the newest of one of the last `keep_weeks` weeks.

    Weeks are the calendar's (ISO 8601, UTC), those without a backup not counted: the last of a week stays the last, so
    it grows old. In windows that move along with the days a younger one would take its place each day.
    """
    ordered = sorted(backups, reverse=True)
    weeks: dict[tuple[int, int], Kept] = {}
    for each in ordered:
        weeks.setdefault(each.taken_at.isocalendar()[:2], each)
    staying = {*ordered[:keep], *list(weeks.values())[:keep_weeks]}
    return [each for each in ordered if each not in staying]


def rotate(folder: Path, *, keep: int, keep_weeks: int) -> Sequence[Path]:
    """Delete what the rule lets go; what was deleted. Raises `BackupRefused` when one can't be deleted."""
    gone = superseded(backups_in(folder), keep=keep, keep_weeks=keep_weeks)
    for each in gone:
        try:
            each.path.unlink(missing_ok=True)
        except OSError as exc:
            raise BackupRefused(str(each.path), f"it can't be deleted: {exc.strerror}") from exc
    return [each.path for each in gone]


def _taken_at(path: Path) -> datetime | None:
    found = _NAME.fullmatch(path.name)
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) if found else None
    except ValueError:  # the 99th of a month
        return None
