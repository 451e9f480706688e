"""An account that runs dry and is topped up, in real time and with a balance that is shown late."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from core.domain import Place
from sandbox.server import serve
from tests.samples import said
from tests.stage import staged
from tests.waiting import until

CONVERSATIONS = 50
LAG_S = 180.0


@pytest.mark.soak
async def test_a_top_up_is_noticed_within_a_minute_though_the_balance_is_shown_late(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"
    async with serve(plan="max") as sandbox, staged(url, sandbox=sandbox) as stage:
        sandbox.state.account.lag_s = LAG_S
        sandbox.state.account.set_balance(0)
        for number in range(CONVERSATIONS):
            place = Place("fake", "W1", f"D-{number}", private=True)
            await stage.core.intake.receive(said(f"question {number}", at=place))
        await _until(stage, "parked")
        refused = len(stage.asked)
        await asyncio.sleep(20)  # the account stays empty for a while, in real time

        sandbox.state.account.set_balance(5)
        topped_up = time.monotonic()
        await _until(stage, "answered")

        took_s = time.monotonic() - topped_up
        probes = len(stage.asked) - CONVERSATIONS - refused
        print(f"\n  {CONVERSATIONS} kept questions: {refused} refused at once, {probes} probes, ")  # noqa: T201
        print(f"  all answered {took_s:.0f} s after the top-up")  # noqa: T201
        assert refused + probes <= 4
        assert took_s < 60


async def _until(stage: object, state: str) -> None:
    await until(f"all turns to be {state}", lambda: stage.are({state}), 300, every_s=0.5)
