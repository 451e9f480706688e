"""*Gateways* and *Knowledge*: what is shown, what an operator does, and what a viewer does not see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bots.web.console.at_aivax.desks import knowledge_of
from core.aivax.account_routes.model_list import ListedModel, ModelPrice
from core.console.gateways import GatewayDesk
from core.domain import Place, SettingRefused, Unavailable
from core.domain.audit import Actor, Via
from core.domain.console import Role
from core.knowledge.settings import KnowledgePlace, KnowledgeSettings
from core.settings import AivaxSettings, Route
from core.storage.channel_models import ChannelModels
from core.storage.db import (
    Database,
    audit_log,
    breakers,
    identities,
    learnt,
    learnt_pieces,
    persons,
    place_models,
)
from core.storage.learnt.listing import MOST, LearntReads
from tests.console_stage import Console, console_on, sqlite_copy
from tests.hostile import HOSTILE

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
ANA = Actor(Via.CONSOLE, "ana")
LISTED = [
    ListedModel("@big/model", context_tokens=128_000, prices=(ModelPrice("input", 0.5, "1M tokens"),)),
    ListedModel("shop:91aa", is_gateway=True, base_model="@big/model"),
    ListedModel("house:50c3", is_gateway=True, base_model="<b>small</b>", context_tokens=32_000),
]
SETTINGS = KnowledgeSettings(
    learn_into="c-learn",
    places=(
        KnowledgePlace(collections=("c-docs",)),
        KnowledgePlace(platform="slack", channel="C1", collections=("c-docs", "c-shop")),
    ),
)


def gateways_on(database: Database, listed: Sequence[ListedModel] | None = LISTED) -> GatewayDesk:
    async def list_all() -> Sequence[ListedModel]:
        if listed is None:
            raise Unavailable(status=503)
        return listed

    def check(model: str) -> None:
        if model.startswith("@"):
            raise SettingRefused("model", value=model, fix="none")

    routes = [
        Route(platform="slack", channel="C1", model="shop:91aa"),
        Route(platform="discord", locale="es"),
    ]
    aivax = AivaxSettings(model="house:50c3", fallback_model="spare:1111")
    return GatewayDesk(aivax, routes, list_all, ChannelModels(database, lambda: NOW), check)


async def learn(database: Database, name: str, **values: Any) -> int:
    """Have a person learn a source in the database."""
    async with database.write() as connection:
        person = await connection.scalar(select(persons.c.id).limit(1))
        if person is None:
            added = persons.insert().values(key="k" * 32, created_at=NOW).returning(persons.c.id)
            person = await connection.scalar(added)
            row = {"person_id": person, "platform": "slack", "workspace": "T1", "user": "U1", "name": "Bea"}
            await connection.execute(identities.insert().values(**row, created_at=NOW))
        own = await connection.scalar(select(identities.c.id).limit(1))
        row = {
            "collection": "c-learn",
            "key": name[:32],
            "name": name,
            "platform": "slack",
            "workspace": "T1",
            "channel": "C1",
        }
        row |= {
            "thread": "",
            "private": False,
            "address": "",
            "identity_id": own,
            "pieces": 3,
            "pages": 2,
            **values,
        }
        id_ = int(
            (await connection.execute(learnt.insert().values(**row).returning(learnt.c.id))).scalar_one()
        )
        await connection.execute(learnt_pieces.insert().values(learnt_id=id_, code="a", sent_at=NOW))
        await connection.execute(learnt_pieces.insert().values(learnt_id=id_, code="b", sent_at=None))
    return id_


@asynccontextmanager
async def opened(
    migrated: Path, folder: Path, listed: Sequence[ListedModel] | None = LISTED
) -> AsyncIterator[Console]:
    def at_aivax(database: Database) -> dict[str, Any]:
        return {"gateways": gateways_on(database, listed), "knowledge": knowledge_of(SETTINGS, database)}

    async with console_on(sqlite_copy(migrated, folder), now=lambda: NOW, at_aivax=at_aivax) as console:
        console.frontends.told = [("slack", True, ""), ("database", False, "away")]
        yield console


# Gateways


async def test_gateways_are_told_with_price_context_places_and_what_holds_them(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        async with console.database.write() as connection:
            row = {
                "name": "outage:shop:91aa",
                "cause": "outage",
                "model": "shop:91aa",
                "since": NOW,
                "retry_at": NOW,
            }
            await connection.execute(breakers.insert().values(**row, probes=0, confirms=0))
        vic = await console.user("vic", Role.VIEWER)
        page, found = await vic.see("/gateways"), await vic.see("/gateways?q=BIG")

    assert "Slack · C1 shop:91aa spare:1111 the configuration" in page.text
    assert "everywhere else house:50c3 spare:1111 the configuration" in page.text
    assert "house:50c3 <b>small</b> 32K – 1 answers" in page.text
    assert "shop:91aa @big/model – – 1 The AI service does not answer" in page.text
    assert "@big/model – 128K input $0.50 / 1M tokens – –" in page.text
    assert "spare:1111 not listed by AIVAX" in page.text
    assert '<form method="post" action="/console/gateways' not in page.source
    assert "shop:91aa" not in found.text.partition("What there is")[2]


async def test_an_operator_chooses_for_a_channel_and_goes_back_and_both_stand_in_the_log(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        ana = await console.user("ana", Role.OPERATOR)
        await ana.see("/gateways")
        place = {"platform": "slack", "workspace": "T1", "channel": " C9 "}
        refused = [
            await ana.send("/gateways/choose", **{**place, **wrong})
            for wrong in (
                {"model": "unknown:0000"},
                {"model": "shop:91aa", "channel": " "},
                {"model": "shop:91aa", "platform": "database"},
                {"model": "@big/model"},
            )
        ]
        chosen = await ana.send("/gateways/choose", **place, model="shop:91aa")
        page = await ana.see("/gateways")
        back = await ana.send("/gateways/choose", **place, model="")
        log = await ana.see("/audit")
        async with console.database.read() as connection:
            rows = (await connection.execute(select(place_models))).all()

    assert [each.status for each in refused] == [422] * 4
    assert "Not changed" in refused[0].text
    assert (chosen.status, back.status) == (303, 303)
    assert "Slack · T1 · C9 shop:91aa spare:1111 an operator" in page.text
    assert rows == []
    assert log.text.count("chose a gateway for a channel slack:T1/C9") == 2


async def test_where_aivax_does_not_tell_what_is_configured_is_shown(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path, listed=None) as console:
        page = await (await console.user("vic", Role.VIEWER)).see("/gateways")

    assert page.status == 200
    assert "AIVAX did not tell just now" in page.text
    assert "house:50c3 not listed by AIVAX" in page.text


async def test_the_choice_is_the_one_that_chat_knows(database: Database) -> None:
    choices = ChannelModels(database, lambda: NOW)
    desk = gateways_on(database)
    assert await desk.choose(Place("slack", "T1", "C1"), "house:50c3", ANA)
    assert await desk.choose(Place("slack", "T1", "C1"), "shop:91aa", ANA)
    assert [(each.channel, each.model) for each in await choices.newest(9)] == [("C1", "shop:91aa")]
    assert await desk.choose(Place("slack", "T1", "C1"), "", ANA)
    assert await choices.newest(9) == []
    async with database.read() as connection:
        details = (
            (await connection.execute(select(audit_log.c.detail).order_by(audit_log.c.id))).scalars().all()
        )
    assert details == ["house:50c3", "shop:91aa", "default"]


async def test_who_only_looks_changes_neither(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        id_ = await learn(console.database, "prices.pdf")
        vic = await console.user("vic", Role.VIEWER)
        await vic.see("/account")
        place = {"platform": "slack", "channel": "C9", "model": "shop:91aa"}
        refused = [await vic.send("/gateways/choose", **place), await vic.send(f"/knowledge/{id_}/forget")]
        async with console.database.read() as connection:
            chosen = (await connection.execute(select(place_models))).all()
            wanted = await connection.scalar(select(learnt.c.wanted))

    assert [each.status for each in refused] == [403, 403]
    assert (chosen, wanted) == ([], "")


# Knowledge


async def test_collections_and_what_was_learnt_are_told_by_whom_and_how_far(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        ana, vic = await console.user("ana", Role.OPERATOR), await console.user("vic", Role.VIEWER)
        empty = await ana.see("/knowledge")
        await learn(console.database, "prices.pdf", learnt_at=NOW - timedelta(hours=2), pieces=1)
        await learn(console.database, "100%_of it")
        await learn(console.database, "changed", wanted="again", learnt_at=NOW, pieces=1)
        page, viewed = await ana.see("/knowledge"), await vic.see("/knowledge?q=prices")
        found = await ana.see("/knowledge?q=0%25_O")
        none = await ana.see("/knowledge?collection=c-docs")

    assert "Nothing was learnt In chat, operators" in empty.text
    assert "c-docs every place, slack:C1" in page.text
    assert "c-learn learns searched nowhere 3 5" in page.text
    assert "prices.pdf 2 pages c-learn Bea Slack · T1 · C1 1 learnt 2 hours ago" in page.text
    assert "100%_of it 2 pages c-learn Bea Slack · T1 · C1 1 of 3 being learnt" in page.text
    assert "to be learnt anew" in page.text
    assert "prices.pdf" not in viewed.text
    assert "source 2" in viewed.text  # what can't be read can't be searched
    assert "Forget" not in viewed.text
    assert ("100%_of it" in found.text, "prices.pdf" in found.text) == (True, False)
    assert "Nothing was found that fits" in none.text


async def test_an_operator_has_a_source_forgotten_once_and_the_log_has_no_name_of_it(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        ana = await console.user("ana", Role.OPERATOR)
        id_ = await learn(console.database, "a secret name", learnt_at=NOW)
        await ana.see("/knowledge")
        first = await ana.send(f"/knowledge/{id_}/forget")
        await ana.see("/account")
        again = await ana.send(f"/knowledge/{id_}/forget")
        page, log = await ana.see("/knowledge"), await ana.see("/audit")
        async with console.database.read() as connection:
            row = (await connection.execute(select(learnt))).one()

    assert (first.status, again.status) == (303, 404)
    assert "to be forgotten" in page.text
    assert row.wanted == "forget"
    assert row.due_at is not None  # so that whoever keeps what was learnt takes it up
    assert f"had something learnt forgotten c-learn {id_}" in log.text
    assert "a secret name" not in log.text


async def test_long_lists_go_on_page_by_page_and_hostile_names_are_text(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with opened(migrated_sqlite, tmp_path) as console:
        ana = await console.user("ana", Role.OPERATOR)
        for number in range(MOST + 1):
            await learn(console.database, HOSTILE[number], key=str(number), link=HOSTILE[number])
        first = await ana.see("/knowledge")
        last = await ana.see("/knowledge?before=2")
        odd = await ana.see("/knowledge?before=x&q=%00&collection=%3Cb%3E")

    assert 'rel="next"' in first.source
    assert 'rel="next"' not in last.source
    assert "<script>alert" not in first.source + last.source
    assert odd.status == 200


@pytest.mark.parametrize("migrated_url", ["sqlite", "postgresql"], indirect=True)
async def test_lists_of_what_was_learnt_are_alike_in_both_databases(database: Database) -> None:
    reads = LearntReads(database, lambda: NOW)
    ids = [await learn(database, name) for name in ("Ábaco", "beta", "BETA two")]

    page = await reads.page("beta", "c-learn")
    older = await reads.page("", "", before=ids[2])

    assert [line.name for line in page.rows] == ["BETA two", "beta"]
    assert [line.id for line in older.rows] == [ids[1], ids[0]]
    assert [(each.id, each.sources, each.pieces) for each in await reads.sums()] == [("c-learn", 3, 9)]
    assert await reads.forget(ids[0], ANA)
    assert not await reads.forget(ids[0], ANA)
