"""Codes of linking that people say without the word for it: no model reads one that is good."""

from __future__ import annotations

import json
from typing import Any

from core.domain import Edited
from core.rights.link_words import new_code, written_codes
from tests.samples import ANA, DIRECT, WallClock, said
from tests.stage import Stage, staged
from tests.test_linking import ON, ZOE, ZOES, code_for, tells
from tests.test_rights_export import THERE

KEY = "BCDF-2345"
"""Looks like a code, and is none."""


def reached_a_model(stage: Stage, code: str) -> bool:
    plain = json.dumps(stage.asked).upper()
    return code in plain or code.replace("-", "") in plain


async def kept(stage: Stage) -> list[Any]:
    return [
        each for each in await stage.rows("SELECT text FROM messages WHERE role = 'user'") if "••" in each
    ]


def test_a_code_is_found_in_one_piece_or_in_its_groups_and_words_are_none() -> None:
    for chars in (6, 8, 11, 16):
        code = new_code(chars)
        bare = code.replace("-", "")
        for typed in (
            code,
            code.lower(),
            bare,
            code.replace("-", " "),
            code.replace("-", "\u2013"),
            f"`{code}`",
        ):
            text = f"my code: {typed}, and hm brr tsk"
            (found,) = written_codes(text, chars)
            assert found.code == bare
            assert text[: found.begin] + text[found.end :] in text.replace(typed.strip("`"), "")
    for text in ("", "hello there", f"x{new_code(8)}", new_code(12), "0800-1234", "rhythms crypts", "4TXP"):
        assert written_codes(text, 8) == []
    assert [each.code for each in written_codes(f"{KEY} {KEY}", 8)] == ["BCDF2345", "BCDF2345"]


async def test_a_message_that_is_nothing_but_a_good_code_is_taken_as_one(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        code = await code_for(stage)
        asked = await tells(stage, f"`{code.lower()}`!", ZOE, ZOES)

        assert asked.startswith("This code was made by")
        assert not stage.asked
        assert await kept(stage) == ["link ••••-••••"]


async def test_a_good_code_in_other_words_is_dots_to_the_model_and_stays_good(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        code = await code_for(stage)
        await stage.hear(said(f"say only ok the bot gave me {code}, what is {KEY}?", by=ZOE, at=ZOES))
        words = json.dumps(stage.asked, ensure_ascii=False)
        leaked = reached_a_model(stage, code)
        asked = await tells(stage, f"link {code}", ZOE, ZOES)

        assert not leaked
        assert f"gave me ••••-••••, what is {KEY}?" in words
        assert asked.startswith("This code was made by")


async def test_words_that_are_changed_to_hold_a_good_code_hold_dots(url: str) -> None:
    async with staged(url, **ON) as stage:
        code = await code_for(stage)
        first = said("say only ok", by=ZOE, at=ZOES)
        await stage.hear(first)
        await stage.hear(Edited(("edit",), ZOE, ZOES, first.origin, f"say only {code} ok"))

        assert await kept(stage) == ["say only ••••-•••• ok"]


async def test_a_good_code_that_others_read_is_void_whatever_else_is_said(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        code = await code_for(stage)
        public = await tells(stage, f"is {code} any good?", ZOE, THERE)
        void = await tells(stage, f"link {code}", ZOE, ZOES)

        assert "Please delete your message" in public
        assert void.startswith("I know no such code")
        assert not stage.asked


async def test_what_only_looks_like_a_code_is_a_question_and_no_more_is_tried_than_may_be(url: str) -> None:
    clock = WallClock()
    async with staged(url, now=clock, people={"linking": True, "code_tries": 2}) as stage:
        code = await code_for(stage)
        await stage.hear(said(f"say only {KEY}", by=ZOE, at=ZOES), said(KEY, by=ZOE, at=ZOES))
        questions = len(stage.asked)
        await stage.hear(said(f"say only {code}", by=ZOE, at=ZOES))
        guessed = reached_a_model(stage, code)
        clock.advance(hours=1, seconds=1)
        code = await code_for(stage)
        await stage.hear(said(f"say only {code}", by=ZOE, at=ZOES))

        assert questions == 2
        assert guessed
        assert not reached_a_model(stage, code)


async def test_a_code_that_ran_out_and_one_where_nothing_is_linked_are_words(url: str) -> None:
    clock = WallClock()
    async with staged(url, now=clock, **ON) as stage:
        code = await code_for(stage)
        clock.advance(minutes=10, seconds=1)
        await stage.hear(said(f"say only {code}", by=ZOE, at=ZOES))
        late = reached_a_model(stage, code)
    async with staged(url) as stage:
        await stage.hear(said(f"say only {KEY}", by=ANA, at=DIRECT))

        assert late
        assert reached_a_model(stage, KEY)
