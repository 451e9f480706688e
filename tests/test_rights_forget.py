"""Who asks to be forgotten is forgotten at AIVAX, too: they alone, for good, and told what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.aivax.personal.owners import safe_id
from core.rights.remote_deletion import RemoteDeletion
from core.storage.personal_data.remote_erasures import Deleted, RemoteErasureStore
from sandbox.faults import Fault
from sandbox.personal.memories import save, texts_of
from sandbox.server import GATEWAY_UUID, Sandbox, serve
from sandbox.shapes import CHOICES, Shapes
from tests.samples import ANA, BEN, CHANNEL, said
from tests.stage import Stage, staged
from tests.test_erasure import forget
from tests.waiting import soon, until

MINE = (
    *("lists", "record_offset", "record_filter", "record_list"),
    *("hit_metadata", "shell_answer", "shell_folders"),
)
"""What is unstated of these routes."""
SHAPES = [{}, *({name: other} for name in MINE for other in CHOICES[name][1:])]
ANA_KEY, BEN_KEY = "ab" * 16, "ab" * 15
"""Ben's id is how Ana's begins."""


class Time:
    """A clock that goes on by itself, and can be put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def epoch(self) -> float:
        return self().timestamp()

    def advance(self, **delta: float) -> None:
        self._ahead += timedelta(**delta)


async def named_so(stage: Stage) -> None:
    """Give Ana and Ben ids of which one is how the other begins."""
    for name, key in (("ana", ANA_KEY), ("ben", BEN_KEY)):
        await stage.change(
            f"UPDATE persons SET key = '{key}' WHERE id = "  # noqa: S608  ours
            f"""(SELECT person_id FROM identities WHERE "user" = '{name}')"""
        )


@dataclass
class Scene:
    """A bot that has answered two people, and what AIVAX keeps of both."""

    stage: Stage
    sandbox: Sandbox
    time: Time

    @property
    def deletion(self) -> RemoteDeletion:
        owners = (getattr(part, "__self__", None) for part in self.stage.core.upkeep)
        return next(owner for owner in owners if isinstance(owner, RemoteDeletion))

    @property
    def store(self) -> RemoteErasureStore:
        return RemoteErasureStore(self.stage.core.database, self.time)

    async def fill(self) -> None:
        """Have both ask in private and in a channel, and give each memories and files."""
        for who in (ANA, BEN):
            await self.stage.hear(said("hello", by=who), said("hello all", by=who, at=CHANNEL))
        await named_so(self.stage)
        personal = self.sandbox.state.personal
        personal.records.kept.clear()
        for key in (ANA_KEY, BEN_KEY, ANA_KEY.upper(), f"{ANA_KEY}.px"):
            for number in range(7):
                personal.records.keep(
                    user=key if number % 2 else f"{key}.p", model="m", text=f"said {number}"
                )
            library, at = self.sandbox.state.knowledge.library, self.time.epoch()
            for number in range(5):
                user, text = key if number % 2 else f"{key}.p", f"a person known for {number}"
                save(library, user, text, at=at)
            save(library, key, "just now: a person", at=at, queued=True)
            save(library, key, "unlike anything", at=at)
            personal.shell.write(key, "/notes.txt")
            personal.shell.write(f"{key}.p", "/a/b/c/deep.txt")
            personal.shell.write(f"{key}.p", "/a/b/other.txt")

    def kept_of(self, key: str) -> tuple[int, int, int]:
        """How many conversations, memories and files there are of a person."""
        personal = self.sandbox.state.personal
        users = (key, f"{key}.p")
        records = sum(len(personal.records.of(user)) for user in users)
        library = self.sandbox.state.knowledge.library
        memories = sum(len(texts_of(library, user)) for user in users)
        return records, memories, sum(len(personal.shell.files.get(user, {})) for user in users)

    async def told(self) -> str:
        """The sentence about what came of it, once it is there."""

        def look() -> list[str]:
            return [
                each for each in self.stage.platform.visible("whispers") if "found of you at AIVAX" in each
            ]

        return str((await until("what came of it", look))[-1])

    async def carry_on(self, **delta: float) -> None:
        self.time.advance(**delta)
        await soon("the deletion at AIVAX", self.deletion.carry_on())
        await self.stage.rest()


@asynccontextmanager
async def scene(url: str, *, shape: dict[str, str] | None = None, **sections: Any) -> AsyncIterator[Scene]:
    time = Time()
    shapes = Shapes(**(shape or {}))  # type: ignore[arg-type]
    async with (
        serve(plan="max", shapes=shapes, clock=time.epoch) as sandbox,
        staged(url, sandbox=sandbox, now=time, **sections) as stage,
    ):
        sandbox.state.tokens_per_s = 0
        yield Scene(stage, sandbox, time)


