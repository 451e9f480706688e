"""A stop is a stop, also while a whole answer is being shown; no promise stands that is void. On both databases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from core.domain import Action, Button, Command, Commanded, Deleted, PlatformError, Pressed, Said
from sandbox.server import Sandbox, serve
from tests.samples import ANA, DIRECT, WallClock, said
from tests.stage import Stage, staged

HERE = DIRECT.channel
LONG = "long 7000"
STOPPED = "Stopped here, as you asked."
STOP_DONE = "All right, I've stopped."
KEPT = "I've kept your question"

_numbers = itertools.count(1)


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, sandbox: Sandbox, clock: WallClock) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox, now=clock) as opened:
        yield opened


def stop() -> Commanded:
    key = f"stop-{next(_numbers)}"
    return Commanded((key,), ANA, DIRECT, Command.STOP, f"aside/{key}")


def pressed(button: Button) -> Pressed:
    key = f"press-{next(_numbers)}"
    return Pressed((key,), ANA, DIRECT, button.action, button.turn, f"aside/{key}")


def deleted(message: Said) -> Deleted:
    return Deleted((f"deleted:{message.origin}",), "fake", "W1", HERE, (message.origin,))


class SlowPlatform:
    """Lets the first message of a place through, and then nothing until it is opened again."""

    def __init__(self, stage: Stage, *, passing: int = 1) -> None:
        self.reached = asyncio.Event()
        self.left = asyncio.Event()
        """Set when what waits here is cancelled: the stop has been noticed."""
        self._open = asyncio.Event()
        self._passing = passing
        stage.platform.place(HERE).hook = self._hook

    def open(self) -> None:
        self._open.set()

    async def _hook(self, instant: str) -> None:
        if instant in ("before post", "before edit") and not self._open.is_set():
            self._passing -= 1
            if self._passing < 0:
                self.reached.set()
                try:
                    await self._open.wait()  # no deadline: the test opens it
                except asyncio.CancelledError:
                    self.left.set()
                    raise


async def whole(stage: Stage) -> None:
    """Wait until an answer is there as a whole."""
    await stored(stage, "SELECT id FROM turns WHERE answer IS NOT NULL AND NOT notice")


async def stored(stage: Stage, query: str) -> None:
    """Wait until a query finds something."""
    async with asyncio.timeout(20):
        while not await stage.rows(query):  # noqa: ASYNC110  a database tells nobody here
            await asyncio.sleep(0.01)


async def ended(stage: Stage) -> list[str]:
    await stage.rest()
    return stage.platform.visible(HERE)


@pytest.mark.parametrize("way", ["command", "button"])
async def test_a_stop_ends_the_showing_of_a_whole_answer(stage: Stage, way: str) -> None:
    platform = SlowPlatform(stage)
    await stage.core.intake.receive(said(LONG))
    await whole(stage)
    async with asyncio.timeout(20):
        await platform.reached.wait()
    before = stage.platform.visible(HERE)
    (key,) = await stage.rows("SELECT key FROM turns WHERE NOT notice")
    event = stop() if way == "command" else pressed(Button(Action.STOP, key, "Stop"))

    await stage.core.intake.receive(event)
    async with asyncio.timeout(20):
        await platform.left.wait()
    platform.open()
    shown = await ended(stage)

    assert shown[-1].endswith(STOPPED)
    assert len("".join(shown)) <= len("".join(before)) + len(STOPPED) + 4
    assert (await stage.states())[0] == "cancelled"


async def test_a_stop_in_the_instant_before_a_whole_answer_is_shown_holds(stage: Stage) -> None:
    platform = SlowPlatform(stage, passing=0)
    await stage.core.intake.receive(said(LONG))
    await whole(stage)

    await stage.core.intake.receive(stop())
    async with asyncio.timeout(20):
        await platform.left.wait()
    platform.open()
    shown = await ended(stage)

    assert shown[-1].endswith(STOPPED)
    assert "".join(shown).count("\n\n") <= 1
    assert stage.platform.visible("aside") == [STOP_DONE]


async def test_a_stop_while_the_platform_is_away_holds_when_it_is_back(
    stage: Stage, clock: WallClock
) -> None:
    channel = stage.platform.place(HERE)
    away = True

    async def hook(instant: str) -> None:
        if away and instant.startswith("before") and channel.messages:
            raise PlatformError("fake", code="away")

    channel.hook = hook
    await stage.hear(said(LONG))
    before = len("".join(stage.platform.visible(HERE)))
    assert await stage.states() == ["queued"]

    await stage.hear(stop())
    away = False
    clock.advance(hours=1)
    await stage.heal()

    shown = stage.platform.visible(HERE)
    assert shown[-1].endswith(STOPPED)
    assert len("".join(shown)) <= before + len(STOPPED) + 4
    assert (await stage.states())[0] == "cancelled"


async def test_what_was_not_shown_is_not_told_to_the_model_later(stage: Stage) -> None:
    platform = SlowPlatform(stage)
    await stage.core.intake.receive(said(LONG))
    async with asyncio.timeout(20):
        await platform.reached.wait()
    await whole(stage)
    await stage.core.intake.receive(stop())
    async with asyncio.timeout(20):
        await platform.left.wait()
    platform.open()
    shown = await ended(stage)

    await stage.hear(said("and now?"))

    told = stage.asked[-1]["messages"][1]["content"]
    assert len(told) <= len("".join(shown))


async def test_every_kept_question_is_answered(stage: Stage, sandbox: Sandbox, clock: WallClock) -> None:
    sandbox.state.account.set_balance(0)
    for question in ("first question", "second question", "third question"):
        await stage.hear(said(question))

    sandbox.state.account.set_balance(5)
    for _ in range(3):
        clock.advance(seconds=20)
        await stage.heal()

    answers = [text for text in stage.platform.visible(HERE) if KEPT not in text]
    assert ["first" in answers[0], "second" in answers[1], "third" in answers[2]] == [True] * 3
    assert set(await stage.states()) == {"answered"}


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (lambda _: stop(), STOPPED),
        (lambda question: deleted(question), "Stopped here, because the question was deleted."),
    ],
    ids=["stop", "deletion"],
)
async def test_a_promise_that_is_void_does_not_go_on_standing(
    stage: Stage, sandbox: Sandbox, end: Callable[[Said], Commanded | Deleted], sentence: str
) -> None:
    sandbox.state.account.set_balance(0)
    question = said("hello")
    await stage.hear(question)
    assert KEPT in stage.platform.visible(HERE)[0]
    calls = len(stage.asked)

    await stage.hear(end(question))

    assert stage.platform.visible(HERE) == [sentence]
    assert Action.DROP not in [each.action for each in stage.platform.place(HERE).buttons]
    assert len(stage.asked) == calls


async def test_a_promise_that_is_being_tried_again_is_taken_back_as_well(
    stage: Stage, sandbox: Sandbox, clock: WallClock
) -> None:
    sandbox.state.account.set_balance(0)
    await stage.hear(said("hello"))
    await stage.change("UPDATE deliveries SET gone = TRUE")
    await stage.change("UPDATE turns SET state = 'queued', due_at = '2100-01-01 00:00:00'")

    await stage.hear(stop())

    assert stage.platform.visible(HERE) == [STOPPED]
