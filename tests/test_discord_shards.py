"""Discord's shards, divided among processes on one PostgreSQL: with the unmodified discord.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bots.discord.features.backfill_gaps import DIRECT, Gaps, shard_of
from bots.discord.frontend import open_discord
from bots.discord.listening.seat import LONGER, Seat
from core.operations.cluster import Cluster
from core.storage.cluster.windows import Booking, WindowStore
from core.storage.db import Database
from tests.discord_listening import FAST, Listening, discord_at_hand, settings
from tests.platforms.discord import Channel, FakeDiscord
from tests.waiting import until, waiting_for

ONLY_POSTGRESQL = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
pytestmark = ONLY_POSTGRESQL
LEASE_S = 4.0
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


class Uptime:
    """A process's uptime, which jumps when it wakes."""

    def __init__(self) -> None:
        self.frozen_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.frozen_s


class Town:
    """A fake Discord with a server on each of its shards, and processes that listen to it."""

    def __init__(self, fake: FakeDiscord, database: Database, stack: AsyncExitStack) -> None:
        self.fake = fake
        self.ana = fake.person("ana")
        shards = fake.world.settings.shards
        self.lobbies = [
            fake.channel(fake.guild(f"on {shard}", shard=(shard, shards)), "lobby") for shard in range(shards)
        ]
        self._database = database
        self._stack = stack
        self._asked = 0

    async def process(self, name: str, uptime: Uptime | None = None) -> Listening:
        cluster = Cluster(self._database, name, lease_s=LEASE_S, since=uptime or Uptime())
        opened = open_discord(settings(self.fake), FAST, cluster=cluster)
        ears = Listening(await self._stack.enter_async_context(opened))
        self._stack.push_async_callback(ears.stop)
        await ears.up()
        return ears

    async def owners(self) -> dict[int, str]:
        async with self._database.read() as connection:
            found = await connection.exec_driver_sql(
                "SELECT part, owner FROM cluster_parts WHERE held_until > clock_timestamp()"
            )
            return {row.part: row.owner for row in found}

    async def shared_by(self, *names: str) -> None:
        """Wait until the shards are with these processes, and all connected."""
        shards = len(self.lobbies)

        def connected() -> bool:
            return sum(session.live for session in self.fake.sessions) == shards

        async with waiting_for(f"shards of {', '.join(names)}"):
            owners: dict[int, str] = {}
            while not (len(owners) == shards and set(owners.values()) == set(names) and connected()):
                await asyncio.sleep(0.05)
                owners = await self.owners()

    async def ask(self, lobby: Channel) -> str:
        self._asked += 1
        await self.fake.say(self.ana, lobby, f"{self.fake.bot.mention} question {self._asked}")
        return f"question {self._asked}"

    async def ask_all(self) -> set[str]:
        return {await self.ask(lobby) for lobby in self.lobbies}


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    async with discord_at_hand(shards=4) as fake, AsyncExitStack() as stack:
        yield Town(fake, database, stack)


def heard(*them: Listening) -> list[str]:
    return sorted(str(getattr(event, "text", "")) for each in them for event in each.intake.events)


async def test_processes_divide_the_shards_and_each_question_is_heard_once(town: Town) -> None:
    one = await town.process("one")
    await town.shared_by("one")
    first = await town.ask_all()
    await until("the first ones", lambda: len(heard(one)) == 4)
    two = await town.process("two")
    await town.shared_by("one", "two")

    asked = first | await town.ask_all()
    await until("all", lambda: set(heard(one, two)) >= asked)
    assert sorted((await town.owners()).values()) == ["one", "one", "two", "two"]
    assert set(heard(two))
    # where both are in order nobody hears twice but what a shard's new owner looks for
    assert heard(one) == sorted(set(heard(one)))


