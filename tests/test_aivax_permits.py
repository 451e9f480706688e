"""Each try of a completion asks first whether it may be made."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from core.aivax.stream.events import Text
from core.domain import RateLimited, Unavailable
from tests.scripted_aivax import QUESTION, Clockwork, Scripted, client, refusal, reply, said


class Permits:
    """Answers as told: None permits, a number is how many seconds to wait."""

    def __init__(self, *answers: float | None) -> None:
        self.answers = list(answers)

    async def __call__(self) -> None:
        wait_s = self.answers.pop(0)
        if wait_s is not None:
            raise RateLimited(code="own_limit", retry_after_s=wait_s)


async def ask(server: Scripted, clock: Clockwork, permits: Permits) -> str:
    async with (
        client(server, clock) as aivax,
        aclosing(aivax.complete(QUESTION, before_try=permits)) as events,
    ):
        return "".join([event.delta async for event in events if isinstance(event, Text)])


async def test_every_try_has_a_permit() -> None:
    permits = Permits(None, None)

    assert await ask(Scripted(refusal(503), reply(*said("Hello"))), Clockwork(), permits) == "Hello"

    assert permits.answers == []


async def test_a_short_wait_is_waited_out() -> None:
    clock = Clockwork()

    assert await ask(Scripted(reply(*said("Hello"))), clock, Permits(2.5, None)) == "Hello"

    assert clock.slept == [2.5]


async def test_without_a_permit_nothing_is_asked() -> None:
    server = Scripted()

    with pytest.raises(RateLimited) as caught:
        await ask(server, Clockwork(), Permits(40.0))

    assert caught.value.retry_after_s == 40.0
    assert server.asked == []


async def test_a_retry_without_a_permit_leaves_the_error_as_it_was() -> None:
    with pytest.raises(Unavailable):
        await ask(Scripted(refusal(503)), Clockwork(), Permits(None, 40.0))
