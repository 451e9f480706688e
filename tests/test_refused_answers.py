"""Answers that a platform does not take while it takes others: their author is told, and nobody waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
import structlog

from core.delivery.editing_surface import EditingSurface
from core.domain import (
    Button,
    Delivery,
    Ledger,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlatformError,
    ReplySurface,
)
from tests.fakes import FakeChannel, FakeClock
from tests.samples import said
from tests.stage import INSTANTLY, FakePlatform, staged

FAILS = OutcomeUnknown("fake", code="500", failed=True)
REFUSED = MessageRefused("fake", code="200000")
ODD = OddAnswer("fake", code="KeyError")
SPEED = 200
NOT_TAKEN = "it can't be shown here"


def hurried() -> float:
    return time.monotonic() * SPEED


async def hurry(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


class PickyChannel(FakeChannel):
    """Fails at every message that has a certain word in it, so often as `tries` says; at all where it is empty."""

    word = "poison"
    error: PlatformError = FAILS
    tries = 10**9

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        self._check(text)
        return await super().post(text, delivery, buttons)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        self._check(text)
        await super().edit(message_id, text, buttons)

    def _check(self, text: str) -> None:
        if self.word in text and self.tries > 0:
            self.tries -= 1
            raise self.error


class Picky(FakePlatform):
    def place(self, name: str) -> FakeChannel:
        if name not in self.places:
            self.places[name] = PickyChannel(FakeClock(), edit_interval_s=INSTANTLY)
        return self.places[name]

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return EditingSurface(self.place(address.partition("/")[0]), ledger, now=hurried, sleep=hurry)


def picky(platform: Picky) -> PickyChannel:
    place = platform.place("D-ana")
    assert isinstance(place, PickyChannel)
    return place


@pytest.mark.parametrize("error", [FAILS, REFUSED], ids=["fails", "refused"])
async def test_an_answer_that_is_not_taken_is_told_and_the_next_one_is_given(
    migrated_url: str, error: PlatformError
) -> None:
    platform = Picky()
    picky(platform).error = error
    async with staged(migrated_url, platform=platform) as stage:
        with structlog.testing.capture_logs() as logs:
            await stage.hear(said("poison"), said("and this?"))

        # its beginning, which the platform took, may stand above
        *_, first, second = stage.platform.visible("D-ana")
        assert NOT_TAKEN in first
        assert "and this?" in second
        assert await stage.states() == ["failed", "answered"]
        [told] = [line for line in logs if line["event"] == "turn.not_taken"]
        assert told["reference"] in first


async def test_an_answer_that_makes_no_sense_of_itself_ends_at_once(migrated_url: str) -> None:
    platform = Picky()
    place = picky(platform)
    place.error, place.word = ODD, ""
    async with staged(migrated_url, platform=platform) as stage:
        with structlog.testing.capture_logs() as logs:
            await stage.hear(said("why?"))

        assert await stage.states() == ["failed"]
        assert len([line for line in logs if line["event"] == "turn.not_taken"]) == 1
        assert len(place.times("find")) <= 6


async def test_an_outage_of_everything_is_waited_out(migrated_url: str) -> None:
    """Nothing at all is taken for longer than one try of an answer lasts; then the answer is there, once."""
    platform = Picky()
    place = picky(platform)
    place.word, place.tries = "", 14
    async with staged(migrated_url, platform=platform) as stage:
        with structlog.testing.capture_logs():
            await stage.hear(said("why?"))
            async with asyncio.timeout(30):
                while await stage.states() != ["answered"]:
                    await stage.core.pool.sweep()
                    await stage.rest()
                    await asyncio.sleep(0.1)

        (answer,) = stage.platform.visible("D-ana")
        assert "why?" in answer
