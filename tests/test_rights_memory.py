"""`memory`: people see what is remembered of them, and of nobody else, where only they read; and have it forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.personal.memories import Memory
from core.domain import Author, Place, SettingRefused
from core.rights.memory import Forget, MemoryHandler, read_wish
from core.rights.possible import check_memory
from core.rights.settings import MemorySettings
from core.settings import AivaxSettings, Route
from sandbox.personal.memories import save, texts_of
from sandbox.shapes import CHOICES, Shapes
from tests.platforms.slack import FakeSlack
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged
from tests.test_erasure import forget
from tests.test_rights_forget import ANA_KEY, BEN_KEY, named_so
from tests.test_slack_whole import town

BENS = Place("fake", "W1", "D-ben", private=True)
AT = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()
UNTIL = datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp()
ON = {"memory": {"enabled": True}}
MINE = ("lists", "hit_metadata", "document_dates")


async def remember(stage: Stage) -> None:
    """Two people, whose ids begin alike, of whom things are remembered."""
    await stage.hear(said("hello"), said("hello", by=BEN, at=BENS))
    await named_so(stage)
    library = stage.sandbox.state.knowledge.library
    save(library, ANA_KEY, "Is a person with a *dog*.", at=AT)
    save(library, BEN_KEY, "Is a person with a cat.", at=AT)
    save(library, f"{ANA_KEY}.p", "Is a person who likes\n# tea", at=AT + 1, expires_at=UNTIL)
    save(library, ANA_KEY.upper(), "Is a person with a horse.", at=AT)


async def asked(stage: Stage, words: str, *, by: Author = ANA, at: Place = DIRECT) -> str:
    """What the bot answers to some words."""
    await stage.hear(said(words, by=by, at=at))
    return stage.platform.visible(at.channel)[-1]


@pytest.mark.parametrize(
    "shape",
    [{}, *({name: each} for name in MINE for each in CHOICES[name][1:])],
    ids=lambda shape: str(shape),
)
async def test_a_person_sees_what_is_remembered_of_them_alone(
    migrated_url: str, shape: dict[str, Any]
) -> None:
    async with staged(migrated_url, **ON) as stage:
        stage.sandbox.state.shapes = Shapes(**shape)
        await remember(stage)
        told = await asked(stage, "memory")

    assert "This is remembered about you (2):" in told
    assert "1. `Is a person with a *dog*.`" in told
    assert "2. `Is a person who likes # tea`" in told
    assert "until 2027-03-01)" in told
    assert ("saved 2026-10-01" in told) is (shape != {"document_dates": "untold"})
    assert not any(each in told for each in ("cat", "horse"))
    assert "write `memory forget 2`" in told


async def test_one_entry_is_forgotten_by_the_number_that_was_shown(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await remember(stage)
        await asked(stage, "memory")
        first, again = await asked(stage, "memory forget 1"), await asked(stage, "memory delete #1")
        second = await asked(stage, "/memória esquecer 2")
        empty = await asked(stage, "memory")
        library = stage.sandbox.state.knowledge.library

        assert first == "Forgotten: `Is a person with a *dog*.`"
        assert again == "That entry is gone already."
        assert second == "Forgotten: `Is a person who likes # tea`"
        assert empty == "Nothing is remembered about you."
        assert texts_of(library, BEN_KEY) == ["Is a person with a cat."]
        assert stage.times_asked == 2


async def test_nobody_has_another_s_entry_forgotten(migrated_url: str) -> None:
    """Not even where the list that was shown to them were another's."""
    async with staged(migrated_url, **ON) as stage:
        await remember(stage)
        await asked(stage, "memory")
        unseen = await asked(stage, "memory forget 1", by=BEN, at=BENS)
        (ben,) = await stage.rows("""SELECT person_id FROM identities WHERE "user" = 'ben'""")
        await asked(stage, "memory", by=BEN, at=BENS)
        await stage.change(
            f"UPDATE memory_lists SET documents = (SELECT documents FROM memory_lists WHERE person_id <> {ben})"  # noqa: S608
            f" WHERE person_id = {ben}"
        )
        stolen = await asked(stage, "memory forget 1", by=BEN, at=BENS)
        library = stage.sandbox.state.knowledge.library

        assert "didn't show you an entry with that number" in unseen
        assert stolen == "That entry is gone already."
        assert len(texts_of(library, ANA_KEY)) == 1


