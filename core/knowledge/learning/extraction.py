"""The text of a file, page by page where it has pages: PDFs are read here, the rest by AIVAX, plain text by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.aivax.services.web_fetch import MOST_BYTES, WebFetch
from core.conversations.file_types import Document, Picture, Unread, file_type, media_type
from core.conversations.text_files import Decoded
from core.knowledge.learning.pages import Page, pages_in, tidy_pages
from core.knowledge.learning.pdf import PdfBounds, PdfUnreadable, open_pdf

PDF = "application/pdf"
_OPEN_XML, _ODF = "application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument"
OFFICE = {
    "docx": f"{_OPEN_XML}.wordprocessingml.document",
    "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    "pptx": f"{_OPEN_XML}.presentationml.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "odt": f"{_ODF}.text",
    "ods": f"{_ODF}.spreadsheet",
    "odp": f"{_ODF}.presentation",
    "rtf": "application/rtf",
    "epub": "application/epub+zip",
}
"""What AIVAX reads beside PDFs and pictures, by the ending of its name."""
FEWEST_CHARS_A_PAGE = 16
"""On average; a PDF with fewer is taken for a scan: what text it has are page numbers."""
TEXT_CHARS = 20_000_000

Told = Callable[[int, int], Awaitable[object]]
"""Hears how many pages are read, of how many."""


class Unlearnable(StrEnum):
    """Why nothing can be learnt of a file."""

    KIND = "kind"
    """It holds no text, or of a kind that nobody reads."""
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    """More bytes than may be learnt, or than AIVAX reads."""
    TOO_MANY_PAGES = "too_many_pages"
    PROTECTED = "protected"
    """By a password."""
    UNREADABLE = "unreadable"
    GONE = "gone"
    """It was deleted."""
    NOT_FETCHED = "not_fetched"
    """Its platform did not hand it out this time."""


class NotLearnt(Exception):
    """Nothing can be learnt of a file."""

    def __init__(self, why: Unlearnable, *, most: int = 0, detail: str = "") -> None:
        """`most` is what may be, where there is too much of it; `detail` is for the log."""
        super().__init__(why)
        self.why = why
        self.most = most
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says."""

    pages: Sequence[Page]
    page_count: int = 0
    """0 where it has no pages."""
    spent_usd: float = 0.0


class Extraction:
    """Extracts the text of files, within bounds."""

    def __init__(self, fetch: WebFetch, bounds: PdfBounds) -> None:
        self._fetch = fetch
        self._bounds = bounds

    async def read(self, data: bytes, name: str, told_type: str, told: Told) -> Text:
        """Read a file.

        Raises:
            NotLearnt: it has no text that can be read.
            AivaxError: AIVAX was to read it, and did not answer.
        """
        ending = name.rpartition(".")[2].strip().lower()
        if ending in OFFICE and not data.startswith(b"%PDF-"):
            return await self._by_aivax(data, OFFICE[ending])
        found = await asyncio.to_thread(file_type, data, name, told_type, most_chars=TEXT_CHARS)
        match found:
            case Decoded():
                return _text(await asyncio.to_thread(pages_in, found.text))
            case Document():
                return await self._pdf(data, told)
            case Picture():
                return await self._by_aivax(data, found.media_type)
            case Unread.EMPTY:
                raise NotLearnt(Unlearnable.EMPTY)
            case Unread.DAMAGED:
                raise NotLearnt(Unlearnable.UNREADABLE)
        if (kind := media_type(told_type)) in OFFICE.values():
            return await self._by_aivax(data, kind)
        raise NotLearnt(Unlearnable.KIND)

    async def _pdf(self, data: bytes, told: Told) -> Text:
        """Page by page, so that each can be named; a scan, or what can't be read here, is left to AIVAX."""
        pages: list[Page] = []
        try:
            async with open_pdf(data, self._bounds) as pdf:
                count = pdf.count
                async for page in pdf:
                    pages.append(page)
                    await told(page.number, count)
        except PdfUnreadable as problem:
            if problem.why == "too_many_pages":
                raise NotLearnt(Unlearnable.TOO_MANY_PAGES, most=self._bounds.pages) from None
            if problem.why == "protected":
                raise NotLearnt(Unlearnable.PROTECTED) from None
            return await self._by_aivax(data, PDF)
        if sum(len(page.text.strip()) for page in pages) < FEWEST_CHARS_A_PAGE * count:
            return await self._by_aivax(data, PDF)
        return _text(await asyncio.to_thread(tidy_pages, pages), page_count=count)

    async def _by_aivax(self, data: bytes, kind: str) -> Text:
        if len(data) > MOST_BYTES:
            raise NotLearnt(Unlearnable.TOO_LARGE, most=MOST_BYTES)
        extracted = await self._fetch.extract(data, kind)
        pages = await asyncio.to_thread(pages_in, extracted.text)
        if not pages:
            why = Unlearnable.UNREADABLE if extracted.problem else Unlearnable.EMPTY
            raise NotLearnt(why, detail=extracted.problem)
        return _text(pages, spent_usd=extracted.spent_usd)


def _text(pages: Sequence[Page], *, page_count: int = 0, spent_usd: float = 0.0) -> Text:
    if not pages:
        raise NotLearnt(Unlearnable.EMPTY)
    return Text(pages, page_count or max(page.number for page in pages), spent_usd)
