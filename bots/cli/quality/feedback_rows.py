"""`aivax-bots feedback list` and `export`: read from the database, beside a running bot too."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, get_args

import typer

from bots import PROBLEM
from bots.cli.operations.reach import reading
from bots.cli.operations.turn_list import span
from bots.terminal.text import printable
from core.guard.masking import masked
from core.guard.settings import Kind
from core.storage.feedback import FeedbackList, Judged
from core.util.text import shorten

if TYPE_CHECKING:
    from bots.settings import Settings
    from core.storage.db import Database

_LINE_CHARS = 100
_KINDS: tuple[Kind, ...] = get_args(Kind)


async def list_feedback(settings: Settings, since: str, most: int, *, as_written: bool) -> int:
    """Print the newest opinions."""
    newest: deque[str] = deque(maxlen=most)
    in_all = 0
    async with reading(settings) as database, aclosing(_found(settings, database, since)) as found:
        async for each in found:
            newest.append(_line(_fields(each, as_written=as_written)))
            in_all += 1
    typer.echo("\n".join(newest) or "There is none.")
    if in_all > len(newest):
        typer.echo(f"{in_all - len(newest)} older ones are left out: see --limit.", err=True)
    return 0


async def export_feedback(settings: Settings, since: str, out: Path | None, *, as_written: bool) -> int:
    """Write all opinions as JSON, one in a line."""
    async with reading(settings) as database:
        if out is None:
            await _write(settings, database, since, typer.get_text_stream("stdout"), as_written=as_written)
            return 0
        try:
            handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            typer.echo(f"aivax-bots: {out}: {error.strerror}; choose another name", err=True)
            return PROBLEM
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            count = await _write(settings, database, since, file, as_written=as_written)
    typer.echo(f"wrote {out}: {count} answers with what people think of them")
    return 0


async def _write(
    settings: Settings, database: Database, since: str, file: TextIO, *, as_written: bool
) -> int:
    count = 0
    async with aclosing(_found(settings, database, since)) as found:
        async for each in found:
            file.write(json.dumps(_fields(each, as_written=as_written), ensure_ascii=False) + "\n")
            count += 1
    return count


async def _found(settings: Settings, database: Database, since: str) -> AsyncGenerator[Judged]:
    begin: datetime | None = database.now() - span(since, "--since") if since else None
    listed = FeedbackList(database, agreed_only=settings.privacy.consent == "agree")
    async for each in listed.since(begin):
        yield each


def _fields(judged: Judged, *, as_written: bool) -> dict[str, Any]:
    """What is told of an opinion: no id, neither of a person nor of a place or a turn."""

    def words(text: str) -> str:
        return text if as_written else masked(text, _KINDS)

    return {
        "question": words(judged.question),
        "answer": words(judged.answer),
        "rating": "good" if judged.good else "bad",
        "comment": words(judged.comment),
        "at": judged.at.isoformat(timespec="seconds"),
        "model": judged.model,
        "place": judged.place,
    }


def _line(fields: dict[str, Any]) -> str:
    said = f"{fields['question']} | {fields['comment']}" if fields["comment"] else fields["question"]
    words = printable(shorten(" ".join(said.split()), _LINE_CHARS))
    return f"{fields['at'][:16]}  {fields['rating']:4}  {fields['place']:7}  {printable(fields['model'])}  {words}"
