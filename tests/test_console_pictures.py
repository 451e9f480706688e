"""The overview looks as it does in the documentation: drawn anew, and compared within a tolerance."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from tests.console_browser import NEEDS_CHROMIUM
from tests.console_pictures import NEEDS_FONTS, sitting
from tests.console_stage import sqlite_copy

KEPT = Path(__file__).parent.parent / "docs" / "console-overview.png"
CELL = 8
"""Points that are averaged in each direction: how a browser smooths its letters is nobody's business."""
FAINT = 20
"""Of 255: by how much a cell may differ."""
MOST = 0.003
"""Which part of the cells may differ by more."""
RENEW = "if that is meant: .venv/bin/python docs/draw_console.py, and look at docs/console-overview.png"


def differs(one: Image.Image, other: Image.Image) -> float:
    """Which part of two pictures is seen to differ; 1: they are of another size."""
    if one.size != other.size:
        return 1.0
    cells = [each.convert("RGB").reduce(CELL) for each in (one, other)]
    difference = ImageChops.difference(*cells)
    strongest = ImageChops.lighter(ImageChops.lighter(*difference.split()[:2]), difference.split()[2])
    return sum(strongest.histogram()[FAINT:]) / (strongest.width * strongest.height)


@pytest.mark.long
@pytest.mark.parametrize("_", [pytest.param(0, marks=[*NEEDS_CHROMIUM, *NEEDS_FONTS])])
async def test_the_overview_looks_as_the_documentation_shows_it(
    migrated_sqlite: Path, tmp_path: Path, _: int
) -> None:
    async with sitting(sqlite_copy(migrated_sqlite, tmp_path), tmp_path) as seen:
        page = await seen.page("/")
        drawn = Image.open(BytesIO(await page.screenshot()))

    part = differs(drawn, Image.open(KEPT))

    if part > MOST:
        drawn.save(tmp_path / "drawn.png")
    assert part <= MOST, f"{part:.2%} of it differs; {tmp_path}/drawn.png; {RENEW}"


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("a tile is empty", (280, 190, 480, 290)),
        ("a plot is gone", (340, 405, 1210, 566)),
        ("the menu is gone", (10, 115, 210, 410)),
        ("the numbers of the tiles are", (270, 215, 1200, 250)),
    ],
)
def test_what_is_missing_is_noticed(name: str, box: tuple[int, int, int, int]) -> None:
    kept = Image.open(KEPT).convert("RGB")
    other = kept.copy()
    ImageDraw.Draw(other).rectangle(box, fill=other.getpixel((box[0], box[1])))

    assert differs(kept, other) > MOST, name


def test_letters_that_are_smoothed_in_another_way_are_no_difference() -> None:
    kept = Image.open(KEPT).convert("RGB")
    smoother = kept.resize((kept.width * 2, kept.height * 2), Image.Resampling.BICUBIC).resize(kept.size)

    assert differs(kept, smoother) <= MOST