async def test_where_others_read_along_it_says_where_to_ask(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await remember(stage)
        shown = await asked(stage, "memory", at=CHANNEL)
        forgot = await asked(stage, "memory forget 1", at=CHANNEL)

        assert shown == forgot
        assert shown.startswith("Others can read here.")
        assert len(texts_of(stage.sandbox.state.knowledge.library, ANA_KEY)) == 1


async def test_a_question_that_begins_with_the_word_is_answered(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await asked(stage, "memory leaks in C, why?")

        assert stage.asked[-1]["messages"][-1]["content"] == "memory leaks in C, why?"


async def test_who_is_forgotten_has_no_list_any_more(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await remember(stage)
        await asked(stage, "memory")
        await forget(stage)

        assert [str(each) for each in await stage.rows("SELECT documents FROM memory_lists")] == ["[]"]


@given(st.text(max_size=40))
def test_any_words_are_a_wish(words: str) -> None:
    wish = read_wish(words)

    assert wish in ("all", "question") or isinstance(wish, Forget)


@pytest.mark.parametrize(
    ("words", "number"),
    [("forget 2", 2), ("DELETE #17", 17), ("olvidar 3.", 3), ("forget", 0), ("forget x", 0)],
)
def test_an_entry_is_named_by_its_number(words: str, number: int) -> None:
    assert read_wish(words) == Forget(number)


class Drawer:
    """Memories in memory: each person has one."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    async def of(self, users: Sequence[str]) -> tuple[Sequence[Memory], float]:
        self.asked.append(users)
        return [Memory("d1", users[0], "likes tea")], 0.0

    async def find(self, document_id: str) -> Memory | None:
        return None

    async def delete(self, memory: Memory) -> bool:
        return False

    async def keep(self, person_key: str, documents: Sequence[str]) -> None: ...

    async def shown(self, person_key: str) -> Sequence[str]:
        return ()


async def test_slack_s_command_in_a_channel_shows_it_to_its_author_alone(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"
    drawer = Drawer()
    async with (
        FakeSlack() as slack,
        town(slack, url, [MemoryHandler(drawer, drawer, MemorySettings(enabled=True))]) as there,
    ):
        await slack.command(there.ana, there.general, "/aivax", "memory")
        await there.says(there.general, "likes tea")

        assert not slack.visible(there.general, to=slack.person("ben"))
        assert len(drawer.asked) == 1


@pytest.mark.parametrize(
    ("own", "route", "fix"),
    [
        ({"api_key": "pk-aiv-x"}, None, "private key"),
        ({"api_key": "sk-other", "base_url": "http://localhost:1/v1"}, None, "only AIVAX"),
        ({"api_key": "sk-aiv-acc-x", "builtin_tools": ("WebSearch",)}, None, "add Remember"),
        ({"api_key": "sk-aiv-acc-x", "builtin_tools": ("WebSearch",)}, ("Remember",), ""),
        ({"api_key": "sk-aiv-acc-x", "builtin_tools": ("WebSearch",)}, (), ""),
        ({"api_key": "sk-aiv-acc-x"}, None, ""),
    ],
)
def test_what_can_never_show_anything_is_refused_before_the_start(
    own: dict[str, Any], route: tuple[str, ...] | None, fix: str
) -> None:
    settings, on = AivaxSettings(**own), MemorySettings(enabled=True)
    routes = [] if route is None else [Route(platform="slack", builtin_tools=route)]
    if not fix:
        check_memory(on, settings, routes)
        return
    check_memory(MemorySettings(), settings, routes)
    with pytest.raises(SettingRefused, match=fix) as refused:
        check_memory(on, settings, routes)
    assert refused.value.setting == "[memory] enabled"
