"""People in the console: found by an index, shown without words, and what operators do about them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update

from core.domain.console import Role
from core.rights.people import carry_out
from core.settings import LimitsSettings
from core.storage.db import blocks, erasures, identities, messages, turns, usage
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore
from core.storage.uses_tables import uses
from tests.console_seed import Size, fill
from tests.console_stage import Console, console_on, sqlite_copy
from tests.samples import ANA

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
SMALL = Size(people=6, turns=150, days=10)
LIMITS = LimitsSettings(
    person_hourly=5, person_daily=1000, person_daily_usd=0.05, person_daily_tools={"web": 2}
)
ACTS = ("block", "unblock", "export", "forget")


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as opened:
        yield opened


# Finding


async def test_a_person_is_found_by_the_beginning_of_a_name_an_id_or_an_account(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        store = IntakeStore(console.database, lambda: NOW)
        async with store.transaction() as transaction:
            await transaction.identity_id(replace(ANA, name="Émile Über"))
            await transaction.identity_id(replace(ANA, name="ÉMILE 😀"))
        viewer = await console.user("vic", Role.VIEWER)

        async def found(wanted: str) -> list[str]:
            page = await viewer.see(f"/people?q={wanted}")
            assert page.status == 200
            part = page.source.partition("<tbody>")[2]
            return [each.partition("<")[0] for each in part.split("<bdi>")[1:]]

        assert await found("ben") == ["Ben Carter"]
        assert await found("BEN%20c") == ["Ben Carter"]
        assert await found("carter") == []
        assert await found("U000002") == ["Chloé Martin"]
        assert await found("slack:U000002") == ["Chloé Martin"]
        assert await found("slack:T0ACME/U000002") == ["Chloé Martin"]
        assert await found("discord:U000002") == []
        assert await found("émile") == ["ÉMILE 😀"]
        assert await found("%C3%89MILE%20%F0%9F%98%80") == ["ÉMILE 😀"]
        for odd in ("%25", "%F4%8F%BF%BF", "%ED%9F%BF", "zz%00", "@"):
            assert await found(odd) == []
        assert "Nobody is known by that" in (await viewer.see("/people?q=zz")).text


# One person


async def test_a_person_s_page_tells_use_limits_language_and_places(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW, limits=LIMITS) as console:
        await fill(console.database, NOW, SMALL)
        async with console.database.write() as connection:
            await connection.execute(insert(uses), [{"person_id": 2, "what": "web", "at": NOW}] * 2)
            old = {"person_id": 2, "what": "web", "at": NOW - timedelta(days=2)}
            await connection.execute(insert(uses).values(old))
            mine = update(identities).where(identities.c.id == 2)
            await connection.execute(mine.values(chosen_locale="pt-BR"))
        viewer = await console.user("vic", Role.VIEWER)
        page = await viewer.see("/people/2")
        async with console.database.read() as connection:
            asked = select(turns.c.created_at).where(turns.c.identity_id == 2, ~turns.c.notice)
            moments = list((await connection.execute(asked)).scalars())
            paid = select(func.sum(usage.c.credits)).join_from(usage, turns).where(turns.c.identity_id == 2)
            spent = await connection.scalar(paid.where(turns.c.created_at > NOW - timedelta(days=1)))

    in_hour, in_day, in_month = (
        sum(at > NOW - span for at in moments)
        for span in (timedelta(hours=1), timedelta(days=1), timedelta(days=30))
    )
    assert f"Questions {in_day} {in_month}" in page.text
    assert f"Questions in an hour {in_hour} 5" in page.text
    assert f"Questions in 24 hours {in_day} 1,000" in page.text
    assert f"Cost in 24 hours ${spent:.4f} $0.05" in page.text
    assert "web in 24 hours 2 2" in page.text
    assert "slack:U000002 T0ACME Chloé Martin pt-BR own choice America/Sao_Paulo" in page.text
    assert "Slack · T0ACME · sales" in page.text
    assert "VPN" not in page.source


async def test_viewers_have_no_buttons_and_their_forms_are_refused(console: Console) -> None:
    await fill(console.database, NOW, SMALL)
    viewer, stranger = await console.user("vic", Role.VIEWER), console.browser()
    page = await viewer.see("/people/2")
    assert viewer.at is not None
    token = (await viewer.see("/account")).form_token

    refused = [(await viewer.send(f"/people/2/{act}", form_token=token, meant="yes")).status for act in ACTS]
    asked = await viewer.see("/people/2/forget")
    await stranger.see("/sign-in")
    strangers = [(await stranger.send(f"/people/2/{act}", meant="yes")).to for act in ACTS]
    operator = await console.user("ola", Role.OPERATOR)
    await operator.see("/people/2")
    forged = [
        (await operator.send(f"/people/2/{act}", form_token="0" * 64, meant="yes")).status for act in ACTS
    ] + [
        (
            await operator.send(f"/people/2/{act}", headers={"Origin": "https://evil.example"}, meant="yes")
        ).status
        for act in ACTS
    ]

    assert "<form" not in page.source.partition("<main")[2]
    assert (refused, asked.status) == ([403] * 4, 403)
    assert all(to.startswith("/console/sign-in") for to in strangers)
    assert forged == [403] * 8
    async with console.database.read() as connection:
        assert (await connection.execute(select(blocks))).all() == []
        assert (await connection.execute(select(erasures))).all() == []


async def test_an_operator_blocks_and_unblocks_a_person_in_every_account(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        async with console.database.write() as connection:
            row = {"platform": "discord", "workspace": "1", "user": "ben", "name": "ben", "created_at": NOW}
            await connection.execute(insert(identities).values(id=99, person_id=2, **row))
            running = update(turns).where(turns.c.id == 155)
            await connection.execute(running.values(identity_id=2, state="running", ended_at=None))
        ola = await console.user("ola", Role.OPERATOR)
        await ola.see("/people/2")
        blocked = await ola.send("/people/2/block")
        page = await ola.see("/people/2")
        async with console.database.read() as connection:
            rows = await connection.execute(
                select(blocks.c.platform, blocks.c.user).order_by(blocks.c.platform)
            )
            held = [tuple(row) for row in rows]
        await ola.send("/people/2/unblock")
        free = await ola.see("/people/2")
        done = await ola.see("/audit?person=2")

    assert blocked.to == "/console/people/2"
    assert "They are not answered, since" in page.text
    assert "Unblock" in page.text
    assert held == [("discord", "ben"), ("slack", "U000002")]
    assert console.notified, "what is being answered is to end"
    assert "They are not answered" not in free.text
    assert done.text.count("ola console") == 4


async def test_an_export_holds_all_that_is_stored_and_only_who_may_read_words_gets_it(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(migrated_sqlite, tmp_path)
    async with console_on(url, now=lambda: NOW, words_for="owner") as console:
        await fill(console.database, NOW, SMALL)
        ola, ana = await console.user("ola", Role.OPERATOR), await console.user("ana", Role.OWNER)
        page = await ola.see("/people/2")
        refused = await ola.send("/people/2/export")
        await ana.see("/people/2")
        got = await ana.send("/people/2/export")
        missing = await ana.send("/people/999/export", form_token=ana.at.form_token if ana.at else "")
        audit = await ana.see("/audit?person=2")

    assert "Download all" not in page.text
    assert refused.status == 403
    assert missing.status == 404
    headers = got.response.headers
    assert headers["content-disposition"] == 'attachment; filename="person-2.zip"'
    assert headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(got.response.content)) as archive:
        rows = json.loads(archive.read("my-data.json"))
    assert rows["identities"][0]["name"] == "Chloé Martin"
    assert any("VPN" in row["text"] for row in rows["messages"])
    assert audit.text.count("exported what is stored of a person") == 1 + 1  # the entry, and the filter


async def test_forgetting_says_what_goes_asks_once_and_is_carried_out(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        ola = await console.user("ola", Role.OPERATOR)
        async with console.database.read() as connection:
            count = (
                "SELECT count(*), count(DISTINCT turn_id) FROM messages JOIN turns ON turns.id = turn_id"
                " WHERE turns.identity_id = 2"
            )
            said, asked = (await connection.execute(text(count))).one()
        ask = await ola.see("/people/2/forget")
        unmeant = await ola.send("/people/2/forget")
        async with console.database.read() as connection:
            nothing = (await connection.execute(select(erasures))).all()
        meant = await ola.send("/people/2/forget", meant="yes")
        under_way = await ola.see("/people/2")
        store = IntakeStore(console.database, lambda: NOW)
        await carry_out(store, Scrubber(console.database), remotely=False)
        after = await ola.see("/people/2")
        found = await ola.see("/people?q=chlo")
        async with console.database.read() as connection:
            left = select(messages.c.id).join(turns, turns.c.id == messages.c.turn_id)
            left_of = (
                await connection.execute(left.where(turns.c.identity_id == 2, messages.c.text != ""))
            ).all()

    assert "Forget Chloé Martin?" in ask.text
    assert f"{said} messages of {asked} questions" in ask.text
    assert "slack:T0ACME/U000002" in ask.text
    assert "3 questions that wait end" in ask.text
    assert "what AIVAX keeps of them, within minutes" in ask.text
    assert (unmeant.to, nothing) == ("/console/people/2/forget", [])
    assert meant.to == "/console/people/2"
    assert "is being deleted" in under_way.text
    assert left_of == []
    assert "Chloé" not in after.source
    assert "slack:U000002" in after.text
    assert "Nobody is known by that" in found.text
