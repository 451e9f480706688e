"""The sign of work below a question in Slack: it is gone once the answer is there."""

from __future__ import annotations

import asyncio
from typing import Any

from bots.slack.address import Where
from bots.slack.channel import Signs, SlackChannel
from bots.slack.sharing import Crowd, Share
from core.ports import Delivery
from tests.waiting import soon

HERE = Where("C1", "T1", thread="1.0", question="1.0", user="U1", user_team="T1")


class Api:
    """The Web API of a Slack that is slow to set a status."""

    def __init__(self) -> None:
        self.status = ""
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def write(self, method: str, **given: Any) -> dict[str, Any]:
        if method == "assistant.threads.setStatus":
            self.asked.set()
            if given["status"]:
                await self.goes_on.wait()  # no deadline: the test lets it go on
            self.status = given["status"]
        elif method == "chat.postMessage":
            self.status = ""
        return {"ok": True, "ts": "2.0"}


async def test_a_sign_that_comes_after_the_post_is_taken_away_at_the_end() -> None:
    api = Api()
    share = Share(Crowd(50), 3.0, asyncio.sleep)
    channel = SlackChannel(api, HERE, Signs(api), share)  # type: ignore[arg-type]  # all of it that is used
    sign = asyncio.create_task(channel.working())
    await soon("the sign", api.asked.wait())
    await channel.post("the answer", Delivery(0, "n-0", "", 0, closed=False, generation=0))
    api.goes_on.set()
    await sign
    assert api.status == "…"

    await channel.rested()

    assert api.status == ""
