"""What every layer uses (text that is cut, tasks with an owner, what was done recently), and surfaces that pass on."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.forwarding import ForwardingSurface, UnreachableSurface
from core.domain import Apology, Button, Footer, PlaceClosed, Status
from core.util.recently import MOST_KEYS, Recently
from core.util.tasks import TaskSet
from core.util.text import shorten, sound


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_a_short_text_stays_and_a_long_one_ends_in_an_ellipsis(text: str, most: int) -> None:
    short = shorten(text, most)

    assert len(short) <= most
    assert short == text if len(text) <= most else short.endswith("…")


@given(st.text(st.characters() | st.sampled_from("\x00\ud83d\ude00")))
def test_a_sound_text_stays_and_any_other_is_mended(text: str) -> None:
    """Pairs of halves are joined, lone halves replaced, NUL characters dropped; nothing else changes."""
    anew = text.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    assert sound(text) == anew
    assert sound(anew) is anew


def test_what_was_seen_is_forgotten_after_its_period_and_no_sooner() -> None:
    now = [0.0]
    recently = Recently(3600.0, lambda: now[0])

    assert not recently.seen("here")
    now[0] = 3599.0
    assert recently.seen("here")
    assert not recently.seen("there")
    now[0] = 3600.0
    assert not recently.seen("here")


def test_the_oldest_keys_go_when_there_are_too_many() -> None:
    recently = Recently(3600.0, lambda: 0.0)
    for key in range(MOST_KEYS + 1):
        recently.seen(key)

    assert recently.seen(MOST_KEYS)
    assert not recently.seen(0)


async def test_tasks_are_let_finish_for_a_while_and_then_ended() -> None:
    tasks, ended = TaskSet(), asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()  # no deadline: until it is cancelled
        finally:
            ended.set()

    quick = tasks.start(asyncio.sleep(0, "done"))
    tasks.start(endless())
    left = await tasks.drain(0.05)
    await tasks.aclose()

    assert (left, quick.result(), ended.is_set(), len(tasks)) == (1, "done", True, 0)


async def test_what_a_task_raises_is_for_whoever_awaits_it() -> None:
    tasks = TaskSet()

    async def fail() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await tasks.start(fail())
    await tasks.aclose()


class Recorder:
    """A surface that remembers its steps, and refuses some."""

    def __init__(self, *refused: str) -> None:
        self.steps: list[tuple[str, object]] = []
        self._refused = refused

    def _step(self, name: str, given: object = None) -> None:
        self.steps.append((name, given))
        if name in self._refused:
            raise PlaceClosed("a platform", code="closed")

    async def __aenter__(self) -> Self:
        self._step("enter")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._step("exit", kind)

    async def write(self, delta: str) -> None:
        self._step("write", delta)

    async def note(self, status: Status) -> None:
        self._step("note", status)

    async def offer(self, buttons: object) -> None:
        self._step("offer", buttons)

    async def pause(self) -> None:
        self._step("pause")

    async def finish(self, footer: Footer) -> None:
        self._step("finish", footer)

    async def fail(self, apology: Apology) -> None:
        self._step("fail", apology)


async def test_a_forwarding_surface_passes_every_step_on_as_it_is() -> None:
    inner, buttons = Recorder(), tuple[Button, ...]()
    status, footer, apology = Status("Working"), Footer("f"), Apology("sorry")
    async with ForwardingSurface(inner) as surface:
        await surface.write("a")
        await surface.note(status)
        await surface.offer(buttons)
        await surface.pause()
        await surface.finish(footer)
        await surface.fail(apology)

    told = [("write", "a"), ("note", status), ("offer", buttons), ("pause", None)]
    told += [("finish", footer), ("fail", apology)]
    assert inner.steps == [("enter", None), *told, ("exit", None)]


@pytest.mark.parametrize("step", ["enter", "write", "finish", "exit"])
async def test_whichever_step_a_closed_place_refuses_is_told_and_raised(step: str) -> None:
    told: list[str] = []

    async def tell(error: PlaceClosed) -> None:
        told.append(error.code)

    async def answer() -> None:
        async with UnreachableSurface(Recorder(step), tell) as surface:
            await surface.write("a")
            await surface.finish(Footer(""))

    with pytest.raises(PlaceClosed):
        await answer()
    assert told == ["closed"]
