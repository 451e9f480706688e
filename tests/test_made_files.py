"""Pictures that models make stand below the answer, once, whatever happens in between; nothing of them stays."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

import pytest

from core.domain import Delivery, Ledger, MadeFile, OutcomeUnknown, PlaceClosed, PlatformBusy
from tests.samples import DIRECT, said
from tests.stage import FakePlatform, Stage, staged

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
CAT = f"![a cat](data:image/png;base64,{base64.b64encode(PNG).decode()})"
SHOWN = f"<picture-1.png: {len(PNG)} bytes, a cat>"
PLACE = DIRECT.channel


async def history(stage: Stage) -> list[str]:
    return await stage.rows("SELECT text FROM messages WHERE role = 'assistant' ORDER BY id")


async def test_a_picture_stands_below_the_answer_and_is_a_marker_in_the_history(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said(f"draw {CAT}"))

        *words, picture = stage.platform.visible(PLACE)
        assert picture == SHOWN
        assert "draw" in " ".join(words)
        assert "base64" not in " ".join(words)
        assert "[picture: a cat]" in (await history(stage))[0]
        assert "base64" not in (await history(stage))[0]
        assert await stage.rows("SELECT count(*) FROM made_files") == [0]


async def test_where_no_file_can_be_shown_the_answer_names_it(migrated_url: str) -> None:
    platform = FakePlatform()
    platform.takes_files = False

    async with staged(migrated_url, platform=platform) as stage:
        await stage.hear(said(f"draw {CAT}"))

        assert stage.platform.visible(PLACE)[-1].endswith("[picture: a cat]")
        assert await stage.states() == ["answered"]
        assert await stage.rows("SELECT count(*) FROM made_files") == [0]


async def test_more_files_than_may_be_shown_are_left_out_and_people_are_told(migrated_url: str) -> None:
    two = CAT + f"![a dog](data:image/gif;base64,{base64.b64encode(b'GIF89a' + bytes(8)).decode()})"

    async with staged(migrated_url, limits={"answer_files": 1}) as stage:
        await stage.hear(said(f"draw {two}"))

        *words, picture = stage.platform.visible(PLACE)
        assert picture == SHOWN
        assert "can't show here" in " ".join(words)


class Failing(FakePlatform):
    """A platform whose first tries at files go wrong."""

    def __init__(self, *errors: Exception, done: bool = False) -> None:
        super().__init__()
        self.errors = list(errors)
        self.done = done

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        if self.errors:
            if self.done:
                await super().attach(address, files, delivery, ledger, again=again)
            raise self.errors.pop(0)
        return await super().attach(address, files, delivery, ledger, again=again)


@pytest.mark.parametrize("done", [False, True], ids=["nothing was done", "it was done"])
async def test_a_picture_is_shown_once_after_an_unknown_outcome(migrated_url: str, done: bool) -> None:
    platform = Failing(OutcomeUnknown("fake"), PlatformBusy("fake", retry_after_s=0.01), done=done)

    async with staged(migrated_url, platform=platform) as stage:
        await stage.hear(said(f"draw {CAT}"))

        assert stage.platform.visible(PLACE).count(SHOWN) == 1


async def test_a_picture_that_is_refused_is_named(migrated_url: str) -> None:
    async with staged(migrated_url, platform=Failing(PlaceClosed("fake", code="50013"))) as stage:
        await stage.hear(said(f"draw {CAT}"))

        assert stage.platform.visible(PLACE)[-1].endswith("[picture: a cat]")


@pytest.mark.parametrize("done", [False, True], ids=["before the upload", "after it"])
async def test_a_crash_between_the_answer_and_the_upload_neither_loses_nor_doubles_it(
    migrated_url: str, done: bool
) -> None:
    platform = FakePlatform()
    begun = asyncio.Event()

    class Dying(Failing):
        async def attach(
            self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
        ) -> str:
            if done:
                await super().attach(address, files, delivery, ledger, again=again)
            begun.set()
            await asyncio.Event().wait()  # no deadline: the process is ended meanwhile
            return ""

    dying = Dying()
    dying.places = platform.places
    async with staged(migrated_url, platform=dying, limits={"shutdown_grace_s": 0.0}) as stage:
        await stage.core.intake.receive(said(f"draw {CAT}"))
        async with asyncio.timeout(60):
            await begun.wait()

    async with staged(migrated_url, platform=platform) as stage:
        await stage.rest()

        assert stage.platform.visible(PLACE).count(SHOWN) == 1
        assert await stage.states() == ["answered"]
        assert stage.times_asked == 0