ALL_OF_ONE = (7, 7, 3)
COUNTS = "memories (7), logged conversations (7), files (3)"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.items())) or "usual")
async def test_all_of_one_person_goes_and_nothing_of_anybody_else(
    migrated_url: str, shape: dict[str, str]
) -> None:
    async with scene(migrated_url, shape=shape) as there:
        await there.fill()
        assert there.kept_of(ANA_KEY) == ALL_OF_ONE

        here = await forget(there.stage)
        await there.carry_on(minutes=3)

        assert "is deleted, too: that takes some minutes" in here
        assert COUNTS in await there.told()
        assert there.kept_of(ANA_KEY) == (0, 0, 0)
        assert there.kept_of(BEN_KEY) == ALL_OF_ONE
        assert there.kept_of(ANA_KEY.upper()) == ALL_OF_ONE
        assert there.kept_of(f"{ANA_KEY}.px")[1] == 7
        assert await there.stage.rows("SELECT id FROM remote_erasures") == []


async def test_who_is_forgotten_hears_what_stays_and_for_how_long(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        await there.carry_on(minutes=3)

        told = await there.told()

    assert "technical logs may keep traces for up to a year" in told
    assert "backups for up to 3 months" in told
    assert "stands in its log again, for up to 30 days" in told


async def test_nothing_is_said_of_a_log_that_is_off(migrated_url: str) -> None:
    async with scene(migrated_url, aivax={"allow_logging": False}) as there:
        await there.stage.hear(said())
        await forget(there.stage)
        await there.carry_on(minutes=3)

        assert "in its log again" not in await there.told()
        assert there.sandbox.state.personal.records.kept == {}


async def test_what_is_broken_off_has_time_to_be_logged_before(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        await there.carry_on(seconds=60)
        assert there.kept_of(ANA_KEY) == ALL_OF_ONE

        await there.carry_on(seconds=61)

        assert there.kept_of(ANA_KEY) == (0, 0, 0)


async def test_an_outage_is_waited_out_with_growing_pauses(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        there.sandbox.state.faults.add(Fault("records", "status", status=503, times=3))
        for _ in range(3):
            await there.carry_on(hours=2)
        (tries,) = await there.stage.rows("SELECT tries FROM remote_erasures")
        kept, told = there.kept_of(ANA_KEY), there.stage.platform.visible("whispers")[-1]
        await there.carry_on(minutes=1)
        too_early = there.kept_of(ANA_KEY)
        await there.carry_on(hours=2)

        assert (tries, kept, too_early) == (3, (7, 0, 0), (7, 0, 0))
        assert told.startswith("Done: I've deleted")
        assert there.kept_of(ANA_KEY) == (0, 0, 0)
        assert COUNTS in await there.told()


async def test_a_crash_in_the_middle_is_followed_by_who_comes_next(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        there.time.advance(minutes=3)
        claimed = await there.store.claim()
        assert claimed is not None
        del there.sandbox.state.personal.shell.files[ANA_KEY]
        await there.store.add(claimed, Deleted(files=1))
        await there.carry_on(minutes=1)
        before = there.kept_of(ANA_KEY)

        await there.carry_on(minutes=3)

        assert before[0] == 7
        assert there.kept_of(ANA_KEY) == (0, 0, 0)
        assert COUNTS in await there.told()


async def test_what_can_not_be_deleted_is_told_and_the_rest_deleted(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        there.sandbox.state.faults.add(Fault("shell", "status", status=403, times=10))
        await there.carry_on(minutes=3)

        assert there.kept_of(ANA_KEY) == (0, 0, 3)
        assert "Some files may be left there" in await there.told()


async def test_after_a_week_it_is_given_up_and_said(migrated_url: str) -> None:
    async with scene(migrated_url) as there:
        await there.fill()
        await forget(there.stage)
        there.sandbox.state.faults.add(Fault("knowledge", "status", status=402, times=100))
        await there.carry_on(hours=1)
        waiting = await there.stage.rows("SELECT id FROM remote_erasures")
        await there.carry_on(days=8)

        told = await there.told()
        assert len(waiting) == 1
        assert "I've stopped trying after 7 days" in told
        assert "Some memories may be left there" in told
        assert there.kept_of(ANA_KEY)[0] == 0


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"forget_remotely": False}, "I'm not allowed to delete"),
        ({"api_key": "pk-aiv-sandbox", "model": GATEWAY_UUID}, "with the key that I have"),
        ({"api_key": "sk-other"}, "What the AI service itself keeps of you I can't delete"),
    ],
    ids=["off", "public", "other"],
)
async def test_where_nothing_can_be_deleted_there_it_is_said_at_once(
    migrated_url: str, own: dict[str, Any], why: str
) -> None:
    async with scene(migrated_url, aivax=own) as there:
        await there.stage.hear(said())
        told = await forget(there.stage)
        await there.carry_on(minutes=3)

        assert why in told
        assert await there.stage.rows("SELECT id FROM remote_erasures") == []


@pytest.mark.parametrize("user", ['a" or name != "', "a\\", "", "a b", "a'", "x" * 129])
def test_an_id_that_could_end_a_filter_is_never_put_into_one(user: str) -> None:
    with pytest.raises(ValueError, match="external user id"):
        safe_id(user)
