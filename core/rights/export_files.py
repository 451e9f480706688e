"""All that is stored of a person, as files: a page for people and the same as JSON for programs.

The page holds nothing but text: every value is escaped, it has no script, and nothing in it is fetched from anywhere.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from io import BytesIO
from typing import Any

from core.domain import MadeFile, Translator
from core.i18n import RightsPhrase
from core.storage.personal_data.export import Rows
from core.util.text import shorten

NAME = "my-data"
_CELL_CHARS = 2_000
"""Of a value in the tables below the conversations; the JSON has all of it."""
_HEAD = """<!doctype html>
<html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
article {{ border-left: .25rem solid #8884; margin: 1rem 0; padding-left: 1rem; }}
pre {{ font: inherit; margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
td, th {{ border: 1px solid #8888; padding: .2rem .5rem; text-align: left; vertical-align: top; }}
small {{ opacity: .7; }}
</style></head><body>
"""


def files_of(rows: Rows, translator: Translator, when: datetime, *, most_bytes: int) -> Sequence[MadeFile]:
    """The files of an export, each of `most_bytes` at most: packed where they are larger, none where that is, too."""
    page = MadeFile(f"{NAME}.html", "text/html", "", page_of(rows, translator, when).encode())
    data = MadeFile(f"{NAME}.json", "application/json", "", as_json(rows))
    if max(len(page.data), len(data.data)) <= most_bytes:
        return (page, data)
    packed = packed_of((page, data))
    return (packed,) if len(packed.data) <= most_bytes else ()


def as_json(rows: Rows) -> bytes:
    """All of it, for programs."""
    return json.dumps(rows, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def packed_of(files: Sequence[MadeFile]) -> MadeFile:
    """Pack files into one."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(file.name, file.data)
    return MadeFile(f"{NAME}.zip", "application/zip", "", packed.getvalue())


def page_of(rows: Rows, translator: Translator, when: datetime) -> str:
    """The page: conversations as people had them, and below them every row."""
    say = translator.say
    title = escape(say(RightsPhrase.EXPORT_TITLE))
    made = escape(say(RightsPhrase.EXPORT_MADE, when=f"{when:%Y-%m-%d %H:%M} UTC"))
    parts = [_HEAD.format(title=title), f"<h1>{title}</h1><p>{made}</p>"]
    parts += _conversations(rows, translator)
    parts.append(f"<h2>{escape(say(RightsPhrase.EXPORT_DETAILS))}</h2>")
    parts += _tables(rows)
    return "\n".join([*parts, "</body></html>\n"])


def _conversations(rows: Rows, translator: Translator) -> Iterator[str]:
    places = {row["id"]: row for row in rows.get("conversations", ())}
    by_conversation: dict[int, list[Mapping[str, Any]]] = {}
    for row in sorted(rows.get("messages", ()), key=lambda each: (each["created_at"], each["id"])):
        if row["text"] or row["attachments"]:
            by_conversation.setdefault(row["conversation_id"], []).append(row)
    for number, said in by_conversation.items():
        place = places.get(number, {})
        where = " · ".join(str(place[name]) for name in ("platform", "channel", "thread") if place.get(name))
        yield f"<h2>{escape(where or f'#{number}')}</h2>"
        yield from (_message(each, translator) for each in said)


def _message(row: Mapping[str, Any], translator: Translator) -> str:
    is_theirs = row["role"] == "user"
    who = translator.say(RightsPhrase.EXPORT_QUESTION if is_theirs else RightsPhrase.EXPORT_ANSWER)
    head = f"<b>{escape(who)}</b> <small>{escape(str(row['created_at'])[:16].replace('T', ' '))}</small>"
    names = ", ".join(str(each.get("name", "")) for each in row["attachments"])
    files = f"<p>{escape(translator.say(RightsPhrase.EXPORT_FILES, names=names))}</p>" if names else ""
    return f"<article>{head}<pre>{escape(row['text'])}</pre>{files}</article>"


def _tables(rows: Rows) -> Iterator[str]:
    for name, found in rows.items():
        if found:
            heads = "".join(f"<th>{escape(column)}</th>" for column in found[0])
            body = "".join(f"<tr>{''.join(_cell(value) for value in row.values())}</tr>" for row in found)
            summary = f"<summary>{escape(name)} ({len(found)})</summary>"
            yield f"<details>{summary}<table><tr>{heads}</tr>{body}</table></details>"


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<td><pre>{escape(shorten(text, _CELL_CHARS))}</pre></td>"
