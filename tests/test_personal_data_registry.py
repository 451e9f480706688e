"""Every column that could hold text is registered: as words, which are forgotten and exported, or as wordless."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import JSON, Column, Integer, LargeBinary, MetaData, String, Table, TypeDecorator, update

from core.domain import Action, Identity, TurnState
from core.storage.db import Label, Words, metadata, turns
from core.storage.personal_data.export import export
from core.storage.personal_data.registry import STORES, WORDLESS
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.test_erasure import pressed
from tests.test_retention import SECRET, House

TEXT_LIKE = (String, JSON, LargeBinary)


def could_hold_text(column: Column[object]) -> bool:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(kind, TEXT_LIKE)


def unregistered(tables: MetaData) -> list[str]:
    words = {(store.table.name, name) for store in STORES for name in store.words}
    wordless = {(each.table.name, name) for each in WORDLESS for name in each.columns}
    return [
        f"{table.name}.{column.name}"
        for table in tables.sorted_tables
        for column in table.columns
        if could_hold_text(column) and (table.name, column.name) not in words | wordless
    ]


def test_every_column_that_could_hold_text_is_registered() -> None:
    assert unregistered(metadata) == []


def test_a_new_column_is_noticed() -> None:
    new = MetaData()
    Table(
        "diaries",
        new,
        Column("id", Integer),
        Column("page", Words),
        Column("title", Label(10)),
        Column("rest", JSON),
        Column("scan", LargeBinary),
    )

    assert unregistered(new) == ["diaries.page", "diaries.title", "diaries.rest", "diaries.scan"]


def test_what_is_registered_is_there_once_and_for_a_reason() -> None:
    columns = [(store.table, name) for store in STORES for name in store.words]
    columns += [(each.table, name) for each in WORDLESS for name in each.columns]

    assert all(name in table.columns for table, name in columns)
    assert len({(table.name, name) for table, name in columns}) == len(columns)
    assert all(each.why for each in WORDLESS)
    for store in STORES:
        assert {*store.derived, *store.needed} <= set(store.words)
        assert all(name in store.table.columns for name in _links(store))


def _links(store: object) -> Iterator[str]:
    return (name for name in (getattr(store, each) for each in ("turn", "identity", "person")) if name)


def test_every_table_of_a_person_is_exported() -> None:
    """By its references: what hangs on a person, an identity or a turn is of somebody."""
    somebodys = {
        table.name
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in ("persons", "identities", "turns")
    }

    # counted for a day; gone with the telling; for an hour; gone with the telling; for minutes
    passing = {"calls", "erasures", "failures", "remote_erasures", "link_codes"}
    assert somebodys - passing <= {store.table.name for store in STORES}


@pytest.fixture
def house(database: object) -> House:
    return House(database)  # type: ignore[arg-type]


async def test_an_export_holds_all_of_a_person_and_nothing_of_others(house: House) -> None:
    turn = await house.answer("what Ana said")
    await house.intake.receive(pressed(Action.BAD, turn.key, words="Ana's comment"))
    await house.intake.receive(pressed(Action.BAD, turn.key, by=BEN, words="Ben's comment"))
    await house.intake.receive(said(SECRET, by=BEN, at=CHANNEL))

    found = await export(house.database, ANA.identity)

    assert found is not None
    told = json.dumps(found)
    assert all(
        each in told for each in ("what Ana said", "Ana's comment", "search", '"name": "Ana"', DIRECT.channel)
    )
    assert not any(each in told for each in (SECRET, "Ben"))
    assert [row["role"] for row in found["messages"]] == ["user", "assistant"]
    assert found["usage"][0]["prompt_tokens"] == 3
    assert found["turns"][0]["created_at"].startswith("2026-09-01T12:00:00")


async def test_an_export_is_complete_beyond_one_page(house: House) -> None:
    for number in range(120):
        await house.intake.receive(said(f"question {number}"))
        async with house.database.write() as connection:  # who has many waiting is refused more
            await connection.execute(update(turns).values(state=TurnState.CANCELLED))

    found = await export(house.database, ANA.identity)

    assert found is not None
    assert [row["text"] for row in found["messages"]] == [f"question {number}" for number in range(120)]


async def test_of_who_never_wrote_there_is_nothing(house: House) -> None:
    await house.intake.receive(said())

    assert await export(house.database, replace(ANA.identity, user="nobody")) is None
    assert await export(house.database, Identity("other", "W1", "ana")) is None
