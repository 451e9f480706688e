"""Operators find, export, forget and block people: by command, beside a running bot or not, and in chat."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from typer.testing import CliRunner

from bots.cli.main import cli
from core.domain import Command, Place
from core.domain.audit import Actor, Via
from core.rights.people import PeopleDesk, carry_out
from core.storage.db import Database
from core.storage.personal_data.people import Account, named
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore
from core.util.clock import utc_now
from sandbox.faults import Fault
from tests.platforms.discord import FakeDiscord
from tests.samples import BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged
from tests.test_discord_whole import House, running
from tests.test_erasure import SECRET, left
from tests.test_erasure import until as waited
from tests.test_rights_export import ELSEWHERE, THERE, commanded
from tests.waiting import until

BY = Actor(Via.COMMAND, "root")
BENS = Place("fake", "W1", "D-ben", private=True)


def desk_of(stage: Stage) -> PeopleDesk:
    return PeopleDesk(IntakeStore(stage.core.database, utc_now, ("fake",)), ("fake",))


def shown_to(stage: Stage, place: Place) -> list[str]:
    return stage.platform.visible(place.channel)


async def test_who_is_blocked_hears_so_once_and_then_nothing_and_a_restart_changes_nothing(
    migrated_url: str,
) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said())
        await desk_of(stage).block(Account("fake", "", "ana"), (), by=BY)
        await stage.hear(said("one"), said("two"))
        once = shown_to(stage, DIRECT)
    async with staged(migrated_url) as stage:
        await stage.hear(said("three"), said("four", by=ELSEWHERE, at=THERE), said("five", by=BEN, at=BENS))
        later = [shown_to(stage, place) for place in (DIRECT, THERE, BENS)]
        await stage.hear(commanded(Command.PRIVACY, at=DIRECT))
        right = shown_to(stage, DIRECT)
        refused = await stage.core.intake.refusal(said("six"))
        await desk_of(stage).unblock(Account("fake", "", "ana"), (), by=BY)
        await stage.hear(said("seven"))
        kept = await stage.rows("SELECT text FROM messages WHERE role = 'user' ORDER BY id")

    assert len(once) == 2
    assert once[1].startswith("The people who run me have decided that I don't answer you.")
    assert later[:2] == [[], []]
    assert len(later[2]) == 1
    assert len(right) == 1
    assert refused is not None
    assert refused.startswith("The people who run me")
    assert kept == ["hello", "five", "seven"]


async def test_an_answer_under_way_ends_when_its_author_is_blocked(migrated_url: str) -> None:
    operators = {"operators": {"slack_users": []}}
    async with staged(migrated_url, **operators) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=2))
        await stage.core.intake.receive(said("tell me a story"))
        await until("the question to be asked", lambda: stage.times_asked)
        desk = desk_of(stage)
        done = await desk.block(Account("fake", "", "ana"), await desk.find("Ana"), by=BY)
        for conversation_id, _ in done.work_in:
            stage.core.pool.notify(conversation_id)
        await stage.rest()

        assert (await stage.states())[0] == "cancelled"


async def test_an_operator_has_somebody_forgotten_who_is_not_told(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        stage.sandbox.state.tokens_per_s = 0
        await stage.hear(said(SECRET), said("Ben's own words", by=BEN, at=CHANNEL))
        before = list(shown_to(stage, DIRECT))
        desk, store = desk_of(stage), IntakeStore(stage.core.database, utc_now, ("fake",))
        (ana,) = await desk.find("@ana")
        with structlog.testing.capture_logs() as lines:
            await desk.forget([ana], by=BY)
        count = await carry_out(store, Scrubber(stage.core.database), remotely=True)
        await stage.rest()

        async def nowhere() -> bool:
            return not await left(stage)

        await waited(nowhere, "the files to be scrubbed")
        assert count in (0, 1)  # the bot itself may have been faster
        assert await left(stage, "Ben's own words") != []
        assert shown_to(stage, DIRECT) == before
        assert [(each["event"], each["by"], each["account"]) for each in lines] == [
            ("person.forgotten", "root", "fake:ana")
        ]


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("slack:U1", Account("slack", "", "U1")),
        ("slack:T1/U1", Account("slack", "T1", "U1")),
        ("Ana", None),
        ("a: b", None),
        ("", None),
    ],
)
def test_an_account_is_read_as_access_lists_have_it(written: str, account: Account | None) -> None:
    assert named(written) == account


# By command


def run(url: str, *words: str, stdin: str = "") -> tuple[int, str]:
    """Run the command as a shell would; its status, and what it printed."""
    environment = {"AIVAX_BOTS__STORAGE__URL": url, "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-x"}
    found = CliRunner().invoke(cli, ["people", *words], env=environment, input=stdin)
    return found.exit_code, found.output


async def lived(url: str) -> None:
    """Let two people have spoken with the bot, one of them in two workspaces."""
    async with staged(url) as stage:
        stage.sandbox.state.tokens_per_s = 0
        await stage.hear(said(SECRET), said(SECRET, by=ELSEWHERE, at=THERE))
        await stage.hear(said("Ben's own words", by=BEN, at=CHANNEL))


async def rows(url: str, query: str) -> Sequence[Any]:
    async with Database(url) as database, database.read() as connection:
        return (await connection.execute(text(query))).scalars().all()


@pytest.fixture
def _plain_log() -> Iterator[None]:
    """The commands set up the log of the whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("_plain_log")
