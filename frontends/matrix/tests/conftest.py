"""One homeserver for all tests, with Ana, who runs it, Ben, and a room of theirs for each worker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aivax_bots.testing import ANA, BEN
from homeserver import MISSING, PYTHON, Homeserver, shared
from matrix_venue import RoomAdapter


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """Synapse, which the workers of a run share."""
    if not PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    folder = tmp_path_factory.getbasetemp()
    with shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as server:
        yield server


@pytest.fixture(scope="session")
def room(homeserver: Homeserver) -> Iterator[str]:
    """A room with Ana and Ben in it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "one")
    ana = homeserver.register(f"ana{worker}", admin=True, displayname="Ana")
    ben = homeserver.register(f"ben{worker}", displayname="Ben")
    for each in (ana, ben):
        homeserver.unlimited(ana, each.user)
    room = ana.make_room(ben.user, name="Tower")
    ben.join(room)
    RoomAdapter.homeserver, RoomAdapter.people, RoomAdapter.room_of_all = (
        homeserver,
        {ANA: ana, BEN: ben},
        room,
    )
    yield room
    for each in filter(None, (ana, ben, RoomAdapter.bot_of_all)):
        each.close()
