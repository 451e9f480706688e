"""`export` and `forget`: all of one person, in every workspace, for their eyes alone, and gone where it is deleted."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import uuid
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.terminal.frontend import TerminalFrontend
from core.domain import Author, Command, Commanded, Delivery, Identity, Ledger, MadeFile, Place
from core.i18n import LocaleTranslator
from core.rights.export_files import files_of
from sandbox.faults import Fault
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_discord_whole import House, running
from tests.test_erasure import SECRET, left
from tests.test_erasure import until as waited
from tests.test_rights_memory import remember
from tests.test_slack_whole import town
from tests.waiting import soon, until

HOSTILE = '<script src="https://evil.example/x.js">alert(1)</script>'
ELSEWHERE = Author(Identity("fake", "W2", "ana"), "Ana")
"""The same account, met in another workspace."""
THERE = Place("fake", "W2", "random", "thread-9")


class Drawer(FakePlatform):
    """A platform that keeps what it was given, by the place that shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, list[MadeFile]] = {}

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        self.shown.setdefault(address.partition("/")[0], []).extend(files)
        return await super().attach(address, files, delivery, ledger, again=again)


def commanded(command: Command, *, by: Author = ANA, at: Place = CHANNEL) -> Commanded:
    key = uuid.uuid4().hex
    return Commanded((key,), by, at, command, f"{at.channel}/{key}")


async def exported(stage: Stage, drawer: Drawer) -> dict[str, MadeFile]:
    """Wait for the files in Ana's direct messages."""
    return {file.name: file for file in await until("the files", lambda: drawer.shown.get("D-ana"))}


async def test_a_person_gets_all_of_theirs_where_nobody_else_reads(migrated_url: str) -> None:
    drawer = Drawer()
    async with staged(migrated_url, platform=drawer) as stage:
        await stage.hear(said(f"in private {HOSTILE}"), said("in the channel", at=CHANNEL))
        await stage.hear(said("abroad", by=ELSEWHERE, at=THERE), said("what Ben said", by=BEN, at=CHANNEL))
        before = stage.platform.visible("general")
        await stage.hear(commanded(Command.EXPORT))
        files = await exported(stage, drawer)
        await stage.rest()
        told = stage.platform.visible("general")[len(before) :]
        kept = await stage.rows("SELECT count(*) FROM made_files")

    everything = json.loads(files["my-data.json"].data)
    page = files["my-data.html"].data.decode()
    assert told == ["I'm sending it to you in a direct message, where nobody else reads."]
    assert set(drawer.shown) == {"D-ana"}
    assert {row["text"] for row in everything["messages"] if row["role"] == "user"} == {
        *(f"in private {HOSTILE}", "in the channel", "abroad"),
    }
    assert {row["workspace"] for row in everything["identities"]} == {"W1", "W2"}
    assert "Ben" not in files["my-data.json"].data.decode()
    assert "&lt;script src=&quot;https://evil.example/x.js&quot;&gt;" in page
    assert not re.search(r"<script|<img|<link|<iframe|\b(?:src|href)=[\"']", page)
    assert page.count("default-src 'none'") == 1
    assert kept == [0]


async def test_they_get_it_once_in_a_while_and_that_is_for_each_person(migrated_url: str) -> None:
    drawer = Drawer()
    async with staged(migrated_url, platform=drawer) as stage:
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))
        await exported(stage, drawer)
        await stage.rest()
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))
        await stage.hear(commanded(Command.EXPORT, by=ELSEWHERE, at=THERE))
        again = [stage.platform.visible(place)[-1] for place in ("D-ana", "random")]
        await stage.hear(commanded(Command.EXPORT, by=BEN))
        await until("Ben's files", lambda: drawer.shown.get("D-ben"))

        assert all("once in 1 hour" in each for each in again)
        assert len(drawer.shown["D-ana"]) == 2


