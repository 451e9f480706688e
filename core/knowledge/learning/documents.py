"""What AIVAX is sent of a source: a document for each piece.

A document's name tells the source and the page to people, and behind them by a digest where in it the piece stands and
what it says: other words make another name, so that what is there already is known by its name alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from core.aivax.knowledge.client import NewDocument
from core.domain import Attachment, Place
from core.knowledge.learning.splitting import Piece
from core.util.text import shorten, sound

NAME_CHARS = 120
KEY_CHARS = 20
_NO_QUOTES = re.compile(r"[\"\\]")
"""What would end the quotes in which a document is looked up by its name."""


def name_of(name: str) -> str:
    """A source's name on one line, as people read and write it."""
    return shorten(" ".join(sound(name).split()), NAME_CHARS)


def key_of_file(place: Place, file: Attachment) -> str:
    """What makes it the same file: its name, where it was said. A newer version takes the older one's place."""
    return _key("file", place.platform, place.workspace, place.channel, name_of(file.name).casefold())


def key_of_thread(place: Place) -> str:
    """What makes it the same thread."""
    return _key("thread", place.platform, place.workspace, place.channel, place.thread)


def key_of_message(place: Place, origin: str) -> str:
    """What makes it the same message, where it stands in no thread."""
    return _key("message", place.platform, place.workspace, place.channel, origin)


def key_of_channel(place: Place) -> str:
    """What makes it the same channel."""
    return _key("channel", place.platform, place.workspace, place.channel)


def opaque(person_key: str) -> str:
    """What stands for a person where others may read it: always the same, and nobody's name."""
    return _key("person", person_key)


def documents_of(
    key: str, name: str, pieces: Sequence[Piece], metadata: Mapping[str, str]
) -> Sequence[NewDocument]:
    """Make documents of a source's pieces. Each begins with a line that names the source, and the page."""
    documents = []
    ordinals: dict[int, int] = {}
    for piece in pieces:
        ordinal = ordinals[piece.first_page] = ordinals.get(piece.first_page, 0) + 1
        pages = pages_of(piece)
        title = f"{name}, p. {pages}" if pages else name
        text = f"[{title}]\n{piece.text}"
        position = f"{piece.first_page}.{ordinal}"
        docid = f"{_NO_QUOTES.sub(' ', title)} #{_digest(key, position, text)}"
        told = {"source": name, **({"page": pages} if pages else {}), **metadata}
        documents.append(NewDocument(docid, text, reference=key, metadata=told))
    return documents


def code_of(docid: str) -> str:
    """What a document's name ends with: it tells documents apart, and holds nobody's words."""
    return docid.rpartition("#")[2]


def pages_of(piece: Piece) -> str:
    """The pages that a piece stands on, as people write them; `""` where there are none."""
    if piece.first_page == piece.last_page:
        return str(piece.first_page or "")
    return f"{piece.first_page}-{piece.last_page}"


def where(place: Place) -> Mapping[str, str]:
    """A channel as documents name it, by the platform's ids: filters can tell by it whose a document is."""
    told = {"platform": place.platform, "workspace": place.workspace, "channel": place.channel}
    told = {name: value for name, value in told.items() if value}
    return {"place": ":".join(told.values()), **told}


def _key(*parts: str) -> str:
    return _digest(*parts)[:KEY_CHARS]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:KEY_CHARS]