async def test_a_process_that_ends_leaves_its_shards_to_the_other_which_looks_for_what_was_missed(
    town: Town,
) -> None:
    one, two = await town.process("one"), await town.process("two")
    await town.shared_by("one", "two")
    before = await town.ask_all()
    await until("all", lambda: set(heard(one, two)) >= before)
    now = datetime.now(UTC)
    two.intake.heard = {str(lobby.guild.id): now for lobby in town.lobbies if lobby.guild}
    await one.stop()
    missed = await town.ask_all()
    await town.shared_by("two")

    after = await town.ask_all()
    await until("all", lambda: set(heard(two)) >= missed | after)


async def test_a_shard_that_stays_resumes_its_session_and_the_others_never_notice(town: Town) -> None:
    one, two = await town.process("one"), await town.process("two")
    await town.shared_by("one", "two")
    identifies = len(town.fake.identifies)
    town.fake.ask_reconnect(shard=1)
    await town.fake.until(lambda: town.fake.resumes)

    asked = await town.ask_all()
    await until("all", lambda: set(heard(one, two)) == asked)
    assert len(town.fake.identifies) == identifies


async def test_a_process_that_wakes_hears_nothing_of_a_shard_that_is_anothers(
    town: Town, database: Database
) -> None:
    uptime = Uptime()
    ears = await town.process("frozen", uptime)
    await town.shared_by("frozen")
    async with database.write() as connection:
        await connection.exec_driver_sql(
            "UPDATE cluster_parts SET owner = 'other', held_until = clock_timestamp() + interval '1 hour'"
            " WHERE part <> 3"
        )
    uptime.frozen_s = 3_600.0
    asked = [await town.ask(lobby) for lobby in town.lobbies]

    await until("its own", lambda: asked[3] in heard(ears))
    await town.fake.until(lambda: len(town.fake.sessions) == 1)
    assert heard(ears) == [asked[3]]


class Booked(WindowStore):
    """Keeps what was booked."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.at: list[float] = []

    async def book(self, what: str, **rate: Any) -> Booking:
        booking = await super().book(what, **rate)
        self.at += [booking.at] if booking.at is not None else []
        return booking


async def test_shards_of_one_bucket_identify_one_after_the_other_whatever_process_has_them(
    database: Database,
) -> None:
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    timing = replace(FAST, identify_gap_s=500.0, now=lambda: now[0], sleep=sleep)
    share = await Cluster(database, "one", lease_s=LEASE_S).share("discord", 4)
    one, two = Booked(database), Booked(database)
    for shard, windows in enumerate((one, two, two, one)):
        await Seat(shard, 4, share, windows).identify_turn(2, timing, 600.0)

    assert two.at[1] - one.at[0] == pytest.approx(500.0 * LONGER)
    assert one.at[1] - two.at[0] == pytest.approx(500.0 * LONGER)
    with pytest.raises(TimeoutError):
        await Seat(0, 4, share, one).identify_turn(2, timing, 10.0)


async def test_who_was_frozen_at_its_turn_to_identify_asks_for_another(database: Database) -> None:
    now, naps = [0.0], iter((60.0, 0.0))

    async def sleep(seconds: float) -> None:
        now[0] += seconds + next(naps)

    timing = replace(FAST, identify_gap_s=500.0, now=lambda: now[0], sleep=sleep)
    share = await Cluster(database, "one", lease_s=LEASE_S).share("discord", 1)
    windows = Booked(database)
    await Seat(0, 1, share, windows).identify_turn(1, timing, 600.0)

    assert len(windows.at) == 2


async def test_direct_messages_are_on_the_first_shard_and_a_taken_shard_is_begun_anew(
    database: Database,
) -> None:
    gaps = Gaps()
    gaps.begin({"": NOON})
    gaps.filled(DIRECT, 0)
    assert gaps.since(DIRECT) is None

    gaps.taken(0, lambda place: shard_of(place, 4) == 0, {"": NOON})
    assert gaps.since(DIRECT) == NOON