async def test_who_is_kept_out_still_gets_what_is_theirs(migrated_url: str) -> None:
    drawer = Drawer()
    async with staged(migrated_url, platform=drawer, access={"block_users": ["fake:ana"]}) as stage:
        await stage.hear(said())
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))

        assert "my-data.html" in await exported(stage, drawer)


async def test_what_aivax_remembers_is_in_it_or_said_to_be_missing(migrated_url: str) -> None:
    drawer = Drawer()
    async with staged(
        migrated_url, platform=drawer, memory={"enabled": True}, privacy={"export_every_h": 0}
    ) as stage:
        await remember(stage)
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))
        files = await exported(stage, drawer)
        await stage.rest()
        stage.sandbox.state.faults.add(Fault("knowledge", "status", status=503, times=10))
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))

        remembered = json.loads(files["my-data.json"].data)["memories_at_aivax"]
        assert [each["text"] for each in remembered] == [
            "Is a person with a *dog*.",
            "Is a person who likes\n# tea",
        ]
        assert any("is missing in them" in each for each in stage.platform.visible("D-ana"))


def test_what_is_too_large_is_packed_and_what_is_larger_still_is_not_sent() -> None:
    rows = {"messages": [{"text": f"{number} {'x' * 100}"} for number in range(500)]}
    rows = {"learnt": rows["messages"]}
    made = [
        files_of(rows, LocaleTranslator(), datetime.now(UTC), most_bytes=most) for most in (10**6, 20_000, 10)
    ]

    assert [[file.name for file in files] for files in made] == [
        ["my-data.html", "my-data.json"],
        ["my-data.zip"],
        [],
    ]
    packed = zipfile.ZipFile(io.BytesIO(made[1][0].data))
    assert json.loads(packed.read("my-data.json")) == rows


async def test_who_asks_for_it_in_words_is_forgotten_in_every_workspace_in_mid_answer(
    migrated_url: str,
) -> None:
    async with staged(migrated_url) as stage:
        stage.sandbox.state.tokens_per_s = 0
        await stage.hear(said(SECRET), said(f"{SECRET}!", by=ELSEWHERE, at=THERE))
        await stage.hear(said("Ben's own words", by=BEN, at=CHANNEL))
        stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=1, times=2))
        await stage.core.intake.receive(said(f"once more: {SECRET}", at=CHANNEL))
        await stage.core.intake.receive(said(f"and here: {SECRET}", by=ELSEWHERE, at=THERE))
        await until("both to be asked", lambda: stage.times_asked >= 5)
        await stage.core.intake.receive(commanded(Command.FORGET, at=DIRECT))
        asked = await until(
            "the question",
            lambda: [each for each in stage.platform.visible("D-ana") if "forget everything" in each],
        )
        await stage.core.intake.receive(commanded(Command.ERASE, at=DIRECT))
        told = await until(
            "the end", lambda: [each for each in stage.platform.visible("D-ana") if "I've deleted" in each]
        )
        await stage.rest()

        async def nowhere() -> bool:
            return not await left(stage)

        await waited(nowhere, "the files to be scrubbed")
        assert "can't be undone" in asked[0]
        assert "your questions (4)" in told[0]
        assert await left(stage, "Ben's own words") != []
        assert await stage.rows("SELECT id FROM erasures") == []


# Over each platform's wire


@pytest.mark.parametrize("form", ["command", "mention"])
async def test_slack_sends_it_as_a_direct_message(slack: FakeSlack, url: str, form: str) -> None:
    async with town(slack, url) as there:
        direct = slack.dm(there.ana)
        if form == "command":
            await slack.command(there.ana, there.general, "/aivax", "export")
        else:
            await slack.say(there.ana, there.general, "<@BOT> export")
        await there.says(direct, "all that is stored about you")
        await slack.until(lambda: [each for each in slack.visible(direct) if each.files])

        shown = [name for each in slack.visible(direct) for name in each.files]
        assert shown == ["my-data.html", "my-data.json"]
        assert not [each for each in slack.visible(there.general) if each.files]


