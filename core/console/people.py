"""What the console reads of people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.storage.console.people import PersonLine
from core.storage.console.person import Holdings, Person
from core.storage.console.person_search import FoundIdentity


class People(Protocol):
    """Who asks the bot."""

    async def busiest(self, since: datetime) -> Sequence[PersonLine]:
        """Those who were answered since then, the most often answered first."""


class PersonFinder(Protocol):
    """Finds people by what an operator types."""

    async def find(self, wanted: str) -> Sequence[FoundIdentity]:
        """By the beginning of a name, by an id, or as `platform:user`; some of them, where it is many."""

    async def of_person(self, person_id: int) -> Sequence[int]:
        """The ids of a person's identities."""


class Persons(Protocol):
    """One person, without their words."""

    async def person(self, person_id: int) -> Person | None: ...

    async def holdings(self, person_id: int) -> Holdings:
        """What forgetting them takes away."""
