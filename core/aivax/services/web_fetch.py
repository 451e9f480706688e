"""Has AIVAX extract the text of a file: `POST /api/v1/web/fetch` with the bytes in a `data:` URI.

It reads PDF, Office, ODF, RTF, EPUB, CSV and pictures (by OCR), up to 10 MB an item. A daily allowance is free; what
is beyond it costs by its length.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field

from core.aivax.admin import AdminRoutes, Told
from core.aivax.stream.chunks import amount, mapping, word

MOST_BYTES = 10_000_000
TIMEOUT_S = 180.0
ANSWER_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one file says, or why nothing could be read in it."""

    text: str = field(repr=False)
    problem: str = ""
    """In AIVAX' own words: for the log."""
    units: float = 0.0
    spent_usd: float = 0.0


class WebFetch:
    """Extracts text from files, one by one."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def extract(self, data: bytes, media_type: str) -> Extracted:
        """Extract the text of a file of at most `MOST_BYTES`.

        Raises:
            AivaxError: AIVAX did not answer. That it can't read the file is told in `problem`.
        """
        encoded = await asyncio.to_thread(b64encode, data)
        body = {"contents": [f"data:{media_type};base64,{encoded.decode()}"], "returnErrors": True}
        told = await self._admin.post(
            *("web", "fetch"),
            json=body,
            repeatable=True,
            direct=True,
            timeout_s=TIMEOUT_S,
            most_bytes=ANSWER_BYTES,
        )
        return _extracted(told)


def _extracted(told: Told) -> Extracted:
    answer = mapping(told.data)
    results = told.data if isinstance(told.data, list) else answer.get("results")
    found = mapping(results[0]) if isinstance(results, list) and results else {}
    text = found.get("extractedText")
    error = found.get("error")
    problem = word(mapping(error).get("message")) or word(error) or ("" if found else "no result")
    return Extracted(
        text=text if isinstance(text, str) else "",
        problem=problem,
        units=amount(found.get("processingUnits")) or 0.0,
        spent_usd=told.spent_usd,
    )
