"""The text of files: PDFs in a process with bounds, Office and scans by AIVAX, over the wire of the sandbox."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from core.aivax.client import AivaxClient
from core.aivax.services.web_fetch import WebFetch
from core.domain import Unavailable
from core.knowledge.learning import pdf as pdf_module
from core.knowledge.learning.extraction import Extraction, NotLearnt, Text, Unlearnable
from core.knowledge.learning.pdf import PdfBounds, PdfUnreadable, open_pdf
from core.settings import AivaxSettings
from sandbox.faults import Fault
from sandbox.server import PRIVATE_KEY, Sandbox, serve
from sandbox.shapes import Shapes
from tests.pdfs import pdf
from tests.samples import PNG

BOUNDS = PdfBounds(seconds=60)
WORDS = "Words that fill a page. " * 4


def packed(**members: str) -> bytes:
    """An Office file with these members, `__` for each slash and `_` for each dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, xml in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), xml)
    return file.getvalue()


def docx(*paragraphs: str) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{each}</w:t></w:r></w:p>" for each in paragraphs)
    return packed(word__document_xml=f"<w:document><w:body>{body}</w:body></w:document>")


def xlsx(*cells: str) -> bytes:
    body = "".join(f"<si><t>{each}</t></si>" for each in cells)
    return packed(xl__sharedStrings_xml=f"<sst>{body}</sst>")


@asynccontextmanager
async def extraction(bounds: PdfBounds = BOUNDS, **options: Any) -> AsyncIterator[tuple[Extraction, Sandbox]]:
    async with serve(**options) as sandbox:
        settings = AivaxSettings(
            base_url=f"{sandbox.base_url}/v1",
            direct_url="",
            api_key=PRIVATE_KEY,
            tries=1,
            model="sandbox:50c3",
        )
        async with AivaxClient(settings) as aivax:
            yield Extraction(WebFetch(aivax.admin), bounds), sandbox


async def read(extraction: Extraction, data: bytes, name: str, told_type: str = "") -> Text:
    async def told(done: int, of: int) -> None:
        assert 0 < done <= of

    return await extraction.read(data, name, told_type, told)


async def why_not(extraction: Extraction, data: bytes, name: str, told_type: str = "") -> Unlearnable:
    with pytest.raises(NotLearnt) as caught:
        await read(extraction, data, name, told_type)
    return caught.value.why


async def test_each_page_of_a_pdf_is_kept_apart_and_costs_nothing() -> None:
    async with extraction() as (it, sandbox):
        text = await read(it, pdf([f"{WORDS} Page {number}." for number in range(1, 201)]), "handbook.pdf")

        assert sandbox.state.calls.paths() == []
    assert [page.number for page in text.pages] == list(range(1, 201))
    assert "Page 150." in text.pages[149].text
    assert (text.page_count, text.spent_usd) == (200, 0.0)


@pytest.mark.parametrize("web_fetch", ["data", "bare"])
async def test_office_files_and_scans_are_read_by_aivax(web_fetch: str) -> None:
    async with extraction(shapes=replace(Shapes(), web_fetch=web_fetch)) as (it, _):
        word = await read(it, docx("The first.", "The second &amp; last."), "a.docx")
        sheet = await read(it, xlsx("Item", "Price"), "prices.XLSX", "application/octet-stream")
        scan = await read(it, pdf(["", "", ""]), "scan.pdf")
        picture = await read(it, PNG, "board.png", "image/png")

    assert [page.text for page in word.pages] == ["The first.\nThe second & last."]
    assert [page.text for page in sheet.pages] == ["Item\nPrice"]
    assert scan.pages[0].text.startswith("The scan of")
    assert picture.pages[0].text.startswith("A picture of")
    assert word.spent_usd > 0


async def test_plain_text_and_csv_are_read_here() -> None:
    async with extraction() as (it, _):
        table = await read(it, b"name;price\r\nB\xe4r;3\r\n", "prices.csv", "text/csv")
        notes = await read(it, b"# Notes\n\n\n\nOne.", "notes.md")

    assert [page.text for page in table.pages] == ["name;price\nBär;3"]
    assert [page.text for page in notes.pages] == ["# Notes\n\nOne."]


