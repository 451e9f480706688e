"""A turn that a kill or a power cut interrupts at any instant is answered once, whatever the disk had by then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from core.domain import Said
from sandbox.server import Sandbox, serve
from tests.fakes import FakeMessage
from tests.samples import said
from tests.stage import FakePlatform, staged

HERE = "D-ana"


@dataclass(frozen=True, slots=True)
class Instant:
    """What a machine that went dark would find when it is back."""

    name: str
    written: Path
    """The file with all that was committed."""
    synced: Path
    """The file with what the disk surely has."""
    messages: list[FakeMessage]
    """What stands on the platform."""


class Witness:
    """Copies the file and the place before each commit, and around each call to the platform."""

    def __init__(self, path: Path, platform: FakePlatform, folder: Path) -> None:
        self.instants: list[Instant] = []
        self._path = path
        self._platform = platform
        self._folder = folder
        self._written = self._synced = self._copied("at the start")
        self._has_committed = self._is_synced = False
        platform.place(HERE).hook = self._hook

    async def _hook(self, instant: str) -> None:
        self._note(instant)

    def before_commit(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._note("before a commit")
        self._has_committed, self._is_synced = True, driver.awaits_disk

    def _note(self, name: str) -> None:
        if self._has_committed:  # since the instant before
            self._written = self._copied(f"{len(self.instants)} {name}")
            self._synced = self._written if self._is_synced else self._synced
            self._has_committed = False
        messages = deepcopy(self._platform.place(HERE).messages)
        self.instants.append(Instant(name, self._written, self._synced, messages))

    def _copied(self, name: str) -> Path:
        to = self._folder / name / self._path.name
        to.parent.mkdir(parents=True)
        for ending in ("", "-wal"):
            if (part := self._path.with_name(self._path.name + ending)).exists():
                shutil.copy(part, to.with_name(to.name + ending))
        return to


@contextmanager
def watched(witness: Witness) -> Iterator[None]:
    event.listen(Engine, "commit", witness.before_commit)
    try:
        yield
    finally:
        event.remove(Engine, "commit", witness.before_commit)


async def answered_after(instant: Instant, path: Path, sandbox: Sandbox, question: Said) -> list[str]:
    """What stands on the platform when the process is back, and the event that it may not have taken comes again."""
    platform = FakePlatform()
    platform.place(HERE).messages = deepcopy(instant.messages)
    async with staged(f"sqlite+aiosqlite:///{path}", sandbox=sandbox, platform=platform) as stage:
        await stage.hear(question)
        await stage.core.pool.sweep()
        await stage.rest()
        assert await stage.states() == ["answered"], instant.name
    return platform.visible(HERE)


@pytest.mark.long
@pytest.mark.allow_stalls("copies files at each instant")
async def test_every_instant_of_a_turn_can_be_the_last(migrated_sqlite: Path, tmp_path: Path) -> None:
    path, platform, question = tmp_path / "bot.sqlite3", FakePlatform(), said("hello there")
    shutil.copy(migrated_sqlite, path)
    async with serve(plan="max") as sandbox:
        async with staged(f"sqlite+aiosqlite:///{path}", sandbox=sandbox, platform=platform) as stage:
            witness = Witness(path, platform, tmp_path / "instants")
            with watched(witness):
                await stage.hear(question)
        wanted = platform.visible(HERE)
        assert len(witness.instants) > 10

        tried: list[tuple[Path, list[FakeMessage]]] = []
        for instant in witness.instants:
            for kind, found in (("kill", instant.written), ("power cut", instant.synced)):
                if (found, instant.messages) in tried:
                    continue
                tried.append((found, instant.messages))
                again = tmp_path / "again" / "bot.sqlite3"
                shutil.copytree(found.parent, again.parent)
                shown = await answered_after(instant, again, sandbox, question)
                assert shown == wanted, f"{kind} {instant.name}"
                shutil.rmtree(again.parent)