async def test_slack_forgets_by_the_button_below_its_question(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        await slack.say(there.ana, there.general, f"<@BOT> {SECRET}")
        await there.says(there.general, "7731")
        await there.rows("SELECT 1")
        await slack.command(there.ana, there.general, "/aivax", "forget everything")
        await there.says(there.general, "I've deleted the texts of your questions (1)")

        assert not [each for each in await there.rows("SELECT text FROM messages") if "7731" in each]
        assert len(slack.visible(there.general, to=slack.person("ben"))) == 2  # the question and its answer


async def test_discord_s_command_shows_it_to_its_author_alone(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url) as stage:
        house = House(discord, stage, lobby, ana)
        await discord.interact(ana, lobby, "export")
        await house.seen("all that is stored about you")
        shown = await discord.until(
            lambda: [each for each in discord.answers(lobby, ana) if each.attachments]
        )

        assert shown[0].private
        assert not discord.answers(lobby)


async def test_a_mention_on_discord_has_it_sent_as_a_direct_message(discord: FakeDiscord, url: str) -> None:
    guild = discord.guild("Gophers")
    lobby, ana = discord.channel(guild, "lobby"), discord.person("ana")
    async with running(discord, url) as stage:
        house = House(discord, stage, lobby, ana)
        await house.mention("export")
        await house.seen("direct message")
        direct = discord.dm(ana)
        shown: list[Any] = await discord.until(
            lambda: [file for seen in discord.answers(direct, ana) for file in seen.attachments]
        )
        await house.mention(SECRET)
        await stage.rest()
        await discord.interact(ana, lobby, "forget")
        question = await house.seen("can't be undone")
        await house.press(question, "Delete what is stored about me")
        await house.seen("I've deleted")

        assert len(shown) == 2
        assert not [each for seen in discord.answers(lobby) for each in seen.attachments]
        assert not [each for each in await stage.rows("SELECT text FROM messages") if "7731" in each]


async def test_a_terminal_saves_it_and_forgets(url: str) -> None:
    screen = io.StringIO()

    async def lines() -> AsyncIterator[str]:
        for line in (SECRET, "export", "forget", "forget everything"):
            yield line

    terminal: Any = TerminalFrontend(lines(), screen, user="ana")
    async with staged(url, platform=terminal) as stage:

        class Nobody:
            def up(self) -> None: ...

        await soon("the chat to end", terminal.listen(stage.core.intake, Nobody()))
        texts = await stage.rows("SELECT text FROM messages")
    saved = [Path(path) for path in re.findall(r"\[(/\S+)\]", screen.getvalue())]
    try:
        assert [path.suffix for path in saved] == [".html", ".json"]
        assert SECRET in saved[1].read_text()
        assert "I've deleted" in screen.getvalue()
        assert not [each for each in texts if SECRET in each]
    finally:
        await asyncio.to_thread(shutil.rmtree, saved[0].parent)


async def test_privacy_tells_what_the_settings_say(url: str) -> None:
    chosen: dict[str, Any] = {
        "aivax": {"allow_logging": False},
        "conversation": {"scope": "thread"},
        "storage": {"url": url, "retention_days": 30},
    }
    async with staged(url, **chosen) as stage:
        await stage.hear(commanded(Command.PRIVACY))
        strict = stage.platform.visible("general")[-1]
    async with staged(url, storage={"url": url, "retention_days": 0}) as stage:
        await stage.hear(replace(commanded(Command.PRIVACY), author=replace(BEN, locale="pt-BR")))
        loose = stage.platform.visible("general")[-1]

    assert "deleted after 30 days" in strict
    assert "asked not to keep it" in strict
    assert "share one conversation" in strict
    assert "in a file on the computer" in strict
    assert "até você pedir que seja apagado" in loose
    assert "registro por até 30 dias" in loose
    assert "compartilham uma conversa" not in loose
