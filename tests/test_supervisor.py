"""One frontend's trouble stays its own: it is told once, tried again with patience, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import structlog

from bots.serve import _ready_line
from bots.supervisor import Board, explain, supervise
from core.domain import (
    BotError,
    DatabaseUnreachable,
    Event,
    FrontendRefused,
    FrontendUnreachable,
    Intake,
    PlatformBusy,
    Receipt,
    SettingRefused,
    Watch,
)
from tests.fakes import FakeClock
from tests.stage import FakePlatform
from tests.waiting import soon

REFUSED = FrontendRefused("slack", setting="[slack] bot_token", fix="copy it again", code="invalid_auth")
UNREACHABLE = FrontendUnreachable("slack", setting="[slack] api_url", detail="no route")


class Nowhere:
    """An intake that nothing is sent to."""

    async def receive(self, event: Event) -> Receipt:
        raise AssertionError("nothing is said in these tests")


class Scripted(FakePlatform):
    """A frontend that is up for so many seconds each time and then fails, until its script is at its end."""

    def __init__(self, clock: FakeClock, *script: tuple[float, Exception | None]) -> None:
        super().__init__()
        self._clock = clock
        self._script = list(script)
        self.began: list[float] = []

    async def listen(self, intake: Intake, watch: Watch) -> None:
        self.began.append(self._clock.now())
        if not self._script:
            await super().listen(intake, watch)
        up_s, failure = self._script.pop(0)
        if up_s:
            watch.up()
            await self._clock.sleep(up_s)
        if failure is not None:
            raise failure


@asynccontextmanager
async def supervised(clock: FakeClock, **frontends: FakePlatform) -> AsyncIterator[Board]:
    board = Board(list(frontends))
    task = asyncio.create_task(supervise(frontends, Nowhere(), board, now=clock.now, sleep=clock.sleep))
    await clock.settle()
    yield board
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


async def test_a_frontend_that_fails_is_tried_again_less_and_less_often() -> None:
    clock = FakeClock()
    failing = Scripted(clock, *[(0, UNREACHABLE)] * 9)

    async with supervised(clock, slack=failing) as board:
        await clock.advance(1000)

        assert gaps(failing.began) == [2, 4, 8, 16, 32, 64, 120, 120, 120]
        assert board.up == ["slack"]


async def test_a_refused_token_is_tried_seldom() -> None:
    clock = FakeClock()
    refused = Scripted(clock, (0, REFUSED), (0, REFUSED))

    async with supervised(clock, slack=refused):
        await clock.advance(1000)

        assert gaps(refused.began) == [300, 300]


async def test_a_platform_that_says_how_long_to_leave_it_alone_is_left_alone_for_so_long() -> None:
    clock = FakeClock()
    busy = FrontendUnreachable("matrix", detail="M_LIMIT_EXCEEDED", retry_after_s=90.0)
    shortly = FrontendUnreachable("matrix", detail="M_LIMIT_EXCEEDED", retry_after_s=0.1)
    failing = Scripted(clock, (0, busy), (0, shortly), (0, UNREACHABLE))

    async with supervised(clock, matrix=failing):
        await clock.advance(1000)

        assert gaps(failing.began) == [90, 4, 8]


async def test_patience_begins_anew_once_it_had_listened_for_a_while() -> None:
    clock = FakeClock()
    shaky = Scripted(clock, (0, UNREACHABLE), (0, UNREACHABLE), (100, UNREACHABLE), (1, UNREACHABLE))

    async with supervised(clock, slack=shaky):
        await clock.advance(1000)

        assert gaps(shaky.began) == [2, 4, 100 + 2, 1 + 4]


@pytest.mark.parametrize(
    "failure", [UNREACHABLE, REFUSED, ValueError("a bug"), DatabaseUnreachable("url", "gone"), None]
)
async def test_whatever_one_frontend_does_the_others_go_on(failure: Exception | None) -> None:
    clock = FakeClock()
    good, bad = Scripted(clock), Scripted(clock, (0, failure))

    with structlog.testing.capture_logs() as entries:
        async with supervised(clock, good=good, bad=bad) as board:
            await soon("board.settled", board.settled.wait())

            assert board.up == ["good"]
            assert list(board.failed) == ["bad"]
            assert len(good.began) == 1
    assert {"event": "frontend.up", "frontend": "good", "log_level": "info"} in entries
    assert [entry["frontend"] for entry in entries if entry["event"] == "frontend.down"] == ["bad"]


async def test_a_bug_is_in_the_log_with_its_trace() -> None:
    clock = FakeClock()

    with structlog.testing.capture_logs() as entries:
        async with supervised(clock, slack=Scripted(clock, (0, ValueError("a bug")))) as board:
            assert "a fault of ours: ValueError" in explain(board.failed["slack"])

    (entry,) = [entry for entry in entries if entry["event"] == "frontend.crashed"]
    assert entry["exc_info"]


async def test_the_board_is_settled_once_each_frontend_is_up_or_failed() -> None:
    board = Board(["slack", "discord"])

    board.watch("slack").up()
    assert not board.settled.is_set()
    board.watch("discord").down(UNREACHABLE)

    assert board.settled.is_set()


async def test_passing_trouble_settles_nothing_and_refusals_alone_do() -> None:
    board = Board(["slack", "discord"])

    board.watch("slack").down(UNREACHABLE)
    board.watch("discord").down(REFUSED)
    assert (board.settled.is_set(), board.hopeless) == (False, False)
    board.watch("slack").down(REFUSED)

    assert (board.settled.is_set(), board.hopeless) == (True, True)


def test_the_operator_is_told_once_of_each_change() -> None:
    board = Board(["slack"])
    watch = board.watch("slack")

    with structlog.testing.capture_logs() as entries:
        for change in (UNREACHABLE, UNREACHABLE, REFUSED, None, None, UNREACHABLE):
            watch.up() if change is None else watch.down(change)

    assert [entry["event"].partition(".")[2] for entry in entries] == ["down", "down", "up", "down"]


@pytest.mark.parametrize("cause", [FrontendUnreachable("slack"), BotError(), PlatformBusy("slack")])
def test_a_failure_without_any_detail_is_told_too(cause: BotError) -> None:
    with structlog.testing.capture_logs() as entries:
        Board(["slack"]).watch("slack").down(cause)

    assert entries[0]["problem"]


@pytest.mark.parametrize(
    ("marks", "line"),
    [
        ({"slack": None, "discord": None}, "ready: slack, discord"),
        (
            {"slack": REFUSED, "discord": None},
            "ready: discord; failed: slack ([slack] bot_token: copy it again (invalid_auth))",
        ),
        (
            {"slack": UNREACHABLE, "discord": REFUSED, "web": None},
            (
                "ready: web; failed: slack (can't be reached (looked for it where [slack] api_url says): no route; "
                "trying again); discord ([slack] bot_token: copy it again (invalid_auth))"
            ),
        ),
    ],
)
def test_the_ready_line_names_who_is_up_and_why_the_others_are_not(
    marks: dict[str, BotError | None], line: str
) -> None:
    board = Board(list(marks))
    for name, cause in marks.items():
        board.mark(name, cause)

    assert _ready_line(board) == line


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (REFUSED, "[slack] bot_token: copy it again (invalid_auth)"),
        (
            FrontendRefused("discord", setting="[discord] message_content", fix="switch the intent on"),
            "[discord] message_content: switch the intent on",
        ),
        (FrontendUnreachable("discord"), "can't be reached: no answer; trying again"),
        (
            FrontendUnreachable("discord", setting="[discord] api_url"),
            "can't be reached (looked for it where [discord] api_url says): no answer; trying again",
        ),
        (
            SettingRefused("[slack] mode", value="http", fix="write 'socket'"),
            "[slack] mode = 'http': write 'socket'",
        ),
    ],
)
def test_the_explanation_names_the_setting_that_mends_it(cause: BotError, told: str) -> None:
    assert explain(cause) == told


async def test_cancelling_ends_every_frontend() -> None:
    clock = FakeClock()
    ended: list[str] = []

    class Leaving(FakePlatform):
        async def listen(self, *_: Any) -> None:
            try:
                await asyncio.Event().wait()  # no deadline: until it is cancelled
            finally:
                ended.append("listening")

    async with supervised(clock, one=Leaving(), two=Leaving()):
        pass

    assert len(ended) == 2
