"""SIGTERM in the middle of answers: they are handed over, and nothing that was said is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.ground import Ground, open_ground
from tests.soak.talk import DiscordPlace, Question, SlackDm, SlackThread, letters


def begun(question: Question, ground: Ground) -> bool:
    """Whether some of the answer is shown, and not all of it."""
    seen = letters("\n".join(question.screen.shown()))
    return any(whole.startswith(seen) and seen != whole for whole in ground.answers.of(question.word) if seen)


@pytest.mark.long
async def test_a_stop_in_mid_answer_hands_over(storage_url: str, tmp_path: Path) -> None:
    async with open_ground(tmp_path, storage_url, tokens_per_s=100) as ground:
        ground.configure(grace_s=0)
        town = ground.town
        places = [SlackDm(town, "0"), SlackThread(town, "0"), DiscordPlace(town, "0", direct=False)]
        first = await ground.start()
        await ground.ready()
        asked = [await ground.crowd.ask(place, "long 3000") for place in places]
        for question in asked[:2]:
            await town.slack.until(lambda q=question: begun(q, ground), 30)
        await town.discord.until(lambda: begun(asked[2], ground), 30)

        assert await first.stop() == 0
        assert all(begun(question, ground) for question in asked)
        assert [left for question in asked for left in question.screen.unfinished()] == []

        town.sandbox.state.tokens_per_s = 0
        second = await ground.start()
        await ground.settled()
        assert await second.stop() == 0
        assert (await ground.verdict()).faults == []
