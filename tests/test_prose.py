"""A sentence that begins with a capability's word: when it is the command, and when the model is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Capability
from core.i18n import Phrase, may_be_prose
from sandbox.faults import Fault
from tests.capability_doing import Doing, named
from tests.samples import DIRECT, said
from tests.stage import Stage, staged

DRAW = named("draw", daily=2)


def shown(stage: Stage) -> str:
    return stage.platform.visible(DIRECT.channel)[-1]


@pytest.mark.parametrize(
    ("text", "perhaps"),
    [
        ("draw the line somewhere", True),
        ("draw a cat", True),
        ("Draw please", True),
        ("pergunta o que foi", True),
        ("draw lighthouse at night", False),
        ("draw 2x the moon", False),
        ("draw how cats see", False),
        ("draw: the line", False),
        ("/draw the line", False),
        ("!draw the line", False),
        ("draw", False),
    ],
)
def test_what_goes_on_like_a_sentence_may_be_one(text: str, perhaps: bool) -> None:
    assert may_be_prose(DRAW, text) is perhaps


@pytest.mark.parametrize(
    "capability",
    [
        named("draw", operators_only=True),
        named("draw", "files"),
        named("draw", "nothing"),
        replace(DRAW, begins_sentences=True),
    ],
)
def test_words_with_rules_of_their_own_keep_them(capability: Capability) -> None:
    assert capability.word is Phrase.QUESTION_NAME
    assert not may_be_prose(capability, "draw the line somewhere")


async def test_a_sentence_is_answered_as_a_question_and_counts_as_one(migrated_url: str) -> None:
    doing = Doing(DRAW)
    async with staged(migrated_url, handlers=[doing]) as stage:
        await stage.hear(said("draw the line somewhere, say only chat"))

        judged, asked = stage.asked
        assert shown(stage) == "chat"
        assert doing.did == 0
        assert "Answer with one word: COMMAND or CHAT." in judged["messages"][0]["content"]
        assert asked["messages"][-1]["content"] == "draw the line somewhere, say only chat"
        assert judged["idempotency_key"] != asked["idempotency_key"]
        assert await stage.rows("SELECT capability FROM turns") == [None]
        assert await stage.rows("SELECT count(*) FROM messages WHERE role = 'assistant'") == [1]


async def test_a_command_that_sounds_like_a_sentence_is_carried_out_and_counts(migrated_url: str) -> None:
    doing = Doing(DRAW)
    async with staged(migrated_url, handlers=[doing]) as stage:
        await stage.hear(said("draw the moon, say only command"))
        first, asked = shown(stage), stage.times_asked
        await stage.hear(said("draw moon"), said("draw the moon, say only chat"))

        assert first == "echo: the moon, say only command"
        assert asked == 1
        assert doing.did == 2
        assert stage.times_asked == 1
        assert await stage.rows("SELECT count(*) FROM turns WHERE notice") == [1]  # the third is one too many
        assert await stage.rows("SELECT capability FROM turns WHERE NOT notice") == ["draw", "draw"]


async def test_a_command_of_the_platform_is_never_asked_about(migrated_url: str) -> None:
    doing = Doing(DRAW)
    async with staged(migrated_url, handlers=[doing]) as stage:
        await stage.hear(replace(said("draw the moon, say only chat"), awaited=True))

        assert (doing.did, stage.times_asked) == (1, 0)


async def test_where_the_model_can_not_tell_the_word_is_the_command(migrated_url: str) -> None:
    doing = Doing(DRAW)
    async with staged(migrated_url, handlers=[doing]) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400, times=1))
        await stage.hear(said("draw the moon"))

        assert (doing.did, shown(stage)) == (1, "echo: the moon")
