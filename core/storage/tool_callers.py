"""Who is behind a call of a tool: looked up by what the bot itself sent to AIVAX with the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from core.domain import Author, Identity, Place
from core.storage.db import (
    Database,
    conversations,
    identities,
    person_at_aivax,
    persons,
    spoken_locale,
    turns,
)

SHARED = ".p"
"""What a person's key ends in where others read along."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asked the bot."""

    author: Author
    place: Place | None
    """Where; None where the person alone is known."""


class ToolCallers:
    """Looks askers up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, token: str, user: str) -> Asker | None:
        """Who asked the question with this key (a turn's), else the person that AIVAX knows by `user`.

        None where that is nobody, and where the two are of different people: then one of them is wrong.
        """
        key = user.removesuffix(SHARED)
        async with self._database.read() as connection:
            if token and (row := (await connection.execute(_of_turn(token))).first()):
                if key and key != row.person_key:
                    return None
                place = Place(row.platform, row.place_workspace, row.channel, row.thread, row.private)
                return Asker(_author(row), place)
            if key and (row := (await connection.execute(_of_person(key))).first()):
                return Asker(_author(row), None)
        return None


def _author(row: Row[Any]) -> Author:
    return Author(Identity(row.platform, row.workspace, row.user), row.name, row.locale)


def _of_turn(token: str) -> Select[Any]:
    return (
        select(
            *identities.c["platform", "workspace", "user", "name"],
            spoken_locale().label("locale"),
            persons.c.key.label("person_key"),
            conversations.c.workspace.label("place_workspace"),
            *conversations.c["channel", "thread", "private"],
        )
        .select_from(turns)
        .join(conversations, turns.c.conversation_id == conversations.c.id)
        .join(identities, turns.c.identity_id == identities.c.id)
        .join(persons, persons.c.id == person_at_aivax())
        .where(turns.c.key == token)
    )


def _of_person(key: str) -> Select[Any]:
    """The identity that they asked with last, should they have several."""
    return (
        select(
            *identities.c["platform", "workspace", "user", "name"],
            spoken_locale().label("locale"),
        )
        .select_from(persons)
        .join(
            identities,
            (identities.c.home_person_id == persons.c.id)
            | (identities.c.home_person_id.is_(None) & (identities.c.person_id == persons.c.id)),
        )
        .outerjoin(turns, turns.c.identity_id == identities.c.id)
        .where(persons.c.key == key)
        .order_by(turns.c.id.desc().nulls_last(), identities.c.id)
        .limit(1)
    )
