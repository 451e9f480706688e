"""Buttons below what is told of a batch: who may press, what they do, and what the batch cost is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.aivax.services.batch_costs import NOT_TOLD, Cost, added_up, cost_in
from core.batch.costs import counted, new_usage
from core.domain import Action, Author, Button, Identity
from tests.stage import Stage
from tests.test_batch_whole import EVE, PLACE, ROOT, batching, begin, cells, rows_of, seen, until
from tests.test_buttons import pressed

OTHER_OPERATOR = Author(Identity("discord", "W1", "9"), "Zoe")
WHISPERS = "whispers"


def offered(stage: Stage, action: Action) -> list[Button]:
    return [each for each in stage.platform.place(PLACE).buttons if each.action is action]


async def press(stage: Stage, button: Button, by: Author) -> str:
    """Press, and read what the presser is told."""
    before = len(stage.platform.visible(WHISPERS))
    await stage.hear(pressed(button, by=by))
    await until("the press to be answered", lambda: len(stage.platform.visible(WHISPERS)) > before)
    return stage.platform.visible(WHISPERS)[-1]


async def test_the_button_of_a_batch_ends_it_for_who_began_it_and_for_operators_alone(
    migrated_url: str,
) -> None:
    async with batching(migrated_url, rows_of(30)) as (stage, shelf):
        stage.sandbox.state.batches.pause = "TooManyErrors"
        await begin(stage)
        await seen(stage, "too many of its rows failed")
        begun, paused = offered(stage, Action.CANCEL_BATCH)

        assert begun.turn != paused.turn
        assert await press(stage, begun, EVE) == "Only the person who asked can decide that."
        assert (
            await press(stage, paused, ROOT) == "All right, I'm ending it. You get a file with what is done."
        )
        await seen(stage, "0 of 30 rows were answered")
        await stage.rest()
        assert all(row[-1] == "not done" for row in cells(shelf.shown[0])[1:])
        assert await press(stage, begun, ROOT) == "That batch isn't under way any more."
        assert offered(stage, Action.RETRY_BATCH) == []


async def test_another_operator_may_have_what_failed_tried_again_and_each_cent_is_counted_once(
    migrated_url: str,
) -> None:
    data = b"text,floor\nlamp,1\nExecutionError once,2\ndoor,3\n"
    operators: Any = {"discord_users": ["7", "9"]}
    async with batching(migrated_url, data, operators=operators) as (stage, _):
        await begin(stage)
        text = await seen(stage, "2 of 3 rows were answered")
        await stage.rest()
        (retry,) = offered(stage, Action.RETRY_BATCH)
        told = await press(stage, retry, OTHER_OPERATOR)
        await seen(stage, "3 of 3 rows were answered")
        await stage.rest()

        spent = -sum(each.usd for each in stage.sandbox.state.account._charges)
        usage = await stage.rows("SELECT sum(credits) FROM usage WHERE model = 'batch'")
        asked = await stage.rows("SELECT count(*) FROM usage WHERE model = 'batch'")
        assert told == "All right, those that failed are tried once more."
        assert "It cost $" in text
        assert asked == [2]
        assert usage == [pytest.approx(-spent, abs=2e-6)]
        assert await press(stage, retry, ROOT) == "There is nothing left to try again in that batch."


async def test_a_button_of_a_batch_that_was_forgotten_says_so(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(3)) as (stage, _):
        await begin(stage)
        await seen(stage, "3 of 3 rows were answered")
        (begun,) = offered(stage, Action.CANCEL_BATCH)
        await stage.change("DELETE FROM batch_jobs")

        assert await press(stage, begun, ROOT) == "I know nothing of that batch any more."


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({}, NOT_TOLD),
        ({"consumedCredits": "0.5"}, Cost(0.5)),
        ({"usage": {"cost": 0.25, "prompt_tokens": 3, "output_tokens": 4}}, Cost(0.25, 3, 4)),
        ({"generation_context": {"generated_usage": [{"amount": 1}, {"amount": 2}]}}, Cost(3.0)),
        ({"cost": -1, "metadata": {"total_cost": 2}}, Cost(2.0)),
        ({"cost": "free", "usage": []}, NOT_TOLD),
    ],
)
def test_a_cost_is_read_wherever_it_is_told(told: dict[str, Any], cost: Cost) -> None:
    assert cost_in(told) == cost


@pytest.mark.parametrize(
    ("costs", "new"),
    [
        ([Cost(0.5), Cost(0.75)], [0.5, 0.25]),
        ([Cost(0.5), Cost(0.25)], [0.5, 0.0]),
        ([Cost(None, 10, 5), Cost(None, 15, 5)], [15, 5]),
        ([NOT_TOLD, NOT_TOLD], [None, None]),
    ],
)
def test_what_a_result_before_counted_is_not_counted_again(
    costs: Sequence[Cost], new: Sequence[float | None]
) -> None:
    numbers: dict[str, int] = {}
    found = []
    for cost in costs:
        numbers = counted(numbers, cost)
        usage = new_usage(numbers)
        tokens = usage.prompt_tokens + usage.completion_tokens if usage else None
        found.append(usage.credits if usage and usage.credits is not None else tokens)

    assert found == new


def test_the_price_of_lines_of_which_none_is_told_is_unknown() -> None:
    assert added_up([NOT_TOLD, NOT_TOLD]).usd is None
    assert added_up([Cost(1.0), NOT_TOLD]).usd == 1.0
