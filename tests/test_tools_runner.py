"""Functions that hang, eat memory, print without end, exit or leave things behind hurt nobody but themselves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.tools.catalogue import Catalogue
from bots.tools.child_process import Ended, Flooded, Hung, RunnerError
from bots.tools.runner import clean_environment
from tests.tool_house import tools_settings, written
from tests.waiting import ended, until

BAD = """
    import os, subprocess, threading, time
    from aivax_bots.tools import tool

    def declare(function):
        function.__doc__ = "Does it."
        return tool(function)

    @declare
    def add(a: int, b: int) -> int: return a + b
    @declare
    def who() -> int: return os.getpid()
    @declare
    def nap() -> int:
        time.sleep(0.5)
        return os.getpid()
    @declare
    def hang() -> None:
        while True: pass
    @declare
    async def sleep() -> None: time.sleep(1_000)
    @declare
    def eat() -> int: return len("x" * 10**10)
    @declare
    def flood() -> None:
        while True: print("x" * 1_000)
    @declare
    def long() -> str: return "é" * 100_000
    @declare
    def leave() -> None: os._exit(3)
    @declare
    def crash() -> None: os.kill(os.getpid(), 11)
    @declare
    def garble() -> None:
        for number in range(3, 12):
            try: os.write(number, b"\\xff" * 100)
            except OSError: pass
    @declare
    def leak_threads() -> int:
        threading.Thread(target=time.sleep, args=(1_000,), daemon=True).start()
        return os.getpid()
    held = []
    @declare
    def leak_files() -> int:
        held.extend(open("/dev/null") for _ in range(100))
        return os.getpid()
    @declare
    def grandchild() -> int:
        subprocess.Popen(["sleep", "1000"])
        os.kill(os.getpid(), 9)
    @declare
    def surroundings() -> dict: return dict(os.environ)
    @declare
    def stop() -> None: raise SystemExit(1)
    @declare
    def ask_standard_input() -> str: return input()
