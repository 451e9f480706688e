"""One call to an administrative route and what came back, as values: no HTTP library is needed to make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Headers = Mapping[str, str]
NO_HEADERS: Headers = {}

DOCUMENT_BYTES = 8 * 1024 * 1024
"""What is read of an answer unless its caller says otherwise; more of it is an error."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a multipart form; a file where it has a `filename`."""

    name: str
    data: bytes = field(repr=False)
    filename: str = ""
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """What is sent: `body` as it is, or `parts` as a multipart form."""

    method: str
    url: str
    body: bytes | None = field(default=None, repr=False)
    media_type: str = "application/json"
    parts: Sequence[Part] = ()
    accept: str = "application/json"
    """A web page is an answer only where anything is."""
    headers: Headers = field(default_factory=dict, repr=False)
    most_bytes: int = DOCUMENT_BYTES
    timeout_s: float | None = None
    """For the whole exchange; None: that of any document."""
    counted_as: str = ""
    """What it is in the metrics; empty: what its path tells."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer with a good status, whole."""

    status: int
    body: bytes = field(repr=False)
    media_type: str = ""
    spent_usd: float = 0.0
    """What `Consumed-Credits` tells that it cost; 0.0 where it tells nothing."""
