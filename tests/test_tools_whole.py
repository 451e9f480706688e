"""`aivax-bots run` with tools of the operator's own: the example of the documentation, on both platforms."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.tool_house import HOOK_KEY, SECRET, free_port
from tests.town import Town, running
from tests.waiting import until

PAGE = Path(__file__).parents[1] / "docs" / "capabilities" / "own-tools.md"
PID = '''

@tool(read_only=True)
def my_process() -> str:
    """Tell the process."""
    import os
    return f"process {os.getpid()}."
'''


@pytest.fixture
async def town(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, url)


def example() -> str:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


async def test_the_example_works_on_both_platforms_and_nothing_outlives_the_bot(
    town: Town, tmp_path: Path
) -> None:
    port = free_port()
    (tmp_path / "shop.py").write_text(example() + PID, encoding="utf-8")
    config = f"""{town.config()}
[web]
enabled = true
port = {port}

[tools]
files = ["shop.py"]
public_url = "http://127.0.0.1:{port}"
hook_key = "{HOOK_KEY}"
header_secret = "{SECRET}"
timeout_s = 30
"""
    url = f"http://127.0.0.1:{port}/tools"
    hooks = {"hook_key": HOOK_KEY, "function_sources": [f"{url}/functions"], "worker_url": f"{url}/events"}
    async with running(tmp_path, config) as bot, httpx.AsyncClient(timeout=60) as http:
        assert await bot.line() == "ready: discord, slack\n"
        await http.put(f"{town.sandbox.base_url}/sandbox/hooks", json=hooks)

        slack, discord = await asyncio.gather(
            town.ask_on_slack('call open_ticket {"text": "no light"} and call my_process'),
            town.ask_on_discord('call find_order {"number": 17}'),
        )
        health = (await http.get(f"http://127.0.0.1:{port}/health/ready")).json()
        child = int(re.search(r"process (\d+)\.", slack)[1])  # type: ignore[index]
        bot.process.send_signal(signal.SIGKILL)
        await until("the child to be gone", lambda: not _lives(child))

    assert '{"ticket":1}' in slack
    assert "Order 17: paid, on its way." in discord
    assert health["down"] == []
    assert not any(secret in line for line in bot.log for secret in (HOOK_KEY, SECRET))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()