@pytest.mark.parametrize("error", ["text", "object"])
async def test_what_nobody_can_read_is_told_by_its_reason(error: str) -> None:
    async with extraction(shapes=replace(Shapes(), web_fetch_error=error)) as (it, _):
        assert await why_not(it, b"", "empty.txt") is Unlearnable.EMPTY
        assert await why_not(it, b"PK\x03\x04 no archive", "broken.docx") is Unlearnable.UNREADABLE
        assert await why_not(it, b"PK\x03\x04 an archive", "all.zip") is Unlearnable.KIND
        assert await why_not(it, b"ID3\x04 a song", "song.mp3") is Unlearnable.KIND
        assert await why_not(it, b"no pdf at all", "torn.pdf") is Unlearnable.UNREADABLE
        assert await why_not(it, docx(), "nothing.docx") is Unlearnable.EMPTY


async def test_more_pages_than_are_allowed_are_refused_before_they_are_read() -> None:
    async with extraction(PdfBounds(pages=3)) as (it, _):
        assert await why_not(it, pdf([WORDS] * 4), "long.pdf") is Unlearnable.TOO_MANY_PAGES


async def test_an_outage_of_aivax_is_no_fault_of_the_file() -> None:
    async with extraction() as (it, sandbox):
        sandbox.state.faults.add(Fault("web", "status", status=503))
        with pytest.raises(Unavailable):
            await read(it, docx("x"), "a.docx")


# The process that reads PDFs


async def test_a_pdf_that_takes_too_long_is_given_up_and_its_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = "import os, sys, time; print(os.getpid(), file=sys.stderr); time.sleep(600)"
    processes = await started_with(monkeypatch, endless)

    with pytest.raises(PdfUnreadable) as caught:
        async with open_pdf(pdf([WORDS]), PdfBounds(seconds=0.5)):
            pass

    assert caught.value.why == "too_slow"
    assert processes[0].returncode is not None


async def test_a_pdf_that_takes_too_much_memory_ends_its_own_process_alone() -> None:
    with pytest.raises(PdfUnreadable) as caught:
        async with open_pdf(pdf([WORDS]) + b"\0" * 50_000_000, PdfBounds(memory_bytes=60_000_000)):
            pass

    assert caught.value.why == "unreadable"


async def test_of_a_large_document_no_more_waits_in_memory_than_a_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To copy all of it for a reader that takes its time would hold the loop up."""
    processes = await started_with(
        monkeypatch, "import time; print('{\"pages\": 1}', flush=True); time.sleep(600)"
    )

    async with open_pdf(bytes(20_000_000), BOUNDS):
        stdin = processes[0].stdin
        assert stdin is not None
        assert 0 < stdin.transport.get_write_buffer_size() < 1_000_000


async def test_a_reader_that_lies_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    await started_with(monkeypatch, """print('{"pages": 2}'); print('{"page": 7, "text": "x"}')""")

    with pytest.raises(PdfUnreadable):
        async with open_pdf(b"", BOUNDS) as pages:
            assert [page async for page in pages]


async def test_the_process_gets_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIVAX_BOTS__AIVAX__API_KEY", "sk-secret")
    told = "print(json.dumps({'pages': 1})); print(json.dumps({'page': 1, 'text': str(dict(os.environ))}))"
    await started_with(monkeypatch, f"import json, os; {told}")

    async with open_pdf(b"", BOUNDS) as pages:
        (page,) = [page async for page in pages]

    assert "secret" not in page.text


async def started_with(monkeypatch: pytest.MonkeyPatch, program: str) -> list[asyncio.subprocess.Process]:
    """Have another program stand in for the reader; the processes that were begun."""
    begun: list[asyncio.subprocess.Process] = []
    begin = asyncio.create_subprocess_exec

    async def instead(python: str, *_arguments: str, **options: Any) -> asyncio.subprocess.Process:
        process = await begin(python, "-I", "-c", program, **options)
        begun.append(process)
        return process

    monkeypatch.setattr(pdf_module.asyncio, "create_subprocess_exec", instead)
    return begun
