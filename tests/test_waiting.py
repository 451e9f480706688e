"""No wait in the tests is without an end: pytest's own limit is for what this misses."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import ended, soon, until, waiting_for

TESTS = Path(__file__).parent
KIT = TESTS.parent / "aivax_bots" / "testing"
MARK = "# no deadline: "
"""With its reason, on the line of a wait that may last: what serves, and what is cancelled from outside."""
FAKES = TESTS / "platforms"
"""They wait for the bot; who tests against them has a deadline."""
DEADLINES = {"waiting_for", "timeout"}
WAITS = {"wait", "get", "acquire", "join"}


def endless(source: str) -> Iterator[int]:
    """The lines of loops that wait, and of waits, that no deadline surrounds in their function."""
    lines = source.splitlines()
    for number in sorted(set(_endless(ast.parse(source), is_bounded=False))):
        if MARK not in lines[number - 1]:
            yield number


def _endless(node: ast.AST, *, is_bounded: bool) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        bounded = is_bounded
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                bounded = False
            case ast.AsyncWith(items=items):
                bounded = bounded or any(_called(item.context_expr) in DEADLINES for item in items)
            case ast.While() if not bounded and any(isinstance(each, ast.Await) for each in ast.walk(child)):
                yield child.lineno
            case ast.Await(value=ast.Call(args=arguments, keywords=keywords) as call) if not bounded:
                names = {keyword.arg for keyword in keywords}
                asks_for_one = (
                    _called(call) in {"get", "acquire"} and arguments
                )  # a queue and a lock need none
                if _called(call) in WAITS and not names & {"timeout", "within_s"} and not asks_for_one:
                    yield call.lineno
        yield from _endless(child, is_bounded=bounded)


def _called(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
        case _:
            return ""


def test_every_wait_has_a_deadline_or_says_why_it_needs_none() -> None:
    found = [
        f"{path.relative_to(TESTS.parent)}:{number}"
        for path in sorted([*TESTS.rglob("*.py"), *KIT.rglob("*.py")])
        if not path.is_relative_to(FAKES)
        for number in endless(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize(
    "wait",
    [
        "while not done: await asyncio.sleep(0)",
        "await event.wait()",
        "await queue.get()",
        "await asyncio.wait([task])",
        "async with asyncio.timeout(5):\n  async def inner():\n   await event.wait()",
    ],
)
def test_a_wait_without_an_end_is_found(wait: str) -> None:
    assert list(endless(f"async def test():\n {wait}"))


@pytest.mark.parametrize(
    "wait",
    [
        "await event.wait()  # no deadline: a server",
        "await soon('the event', event.wait())",
        "await client.get('/health')",
        "async with waiting_for('it'):\n  await event.wait()",
    ],
)
def test_a_wait_with_an_end_is_let_be(wait: str) -> None:
    assert list(endless(f"async def test():\n {wait}")) == []


async def test_what_never_comes_is_told_by_its_name() -> None:
    never = asyncio.Event()
    task = asyncio.create_task(never.wait())

    for wait in (
        soon("the bell", never.wait(), 0.01),
        until("the bell", never.is_set, 0.01),
        _ringing(never),
    ):
        with pytest.raises(AssertionError, match=r"waited 0\.01 s for the bell"):
            await wait
    with pytest.raises(AssertionError, match="the end of"):
        await ended(task, within_s=0.01)
    task.cancel()


async def _ringing(never: asyncio.Event) -> None:
    async with waiting_for("the bell", 0.01):
        await never.wait()


async def test_a_time_out_of_the_work_itself_is_not_ours() -> None:
    with pytest.raises(TimeoutError):
        async with waiting_for("the work"):
            raise TimeoutError


async def test_what_comes_is_given_back() -> None:
    seen: list[int] = []

    async def grows() -> list[int]:
        seen.append(1)
        return seen if len(seen) > 2 else []

    assert await until("three", grows, every_s=0) == [1, 1, 1]
    assert await soon("nothing", asyncio.sleep(0, "slept")) == "slept"
