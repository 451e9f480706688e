"""A platform that tells its events to one connection: which process of several listens to it."""

from __future__ import annotations

import asyncio

import pytest

from bots.frontends import Host, Mounts
from core.domain import FrontendUnreachable, Watch
from core.i18n import Translators
from core.operations.cluster import Cluster
from core.storage.db import Database
from tests.listening import Lamp
from tests.waiting import ended, soon, until

LEASE_S = 2.0


class Listener:
    """One process's frontend, which listens until it is cancelled, or fails."""

    def __init__(self, database: Database, cluster: Cluster | None) -> None:
        self.listens = False
        self.fails = asyncio.Event()
        self.lamp = Lamp()
        host = Host(database, Mounts(), Translators(), cluster=cluster)
        self.task = asyncio.create_task(host.in_one_process("fake", self._listen, self.lamp))

    async def _listen(self, watch: Watch) -> None:
        self.listens = True
        watch.up()
        try:
            await self.fails.wait()  # no deadline: the test ends it
            raise FrontendUnreachable("fake", detail="away")
        finally:
            self.listens = False


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_a_process_that_has_the_database_alone_listens_and_its_failure_is_told(
    database: Database,
) -> None:
    alone = Listener(database, None)
    await soon("the light", alone.lamp.lit.wait())
    alone.fails.set()

    with pytest.raises(FrontendUnreachable):
        await soon("the failure", alone.task)


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_of_several_one_listens_the_others_stand_by_and_one_takes_over(database: Database) -> None:
    first, second = (
        Listener(database, Cluster(database, name, lease_s=LEASE_S)) for name in ("first", "second")
    )
    for each in (first, second):
        await soon("a light", each.lamp.lit.wait())
    assert [first.listens, second.listens].count(True) == 1
    listening, standing_by = (first, second) if first.listens else (second, first)

    listening.task.cancel()
    await ended(listening.task)
    await until("the other one to listen", lambda: standing_by.listens)

    standing_by.task.cancel()
    await ended(standing_by.task)