def test_the_commands_find_export_block_and_forget(url: str, tmp_path: Path) -> None:
    import asyncio

    asyncio.run(lived(url))
    found, several = run(url, "find", "an"), run(url, "export", "ana", str(tmp_path / "a.json"))
    exported = run(url, "export", "fake:ana", str(tmp_path / "ana.json"))
    again = run(url, "export", "fake:ana", str(tmp_path / "ana.json"))
    odd, nobody = run(url, "export", "fake:ana", "x.pdf"), run(url, "forget", "fake:nobody", "--yes")
    blocked = [run(url, "block", "fake:ana"), run(url, "block", "fake:ana"), run(url, "blocked")]
    unasked = run(url, "forget", "fake:ana", stdin="n\n")
    forgotten = run(url, "forget", "fake:ana", stdin="y\n")
    unblocked = [run(url, "unblock", "fake:ana"), run(url, "blocked")]

    assert found[0] == 0
    assert [line.split("  ")[0] for line in found[1].splitlines()] == ["fake:W2/ana", "fake:W1/ana"]
    assert several[0] == 2
    assert "more than one person" in several[1]
    data = tmp_path / "ana.json"
    assert exported[0] == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o600
    everything = json.loads(data.read_text())
    assert [each["text"] for each in everything["messages"] if each["role"] == "user"] == [SECRET] * 2
    assert "Ben" not in data.read_text()
    assert (again[0], odd[0], nobody[0]) == (2, 2, 2)
    assert "fake:ana (Ana) is blocked" in blocked[0][1]
    assert "already blocked" in blocked[1][1]
    assert blocked[2][1].startswith("fake:ana  since ")
    assert unasked[0] == 1
    assert "deleted 2 messages of fake:ana (Ana)" in forgotten[1]
    assert unblocked[0][1].endswith("is answered again\n")
    assert unblocked[1][1] == ""
    file = Path(url.partition("///")[2])
    assert SECRET.encode() not in file.read_bytes()
    assert b"Ben's own words" in file.read_bytes()
    assert asyncio.run(rows(url, "SELECT count(*) FROM remote_erasures")) == [2]


@pytest.mark.usefixtures("_plain_log")
async def test_beside_a_running_bot_one_may_look_and_is_told_how_to_change(url: str, tmp_path: Path) -> None:
    import asyncio

    async with staged(url) as stage:
        await stage.hear(said())
        found = await asyncio.to_thread(run, url, "find", "Ana")
        refused = await asyncio.to_thread(run, url, "block", "fake:ana")
        page = tmp_path / "ana.html"
        exported = await asyncio.to_thread(run, url, "export", "fake:ana", str(page))

    assert found[0] == 0
    assert refused[0] == 75
    assert "have an operator write `block fake:ana` to the bot" in refused[1]
    assert exported[0] == 0
    assert "hello" in page.read_text()


# In chat


async def test_operators_block_in_chat_and_others_do_not(discord: FakeDiscord, url: str) -> None:
    lobby = discord.channel(discord.guild("Gophers"), "lobby")
    boss, ana = discord.person("boss"), discord.person("ana")
    async with running(discord, url, operators={"discord_users": [str(boss.id)]}) as stage:
        house = House(discord, stage, lobby, ana)
        await house.mention("hello there")
        await house.seen("hello there")
        await stage.rest()
        await discord.interact(ana, lobby, "block", {"words": f"<@{boss.id}>"})
        await house.seen("block", to=ana)  # a question like any other
        await discord.interact(boss, lobby, "block", {"words": f"<@{ana.id}>"})
        done = await house.seen("any more", to=boss)
        await discord.interact(boss, lobby, "block", {"words": f"<@{boss.id}>"})
        await house.seen("they run me", to=boss)
        await house.mention("hello again")
        told = await house.seen("have decided")
        await house.mention("and again")
        await stage.rest()
        await discord.interact(boss, lobby, "unblock", {"words": f"discord:{ana.id}"})
        await house.seen("again.", to=boss)
        await house.mention("at last")
        await house.seen("at last")

        assert done.private
        assert f"discord:{ana.id}" in done.content
        assert not told.private
        asked = [body["messages"][-1]["content"] for body in stage.asked]
        assert not [each for each in asked if "again" in str(each)]