"""


@asynccontextmanager
async def loaded(folder: Path, source: str = BAD, **more: Any) -> AsyncIterator[Catalogue]:
    catalogue = Catalogue(tools_settings(written(folder, source), **{"timeout_s": 30, **more}))
    await catalogue.load()
    assert catalogue.problem == ""
    try:
        yield catalogue
    finally:
        await catalogue.aclose()


async def call(catalogue: Catalogue, name: str, **arguments: Any) -> dict[str, Any]:
    return await catalogue.run({"do": "call", "name": name, "arguments": arguments, "caller": None})


async def test_a_child_is_used_again_until_it_misbehaves(tmp_path: Path) -> None:
    async with loaded(tmp_path) as catalogue:
        before = [(await call(catalogue, "who"))["text"] for _ in range(4)]
        with pytest.raises(Ended):
            await call(catalogue, "leave")
        other = (await call(catalogue, "who"))["text"]

    assert len(set(before)) == 1
    assert other != before[0]


async def test_what_the_bot_itself_takes_of_memory_ends_no_child(tmp_path: Path) -> None:
    large = b"\x01" * (300 * 2**20)
    async with loaded(tmp_path, memory_mb=256) as catalogue:
        pids = {(await call(catalogue, "who"))["text"] for _ in range(3)}

    assert len(large) > 256 * 2**20
    assert len(pids) == 1


@pytest.mark.parametrize(
    ("name", "error", "why"),
    [
        ("leave", Ended, "ended with status 3"),
        ("crash", Ended, "by signal SIGSEGV"),
        ("flood", Flooded, "printed or answered more than"),
        ("garble", Flooded, "answered more than"),
    ],
)
async def test_what_ends_a_child_is_told_and_the_next_call_is_answered(
    tmp_path: Path, name: str, error: type[Exception], why: str
) -> None:
    async with loaded(tmp_path) as catalogue:
        with pytest.raises(error, match=why):
            await call(catalogue, name)

        assert (await call(catalogue, "add", a=1, b=2))["text"] == "3"


@pytest.mark.parametrize("name", ["hang", "sleep"])
async def test_while_one_hangs_another_is_answered(tmp_path: Path, name: str) -> None:
    async with loaded(tmp_path, timeout_s=4) as catalogue:
        hanging = asyncio.create_task(call(catalogue, name))
        answered = await call(catalogue, "add", a=1, b=2)

        assert answered["text"] == "3"
        assert not hanging.done()
        await ended(hanging)
        with pytest.raises(Hung, match="took longer"):
            hanging.result()


async def test_memory_is_limited(tmp_path: Path) -> None:
    async with loaded(tmp_path, memory_mb=256) as catalogue:
        eaten = await call(catalogue, "eat")

        assert eaten["failure"] == "it took more memory than it may"
        assert (await call(catalogue, "add", a=1, b=2))["text"] == "3"


async def test_a_long_answer_is_cut_and_says_so(tmp_path: Path) -> None:
    async with loaded(tmp_path, output_bytes=1_001) as catalogue:
        text = (await call(catalogue, "long"))["text"]

    assert text == "é" * 500 + "\n[cut off here: it was 200000 bytes long]"


@pytest.mark.parametrize("name", ["leak_threads", "leak_files"])
async def test_who_leaves_things_behind_is_not_used_again(tmp_path: Path, name: str) -> None:
    async with loaded(tmp_path) as catalogue:
        leaking = (await call(catalogue, name))["text"]

        assert (await call(catalogue, "who"))["text"] != leaking
        await until("the child to be gone", lambda: not _lives(int(leaking)))


async def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    async with loaded(tmp_path) as catalogue:
        pid = int((await call(catalogue, "who"))["text"])
        with pytest.raises(Ended):
            await call(catalogue, "grandchild")

        await until("its group to be gone", lambda: not _group_lives(pid))


async def test_an_exit_and_a_read_of_standard_input_are_failures(tmp_path: Path) -> None:
    async with loaded(tmp_path) as catalogue:
        left = await call(catalogue, "stop")
        asked = await call(catalogue, "ask_standard_input")

    assert (left["failure"], left["fit"]) == ("it failed", False)
    assert "EOFError" in asked["trace"]


async def test_children_see_no_setting_of_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIVAX_BOTS__AIVAX__API_KEY", "sk-aiv-acc-secret")
    monkeypatch.setenv("CRM_TOKEN", "for the functions")
    monkeypatch.setenv("OTHER", "not for them")

    async with loaded(tmp_path, environment=("CRM_TOKEN",)) as catalogue:
        seen = (await call(catalogue, "surroundings"))["text"]

    assert "for the functions" in seen
    assert "sk-aiv-acc-secret" not in seen
    assert "not for them" not in seen


async def test_no_child_outlives_its_owner(tmp_path: Path) -> None:
    async with loaded(tmp_path) as catalogue:
        pids = [int((await call(catalogue, "who"))["text"])]
        hanging = asyncio.create_task(call(catalogue, "hang"))
        await asyncio.sleep(0)

    await ended(hanging)
    assert isinstance(hanging.exception(), RunnerError)
    await until("the children to be gone", lambda: not any(map(_lives, pids)))


async def test_more_calls_than_children_wait_their_turn(tmp_path: Path) -> None:
    async with loaded(tmp_path, at_once=2) as catalogue:
        answers = await asyncio.gather(*(call(catalogue, "add", a=number, b=0) for number in range(20)))

    assert [each["text"] for each in answers] == [str(number) for number in range(20)]


async def test_of_children_without_work_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.tools.runner.IDLE_S", 0.1)
    async with loaded(tmp_path) as catalogue:
        pids: set[int] = set()
        async with asyncio.timeout(60):
            while len(pids) < 2:  # on a busy machine the first may be back before the second one begins
                both = await asyncio.gather(call(catalogue, "nap"), call(catalogue, "nap"))
                pids |= {int(each["text"]) for each in both}

        await until("one to be gone", lambda: sum(map(_lives, pids)) == 1)


# Files that change


GOOD = '''
    from aivax_bots.tools import tool

    @tool
    def version() -> str:
        """Tell the version."""
        return "{}"
'''


async def test_a_changed_file_is_loaded_and_a_broken_one_leaves_the_last_that_worked(tmp_path: Path) -> None:
    async with loaded(tmp_path, GOOD.format("one")) as catalogue:
        written(tmp_path, GOOD.format("two"))
        await catalogue.load()
        second = (await call(catalogue, "version"))["text"]
        written(tmp_path, "import nothing_of_that_name")
        await catalogue.load()
        broken = catalogue.problem
        third = (await call(catalogue, "version"))["text"]
        written(tmp_path, GOOD.format("four"))
        await catalogue.load()

        assert (second, third) == ("two", "two")
        assert broken.endswith("shop.py: line 1: No module named 'nothing_of_that_name'")
        assert (await call(catalogue, "version"))["text"] == "four"
        assert catalogue.problem == ""


async def test_a_broken_file_s_last_good_text_survives_a_crash_of_its_child(tmp_path: Path) -> None:
    source = (
        GOOD.format("one")
        + '''
    @tool
    def leave() -> None:
        """Leave."""
        import os
        os._exit(1)
'''
    )
    async with loaded(tmp_path, source) as catalogue:
        written(tmp_path, "(")
        await catalogue.load()
        with pytest.raises(Ended):
            await call(catalogue, "leave")

        assert (await call(catalogue, "version"))["text"] == "one"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("raise SystemExit", "SystemExit"),
        ("def f(:", "line 1: "),
        (
            "from aivax_bots.tools import tool\n@tool\ndef find(x):\n    'Find.'",
            "line 2: find: the parameter x has no type",
        ),
        ("import os\nos._exit(0)", "did not get ready: its process ended with status 0"),
        ("print('x' * 10**6)", "did not get ready: it printed or answered more than 32000 bytes"),
    ],
)
async def test_a_file_that_does_not_load_says_why(tmp_path: Path, source: str, problem: str) -> None:
    catalogue = Catalogue(tools_settings(written(tmp_path, source)))
    await catalogue.load()

    assert problem in catalogue.problem
    assert dict(catalogue.tools) == {}
    with pytest.raises(RunnerError):
        await call(catalogue, "anything")


def test_the_environment_keeps_what_the_machine_needs() -> None:
    source = {"PATH": "/bin", "LC_ALL": "C", "SECRET": "x", "MINE": "y"}

    assert {"PATH", "LC_ALL", "MINE"} <= clean_environment(("MINE",), source).keys()
    assert "SECRET" not in clean_environment(("MINE",), source)


def _lives(pid: int) -> bool:
    return _answers(lambda: os.kill(pid, 0))


def _group_lives(pid: int) -> bool:
    return _answers(lambda: os.killpg(pid, 0))


def _answers(signal_it: Callable[[], None]) -> bool:
    try:
        signal_it()
    except ProcessLookupError:
        return False
    return True
