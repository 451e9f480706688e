"""The operator's own limits: who is answered how much, and what those who are not are told, on both databases."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from core.admission.access import Access
from core.admission.quotas import Limits
from core.admission.spending.caps import SpendCaps
from core.domain import Author, Command, Commanded, Identity, Place
from core.i18n import LocaleTranslator, Phrase
from core.settings import AccessSettings, LimitsSettings
from core.storage.db import Database
from core.storage.turns.intake import IntakeStore
from sandbox.server import Sandbox, serve
from sandbox.shapes import Shapes
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged

HOUR_USED = "You've asked as many questions as I may answer you in an hour"
DAY_USED = "You've asked as many questions as I may answer you in a day"
HERE_USED = "I've been asked as many questions here"
SPENT = "I've used up what I may spend"
DEAR = {"usd_per_million_prompt_tokens": 1000, "usd_per_million_completion_tokens": 1000}
BENS = Place("fake", "W1", "D-ben", private=True)


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


def usage(by: Author = ANA, at: Place = DIRECT, key: str = "usage-1") -> Commanded:
    return Commanded((key,), by, at, Command.USAGE, address=f"{at.channel}/{key}")


def priceless() -> AbstractAsyncContextManager[Sandbox]:
    """A service that does not tell what an answer cost."""
    return serve(plan="max", shapes=Shapes(stream_price="none"))


async def ask(stage: Stage, times: int, **about: Any) -> list[str]:
    """Ask so often; what stands in the place then."""
    for _ in range(times):
        await stage.hear(said("hello", **about))
    return stage.platform.visible(about.get("at", DIRECT).channel)


async def test_one_question_too_many_in_an_hour_is_told_when_the_next_is_free(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={"person_hourly": 2}) as stage:
        await ask(stage, 1)
        clock.advance(minutes=10)
        shown = await ask(stage, 2)
        assert shown[2] == f"{HOUR_USED} (2). Please ask again in 50 minutes."
        assert len(await ask(stage, 1, by=BEN, at=BENS)) == 1

        clock.advance(minutes=50)
        shown = await ask(stage, 2)

        assert HOUR_USED not in shown[3]
        assert len(shown) == 4  # what it says was said within the hour
        assert len(stage.asked) == 4


async def test_the_day_is_counted_across_a_restart(migrated_url: str, clock: WallClock) -> None:
    limits = {"person_daily": 3, "person_hourly": 3}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage, 3)
    clock.advance(hours=4)

    async with staged(migrated_url, now=clock, limits=limits) as stage:
        (shown,) = await ask(stage, 1)

    assert shown == f"{DAY_USED} (3). Please ask again in 20 hours."


async def test_the_count_is_one_for_two_processes(postgres_url: str, clock: WallClock) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(postgres_url, sandbox=sandbox, now=clock, limits={"person_daily": 5}) as one,
        staged(postgres_url, sandbox=sandbox, now=clock, limits={"person_daily": 5}) as two,
    ):
        for number in range(10):
            await (one, two)[number % 2].core.intake.receive(said("hello"))
        taken = await one.rows("SELECT id FROM turns WHERE NOT notice")

    assert len(taken) == 5


async def test_a_workspace_has_a_day_of_its_own(migrated_url: str, clock: WallClock) -> None:
    elsewhere = Place("fake", "W2", "D-other", private=True)
    async with staged(migrated_url, now=clock, limits={"workspace_daily": 2}) as stage:
        await ask(stage, 1)
        await ask(stage, 1, by=BEN, at=BENS)

        assert HERE_USED in (await ask(stage, 1))[1]
        assert HERE_USED not in (await ask(stage, 1, by=BEN, at=elsewhere))[0]


async def test_what_was_spent_closes_the_day(migrated_url: str, clock: WallClock) -> None:
    limits = {"spend_daily_usd": 0.001, **DEAR}
    async with (
        priceless() as sandbox,
        staged(migrated_url, now=clock, sandbox=sandbox, limits=limits) as stage,
    ):
        shown = await ask(stage, 2)
        assert SPENT not in shown[0]
        assert shown[1] == f"{SPENT} on answers in a day. Please ask again in about 24 hours."

        clock.advance(hours=24)
        assert SPENT not in (await ask(stage, 1))[2]


async def test_what_aivax_tells_of_the_cost_counts_more_than_the_price(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={"spend_daily_usd": 0.001, **DEAR}) as stage:
        await ask(stage, 1)
        await stage.change("UPDATE usage SET credits = 0.0004")
        assert SPENT not in (await ask(stage, 1))[1]
        await stage.change("UPDATE usage SET credits = 0.0006")
        assert SPENT in (await ask(stage, 1))[2]


@pytest.mark.parametrize(("told_usd", "refused"), [(None, False), (0.5, False), (2.0, True)])
async def test_where_nothing_else_is_known_the_accounts_own_day_counts(
    database: Database, clock: WallClock, told_usd: float | None, refused: bool
) -> None:
    settings = LimitsSettings(spend_daily_usd=1.0)
    limits = Limits(settings, caps=SpendCaps(settings, lambda: told_usd))

    async with IntakeStore(database, clock).transaction() as transaction:
        identity_id = await transaction.identity_id(ANA)
        refusal = await limits.refusal(transaction, said("hello"), identity_id, LocaleTranslator())

    assert (refusal is not None and SPENT in refusal.sentence) is refused


async def test_who_is_blocked_is_told_once_a_day_and_then_nothing(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, access={"block_users": ["fake:ana"]}) as stage:
        shown = await ask(stage, 3)
        await stage.hear(usage())
        assert shown == [Phrase.NOT_FOR_YOU]

        clock.advance(days=1)

        assert await ask(stage, 2) == [Phrase.NOT_FOR_YOU] * 2
        await stage.hear(said("where my platform shows that I wait", awaited=True))
        assert stage.platform.visible("D-ana") == [Phrase.NOT_FOR_YOU] * 3
        assert stage.asked == []
        assert await stage.rows("SELECT text FROM messages") == []


async def test_a_refusal_speaks_the_language_of_its_reader(migrated_url: str, clock: WallClock) -> None:
    ana = Author(ANA.identity, "Ana", "pt-BR")
    async with staged(migrated_url, now=clock, limits={"person_hourly": 1}) as stage:
        shown = await ask(stage, 2, by=ana)

    assert shown[1].endswith("Pergunte de novo em 1 hora.")


async def test_usage_shows_what_was_used_and_what_is_left(migrated_url: str, clock: WallClock) -> None:
    limits = {"person_hourly": 5, "person_daily": 20}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage, 2)
        clock.advance(minutes=15)
        await stage.hear(usage())
        told = stage.platform.visible(DIRECT.channel)[2].splitlines()
        answer = (await ask(stage, 1))[3]

    assert told[0].startswith("Your questions in the last 24 hours: 2. Tokens used for them: ")
    assert "You may ask 5 questions an hour; 3 are left." in told
    assert "You may ask 20 questions a day; 18 are left." in told
    assert "The next one is added in 45 minutes." in told
    assert "hello" in answer


async def test_usage_without_limits_says_so(migrated_url: str, clock: WallClock) -> None:
    async with staged(migrated_url, now=clock) as stage:
        await stage.hear(usage())
        (told,) = stage.platform.visible(DIRECT.channel)

    assert told.splitlines() == [
        "Your questions in the last 24 hours: 0. Tokens used for them: 0.",
        "There is no limit to how many questions you may ask.",
    ]


ADMIN = Author(Identity("fake", "W1", "ana"), roles=("admins",))


@pytest.mark.parametrize(
    ("lists", "author", "place", "refusal"),
    [
        ({}, ANA, CHANNEL, None),
        ({"allow_users": ["fake:ana"]}, ANA, CHANNEL, None),
        ({"allow_users": ["fake:ana"]}, BEN, CHANNEL, Phrase.NOT_FOR_YOU),
        ({"allow_users": ["other:ana"]}, ANA, CHANNEL, Phrase.NOT_FOR_YOU),
        ({"allow_roles": ["fake:admins"]}, ADMIN, CHANNEL, None),
        ({"allow_roles": ["fake:admins"]}, ANA, CHANNEL, Phrase.NOT_FOR_YOU),
        ({"allow_roles": ["fake:admins"], "allow_users": ["fake:ben"]}, BEN, CHANNEL, None),
        ({"allow_users": ["fake:ana"], "block_roles": ["fake:admins"]}, ADMIN, CHANNEL, Phrase.NOT_FOR_YOU),
        ({"allow_channels": ["fake:general"]}, ANA, CHANNEL, None),
        ({"allow_channels": ["fake:thread-1"]}, ANA, CHANNEL, None),
        ({"allow_channels": ["fake:other"]}, ANA, CHANNEL, Phrase.NOT_HERE),
        ({"allow_channels": ["fake:other"]}, ANA, DIRECT, None),
        ({"block_channels": ["fake:general"]}, ANA, CHANNEL, Phrase.NOT_HERE),
        ({"allow_workspaces": ["fake:W2"]}, ANA, DIRECT, Phrase.NOT_HERE),
        ({"block_workspaces": ["fake:W1"]}, ANA, DIRECT, Phrase.NOT_HERE),
    ],
)
def test_access_lists(lists: dict[str, Any], author: Author, place: Place, refusal: Phrase | None) -> None:
    assert Access(AccessSettings.model_validate(lists)).refusal(author, place) is refusal
